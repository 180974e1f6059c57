// Package callid names tool calls, so that none runs twice and the outcome of each can be
// asked for, also by the successor of the hub that made it. It holds what a hub and an
// instance have to agree on: ids, the keys under which a call carries them in its _meta,
// outcomes, and the codes of refusals.
package callid
