// Package winpower hears from Windows that the machine goes to sleep and wakes.
//
// It asks to be called back, which also serves programs without a window and services. Where
// that is refused, as in containers, a hidden window listens to what is broadcast to all.
package winpower
