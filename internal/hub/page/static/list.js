import { set } from './dom.js';
import { Row } from './row.js';

/** List is all instances. What comes in is shown a frame at a time. */
export class List {
  constructor(el, empty, changed) {
    this.el = el;
    this.empty = empty;
    this.changed = changed;
    this.rows = new Map();
    this.text = '';
    this.events = [];
    this.range = [0, 0];
    this.known = false;
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const row = this.rows.get(target.dataset.id);
        if (!row) continue;
        row.visible = isIntersecting;
        row.draw(this.events, ...this.range);
      }
    }, { rootMargin: '200px' });
  }

  /** take brings the list up to what the hub tells. */
  take({ full, instances, gone, at }) {
    const now = Date.parse(at);
    const there = new Set(instances.map((i) => i.id));
    const fresh = [];
    for (const instance of instances) {
      const row = this.rows.get(instance.id);
      if (row) row.show(instance, now);
      else fresh.push(this.add(instance));
    }
    for (const id of full ? [...this.rows.keys()].filter((id) => !there.has(id)) : gone) this.remove(id);
    if (fresh.length > 0) this.place(fresh);
    this.known = true;
    set(this.empty, 'hidden', this.rows.size > 0);
    this.changed();
    return fresh.length > 0;
  }

  add(instance) {
    const row = new Row(instance, { opened: (row) => this.opened(row) });
    this.rows.set(instance.id, row);
    set(row.el, 'hidden', !row.matches(this.text));
    return row;
  }

  // place puts new rows where they belong: in order of name and id.
  place(fresh) {
    const order = (a, b) => compare(a.instance.name, b.instance.name) || compare(a.instance.id, b.instance.id);
    const all = [...this.rows.values()].sort(order);
    let after = null;
    for (const row of all.reverse()) {
      if (row.el.parentNode !== this.el || row.el.nextSibling !== after) this.el.insertBefore(row.el, after);
      after = row.el;
    }
    for (const row of fresh) this.seen.observe(row.el);
  }

  remove(id) {
    const row = this.rows.get(id);
    if (!row) return;
    row.close();
    this.seen.unobserve(row.el);
    row.el.remove();
    this.rows.delete(id);
  }

  opened(row) {
    for (const other of this.rows.values()) if (other !== row) other.close();
  }

  get open() {
    return [...this.rows.values()].find((row) => row.open);
  }

  /** fare takes in a timeline. */
  fare(timeline) {
    this.events = timeline.events.map((e) => ({ at: Date.parse(e.at), kind: e.kind, forMs: e.for_ms }));
    this.range = [Date.parse(timeline.from), Date.parse(timeline.to)];
    for (const { id, spans } of timeline.instances) {
      this.rows.get(id)?.fare(spans.map((p) => ({ from: Date.parse(p.from), state: p.state })));
    }
    this.draw();
  }

  draw() {
    for (const row of this.rows.values()) row.draw(this.events, ...this.range);
  }

  /** second passes: ages grow, and the end of each bar moves. */
  tick(at, length) {
    this.range = [at - length, at];
    for (const row of this.rows.values()) {
      row.tick(at);
      if (row.visible) row.draw(this.events, ...this.range);
    }
  }

  sample() {
    for (const row of this.rows.values()) row.sample();
  }

  filter(text) {
    this.text = text.trim().toLowerCase();
    for (const row of this.rows.values()) set(row.el, 'hidden', !row.matches(this.text));
  }

  /** move sets the focus to the next row, or the one before. */
  move(by) {
    const shown = [...this.el.children].filter((el) => !el.hidden);
    if (shown.length === 0) return;
    const now = shown.indexOf(document.activeElement?.closest('.row'));
    const next = now < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, now + by));
    shown[next].querySelector('.name').focus();
  }

  counts() {
    const counts = new Map();
    for (const { instance } of this.rows.values()) counts.set(instance.state, (counts.get(instance.state) ?? 0) + 1);
    return counts;
  }
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

