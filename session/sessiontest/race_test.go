//go:build race

package sessiontest_test

const raceEnabled = true
