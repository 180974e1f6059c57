//go:build !race

package brum_test

const raceEnabled = false
