// Package history keeps what became of every instance: the latest changes of its state, and
// what happened to the machine and the hub meanwhile. It is bounded in memory and on disk, and
// outlives the hub.
//
// On disk it is one file of JSON lines, to which changes are appended; when it has grown it is
// replaced, atomically, by what is still kept. A line that makes no sense, as after a crash, is
// left out. A file that can't be written costs nothing but that it is behind: once there is room
// again it is written anew from memory.
package history
