//go:build integration

package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ofPrometheus returns the path of a program from Prometheus's package, which is installed or was
// unpacked by scripts/setup.
func ofPrometheus(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if cache, err := os.UserCacheDir(); err == nil {
		path := filepath.Join(cache, "brum", "prometheus", "usr", "bin", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	need(t, name)
	return ""
}

// prometheus is a real one that runs until the end of the test.
type prometheus struct {
	t    *testing.T
	base string
}

// startPrometheus runs it with a configuration, which needs to be in a directory of its own.
func startPrometheus(w *world, config string, features ...string) *prometheus {
	w.t.Helper()
	dir := filepath.Dir(config)
	address := freeAddress(w.t)
	cmd := exec.Command(ofPrometheus(w.t, "prometheus"), "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data-"+strings.Join(features, "-")), "--web.listen-address="+address,
		"--enable-feature="+strings.Join(features, ","), "--log.level=warn")
	cmd.Dir = dir
	w.start(cmd)
	p := &prometheus{w.t, "http://" + address}
	w.await("Prometheus", func() bool {
		res, err := http.Get(p.base + "/-/ready")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

// freeAddress is one of loopback that nobody uses, with a port that the system gives to nobody who
// asks for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

// get asks the API.
func (p *prometheus) get(path string, query url.Values, into any) error {
	res, err := http.Get(p.base + "/api/v1/" + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	body, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w: %.200s", path, err, body)
	case answer.Status != "success":
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// sample is one value that a query has found.
type sample struct {
	labels map[string]string
	value  string
}

// query evaluates an expression now.
func (p *prometheus) query(expr string) ([]sample, error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := p.get("query", url.Values{"query": {expr}}, &data); err != nil {
		return nil, err
	}
	if data.ResultType != "vector" {
		return nil, fmt.Errorf("%q is a %s", expr, data.ResultType)
	}
	var result []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := json.Unmarshal(data.Result, &result); err != nil {
		return nil, err
	}
	var samples []sample
	for _, r := range result {
		samples = append(samples, sample{r.Metric, fmt.Sprint(r.Value[1])})
	}
	return samples, nil
}

// await waits until a query finds something, and returns that.
func (p *prometheus) await(expr string) []sample {
	p.t.Helper()
	var last error
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		found, err := p.query(expr)
		if len(found) > 0 {
			return found
		}
		if last = err; time.Now().After(deadline) {
			p.t.Fatalf("%s finds nothing: %v", expr, last)
		}
	}
}

// promtool runs it and returns what it prints.
func promtool(t *testing.T, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command(ofPrometheus(t, "promtool"), args...)
	cmd.Stdin = bytes.NewReader([]byte(input))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
