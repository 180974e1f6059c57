import { h, put, set } from './dom.js';
import { post, sleep, Failed } from './api.js';
import { Log } from './log.js';
import { Processes } from './processes.js';
import { Story } from './story.js';
import { clean, bytes, count } from './format.js';

/** Panel is what an open row shows: what can be done, the processes, what happened, the log. */
export class Panel {
  constructor(instance) {
    this.id = instance.id;
    this.said = h('span', { class: 'said', role: 'status' });
    const say = (text) => put(this.said, text);
    const act = (text, path) => h('button', { type: 'button', onclick: () => this.act(text, path) }, text);
    this.reconnect = act('Reconnect', 'connect');
    this.connect = act('Connect', 'connect');
    this.disconnect = act('Disconnect', 'disconnect');
    this.facts = h('p', { class: 'facts' });
    this.log = new Log(this.id);
    this.story = new Story(this.id);
    this.processes = new Processes(this.id, { say, offer: (ids) => this.log.offer(ids), choose: (id) => this.log.choose(id) });
    this.say = say;
    this.el = h('div', { class: 'panel', role: 'region', 'aria-label': `Details of ${clean(instance.name)}` },
      h('div', { class: 'panel-head' }, this.facts, h('span', { class: 'acts' }, this.reconnect, this.connect, this.disconnect), this.said),
      h('div', { class: 'columns' }, h('div', { class: 'side' }, this.processes.el, this.story.el), this.log.el));
    this.update(instance);
  }

  async start() {
    this.life = new AbortController();
    const { signal } = this.life;
    this.log.start();
    this.processes.start(signal);
    await this.story.refresh(signal);
    this.goOn(signal);
  }

  // What the hub notes of a change may come a moment after the change itself.
  async goOn(signal) {
    while (!signal.aborted) {
      await sleep(3000, signal);
      await this.story.refresh(signal);
    }
  }

  /** stop ends all requests; start goes on, the log from where it was. */
  stop() {
    this.life?.abort();
    this.log.stop();
  }

  update(instance) {
    const stopped = instance.state === 'stopped';
    const none = instance.state === 'discovered';
    set(this.reconnect, 'hidden', stopped || none);
    set(this.connect, 'hidden', !stopped);
    set(this.disconnect, 'hidden', stopped || none);
    const facts = [instance.id, instance.directory];
    if (instance.session_id) facts.push(`session ${instance.session_id.slice(0, 8)}, connection ${instance.epoch}`);
    if (instance.unacked_messages > 0) facts.push(`${count(instance.unacked_messages, 'message')} unacknowledged, ${bytes(instance.unacked_bytes)}`);
    if (instance.last_error) facts.push(instance.last_error);
    put(this.facts, facts.map(clean).filter(Boolean).join(' · '));
    const key = `${instance.state} ${instance.resumes} ${instance.session_id}`;
    if (this.key !== undefined && this.key !== key && this.life && !this.life.signal.aborted) this.story.refresh(this.life.signal);
    this.key = key;
  }

  async act(what, path) {
    this.say(`${what} …`);
    try {
      const instance = await post(path, { instance: this.id });
      this.say(instance.state);
    } catch (err) {
      if (!(err instanceof Failed)) throw err;
      this.say(clean(err.message));
    }
  }
}
