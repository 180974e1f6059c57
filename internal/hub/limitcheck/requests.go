package limitcheck

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/standardbeagle/brum/errors"
	"github.com/standardbeagle/brum/wsconn"
)

// checkRequests: the same for requests over HTTP.
func checkRequests(ctx context.Context, o Options, p parts) Row {
	n := min(o.Connections, most)
	row := Row{Row: "K1", What: "one request over HTTP more than there may be", Limit: fmt.Sprintf("%d requests; the next one waits until one ends", n)}
	entered, leave := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(leave) })
	quiet := slog.New(slog.DiscardHandler)
	handler := p.requests(n, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case entered <- struct{}{}:
			<-leave
		case <-leave:
		}
	}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return row.fail("%v", err)
	}
	server := wsconn.NewServer(handler, &wsconn.ServerOptions{Logger: quiet})
	var tasks sync.WaitGroup
	tasks.Go(func() { server.Serve(ln) })
	defer tasks.Wait()
	defer server.Close()
	defer release()

	url := "http://" + ln.Addr().String()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	ask := func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return errors.New(res.Status)
		}
		return nil
	}
	for i := range n {
		failed := make(chan error, 1)
		tasks.Go(func() { failed <- ask() })
		select {
		case <-entered:
		case err := <-failed:
			return row.fail("request %d of %d: %v", i+1, n, err)
		}
	}
	refused := make(chan error, 1)
	tasks.Go(func() {
		_, _, err := wsconn.Dial(ctx, url, nil, nil)
		refused <- err
	})
	select {
	case <-entered:
		return row.fail("request %d got in", n+1)
	case err = <-refused:
	}
	after := errors.RetryAfter(err)
	if errors.Of(err) != errors.Limit || after <= 0 {
		return row.fail("request %d was not refused, but told: %v", n+1, err)
	}
	release()
	if !until(ctx, func() bool { return ask() == nil }) {
		return row.fail("there is no room when all have ended: %v", ask())
	}
	return row.pass("%d got in; the next was told to come back after %v, and got in when they had ended", n, after)
}
