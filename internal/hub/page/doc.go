// Package page is the hub's page: plain HTML, CSS and ES modules, embedded in the program. It
// loads nothing from anywhere else and holds no data: all that it shows it gets from the hub's
// API, after a login (see package login).
package page
