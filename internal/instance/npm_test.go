package instance

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const nodeServer = `
const http = require('node:http');
let n = 0;
const server = http.createServer((req, res) => {
  console.log('request ' + ++n + ' ' + req.url);
  if (req.url === '/fail') console.error('Error: asked to fail');
  res.end('hello ' + n);
});
server.listen(0, '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port));
process.on('SIGTERM', () => { console.log('closing'); server.close(() => process.exit(0)); server.closeAllConnections(); });
`

// TestNpmProject runs a real project: start, follow, stop, restart.
func TestNpmProject(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("this test needs node and npm: ", err)
	}
	c := connect(t, newTools(t, &Project{Dir: files(t, map[string]string{
		"package.json":      `{"name":"sample","version":"1.0.0","scripts":{"dev":"node server.js","fail":"node -e 'process.exit(3)'"}}`,
		"package-lock.json": `{"name":"sample","version":"1.0.0","lockfileVersion":3,"packages":{}}`,
		"server.js":         nodeServer,
	})}).Server())

	var list ScriptsListOutput
	c.call("scripts_list", args{}, &list)
	if list.PackageManager != "npm" || len(list.Scripts) != 2 || list.Scripts[0].Command != "node server.js" {
		t.Fatalf("%+v", list)
	}
	for _, id := range []string{"dev-1", "dev-2"} {
		var st ProcessInfo
		c.call("scripts_run", args{"name": "dev"}, &st)
		if st.ProcessID != id {
			t.Fatalf("%+v", st)
		}
		lines := c.follow(id, "listening on ")
		_, url, _ := strings.Cut(lines[len(lines)-1].Text, "listening on ")
		get(t, url+"/one")
		get(t, url+"/fail")
		lines = c.follow(id, "asked to fail")
		if l := lines[len(lines)-1]; l.Stream != "stderr" || l.Level != "error" {
			t.Fatalf("%+v", l)
		}
		c.follow(id, "request 2 /fail")

		c.call("scripts_stop", args{"processId": id}, &st)
		if st.State != "stopped" {
			t.Fatalf("%+v", st)
		}
		if _, err := http.Get(url); err == nil {
			t.Fatal("the server outlived its script")
		}
		var found LogsSearchOutput
		c.call("logs_search", args{"query": "closing", "processId": id}, &found)
		if len(found.Lines) != 1 {
			t.Fatalf("the server was not asked to stop: %+v", found)
		}
	}
	var st ProcessInfo
	c.call("scripts_run", args{"name": "fail"}, &st)
	c.follow("fail-1", "exited with code 3")
	var status ScriptsStatusOutput
	c.call("scripts_status", args{"name": "fail-1"}, &status)
	if p := status.Processes[0]; p.State != "failed" || p.ExitCode == nil || *p.ExitCode != 3 {
		t.Fatalf("%+v", p)
	}
}

func get(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(body), "hello") {
		t.Fatalf("%q, %v", body, err)
	}
}
