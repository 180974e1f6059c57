import { h, put, set } from './dom.js';
import { call, Failed, sleep } from './api.js';
import { age, clean } from './format.js';

const every = 3000;
const ended = new Set(['stopped', 'failed', 'success', '']);

/** Processes shows an instance's scripts, and runs and stops them. */
export class Processes {
  constructor(instance, { say, offer, choose }) {
    this.instance = instance;
    this.say = say;
    this.offer = offer;
    this.choose = choose;
    this.rows = new Map();
    this.body = h('ul', { class: 'processes' });
    this.trouble = h('p', { class: 'note', role: 'status' });
    this.el = h('section', { 'aria-label': 'Processes' }, h('h3', {}, 'Processes'), this.trouble, this.body);
  }

  async start(signal) {
    this.signal = signal;
    while (!signal.aborted) {
      await this.refresh();
      await sleep(every, signal);
    }
  }

  async refresh() {
    try {
      const [{ scripts }, { processes }] = await Promise.all([
        this.scripts(), call(this.instance, 'scripts_status', {}, this.signal)]);
      this.draw(scripts, processes);
    } catch (err) {
      if (!(err instanceof Failed) && !this.signal.aborted) throw err;
    }
  }

  // What runs is to be seen, and stopped, also while package.json can't be read.
  async scripts() {
    try {
      const list = await call(this.instance, 'scripts_list', {}, this.signal);
      put(this.trouble, '');
      return list;
    } catch (err) {
      if (!(err instanceof Failed) || err.code !== 'tool') throw err;
      put(this.trouble, clean(err.message));
      return { scripts: [] };
    }
  }

  draw(scripts, processes) {
    const latest = new Map();
    for (const p of processes) latest.set(p.name, p); // in order of start
    this.offer(processes.map((p) => p.processId));
    const names = new Set([...scripts.map((s) => s.name), ...latest.keys()]);
    for (const name of names) {
      let row = this.rows.get(name);
      if (!row) {
        row = new Process(name, this);
        this.rows.set(name, row);
        this.body.append(row.el);
      }
      row.show(latest.get(name), scripts.find((s) => s.name === name)?.command);
    }
    for (const [name, row] of this.rows) {
      if (names.has(name)) continue;
      row.el.remove();
      this.rows.delete(name);
    }
  }

  async act(what, doing) {
    this.say(`${what} …`);
    try {
      await doing();
      this.say('');
    } catch (err) {
      if (err instanceof Failed) this.say(clean(err.message));
      else throw err;
    }
    await this.refresh();
  }

  run(name) {
    return call(this.instance, 'scripts_run', { name });
  }

  stop(processId) {
    return call(this.instance, 'scripts_stop', { processId });
  }
}

class Process {
  constructor(name, owner) {
    this.name = name;
    this.owner = owner;
    const button = (text, on) => h('button', { type: 'button', onclick: on, 'aria-label': `${text} ${clean(name)}` }, text);
    this.begin = button('Start', () => owner.act(`Starting ${clean(name)}`, () => owner.run(name)));
    this.end = button('Stop', () => owner.act(`Stopping ${clean(name)}`, () => owner.stop(this.id)));
    this.again = button('Restart', () => owner.act(`Restarting ${clean(name)}`, async () => {
      await owner.stop(this.id);
      await owner.run(name);
    }));
    this.log = h('button', { type: 'button', class: 'link', title: 'Show its log', onclick: () => owner.choose(this.id) }, h('bdi', {}, clean(name)));
    this.state = h('span', { class: 'p-state' });
    this.about = h('span', { class: 'p-about' });
    this.el = h('li', {}, h('i', { class: 'dot' }), this.log, this.state, this.about, h('span', { class: 'acts' }, this.begin, this.again, this.end));
  }

  show(process, command) {
    const state = process?.state ?? '';
    this.id = process?.processId;
    set(this.el, 'data-process-state', state || 'none');
    set(this.log, 'disabled', this.id === undefined);
    set(this.begin, 'hidden', !ended.has(state));
    set(this.again, 'hidden', ended.has(state));
    set(this.end, 'hidden', ended.has(state));
    put(this.state, state || 'not run');
    put(this.about, clean(about(process) ?? command ?? ''));
    set(this.about, 'title', command && clean(command));
  }
}

function about(p) {
  if (!p) return undefined;
  const parts = [];
  if (p.pid) parts.push(`pid ${p.pid}`);
  if (!ended.has(p.state)) parts.push(age(p.uptimeSeconds * 1000));
  if (p.restarts > 0) parts.push(`restarted ${p.restarts}×`);
  if (p.error) parts.push(p.error);
  else if (p.signal) parts.push(`ended by ${p.signal}`);
  else if (p.exitCode !== undefined && ended.has(p.state)) parts.push(`exit code ${p.exitCode}`);
  return parts.join(' · ');
}
