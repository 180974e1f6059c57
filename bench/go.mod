module github.com/standardbeagle/brum/bench

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/standardbeagle/brum v0.0.0
)

require github.com/cespare/xxhash/v2 v2.3.0 // indirect

replace github.com/standardbeagle/brum => ../
