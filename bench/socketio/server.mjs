// The server's process of the peer socket.io: what serve.go and server.go are for others.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { answerLines } from './lines.mjs';
import { Ledger, numbered } from './exchange.mjs';
import { usage } from './usage.mjs';

const http = createServer();
const io = new Server(http, {
  connectionStateRecovery: { maxDisconnectionDuration: 2 * 60 * 1000 },
  transports: ['websocket'],
  maxHttpBufferSize: 128 << 20,
});

const tcp = new Set();
http.on('connection', (socket) => {
  tcp.add(socket);
  socket.on('close', () => tcp.delete(socket));
});

const exchanges = new Map();

io.on('connection', (socket) => {
  let op = '';
  let left = 0;
  let total = 0;
  socket.on('begin', (kind, count) => {
    op = kind;
    left = count;
    total = 0;
  });
  socket.on('m', (msg) => {
    left--;
    if (op === 'echo') socket.emit('m', msg);
    else if ((total += msg.length), left === 0) socket.emit('done', total);
  });

  // What is to be recovered is broadcast to a room, and remembered by offset.
  socket.on('both', (number, count) => {
    if (!exchanges.has(number)) exchanges.set(number, { got: new Ledger(count), count, allow: 0, next: 0 });
    socket.join('x' + number);
    socket.data.exchange = number;
  });
  socket.on('n', (number, msg) => {
    const e = exchanges.get(number);
    if (!e) return;
    const n = e.got.enter(msg);
    e.allow = Math.max(e.allow, n + 1);
    pump(number, e);
  });
});

function pump(number, e) {
  while (e.next < Math.min(e.allow, e.count)) io.to('x' + number).emit('n', numbered(e.next++));
}

function standing({ Exchange, Release }) {
  const e = exchanges.get(Exchange);
  if (!e) return { Sent: 0, Received: 0, Doubled: 0 };
  if (Release) {
    e.allow = e.count;
    pump(Exchange, e);
  }
  return { Sent: e.next, Received: e.got.received, Doubled: e.got.doubled };
}

function cut() {
  const n = tcp.size;
  for (const socket of tcp) socket.resetAndDestroy();
  return n;
}

http.listen(0, '127.0.0.1', 4096, () => {
  process.stdout.write(JSON.stringify(`127.0.0.1:${http.address().port}`) + '\n');
  answerLines((q) => ({
    Cut: q.Cut ? cut() : 0,
    Standing: q.Exchange ? standing(q) : { Sent: 0, Received: 0, Doubled: 0 },
    Usage: usage(q.Settled),
  }));
});
