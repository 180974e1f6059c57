// Package power holds the integration tests of package power that need root: network namespaces
// and a real systemd-logind. They run with the build tag integration (make integration-test).
package power
