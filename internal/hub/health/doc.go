// Package health judges how an instance is doing, above its connection.
//
// A session finds dead links. What it can't tell is whether the program at the other end still
// does its work: a hung one has a session that answers probes. [Checks] says when to ask it,
// what its silence means, and how well it has answered lately; [Damper] keeps what people see
// from flickering.
//
// Both are values: they are told what happened and when, start nothing and read no clock. They
// are not safe for concurrent use.
package health
