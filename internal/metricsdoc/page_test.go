package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/standardbeagle/brum/metrics"
)

func TestL1_DocsAreCurrent(t *testing.T) {
	have, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(have, []byte("\r\n"), []byte("\n")), page()) {
		t.Error("docs/metrics.md is not what the code says: go generate ./internal/metricsdoc")
	}
	for _, m := range metrics.Reference() {
		if !strings.Contains(string(have), "`"+m.Name+"`") {
			t.Errorf("%s is in no section", m.Name)
		}
	}
}
