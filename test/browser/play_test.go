//go:build integration

package browser

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// With this variable set, this program is what an instance runs.
const playVariable = "BRUM_TEST_PLAY"

func play(what string) {
	switch what {
	case "count":
		for n := 1; ; n++ {
			fmt.Println("line", n)
			time.Sleep(20 * time.Millisecond)
		}
	case "hostile":
		for _, line := range hostileLines() {
			fmt.Println(line)
		}
	case "dev":
		serveLikeAServer()
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt)
	<-ended
}

// hostileLines are what a page must survive. The last says that there are no more.
func hostileLines() []string {
	return []string{
		`<script>window.pwned = 1</script>`,
		`<img src=x onerror="window.pwned = 2">`,
		`"><svg onload=window.pwned=3>`,
		`javascript:window.pwned=4`,
		"\x1b]8;;javascript:window.pwned=5\x1b\\link\x1b]8;;\x1b\\",
		"\x1b[31mred \x1b[1;38;5;208morange \x1b[48;2;1;2;3mdeep\x1b[0m plain",
		"\x1b[999999999999mnothing \x1b[38;2mcut \x1b[",
		"\x1b[2J\x1b[H\x1b[10;10Hno cursor moves",
		"\x1b[?25l\x1b[>4;2m\x1b[1 q\x1b(B\x1b[mno modes",
		"right to left \u202egnp.exe\u2066 end",
		"control \x00\x07\x08\x1b characters",
		"progress 1%\rprogress 100%",
		strings.Repeat("wide", 20_000),
		strings.Repeat("\u0301", 500) + "marks",
		"{{constructor.constructor('window.pwned=6')()}} ${window.pwned=7}",
		strings.Repeat("\x1b[31ma\x1b[32mb", 10_000),
		"the last line",
	}
}

// serveLikeAServer prints what a development server prints.
func serveLikeAServer() {
	fmt.Println("\x1b[32m\x1b[1mVITE\x1b[22m v7.1.2\x1b[39m  ready in \x1b[1m312\x1b[22m ms")
	fmt.Println("  \x1b[32m➜\x1b[39m  Local:   \x1b[36mhttp://localhost:5173/\x1b[39m")
	paths := []string{"/", "/src/main.ts", "/api/cart", "/src/App.vue", "/api/user", "/assets/logo.svg", "/api/search?q=tea"}
	for n := 0; ; n++ {
		path := paths[n*3%len(paths)]
		took := 3 + n*37%90
		switch {
		case n%23 == 17:
			fmt.Printf("\x1b[33mWARN\x1b[0m slow answer: %s took %d ms\n", path, 900+took)
		case n%41 == 33:
			fmt.Printf("\x1b[31mERROR\x1b[0m %s: upstream closed the connection\n", path)
		case n%9 == 5:
			fmt.Printf("\x1b[36m[hmr]\x1b[0m updated \x1b[2m/src/components/Cart.vue\x1b[22m in %d ms\n", took)
		default:
			fmt.Printf("\x1b[2mGET\x1b[22m %-22s \x1b[32m200\x1b[0m %3d ms\n", path, took)
		}
		time.Sleep(time.Duration(150+n*53%400) * time.Millisecond)
	}
}
