// Package windows runs tests of Windows code without Windows: built for it, under wine. What
// wine only pretends to do is tested by calling as Windows would; what it lacks is left to a
// real machine, see docs/power-unrun.md.
package windows
