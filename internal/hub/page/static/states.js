// The states of an instance, from the best to the worst, and what marks them beside a colour.
export const states = [
  ['', 'not known'],
  ['active', 'active'],
  ['discovered', 'discovered'],
  ['stopped', 'stopped'],
  ['suspect', 'suspect'],
  ['connecting', 'connecting'],
  ['stalled', 'stalled'],
  ['retrying', 'retrying'],
];

const rank = new Map(states.map(([state], i) => [state, i]));

export const worse = (a, b) => ((rank.get(a) ?? 0) >= (rank.get(b) ?? 0) ? a : b);
export const known = (state) => (rank.has(state) ? state : '');
export const linked = (state) => state === 'active' || state === 'suspect' || state === 'stalled';

// Events of the machine and the hub.
export const events = {
  sleep: ['sleep', 'the machine went to sleep'],
  wake: ['sleep', 'the machine woke'],
  offline: ['network', 'the network went'],
  online: ['network', 'the network came back'],
  network: ['network', 'the network changed'],
  hub: ['hub', 'the hub began'],
  hub_end: ['hub', 'the hub ended'],
};
