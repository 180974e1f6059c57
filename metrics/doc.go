// Package metrics shows sessions, the power monitor and the discovery of instances to
// Prometheus. Its types are collectors that an application registers where it likes:
//
//	sessions := metrics.NewSessions(nil)
//	registry.MustRegister(sessions, metrics.Power(monitor), metrics.Discovery(found))
//	cfg := session.Config{…, Observe: sessions.Peer("web")}
//
// A session is counted from its first event to its end under the name of its peer. Counters of a
// peer go on with its next session. docs/metrics.md in this module lists what there is; the same
// list is had from [Reference].
//
// # Cardinality
//
// What is counted by peer is bounded by [SessionsOptions].MaxPeers: about 50 series each, no
// matter how many sessions it has or had. Names are cut to 64 bytes and made valid UTF-8. When
// there is no room for another name, the peer that has been without a session for longest is
// forgotten; if all have sessions, the new one is counted as [OtherPeers]. All other labels have
// values from fixed sets, of at most a few dozen.
//
// # Concurrency
//
// Everything here may be called concurrently. Nothing blocks but [Sessions.Refresh], and a [Handler]
// with sessions, which calls it.
package metrics
