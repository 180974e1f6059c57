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
// # File systems
//
// Locking and notification are tried out, not assumed; [Registry.Health] says
// what was found.
//
// The directory's lock is the system's. Where that can't be had, or two holders
// can have it at once, the lock is a file that only one can create. That of a
// killed process is removed at once; that of a process which can't be judged
// here after ten seconds in which it did not change; that of a living one never.
// Should a process of another machine be stopped for so long in the middle of
// writing, it may write over what came meanwhile, its own instance's file or that
// of a dead one: no more than that is ever at stake. All processes that use one
// directory have to find the same, so they have to reach it by the same kind of
// mount. On a network file system the system's locks need to hold only among the
// processes of each machine, since ids are unique and nobody judges processes of
// others.
//
// A watcher writes a file and expects to be notified of it. While it is not, and
// always where other machines can write, it looks at the directory's time at
// every check, and reads what has changed. How soon a network file system shows
// the changes of others is its own matter, often some seconds.
//
// A disk that is full or read-only, and a directory that is missing or closed,
// are errors that name the path and carry a kind: DiskFull, Permission, NotFound.
// [Registration.Run] goes on trying.
//
// Files up to 4 MiB are read. A larger one is refused with an error that names
// it, and takes nothing from the others.
//
// An instance whose host or PID namespace is not this process's is never judged
// by its PID: it stays listed as long as its file is there, and whether it lives
// is found out by dialling it.
//
// # Concurrency
//
// All methods may be called concurrently, from any number of processes. Blocking
// calls end with their context. No lock of this process is held while one waits
// for the directory's lock. A Watcher has one consumer.
package discovery
