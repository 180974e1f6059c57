import { s, set } from './dom.js';

const kept = 48;

/** Spark is a line of the latest round trips. */
export class Spark {
  constructor() {
    this.line = s('polyline', {});
    this.el = s('svg', { class: 'spark', 'aria-hidden': 'true', viewBox: `0 0 ${kept - 1} 14`, preserveAspectRatio: 'none' }, this.line);
    this.values = [];
  }

  /** add takes a value in milliseconds; 0 says that there is none. */
  add(value) {
    this.values.push(value);
    if (this.values.length > kept) this.values.shift();
  }

  draw() {
    const values = this.values.filter((v) => v > 0);
    const top = Math.max(...values, 0.001) * 1.15;
    const first = kept - this.values.length;
    const points = this.values.flatMap((v, i) => (v > 0 ? [`${first + i},${(13 - (v / top) * 12).toFixed(1)}`] : []));
    set(this.line, 'points', points.length > 1 ? points.join(' ') : undefined);
  }
}
