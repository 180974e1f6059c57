// The client's process of the peer socket.io: what workload.go is for others.
import { io } from 'socket.io-client';
import { answerLines } from './lines.mjs';
import { Ledger, numbered } from './exchange.mjs';
import { usage } from './usage.mjs';

let sockets = [];
let exchange;

const event = (socket, name) => new Promise((resolve) => socket.once(name, resolve));
const tick = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect(addr) {
  const socket = io(`http://${addr}`, { transports: ['websocket'], forceNew: true });
  await event(socket, 'connect');
  await roundTrips(socket, 128, 1);
  return socket;
}

async function open(addr, count) {
  const slots = 16;
  let left = count;
  await Promise.all(
    Array.from({ length: Math.min(slots, count) }, async () => {
      while (left-- > 0) sockets.push(await connect(addr));
    }),
  );
}

async function oneWay(socket, size, count) {
  const msg = Buffer.alloc(size);
  const done = event(socket, 'done');
  const began = performance.now();
  socket.emit('begin', 'sink', count);
  for (let i = 0; i < count; i++) {
    socket.emit('m', msg);
    // Let what has been queued go out, before the queue is all there is.
    if (i % 64 === 63) {
      await tick();
      while (socket.io.engine.writeBuffer.length > 1024 || socket.io.engine.transport.ws.bufferedAmount > 4 << 20) await tick();
    }
  }
  const total = await done;
  const took = performance.now() - began;
  if (total !== size * count) throw new Error(`the server had ${total} bytes of ${size * count}`);
  return { Value: (count / took) * 1000, Count: count, Took: took };
}

function roundTrips(socket, size, count) {
  const msg = Buffer.alloc(size);
  const took = new Float64Array(count);
  return new Promise((resolve) => {
    let n = 0;
    const start = performance.now();
    let began = start;
    const take = () => {
      const now = performance.now();
      took[n++] = now - began;
      if (n === count) {
        socket.off('m', take);
        took.sort();
        resolve({ Value: took[count >> 1] * 1000, Count: count, Took: now - start });
        return;
      }
      began = now;
      socket.emit('m', msg);
    };
    socket.on('m', take);
    socket.emit('begin', 'echo', count);
    socket.emit('m', msg);
  });
}

function outstanding(socket, size, count) {
  const msg = Buffer.alloc(size);
  return new Promise((resolve) => {
    let sent = 0;
    let received = 0;
    const began = performance.now();
    const take = () => {
      if (++received === count) {
        socket.off('m', take);
        const took = performance.now() - began;
        resolve({ Value: (count / took) * 1000, Count: count, Took: took });
      } else if (sent < count) {
        sent++;
        socket.emit('m', msg);
      }
    };
    socket.on('m', take);
    socket.emit('begin', 'echo', count);
    for (; sent < Math.min(64, count); sent++) socket.emit('m', msg);
  });
}

// Waits until every socket has been cut, is back, and has had a message there and back.
function storm() {
  return Promise.all(
    sockets.map(async (socket) => {
      await event(socket, 'disconnect');
      await event(socket, 'connect');
      await roundTrips(socket, 128, 1);
    }),
  );
}

// The client's side of an exchange: count messages every so many milliseconds, up to what is
// allowed.
async function talk(socket, number, count, every) {
  const e = { number, count, allow: 0, sent: 0, got: new Ledger(count), over: false };
  socket.on('n', (msg) => e.got.enter(msg));
  const join = () => socket.emit('both', number, count);
  socket.on('connect', () => {
    if (!socket.recovered) join();
  });
  join();
  exchange = e;
  while (e.sent < count && !e.over) {
    for (let i = 0; i < every && e.sent < Math.min(e.allow, count); i++) socket.emit('n', number, numbered(e.sent++));
    await pause(1);
  }
}

answerLines(async (j) => {
  const [socket] = sockets;
  switch (j.Do) {
    case 'open':
      await open(j.Addr, j.Count);
      return {};
    case 'close':
      if (exchange) exchange.over = true;
      for (const s of sockets) s.disconnect();
      sockets = [];
      return {};
    case 'one way':
      return oneWay(socket, j.Size, j.Count);
    case 'round trip':
      return roundTrips(socket, j.Size, j.Count);
    case 'outstanding':
      return outstanding(socket, j.Size, Math.max(64, j.Count));
    case 'storm':
      await storm();
      return {};
    case 'talk':
      talk(socket, j.Size, j.Count, j.Every);
      return {};
    case 'allow':
      exchange.allow = j.Count;
      return {};
    case 'standing':
      return { Standing: { Sent: exchange.sent, Received: exchange.got.received, Doubled: exchange.got.doubled } };
    case 'usage':
      return { Usage: usage(j.Settled) };
    default:
      throw new Error(`cannot do ${j.Do}`);
  }
});
