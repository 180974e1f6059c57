import { h, put, set } from './dom.js';
import { codeInAddress, enter, Failed, get, known, leave } from './api.js';
import { live } from './live.js';
import { List } from './list.js';
import { place } from './row.js';
import { states } from './states.js';
import { age, clean, clock } from './format.js';

const $ = (id) => document.getElementById(id);
const ranges = [['1 h', 1], ['6 h', 6], ['24 h', 24]];

let hours = 6;
let watching; // the AbortController of what goes on while the page is seen
let behind = 0; // by how much this clock is behind the hub's
let hub;
let since; // the last that was heard of a hub

const list = new List($('list'), $('empty'), summarize);

// Statuses are taken in a frame at a time.
let statuses = [];
function told(status) {
  statuses.push(status);
  if (statuses.length === 1) requestAnimationFrame(takeStatuses);
}

function takeStatuses() {
  const batch = statuses;
  statuses = [];
  let fresh = false;
  for (const status of batch) {
    if (hub && status.hub.started_at !== hub.started_at) fresh = true;
    hub = status.hub;
    behind = Date.parse(status.at) - Date.now();
    fresh = list.take(status) || fresh;
  }
  since = Date.now();
  document.body.classList.remove('away');
  set($('banner'), 'hidden', true);
  about();
  if (fresh) timeline();
}

function away(failure) {
  if (failure.code === 'unauthorized') {
    showLogin();
    return;
  }
  document.body.classList.add('away');
  const from = since ? ` since ${clock(new Date(since))}` : '';
  put($('banner'), `No hub answers${from}. The page looks for it, and goes on by itself.`);
  set($('banner'), 'hidden', false);
}

async function timeline() {
  const signal = watching?.signal;
  try {
    list.fare(await get(`timeline?since=${hours}h`, signal));
  } catch (err) {
    if (!(err instanceof Failed) && !signal?.aborted) throw err;
  }
}

/** watch begins what goes on while the page is seen. */
function watch() {
  if (watching || document.hidden || !known()) return;
  watching = new AbortController();
  live(watching.signal, told, away);
  list.open?.panel.start();
}

/** rest ends it: a page that nobody sees takes no connection from those that are. */
function rest() {
  watching?.abort();
  watching = undefined;
  list.open?.panel.stop();
}

function summarize() {
  const counts = list.counts();
  const parts = states.filter(([state]) => counts.has(state)).map(([state, name]) => h('span', { 'data-state': state }, h('i', { class: 'dot' }), `${counts.get(state)} ${name}`));
  $('summary').replaceChildren(...parts.reverse());
  const trouble = list.rows.size - (counts.get('active') ?? 0) - (counts.get('stopped') ?? 0) - (counts.get('discovered') ?? 0);
  document.title = trouble > 0 ? `(${trouble}) brum` : 'brum';
}

function about() {
  const failed = hub.ledger.state === 'failed' ? ` · calls are not recorded: ${clean(hub.ledger.error)}` : '';
  const [path, version] = hub.version.split(' '); // of the module
  put($('about'), `hub ${clean(version ?? path)} · process ${hub.pid} · up ${age(Date.now() + behind - Date.parse(hub.started_at))}${failed}`);
}

function showLogin(refused = '') {
  rest();
  document.body.classList.add('out');
  set($('banner'), 'hidden', true);
  put($('refused'), refused);
  set($('login'), 'hidden', false);
}

async function logIn(link) {
  try {
    await enter(link);
  } catch (err) {
    if (!(err instanceof Failed)) throw err;
    showLogin(err.message);
    return;
  }
  set($('login'), 'hidden', true);
  document.body.classList.remove('out');
  $('link').value = '';
  watch();
}

function choose(value) {
  hours = value;
  put($('shown'), `Last ${value} h`);
  for (const button of $('range').children) set(button, 'aria-pressed', String(Number(button.dataset.hours) === hours));
  if (hub) timeline();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  const inList = !typing && !event.target.closest('.panel');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    $('filter').focus();
  } else if (event.key === 'Escape') {
    if (event.target === $('filter')) {
      $('filter').value = '';
      list.filter('');
    }
    const open = list.open;
    if (open) {
      open.close();
      open.button.focus();
    }
  } else if ((event.key === 'ArrowDown' || event.key === 'j') && (inList || event.target === $('filter') && event.key !== 'j')) {
    event.preventDefault();
    list.move(1);
  } else if ((event.key === 'ArrowUp' || event.key === 'k') && inList) {
    event.preventDefault();
    list.move(-1);
  }
}

function hover(event) {
  const bar = event.target.closest?.('svg.bar');
  const tip = $('tip');
  const row = bar && list.rows.get(bar.closest('.row').dataset.id);
  const found = row?.bar.at(place(event, bar));
  set(tip, 'hidden', !found);
  if (!found) return;
  tip.replaceChildren(...found.lines.map((line) => h('div', {}, line)));
  const { width, height } = tip.getBoundingClientRect();
  const box = bar.getBoundingClientRect();
  tip.style.left = `${Math.min(innerWidth - width - 8, Math.max(8, event.clientX - width / 2))}px`;
  tip.style.top = `${box.top > height + 12 ? box.top - height - 6 : box.bottom + 6}px`;
}

async function begin() {
  $('range').append(...ranges.map(([text, value]) => h('button', { type: 'button', 'data-hours': value, onclick: () => choose(value) }, text)));
  choose(hours);
  $('legend').append(...states.slice(1).map(([state, name]) => h('li', { 'data-state': state }, h('i', { class: 'dot' }), name)),
    ...['sleep', 'network', 'hub'].map((name) => h('li', { 'data-event': name }, h('i', { class: 'mark' }), name)));
  $('filter').addEventListener('input', () => list.filter($('filter').value));
  $('leave').addEventListener('click', async () => {
    await leave();
    location.reload();
  });
  $('enter').addEventListener('click', () => logIn($('link').value));
  $('link').addEventListener('keydown', (e) => e.key === 'Enter' && logIn($('link').value));
  document.addEventListener('keydown', key);
  document.addEventListener('pointermove', hover, { passive: true });
  document.addEventListener('visibilitychange', () => (document.hidden ? rest() : watch()));
  addEventListener('hashchange', () => {
    const code = codeInAddress();
    if (code) logIn(code);
  });
  setInterval(() => {
    if (watching && hub) list.tick(Date.now() + behind, hours * 3600e3);
  }, 1000);
  setInterval(() => watching && hub && list.sample(), 2000);
  setInterval(() => watching && hub && (timeline(), about()), 60e3);
  const code = codeInAddress();
  if (code) await logIn(code);
  else if (known()) watch();
  else showLogin();
}

begin();

