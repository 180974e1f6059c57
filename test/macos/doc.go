// Package macos runs tests of macOS code without a Mac: all but Apple's own libraries, for
// which a stand-in written in C is loaded.
package macos
