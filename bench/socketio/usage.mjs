// What this process has used, as Go's side wants it. Allocations can't be counted.
export function usage(settled) {
  if (settled) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { CPU: (user + system) * 1000, Mallocs: 0, Heap: heapUsed, RSS: rss, Goroutines: 0 };
}
