package mcpsession_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/mcpsession"
	"github.com/standardbeagle/brum/session"
	"github.com/standardbeagle/brum/wsconn"
)

type greetArgs struct {
	Name string `json:"name"`
}

// serveMCP serves MCP to each session that is begun on the listener. Wherever the network
// fails, the sessions, and the calls under way, go on when it is back.
func serveMCP(ctx context.Context, listener net.Listener, key []byte) error {
	acceptor, err := session.NewAcceptor(&session.AcceptorConfig{Config: session.Config{Key: key}})
	if err != nil {
		return err
	}
	httpServer := wsconn.NewServer(brum.Handler(acceptor, nil), nil)
	go httpServer.Serve(listener)
	defer httpServer.Close()

	server := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1.0.0"}, mcpsession.ServerOptions(nil))
	mcp.AddTool(server, &mcp.Tool{Name: "greet", Description: "say hi"},
		func(_ context.Context, _ *mcp.CallToolRequest, args greetArgs) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "Hi " + args.Name}}}, nil, nil
		})
	for {
		s, err := acceptor.Accept(ctx)
		if err != nil {
			return err
		}
		if _, err := server.Connect(ctx, mcpsession.New(s), nil); err != nil {
			return err
		}
	}
}

// A server, and a client that calls its tool.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	key := []byte("a secret of 16 bytes or more that both sides know")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- serveMCP(ctx, listener, key) }()

	s, err := brum.Dial("ws://"+listener.Addr().String(), &session.Config{Key: key}, nil)
	if err != nil {
		log.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "example", Version: "1.0.0"}, mcpsession.ClientOptions(nil))
	cs, err := client.Connect(ctx, mcpsession.New(s), nil)
	if err != nil {
		log.Fatal(err)
	}
	result, err := cs.CallTool(ctx, &mcp.CallToolParams{Name: "greet", Arguments: greetArgs{Name: "you"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content[0].(*mcp.TextContent).Text)

	if err := cs.Close(); err != nil { // ends the session too
		log.Fatal(err)
	}
	cancel()
	fmt.Println(<-served)
	// Output:
	// Hi you
	// context canceled
}
