package metrics_test

import (
	"log"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/standardbeagle/brum"
	"github.com/standardbeagle/brum/metrics"
	"github.com/standardbeagle/brum/session"
)

// An application that dials one session and shows it to Prometheus.
func Example() {
	sessions := metrics.NewSessions(nil)
	registry := prometheus.NewRegistry()
	registry.MustRegister(sessions, metrics.Build("example"))

	s, err := brum.Dial("wss://files.example/session", &session.Config{
		Key:     []byte("a secret that both sides share"),
		Observe: sessions.Peer("files"),
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.CloseNow()
	http.Handle("GET /metrics", metrics.Handler(registry, sessions))
	log.Print(http.ListenAndServe("127.0.0.1:9100", nil))
}
