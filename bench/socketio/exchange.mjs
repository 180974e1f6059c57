// Numbered messages, and the ledger of those that arrived; see exchange.go.
export const numberedSize = 64;

export function numbered(n) {
  const msg = Buffer.alloc(numberedSize);
  msg.writeBigUInt64BE(BigInt(n));
  return msg;
}

export class Ledger {
  constructor(count) {
    this.seen = new Uint8Array(count);
    this.received = 0;
    this.doubled = 0;
  }

  enter(msg) {
    const n = Number(Buffer.from(msg).readBigUInt64BE());
    if (this.seen[n]) this.doubled++;
    else {
      this.seen[n] = 1;
      this.received++;
    }
    return n;
  }
}
