package discovery

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/standardbeagle/brum/errors"
)

// brummer's own view of a file and its rules.
type brummerFile struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Directory   string    `json:"directory"`
	Port        int       `json:"port"`
	StartedAt   time.Time `json:"started_at"`
	LastPing    time.Time `json:"last_ping"`
	ProcessInfo struct {
		PID        int    `json:"pid"`
		Executable string `json:"executable"`
	} `json:"process_info"`
}

func TestA5_brummer_reads_our_files(t *testing.T) {
	r := open(t, Config{})
	reg := register(t, r, "shop-1")
	data, err := os.ReadFile(pathOf(r.Dir(), "shop-1"))
	if err != nil {
		t.Fatal(err)
	}
	var f brummerFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(time.Minute)
	if f.ID != "shop-1" || f.Name == "" || f.Directory == "" || f.Port != reg.Instance().Port || f.StartedAt.IsZero() ||
		f.LastPing.IsZero() || f.StartedAt.After(soon) || f.LastPing.After(soon) || f.ProcessInfo.PID != os.Getpid() ||
		f.ProcessInfo.Executable == "" {
		t.Errorf("%+v", f)
	}
}

func TestC5_we_read_brummers_files(t *testing.T) {
	r := open(t, Config{})
	writeFile(t, pathOf(r.Dir(), "shop-0123456789abcdef"), legacy("shop-0123456789abcdef", os.Getpid()))
	list, err := r.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	want := Instance{ID: "shop-0123456789abcdef", Name: "shop", Directory: "/src/shop", Port: 7777,
		StartedAt: time.Date(2026, 5, 4, 8, 0, 0, 123456789, time.UTC), LastPing: time.Date(2026, 5, 4, 8, 0, 30, 0, time.UTC),
		Process: Process{PID: os.Getpid(), Executable: "/usr/bin/brum"}, Local: true}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := list[0].Liveness(); got != Alive {
		t.Errorf("%v", got)
	}
}

func TestC5_round_trip(t *testing.T) {
	i := sample("a", 7777)
	i.StartedAt, i.LastPing = time.Date(2026, 5, 4, 8, 0, 0, 1, time.UTC), time.Date(2026, 5, 4, 8, 0, 0, 2, time.UTC)
	i.Process = Process{PID: 7, Executable: "/bin/x", Start: "ticks:1", BootID: "b"}
	i.Host = Host{ID: "h", Name: "n", Namespace: "pid:[1]"}
	data, err := encode(i)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(data, "a")
	if diff := cmp.Diff(i, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestC5_unusable_content(t *testing.T) {
	good := legacy("a", 7)
	for name, content := range map[string]string{
		"empty":             "",
		"cut":               good[:len(good)/2],
		"not an object":     `["a"]`,
		"null":              `null`,
		"binary":            "\x00\xff\xfe",
		"two values":        good + good,
		"other id":          legacy("b", 7),
		"path as an id":     strings.Replace(good, `"a"`, `"../a"`, 1),
		"no port":           strings.Replace(good, `"port":7777,`, ``, 1),
		"port too high":     strings.Replace(good, `7777`, `70000`, 1),
		"port as a string":  strings.Replace(good, `7777`, `"7777"`, 1),
		"no pid":            strings.Replace(good, `"pid":7,`, ``, 1),
		"negative pid":      legacy("a", -7),
		"huge pid":          strings.Replace(good, `"pid":7`, `"pid":99999999999999999999`, 1),
		"no name":           strings.Replace(good, `"name":"shop",`, ``, 1),
		"bad time":          strings.Replace(good, `2026-05-04`, `yesterday`, 1),
		"year below 0":      strings.Replace(good, `2026-05-04T10:00:00.123456789`, `0000-01-01T00:00:00`, 1),
		"no times":          strings.Replace(strings.Replace(good, "started_at", "x", 1), "last_ping", "y", 1),
		"future version":    strings.Replace(good, `{`, `{"format":2,`, 1),
		"future, all other": `{"format":3,"id":{"new":"shape"}}`,
		"deep":              strings.Repeat("[", 100_000),
	} {
		if _, err := decode([]byte(content), "a"); errors.Of(err) != errors.Invalid || errors.IsTemporary(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := decode([]byte(good), "a"); err != nil {
		t.Errorf("the good one: %v", err)
	}
	if _, err := decode([]byte(strings.Replace(good, `{`, `{"format":1,"later_field":[1],`, 1)), "a"); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

func FuzzC5_decode(f *testing.F) {
	f.Add([]byte(legacy("a", 7)))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := decode(data, "a")
		if err != nil {
			return
		}
		again, err := encode(i)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(again, "a")
		if err != nil || back != i {
			t.Errorf("%+v became %+v, %v", i, back, err)
		}
	})
}

func TestA5_ids(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "shop-0123456789abcdef": true, "A.b_c-9": true, strings.Repeat("x", 128): true,
		"": false, ".": false, "..": false, ".hidden": false, "a/b": false, `a\b`: false, "a b": false, "ü": false,
		"a\x00": false, strings.Repeat("x", 129): false,
	} {
		if ValidID(id) != want {
			t.Errorf("ValidID(%q) = %v", id, !want)
		}
	}
	seen := map[string]bool{}
	for _, name := range []string{"shop", "shop", "", "../../etc", "äöü", "a b/c", ".x", strings.Repeat("long", 100)} {
		id := NewID(name)
		if !ValidID(id) || seen[id] {
			t.Errorf("NewID(%q) = %q", name, id)
		}
		seen[id] = true
	}
	r := open(t, Config{})
	if _, err := r.Register(t.Context(), sample("../x", 1)); errors.Of(err) != errors.Invalid {
		t.Errorf("%v", err)
	}
}

func TestA5_token_is_not_printed(t *testing.T) {
	i := sample("a", 7777)
	i.Token = "t0p-s3cret"
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "instance", i, "pointer", &i, "token", i.Token, "event", Event{Instance: i})
	encoded, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	type plain Instance // without Instance's own String
	for _, text := range []string{logged.String(), string(encoded), fmt.Sprint(i), fmt.Sprintf("%+v %#v", i, i),
		fmt.Sprintf("%+v %v %#v %q", plain(i), plain(i), plain(i), i.Token)} {
		if strings.Contains(text, string(i.Token)) {
			t.Errorf("the token in %s", text)
		}
	}
}
