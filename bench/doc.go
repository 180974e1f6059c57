package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed performance.md.tmpl
var docTemplate string

// write writes performance.md and its charts into a directory, and adds the run to those it knows.
func (r *report) write(dir string) error {
	runs, err := readRuns(dir)
	if err != nil {
		return err
	}
	runs = with(runs, r.standings())
	kept, err := json.MarshalIndent(runs, "", "\t")
	if err != nil {
		return err
	}
	files := map[string]string{"performance.svg": r.bars(), runsFile: string(kept) + "\n"}
	for i, p := range r.Plots {
		files[plotFile(i)] = p.lines()
	}
	text, err := r.markdown(runs)
	if err != nil {
		return err
	}
	files["performance.md"] = text
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func plotFile(i int) string { return fmt.Sprintf("performance-growth-%d.svg", i+1) }

func (r *report) markdown(runs []pastRun) (string, error) {
	t, err := template.New("performance.md").Funcs(template.FuncMap{
		"targets":   r.targetTable,
		"streams":   func() string { return r.matrix("stream") },
		"rest":      r.others,
		"peers":     r.peerTable,
		"scenarios": scenarioList,
		"plots":     r.plotLinks,
		"missed":    r.missed,
		"runs":      func() string { return runTable(runs) },
	}).Parse(docTemplate)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, r)
	return b.String(), err
}

func (r *report) targetTable() string {
	var b strings.Builder
	b.WriteString("| work | reached | asked | |\n|---|---|---|---|\n")
	notes := ""
	for _, t := range targets() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", t.work, t.got(r), t.asked(), t.verdict(r))
		if t.verdict(r) == missed && t.but != "" {
			notes += fmt.Sprintf("\n%s, %s: %s\n", t.work, t.asked(), t.but)
		}
	}
	return b.String() + notes
}

// missed counts the targets that were.
func (r *report) missed() string {
	n, of := 0, 0
	for _, t := range targets() {
		switch t.verdict(r) {
		case missed:
			n, of = n+1, of+1
		case met:
			of++
		}
	}
	return fmt.Sprintf("%d of %d targets measured are missed.", n, of)
}

// matrix is a table of a scenario's figures: a row for each contender, since there are many.
func (r *report) matrix(scenario string) string {
	var b strings.Builder
	for _, f := range r.Figures {
		if f.Scenario == scenario && !strings.Contains(f.Name, ":") {
			r.contenderTable(&b, f)
		}
	}
	return b.String()
}

func (r *report) contenderTable(b *strings.Builder, f *figure) {
	fmt.Fprintf(b, "\n**%s** (%s)\n\n| | %s | × coder | spread | CPU s a million | allocations, client | server |\n|---|---|---|---|---|---|---|\n",
		f.Name, f.Unit, f.Unit)
	l := load{name: f.Name}
	for _, c := range r.columns() {
		if len(f.Cells[c]) == 0 {
			continue
		}
		name := c
		if c == ours {
			name = "**" + c + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | ±%.0f %% | %s | %s | %s |\n", name, format(f.value(c)), format(f.ratio(c, baseline)),
			f.spread(c)*100, r.valueOf(l.cpu(), c), r.valueOf(l.sends(), c), r.valueOf(l.takes(), c))
	}
}

func (r *report) valueOf(name, contender string) string {
	f := r.find(name)
	if f == nil {
		return "–"
	}
	return format(f.value(contender))
}

// others is a table of all figures that are no streams'.
func (r *report) others() string {
	var b strings.Builder
	b.WriteString("| what | unit | values (× coder) | spread |\n|---|---|---|---|\n")
	for _, f := range r.Figures {
		if f.Scenario == "stream" {
			continue
		}
		var cells []string
		for _, c := range r.columns() {
			if cell := f.cell(c); cell != "–" {
				if c == ours {
					c = "**" + c + "**"
				}
				cells = append(cells, c+" "+cell)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | ±%.0f %% |\n", f.Name, f.Unit, strings.Join(cells, "; "), f.widest()*100)
	}
	return b.String()
}

func (r *report) peerTable() string {
	var b strings.Builder
	b.WriteString("| peer | how it is used | what it promises of a message sent |\n|---|---|---|\n")
	for _, c := range r.columns() {
		if p, err := findPeer(c); err == nil {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", p.name(), p.about(), p.gives())
		}
	}
	return b.String()
}

func scenarioList() string {
	var b strings.Builder
	for _, sc := range scenarios() {
		fmt.Fprintf(&b, "- **%s**: %s\n", sc.name, sc.about)
	}
	return b.String()
}

func (r *report) plotLinks() string {
	var b strings.Builder
	for i, p := range r.Plots {
		fmt.Fprintf(&b, "![%s](%s)\n", p.Title, plotFile(i))
	}
	return b.String()
}
