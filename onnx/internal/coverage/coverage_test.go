package main

import (
	"bytes"
	"os"
	"testing"
)

// The table in docs/model-files.md is that of the program.
func TestTable(t *testing.T) {
	const path = "../../../docs/model-files.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := withTable(text, "../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Error("docs/model-files.md is not up to date: go generate ./onnx/internal/coverage")
	}
}
