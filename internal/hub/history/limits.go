package history

import "time"

// limits of a Book.
type limits struct {
	perInstance int           // changes
	changes     int           // of all instances together; more than instances
	instances   int           // the one that was quiet for longest is forgotten first
	events      int           // of machine and hub
	line        int           // bytes; longer ones are not read
	file        int64         // bytes; above, it is written anew
	waiting     int           // records that wait to be written; with more the file is written anew
	former      time.Duration // for a hub that still has the file
}

// formerPause is how long to wait between two looks whether a former hub has gone.
const formerPause = 20 * time.Millisecond

var defaults = limits{
	perInstance: 256,
	changes:     64 << 10,
	instances:   1024,
	events:      512,
	line:        8 << 10,
	file:        8 << 20,
	waiting:     4096,
	former:      3 * time.Second,
}
