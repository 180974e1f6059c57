// Command bench compares brum's sessions with other ways to carry messages between two
// processes, over loopback. The peers take turns, round by round, so that whatever else the
// machine does hits all of them; figures are medians, ratios are medians of the rounds'
// ratios.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		names     = flag.String("peers", "", "peers to measure, of: "+strings.Join(allNames(), ", "))
		scenarios = flag.String("scenario", "", "measure only scenarios whose name contains one of these, of: "+scenarioNames())
		rounds    = flag.Int("rounds", 5, "how often each peer is measured")
		each      = flag.Duration("time", 400*time.Millisecond, "about how long each measurement takes")
		quick     = flag.Bool("quick", false, "about a minute in all: fewer peers, short rounds, less to be trusted")
		free      = flag.Bool("free", false, "do not pin the two processes to a core each")
		doc       = flag.String("doc", "", "write performance.md and its charts into this directory")
		save      = flag.String("save", "", "write all figures to this file, as JSON")
		profiled  = flag.String("profile", "", "write a CPU profile of each process into this directory")
		load      = flag.String("load", "", "measure nothing; take the figures from this file")
	)
	note := flag.String("note", "", "what a reader of the figures should know, such as what else the machine was doing")
	flag.StringVar(scenarios, "only", "", "the same as -scenario")
	flag.Parse()
	if *profiled != "" {
		dir, err := filepath.Abs(*profiled)
		if err != nil {
			return err
		}
		os.Setenv(profiles, dir)
	}
	if *free || isPinned() || *serveFlag != "" || *holdFlag != "" {
		end, err := profile("bench" + *serveFlag + *holdFlag)
		if err != nil {
			return err
		}
		defer end()
	}
	switch {
	case *holdFlag != "":
		return runHolder(*holdFlag, *atFlag, *connectionsFlag)
	case *serveFlag == mcpStdioRole:
		return runMCPStdio()
	case *serveFlag != "":
		serve, err := findRole(*serveFlag)
		if err != nil {
			return err
		}
		return runServer(serve)
	}
	if *doc != "" && *load == "" && (*scenarios != "" || *names != "" || *quick) {
		return fmt.Errorf("-doc tells of everything: it goes with neither -scenario, -peers nor -quick")
	}
	b := &bench{rounds: *rounds, each: *each, quick: *quick}
	if *load != "" {
		if err := b.report.read(*load); err != nil {
			return err
		}
		return b.report.publish(*doc, "")
	}
	if !*free {
		if err := pin(); err != nil {
			return err
		}
	}
	if *quick {
		b.rounds, b.each = 2, 150*time.Millisecond
	}
	if *names == "" {
		*names = map[bool]string{true: quickPeers, false: defaultPeers}[*quick]
	}
	var err error
	if b.peers, err = findPeers(*names); err != nil {
		return err
	}
	if b.peers, err = available(b.peers); err != nil {
		return err
	}
	manyFiles()
	began := time.Now()
	b.report.head()
	b.report.Note = *note
	if *doc != "" {
		b.report.Command = "`make bench`, that is `" + b.report.Command + "`"
	}
	failed := b.measure(*scenarios)
	if err := b.report.publish(*doc, *save); err != nil {
		return err
	}
	fmt.Printf("\nmeasured in %s\n", time.Since(began).Round(time.Second))
	return failed
}

// available leaves out what this machine can't run, and says so; with CI=true it can run
// everything.
func available(peers []peer) ([]peer, error) {
	var able []peer
	for _, p := range peers {
		if _, ok := p.(socketioPeer); ok {
			if _, err := installSocketIO(); err != nil {
				if os.Getenv("CI") == "true" {
					return nil, err
				}
				fmt.Fprintf(os.Stderr, "bench: without %s: %v\n", p.name(), err)
				continue
			}
		}
		able = append(able, p)
	}
	return able, nil
}

func scenarioNames() string {
	var names []string
	for _, sc := range scenarios() {
		names = append(names, sc.name)
	}
	return strings.Join(names, ", ")
}

// head notes where and how the report's figures come about.
func (r *report) head() {
	r.Command = "bench"
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "doc" && f.Name != "save" && f.Name != "note" && f.Name != "profile" {
			r.Command += fmt.Sprintf(" -%s %s", f.Name, f.Value)
		}
	})
	r.Date = time.Now().UTC().Format("2006-01-02 15:04 UTC")
	r.Commit = commit()
	r.Booted = booted()
	r.Pinned = isPinned()
	how := "two processes, not pinned"
	if r.Pinned {
		how = fmt.Sprintf("client's process pinned to core %d, server's to core %d", clientCore, serverCore)
	}
	r.Machine = strings.Join([]string{processor(), runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, how}, ", ")
}

// processor names the machine, as far as it says.
func processor() string {
	cores := fmt.Sprintf("%d cores", onlineCores())
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return cores
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return cores + " of " + strings.TrimSpace(value)
		}
	}
	return cores
}

// publish prints the report, and writes what is asked for.
func (r *report) publish(doc, save string) error {
	if err := r.print(os.Stdout); err != nil {
		return err
	}
	if save != "" {
		data, err := json.MarshalIndent(r, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(save, data, 0o644); err != nil {
			return err
		}
	}
	if doc == "" {
		return nil
	}
	return r.write(doc)
}

func (r *report) read(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, r)
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
