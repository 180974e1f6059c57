// Package browser tests the hub's page in a real Chromium. It is a module of its own, so that
// what drives the browser is no dependency of anything else.
package browser
