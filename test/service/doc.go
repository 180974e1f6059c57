// Package service tests brum-hub service with a real systemd.
package service
