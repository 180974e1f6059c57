package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// unpinned measures a scenario in a process that has all cores, and takes over its figures.
func (b *bench) unpinned(name string) error {
	file, err := os.CreateTemp("", "brum-bench-*.json")
	if err != nil {
		return err
	}
	file.Close()
	defer os.Remove(file.Name())
	var names []string
	for _, p := range b.peers {
		names = append(names, p.name())
	}
	args := []string{"-free", "-scenario", name, "-save", file.Name(), "-peers", strings.Join(names, ","),
		"-rounds", fmt.Sprint(b.rounds), "-time", b.each.String()}
	cmd, err := self(args...)
	if err != nil {
		return err
	}
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, pinned+"=") })
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := startOn(anyCore, cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("unpinned: %w: %s", err, said.Bytes())
	}
	var r report
	if err := r.read(file.Name()); err != nil {
		return err
	}
	b.report.Figures = append(b.report.Figures, r.Figures...)
	b.report.Plots = append(b.report.Plots, r.Plots...)
	return nil
}
