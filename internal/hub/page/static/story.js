import { h } from './dom.js';
import { get, Failed } from './api.js';
import { clean, millis, minute, span, count } from './format.js';

const shown = 40;

/** Story tells why an instance's connection changed. */
export class Story {
  constructor(instance) {
    this.instance = instance;
    this.list = h('ol', { class: 'story' });
    this.el = h('section', { 'aria-label': 'What happened' }, h('h3', {}, 'What happened'), this.list);
    this.drawn = '';
  }

  async refresh(signal) {
    let history;
    try {
      history = await get(`history?instance=${encodeURIComponent(this.instance)}`, signal);
    } catch (err) {
      if (err instanceof Failed || signal?.aborted) return;
      throw err;
    }
    // A moment of doubt that passed is nothing to tell, and a loss is told with the return.
    const told = new Set(history.changes.map((c) => c.reconnect?.lost_at));
    const doubt = (c) => c.to === 'suspect' || (c.from === 'suspect' && c.to === 'active');
    const changes = history.changes.filter((c) => c.reconnect || !(doubt(c) || told.has(c.at))).slice(-shown).reverse();
    const key = JSON.stringify(changes);
    if (key === this.drawn) return;
    this.drawn = key;
    const open = new Set([...this.list.querySelectorAll('details[open]')].map((d) => d.dataset.at));
    this.list.replaceChildren(...changes.map((c) => (c.reconnect ? reconnect(c, open.has(c.at)) : other(c))));
    if (changes.length === 0) this.list.append(h('li', { class: 'other' }, 'Nothing yet.'));
  }

  /** show opens the story of the first return after a time, or the latest. */
  show(after) {
    const all = [...this.list.querySelectorAll('details')];
    const wanted = after === undefined ? all[0] : all.findLast((d) => Date.parse(d.dataset.at) >= after) ?? all[0];
    if (!wanted) return;
    wanted.open = true;
    wanted.firstChild.focus({ preventScroll: true });
    wanted.scrollIntoView({ block: 'nearest' });
  }
}

function reconnect(c, open) {
  const r = c.reconnect;
  const facts = [
    ['lost', `${millis(new Date(r.lost_at))}, ${clean(r.trigger)}`],
    ['noticed after', r.silence_ms > 0 ? `${span(r.silence_ms)} of silence` : 'at once'],
    ['back', millis(new Date(c.at))],
    ['outage', span(c.outage_ms ?? 0)],
    ['dials', r.dials || 'not known'],
    ['last dial', [c.resume_ms ? span(c.resume_ms) : '', r.round_trips ? count(r.round_trips, 'round trip') : ''].filter(Boolean).join(', ') || 'not known'],
    ['session', r.session],
    ['sent again', count(r.replayed, 'message')],
    ['dropped', count(r.duplicates, 'duplicate')],
  ];
  return h('li', { 'data-session': r.session }, h('details', { open, 'data-at': c.at },
    h('summary', {}, h('time', { datetime: c.at }, minute(new Date(c.at))), ' back after ', h('b', {}, span(c.outage_ms ?? 0)), `, ${r.session} session`),
    h('p', { class: 'why' }, clean(c.why)),
    h('dl', {}, facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, String(value)))))));
}

function other(c) {
  return h('li', { class: 'other' }, h('time', { datetime: c.at }, minute(new Date(c.at))), ' ', h('span', {}, clean(c.why) || clean(c.to)));
}
