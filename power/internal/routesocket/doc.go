// Package routesocket listens to the BSD routing socket for changes of interfaces, addresses
// and routes. It takes messages as triggers only; what has changed is for others to see.
package routesocket
