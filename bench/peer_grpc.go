package main

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// grpcPeer is one bidirectional stream of google.golang.org/grpc, messages in a BytesValue,
// with flow control windows that do not limit it.
type grpcPeer struct{}

func (grpcPeer) name() string { return "grpc" }
func (grpcPeer) about() string {
	return "gRPC, one bidirectional stream of BytesValue, windows of 16 MiB"
}
func (grpcPeer) gives() string {
	return "order, streams; what is in flight when the connection breaks is lost"
}
func (grpcPeer) maxMessage() int { return 0 }

const (
	grpcMethod = "/bench.Bench/Talk"
	grpcLimit  = 128 << 20
	grpcWindow = 16 << 20
)

func (grpcPeer) serve(ctx context.Context, l net.Listener, accept func(sender) receiver) error {
	s := grpc.NewServer(grpc.MaxRecvMsgSize(grpcLimit), grpc.InitialWindowSize(grpcWindow), grpc.InitialConnWindowSize(grpcWindow))
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Bench",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "Talk", ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, s grpc.ServerStream) error {
				serveSource(&grpcConn{stream: s, stop: func() error { return nil }}, accept)
				return nil
			},
		}},
	}, nil)
	defer context.AfterFunc(ctx, s.Stop)()
	return s.Serve(l)
}

func (grpcPeer) dial(addr string) (conn, error) {
	cc, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(grpcWindow), grpc.WithInitialConnWindowSize(grpcWindow),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(grpcLimit)))
	if err != nil {
		return nil, err
	}
	c, err := talkGRPC(cc)
	if err != nil {
		cc.Close()
		return nil, err
	}
	return grpcClient{c, cc}, nil
}

// grpcClient is a stream and its connection.
type grpcClient struct {
	*grpcConn
	cc *grpc.ClientConn
}

func (c grpcClient) lane() (conn, error) { return talkGRPC(c.cc) }

func talkGRPC(cc *grpc.ClientConn) (*grpcConn, error) {
	s, err := cc.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, grpcMethod)
	if err != nil {
		return nil, err
	}
	return &grpcConn{stream: s, stop: cc.Close}, nil
}

// grpcStream is what both ends of a stream have.
type grpcStream interface {
	SendMsg(any) error
	RecvMsg(any) error
}

type grpcConn struct {
	stream grpcStream
	stop   func() error
	in     wrapperspb.BytesValue

	writing sync.Mutex
	out     wrapperspb.BytesValue
}

func (c *grpcConn) send(msg []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.out.Value = msg // encoded before SendMsg returns
	return c.stream.SendMsg(&c.out)
}

func (c *grpcConn) receive() ([]byte, error) {
	err := c.stream.RecvMsg(&c.in)
	return c.in.Value, err
}

func (c *grpcConn) each(f func([]byte) bool) error { return pull(c, f) }
func (c *grpcConn) close() error                   { return c.stop() }
