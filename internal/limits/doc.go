// Package limits holds what both programs are given to use: connections, memory and files.
//
// Each limit has one owner elsewhere, which counts and refuses; here is where its size comes
// from, and the [FullError] by which one who is refused learns when to come back.
package limits
