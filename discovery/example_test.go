package discovery_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/standardbeagle/brum/discovery"
)

func Example() {
	ctx := context.Background()
	temp, err := os.MkdirTemp("", "discovery")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(temp)
	registry, err := discovery.Open(discovery.Config{Dir: filepath.Join(temp, "instances")})
	if err != nil {
		log.Fatal(err)
	}

	// A hub watches.
	watcher, err := registry.Watch(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer watcher.Close()

	// An instance listens, then registers.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	registration, err := registry.Register(ctx, discovery.Instance{
		ID:        discovery.NewID("shop"),
		Name:      "shop",
		Directory: "/src/shop",
		Port:      listener.Addr().(*net.TCPAddr).Port,
	})
	if err != nil {
		log.Fatal(err)
	}
	go registration.Run(ctx)

	for range 2 {
		event, err := watcher.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Instance.Name, event.Change, event.Instance.Liveness())
		registration.Unregister(ctx)
	}
	// Output:
	// shop added alive
	// shop removed alive
}
