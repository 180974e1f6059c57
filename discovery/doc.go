// Package discovery lets the programs of one user on one machine find each
// other through small files in a private directory: one file per instance,
// named <id>.json, written by the instance itself.
//
//	registry, err := discovery.Open(discovery.Config{})
//	...
//	// an instance, once its endpoint answers:
//	registration, err := registry.Register(ctx, discovery.Instance{ID: discovery.NewID(name), …})
//	go registration.Run(ctx) // until Unregister
//
//	// a hub:
//	watcher, err := registry.Watch(ctx)
//	for {
//		event, err := watcher.Next(ctx)
//		…
//	}
//
// # What a reader can rely on
//
// A file is complete or absent at every moment: it is written under another
// name, flushed and renamed. A file is removed by its owner, or by a watcher
// that found its process dead, and that only after looking again under the
// directory's lock. The age of a file or of its heartbeat never removes it.
//
// The file is a doorbell and not the conversation: what it says may be out of
// date by the time it is read, and the endpoint decides.
//
// # Trust
//
// The directory belongs to this user and is closed to others; so are the files,
// which hold the token of the instance. Symbolic links are not followed and
// files of other users are not read. A file that can't be used is skipped,
// logged once and counted; it disturbs no other file.
//
// # Concurrency
//
// All methods may be called concurrently, from any number of processes. Blocking
// calls end with their context. No lock of this process is held while one waits
// for the directory's lock. A Watcher has one consumer.
package discovery
