import { call, sleep, Failed } from './api.js';

// What passes by itself: reading on from the same cursor repeats and misses nothing.
const passing = new Set(['away', 'no_hub', 'shutting_down', 'outcome_unknown', 'timeout', 'unreachable', 'instance_stopped', 'unknown_instance', 'canceled', 'internal',
  'overloaded', 'not_run', 'result_lost']);

const page = 1000;
const first = 500;

/**
 * follow reads an instance's log from its last lines on, until the signal says stop. Each page
 * goes to took({lines, gap, gapUnknown, restart}); waiting(text) says that lines do not come at
 * the moment, waiting('') that they do again. It is resumed with the cursor it returns.
 */
export async function follow({ instance, query, cursor, signal, took, waiting }) {
  let told = false;
  while (!signal.aborted) {
    const args = cursor ? { ...query, cursor, follow: true, limit: page } : { ...query, limit: first };
    try {
      const answer = await call(instance, 'logs_stream', args, signal);
      if (signal.aborted) break;
      if (told) waiting('');
      told = false;
      cursor = answer.cursor;
      took(answer);
      // An ended process answers at once; it may be run again.
      if (answer.ended && !answer.more && answer.lines.length === 0) await sleep(500, signal);
    } catch (err) {
      if (signal.aborted) break;
      if (!(err instanceof Failed)) throw err;
      if (!passing.has(err.code)) {
        waiting(err.message);
        return cursor;
      }
      waiting(err.message);
      told = true;
      await sleep(400, signal);
    }
  }
  return cursor;
}
