//go:build !xla

package main

import (
	"strings"
	"testing"
)

// A program without XLA says how to get one that has it.
func TestWithoutXLA(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		quick("--threads", "0", "--device", "xla"), quick("--threads", "0", "--device", "xla:1", "--plugin", "plugin.so"),
		{"eval", finishedRun(t), "--device", "xla:all"}, {"bench", "--device", "xla"}, {"serve", finishedRun(t), "--device", "xla", "--addr", "127.0.0.1:0"},
	} {
		fails(t, misused, args, "built without XLA", "release whose name ends in _xla_mpi", "go install -tags xla ")
	}
	if out := mustStride(t, "devices"); !strings.Contains(out, "xla: this program was built without XLA") {
		t.Errorf("got %q", out)
	}
	if out := mustStride(t, "version"); strings.Contains(out, "xla") {
		t.Errorf("got %q", out)
	}
}
