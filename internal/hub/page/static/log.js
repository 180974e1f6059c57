import { h, put, set } from './dom.js';
import { call, Failed } from './api.js';
import { follow } from './follow.js';
import { render } from './ansi.js';
import { clock, clean, count } from './format.js';

// So many lines are kept on the page; the instance keeps more.
const kept = 3000;
const levels = [['', 'all levels'], ['info', 'info and above'], ['warn', 'warnings'], ['error', 'errors']];

/** Log shows an instance's output, and goes on with it. */
export class Log {
  constructor(instance) {
    this.instance = instance;
    this.cursor = '';
    this.process = '';
    this.waitingLines = [];
    this.fresh = 0;
    this.processes = h('select', { 'aria-label': 'Process', onchange: () => this.restart() }, h('option', { value: '' }, 'all processes'));
    this.level = h('select', { 'aria-label': 'Level', onchange: () => this.restart() }, levels.map(([value, text]) => h('option', { value }, text)));
    this.search = h('input', {
      type: 'search', placeholder: 'Search', 'aria-label': 'Search the log', autocomplete: 'off', spellcheck: 'false',
      oninput: () => this.filter(), onkeydown: (e) => this.key(e),
    });
    this.older = h('button', { type: 'button', hidden: true, onclick: () => this.find() }, 'Search older');
    this.lines = h('div', { class: 'lines', tabindex: '0', role: 'log', 'aria-label': 'Output', 'aria-live': 'off', onscroll: () => this.scrolled() });
    this.note = h('p', { class: 'note', role: 'status' });
    this.down = h('button', { class: 'down', type: 'button', hidden: true, onclick: () => this.toEnd() });
    this.el = h('section', { class: 'log', 'aria-label': 'Log' },
      h('div', { class: 'bar-of-log' }, this.processes, this.level, this.search, this.older, this.note),
      h('div', { class: 'frame' }, this.lines, this.down));
    this.atEnd = true;
  }

  start() {
    this.stop();
    if (this.found) return; // what was found stays until the search changes
    this.say('');
    this.running = new AbortController();
    const { signal } = this.running;
    const query = {};
    if (this.processes.value) query.processId = this.processes.value;
    if (this.level.value) query.level = this.level.value;
    follow({
      instance: this.instance, query, cursor: this.cursor, signal,
      took: (answer) => {
        this.cursor = answer.cursor; // for when it is stopped and goes on
        this.take(answer);
      },
      waiting: (text) => this.say(text && `Waiting: ${clean(text)}`),
    });
  }

  /** stop keeps the place: start goes on there. */
  stop() {
    this.running?.abort();
    this.running = undefined;
  }

  restart() {
    this.stop();
    this.found = false;
    this.cursor = '';
    this.waitingLines = [];
    this.lines.replaceChildren();
    this.atEnd = true;
    this.fresh = 0;
    this.showFresh();
    this.start();
  }

  /** offer makes the processes with these ids choosable. */
  offer(ids) {
    const there = [...this.processes.options].slice(1).map((o) => o.value);
    if (there.join('\n') === ids.join('\n')) return;
    const chosen = this.processes.value;
    this.processes.replaceChildren(this.processes.options[0], ...ids.map((id) => h('option', { value: id }, clean(id))));
    this.processes.value = ids.includes(chosen) ? chosen : '';
    if (this.processes.value !== chosen) this.restart();
  }

  choose(id) {
    this.processes.value = id;
    this.restart();
  }

  say(text) {
    put(this.note, text || '');
  }

  take({ lines, gap, gapUnknown, restart }) {
    const nodes = [];
    if (restart) nodes.push(divider('The instance was restarted; lines of before may be missing.'));
    else if (gap === 0 && gapUnknown) nodes.push(divider('Lines may be missing here.'));
    else if (gap > 0) nodes.push(divider(`${count(gap, 'line')}${gapUnknown ? ' or more' : ''} missing here: dropped before they were read.`));
    for (const line of lines.slice(-kept)) nodes.push(this.node(line));
    if (nodes.length === 0) return;
    this.waitingLines = [...this.waitingLines, ...nodes].slice(-kept); // frames may be slower than lines
    this.fresh += lines.length;
    if (this.due) return;
    // A hidden page gets no frames, and needs no lines.
    this.due = requestAnimationFrame(() => {
      this.due = undefined;
      this.flush();
    });
  }

  flush() {
    const nodes = this.waitingLines.slice(-kept);
    this.waitingLines = [];
    this.lines.append(...nodes);
    for (let over = this.lines.childElementCount - kept; over > 0; over--) this.lines.firstChild.remove();
    if (this.atEnd) this.toEnd();
    else this.showFresh();
  }

  node(line) {
    const at = new Date(line.time);
    const el = h('div', { class: 'line', 'data-level': line.level, 'data-stream': line.stream, 'data-seq': line.seq, 'data-process': line.processId },
      h('time', { datetime: line.time, title: at.toLocaleString() }, clock(at)),
      h('span', { class: 'who', title: line.processId }, clean(line.processId)),
      h('bdi', {}, render(line.text)));
    if (!this.matches(el)) el.hidden = true;
    return el;
  }

  matches(el) {
    const wanted = this.search.value.toLowerCase();
    return wanted === '' || el.lastChild.textContent.toLowerCase().includes(wanted);
  }

  filter() {
    if (this.found) return this.back();
    for (const el of this.lines.children) {
      if (el.classList.contains('line')) el.hidden = !this.matches(el);
    }
    this.older.hidden = this.search.value === '';
    if (this.atEnd) this.toEnd();
  }

  key(event) {
    if (event.key === 'Enter') this.find();
    if (event.key === 'Escape' && this.search.value !== '') {
      event.stopPropagation();
      this.search.value = '';
      this.filter();
    }
  }

  /** find looks through all that the instance keeps. */
  async find() {
    const query = this.search.value;
    if (query === '') return;
    this.stop();
    const { signal } = (this.running = new AbortController());
    this.say('Searching …');
    try {
      const args = { query, limit: 1000 };
      if (this.processes.value) args.processId = this.processes.value;
      if (this.level.value) args.level = this.level.value;
      const answer = await call(this.instance, 'logs_search', args, signal);
      this.found = true;
      this.waitingLines = [];
      this.lines.replaceChildren(...answer.lines.map((line) => this.node(line)), divider(`${count(answer.lines.length, 'match')
        .replace('matchs', 'matches')}${answer.more ? ', and older ones' : ''}. Change the search to go on with the live log.`));
      this.say('');
      this.toEnd();
    } catch (err) {
      if (!(err instanceof Failed)) return;
      this.start();
      this.say(clean(err.message));
    }
  }

  /** back returns from what was found to the live log. */
  back() {
    this.restart();
  }

  scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.lines;
    this.atEnd = scrollTop + clientHeight > scrollHeight - 24;
    if (this.atEnd) this.showFresh();
  }

  toEnd() {
    this.lines.scrollTop = this.lines.scrollHeight;
    this.atEnd = true;
    this.showFresh();
  }

  showFresh() {
    if (this.atEnd) this.fresh = 0;
    set(this.down, 'hidden', this.fresh === 0);
    put(this.down, `${count(this.fresh, 'new line')} ↓`);
  }
}

const divider = (text) => h('div', { class: 'divider' }, text);
