import { request, Failed, sleep } from './api.js';

// A hub says something every ten seconds at least.
const silence = 25e3;

/**
 * live reads the hub's events until the signal says stop, over its restarts. It calls
 * told(status) for each, and away(error) when there is no hub at the moment; an error of code
 * "unauthorized" ends it.
 */
export async function live(signal, told, away) {
  for (let tries = 0; !signal.aborted; tries++) {
    const once = new AbortController();
    const stop = () => once.abort();
    signal.addEventListener('abort', stop);
    try {
      await listen(once, (status) => {
        tries = 0;
        told(status);
      });
      throw new Failed('away', 'the hub has ended');
    } catch (err) {
      if (signal.aborted) return;
      const failure = err instanceof Failed ? err : new Failed('away', 'the hub does not answer');
      away(failure);
      if (failure.code === 'unauthorized') return;
    } finally {
      signal.removeEventListener('abort', stop);
      once.abort();
    }
    await sleep(Math.min(200 * 2 ** tries, 2000), signal);
  }
}

async function listen(once, told) {
  let guard = setTimeout(() => once.abort(), silence);
  try {
    const answer = await request('/api/v1/live', { signal: once.signal });
    const chunks = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await chunks.read();
      if (done) return;
      clearTimeout(guard);
      guard = setTimeout(() => once.abort(), silence);
      const events = (rest + value).split('\n\n');
      rest = events.pop();
      for (const event of events) take(event, told);
    }
  } finally {
    clearTimeout(guard);
  }
}

function take(event, told) {
  let kind = 'message';
  let data = '';
  for (const line of event.split('\n')) {
    if (line.startsWith('event: ')) kind = line.slice(7);
    if (line.startsWith('data: ')) data += line.slice(6);
  }
  if (kind === 'status') told(JSON.parse(data));
  if (kind === 'error') {
    const { error } = JSON.parse(data);
    throw new Failed('away', error?.message ?? 'the hub has ended');
  }
}
