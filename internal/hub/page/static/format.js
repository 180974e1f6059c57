const two = (n) => String(n).padStart(2, '0');

/** span is a duration, given in milliseconds, as people read it. */
export function span(ms) {
  if (!(ms > 0)) return '0 s';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(1)} s`;
  return age(ms);
}

/** age is a longer duration, roughly. */
export function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** clock is the time of day of a Date, to the second. */
export function clock(at) {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** minute is the time of day to the minute, with the day if that is another one. */
export function minute(at) {
  const text = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.toDateString() === new Date().toDateString() ? text : `${at.getMonth() + 1}/${at.getDate()} ${text}`;
}

/** millis is the time of day with milliseconds. */
export function millis(at) {
  return `${clock(at)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

export function bytes(n) {
  if (n < 1024) return `${n} B`;
  if (n < 1 << 20) return `${(n / 1024).toFixed(1)} KiB`;
  return `${(n / (1 << 20)).toFixed(1)} MiB`;
}

export function count(n, what) {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}

/** clean makes one line of a text from elsewhere, without control characters. */
export function clean(text) {
  return String(text ?? '').replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}
