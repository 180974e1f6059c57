// What the page asks of the hub. The pass has two halves: a cookie, which scripts do not see,
// and this one, which only pages of this very port do.

const place = 'brum-page';
const headers = () => ({ 'Brum-Page': localStorage.getItem(place) ?? '' });

/** Failed is an answer that is an error. code is the hub's; "away" says that no hub answered. */
export class Failed extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** enter logs in with a link, or the code in it. */
export async function enter(link) {
  const code = link.trim().split('#login=').pop();
  const pass = await send('/login', { code });
  localStorage.setItem(place, pass.page);
}

/** codeInAddress takes the code out of the page's address, where it must not linger. */
export function codeInAddress() {
  const { hash, pathname } = location;
  if (!hash.startsWith('#login=')) return '';
  history.replaceState(null, '', pathname);
  return hash;
}

export const known = () => localStorage.getItem(place) !== null;

export function leave() {
  localStorage.removeItem(place);
  return send('/logout', {}).catch(() => {});
}

/** request returns the answer to a request if it is none of failure. */
export async function request(path, { body, signal } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? headers() : { ...headers(), 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal,
    });
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Failed('away', 'the hub does not answer');
  }
  if (answer.ok) return answer;
  let failure;
  try {
    failure = (await answer.json()).error;
  } catch { /* it is no hub that answers */ }
  throw new Failed(failure?.code ?? 'away', failure?.message ?? `the hub answered ${answer.status}`);
}

/** get asks for what a path names. */
export async function get(path, signal) {
  return read(await request(`/api/v1/${path}`, { signal }), signal);
}

/** post has the hub do something. */
export async function post(path, body, signal) {
  return read(await request(`/api/v1/${path}`, { body, signal }), signal);
}

async function send(path, body) {
  return read(await request(path, { body }));
}

async function read(answer, signal) {
  try {
    return await answer.json();
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Failed('away', 'the hub went away before it answered');
  }
}

/** call runs a tool of an instance and returns its structured result. */
export async function call(instance, tool, args, signal) {
  const answer = await request('/api/v1/call', { body: { instance, tool, arguments: args ?? {} }, signal });
  let text;
  try {
    text = await answer.text();
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Failed('away', 'the hub went away before it answered');
  }
  for (const line of text.split('\n')) {
    if (line === '') continue;
    let record;
    try {
      record = JSON.parse(line);
    } catch {
      throw new Failed('away', 'the hub went away in the middle of its answer');
    }
    if (record.error) throw new Failed(record.error.code, record.error.message);
    if (!record.result) continue;
    if (record.result.isError) throw new Failed('tool', record.result.content?.[0]?.text ?? 'the tool failed');
    return record.result.structuredContent ?? {};
  }
  throw new Failed('away', 'the hub went away before it answered');
}

/** sleep waits, or less long if the signal says so. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done);
  });
}
