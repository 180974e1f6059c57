// Package test holds the integration tests: they build the programs and use them as their
// users do. They run with the build tag integration (make integration-test).
//
// What a test needs beyond Go it looks for first. Where something is missing the test is
// skipped and says what; with CI=true it fails.
package test
