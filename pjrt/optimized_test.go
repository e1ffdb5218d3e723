package pjrt_test

import (
	"bytes"
	"testing"

	"github.com/strideml/stride/pjrt"
)

func TestOptimized(t *testing.T) {
	program, err := testClient(t, nil).Compile(addModule, pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	code, format, err := program.Optimized()
	if err != nil || format != "hlo_with_config" && format != "hlo" || !bytes.Contains(code, []byte("reduce")) {
		t.Errorf("%d bytes of %q, error %v", len(code), format, err)
	}
}
