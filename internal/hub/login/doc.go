// Package login lets a person's browser in. Whoever holds the hub's token gets a code from it,
// which works once and for a short time; the page exchanges it for a pass.
//
// # The pass
//
// It has two halves, and only both together open anything. One is a cookie that scripts can't
// read. Browsers send cookies to every port of a host, so a development server on another port
// gets to see it; the other half is therefore kept in the page's own storage, which belongs to
// this port only, and comes in a header. Pages of other origins can't set that header, so a
// request that bears it was made by the hub's own page.
//
// Passes are signed and not stored: they outlive the hub's restart, and end after a week, or
// with the hub's token.
package login
