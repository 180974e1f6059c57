import { s, set } from './dom.js';
import { states, worse, known, events as kinds } from './states.js';
import { minute, span } from './format.js';

/** count is how many pieces the time shown is divided into. */
export const count = 72;

const step = 5; // of a piece, the gap included
const high = 20;

/**
 * pieces divides a time into pieces: of each, the worst state in it, how long that lasted in
 * all, and what happened to the machine. spans are [{from, state}], from in milliseconds.
 */
export function pieces(spans, events, from, to) {
  const length = (to - from) / count;
  const all = Array.from({ length: count }, (_, i) => ({ from: from + i * length, to: from + (i + 1) * length, state: '', lasted: 0, events: [] }));
  spans.forEach(({ from: begin, state }, i) => {
    const end = spans[i + 1]?.from ?? to;
    const first = Math.max(0, Math.floor((begin - from) / length));
    const last = Math.min(count - 1, Math.floor((end - from) / length));
    for (let n = first; n <= last; n++) {
      const piece = all[n];
      const lasted = Math.min(end, piece.to) - Math.max(begin, piece.from);
      if (lasted < 0 || (lasted === 0 && end !== begin)) continue;
      if (piece.state === state) piece.lasted += lasted;
      else if (worse(state, piece.state) === state) Object.assign(piece, { state, lasted });
    }
  });
  for (const event of events) {
    const n = Math.floor((event.at - from) / length);
    if (n >= 0 && n < count) all[n].events.push(event);
  }
  return all;
}

/** Bar shows how an instance fared. */
export class Bar {
  constructor() {
    this.paths = new Map([...states.map(([state]) => `is-${state || 'unknown'}`), 'at-sleep', 'at-network', 'at-hub'].map((name) => [name, s('path', { class: name })]));
    this.el = s('svg', { class: 'bar', role: 'img', viewBox: `0 0 ${count * step - 1} ${high + 4}`, preserveAspectRatio: 'none' }, ...this.paths.values());
    this.pieces = [];
  }

  draw(spans, events, from, to) {
    this.pieces = pieces(spans, events, from, to);
    const drawn = new Map();
    const add = (name, d) => drawn.set(name, (drawn.get(name) ?? '') + d);
    this.pieces.forEach((piece, i) => {
      add(`is-${known(piece.state) || 'unknown'}`, `M${i * step} 0h${step - 1}v${high}h${1 - step}z`);
      for (const kind of new Set(piece.events.map((e) => kinds[e.kind]?.[0]))) {
        if (kind) add(`at-${kind}`, `M${i * step} ${high + 1.5}h${step - 1}v2.5h${1 - step}z`);
      }
    });
    for (const [name, path] of this.paths) set(path, 'd', drawn.get(name));
    set(this.el, 'aria-label', this.summary(from, to));
  }

  summary(from, to) {
    const bad = this.pieces.filter((p) => p.state !== 'active' && p.state !== '').length;
    const whole = `The last ${span(to - from)}`;
    return bad === 0 ? `${whole}: no trouble` : `${whole}: trouble in ${bad} of ${count} pieces`;
  }

  /** at is what a place, 0 to 1, of the bar tells. */
  at(place) {
    const piece = this.pieces[Math.min(count - 1, Math.max(0, Math.floor(place * count)))];
    if (!piece) return undefined;
    const lines = [`${minute(new Date(piece.from))} – ${minute(new Date(piece.to))}`];
    if (piece.state === '') lines.push('not known');
    else if (piece.state === 'active') lines.push('active');
    else lines.push(`${piece.state} for ${span(piece.lasted)}`);
    for (const event of piece.events) {
      const slept = event.kind === 'wake' && event.forMs > 0 ? `, after ${span(event.forMs)}` : '';
      lines.push(`${minute(new Date(event.at))} ${kinds[event.kind]?.[1] ?? event.kind}${slept}`);
    }
    return { piece, lines: lines.slice(0, 8) };
  }
}
