// Package doctor examines what brum depends on on this machine: what tells of sleep and networks,
// the directories, the control socket, limits, and the hub with its sessions if one is running.
// It prints nothing.
//
// A check is a function from what was seen to findings; [Examine] does the seeing. [Watch] tells
// what happens to the machine and to the hub's sessions, and judges each wake.
package doctor
