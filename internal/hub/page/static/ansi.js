import { h } from './dom.js';

// Lines of programs hold escape sequences. Those that set colours are understood, all others
// are left out, as are control characters and what turns the direction of text around.

const sequence = /\u001b(?:\[([0-9;:]*)([@-~])|\[[ -?]*[@-~]?|[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|[()*+\-./#%].?|.?)/gs;
const unprintable = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

// So many characters of a line are shown; after so many pieces it is shown without colours.
const longest = 8000;
const colourful = 300;

const plain = { fg: '', bg: '', bold: false, dim: false, italic: false, underline: false, inverse: false };

/** render makes nodes of a line. */
export function render(line) {
  const nodes = [];
  let style = { ...plain };
  let last = 0;
  let room = longest;
  const add = (text) => {
    const shown = text.replace(unprintable, '');
    if (shown === '' || room <= 0) return;
    if (nodes.length < colourful) nodes.push(node(shown.slice(0, room), style));
    else if (nodes.length === colourful) nodes.push(document.createTextNode(shown.slice(0, room)));
    else nodes.at(-1).appendData(shown.slice(0, room));
    room -= shown.length;
  };
  // A carriage return begins the line anew, as progress bars do.
  const body = line.replace(/\r+$/, '');
  const text = body.slice(body.lastIndexOf('\r') + 1);
  for (const match of text.matchAll(sequence)) {
    add(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[2] === 'm') style = apply(style, match[1]);
  }
  add(text.slice(last));
  if (room < 0) nodes.push(h('span', { class: 'cut' }, ` … ${-room} more characters`));
  return nodes;
}

function node(text, style) {
  const classes = [];
  const { fg, bg } = style.inverse ? { fg: style.bg, bg: style.fg } : style;
  if (typeof fg === 'number') classes.push(`f${fg}`);
  if (typeof bg === 'number') classes.push(`b${bg}`);
  for (const name of ['bold', 'dim', 'italic', 'underline', 'inverse']) if (style[name]) classes.push(name);
  const free = Array.isArray(fg) || Array.isArray(bg);
  if (classes.length === 0 && !free) return document.createTextNode(text);
  const el = h('span', { class: classes.join(' ') || undefined }, text);
  if (Array.isArray(fg)) el.style.color = `rgb(${fg.join(' ')})`;
  if (Array.isArray(bg)) el.style.backgroundColor = `rgb(${bg.join(' ')})`;
  return el;
}

function apply(style, parameters) {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).slice(0, 32).map(Number);
  let next = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const c = codes[i];
    if (c === 0) next = { ...plain };
    else if (c === 1) next.bold = true;
    else if (c === 2) next.dim = true;
    else if (c === 3) next.italic = true;
    else if (c === 4) next.underline = true;
    else if (c === 7) next.inverse = true;
    else if (c === 22) next.bold = next.dim = false;
    else if (c === 23) next.italic = false;
    else if (c === 24) next.underline = false;
    else if (c === 27) next.inverse = false;
    else if (c >= 30 && c <= 37) next.fg = c - 30;
    else if (c === 39) next.fg = '';
    else if (c >= 40 && c <= 47) next.bg = c - 40;
    else if (c === 49) next.bg = '';
    else if (c >= 90 && c <= 97) next.fg = c - 82;
    else if (c >= 100 && c <= 107) next.bg = c - 92;
    else if (c === 38 || c === 48) {
      const [colour, used] = extended(codes.slice(i + 1));
      if (colour !== undefined) next[c === 38 ? 'fg' : 'bg'] = colour;
      i += used;
    }
  }
  return next;
}

// extended reads a colour of 256, or of red, green and blue.
function extended(codes) {
  const byte = (n) => Math.min(255, Math.max(0, n | 0));
  if (codes[0] === 2) return [codes.slice(1, 4).length === 3 ? codes.slice(1, 4).map(byte) : undefined, 4];
  if (codes[0] !== 5) return [undefined, 0];
  const n = byte(codes[1]);
  if (n < 16) return [n, 2];
  if (n >= 232) return [Array(3).fill(8 + 10 * (n - 232)), 2];
  const level = (v) => (v === 0 ? 0 : 55 + 40 * v);
  const m = n - 16;
  return [[level(Math.floor(m / 36)), level(Math.floor(m / 6) % 6), level(m % 6)], 2];
}
