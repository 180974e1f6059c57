// Package power tells when the machine sleeps and wakes, and when its networks change.
package power
