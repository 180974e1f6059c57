import { h, put, set } from './dom.js';
import { Bar } from './bar.js';
import { Spark } from './spark.js';
import { Panel } from './panel.js';
import { known, linked } from './states.js';
import { age, clean, count, span } from './format.js';

/** Row is one instance in the list. */
export class Row {
  constructor(instance, { opened }) {
    this.id = instance.id;
    this.opened = opened;
    this.spans = [];
    this.bar = new Bar();
    this.spark = new Spark();
    this.visible = false;
    this.name = h('bdi', { class: 'n' });
    this.dir = h('span', { class: 'dir' });
    this.button = h('button', { type: 'button', class: 'name', 'aria-expanded': 'false', onclick: () => this.toggle() }, this.name, this.dir);
    this.word = h('span', { class: 'word' });
    this.since = h('span', { class: 'since' });
    this.state = h('span', { class: 'state' }, h('i', { class: 'dot' }), this.word, this.since);
    this.rtt = h('span', { class: 'rtt' }, this.spark.el, (this.rttText = h('span', { class: 'num' })));
    this.unacked = h('span', { class: 'unacked num', title: 'Messages that are not acknowledged' });
    this.resumes = h('button', { type: 'button', class: 'resumes num', onclick: () => this.tell() });
    this.head = h('div', { class: 'head' }, this.button, this.state, h('span', { class: 'bar-cell' }, this.bar.el), this.rtt, this.unacked, this.resumes);
    this.el = h('li', { class: 'row', 'data-id': instance.id }, this.head);
    this.bar.el.addEventListener('click', (e) => this.tell(this.bar.at(place(e, this.bar.el))?.piece.from));
    this.show(instance, Date.now());
  }

  /** show takes in what the hub tells. at is the hub's time in milliseconds. */
  show(instance, at) {
    const before = this.instance;
    this.instance = instance;
    if (before && before.raw_state !== instance.raw_state) this.spans.push({ from: at, state: instance.raw_state });
    if (!before || before.name !== instance.name) {
      put(this.name, clean(instance.name));
      put(this.dir, short(clean(instance.directory)));
      set(this.button, 'title', clean(instance.directory));
    }
    set(this.el, 'data-state', known(instance.state) || 'unknown');
    set(this.state, 'data-state', known(instance.state) || 'unknown');
    put(this.word, known(instance.state) || 'unknown');
    put(this.rttText, instance.rtt_ms > 0 && linked(instance.state) ? span(instance.rtt_ms) : '–');
    put(this.unacked, instance.unacked_messages > 0 ? String(instance.unacked_messages) : '–');
    set(this.unacked, 'aria-label', count(instance.unacked_messages, 'message') + ' not acknowledged');
    put(this.resumes, instance.resumes > 0 ? count(instance.resumes, 'resume') : '–');
    set(this.resumes, 'disabled', instance.resumes === 0);
    this.tick(at);
    this.panel?.update(instance);
  }

  /** tick shows what changes with time alone. */
  tick(at) {
    if (!this.visible && this.since.textContent !== '') return;
    const from = linked(this.instance.state) && this.instance.connected_since ? Date.parse(this.instance.connected_since) : this.spans.at(-1)?.from;
    put(this.since, from ? age(at - from) : '');
  }

  sample() {
    this.spark.add(linked(this.instance.state) ? this.instance.rtt_ms : 0);
    if (this.visible) this.spark.draw();
  }

  /** fare takes in how it fared so far. */
  fare(spans) {
    this.spans = spans;
  }

  draw(events, from, to) {
    if (!this.visible) return;
    this.bar.draw(this.spans, events, from, to);
    this.spark.draw();
  }

  matches(text) {
    const i = this.instance;
    return text === '' || `${i.name}\n${i.directory}\n${i.id}\n${i.state}`.toLowerCase().includes(text);
  }

  get open() {
    return this.panel !== undefined;
  }

  toggle() {
    if (this.open) this.close();
    else this.expand();
  }

  expand() {
    if (this.open) return Promise.resolve();
    this.opened(this);
    this.panel = new Panel(this.instance);
    this.el.append(this.panel.el);
    set(this.el, 'data-open', 'true');
    set(this.button, 'aria-expanded', 'true');
    return this.panel.start();
  }

  close() {
    if (!this.open) return;
    this.panel.stop();
    this.panel.el.remove();
    this.panel = undefined;
    set(this.el, 'data-open', undefined);
    set(this.button, 'aria-expanded', 'false');
  }

  /** tell opens the story of a resume: of the first after a time, or the latest. */
  async tell(after) {
    await this.expand();
    await this.panel?.story.refresh();
    this.panel?.story.show(after);
  }
}

/** place is where in el the pointer is, from 0 to 1. */
export function place(event, el) {
  const box = el.getBoundingClientRect();
  return box.width > 0 ? (event.clientX - box.left) / box.width : 0;
}

function short(dir) {
  return dir.replace(/^\/(?:home|Users)\/[^/]+/, '~').replace(/^\/root(?=\/|$)/, '~');
}
