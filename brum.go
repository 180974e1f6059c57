// Package brum joins resumable sessions (package session) to WebSocket connections (package wsconn).
package brum
