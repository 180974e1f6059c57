// Package iphelper hears from Windows that interfaces, addresses or routes change. It takes all
// that as triggers only; what has changed is for others to see.
package iphelper
