package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/strideml/stride/onnx/internal/operators"
)

// The table in docs/model-files.md is that of the program.
func TestTable(t *testing.T) {
	const path = "../../../docs/model-files.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := withTable(text, "../../testdata", "testdata/kernels.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Error("docs/model-files.md is not up to date: go generate ./onnx/internal/coverage")
	}
}

// Each operator is in testdata/kernels.txt, and no other.
func TestKernels(t *testing.T) {
	kernels, err := readKernels("testdata/kernels.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range operators.All() {
		if kernels[op.Name] == "" {
			t.Errorf("%s is missing: go generate ./onnx/internal/coverage", op.Name)
		}
	}
	if len(kernels) != len(operators.All()) {
		t.Errorf("the file has %d operators, the table %d: go generate ./onnx/internal/coverage", len(kernels), len(operators.All()))
	}
}
