package wasmbuild

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuild compiles the library, which takes half a minute where nothing is cached;
// so only the step wasm of .ci/run does it.
func TestBuild(t *testing.T) {
	if os.Getenv("STRIDE_TEST_WASM") == "" {
		t.Skip("STRIDE_TEST_WASM is not set")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command")
	}
	dir := filepath.Join(t.TempDir(), "live")
	r, err := Build(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, "book.wasm.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unpacked)
	if err != nil || len(content) != r.Bytes || !bytes.HasPrefix(content, []byte("\x00asm")) {
		t.Errorf("%d bytes of a program, want %d, error %v", len(content), r.Bytes, err)
	}
	if info, err := file.Stat(); err != nil || info.Size() != int64(r.Packed) {
		t.Errorf("the file: %v, error %v, want %d bytes", info, err, r.Packed)
	}
	if r.Packed > 4e6 {
		t.Errorf("%d bytes packed: the book's program must have at most 4 MB", r.Packed)
	}
	t.Logf("%s: %d bytes, %d packed", r.Go, r.Bytes, r.Packed)
	script, err := os.ReadFile(filepath.Join(dir, "wasm_exec.js"))
	if err != nil || !strings.Contains(string(script), "globalThis.Go") {
		t.Errorf("wasm_exec.js has %d bytes, error %v", len(script), err)
	}
	for _, name := range []string{"train.bin", "test.bin", "LICENSE-fashion-mnist"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		want, _ := os.ReadFile(filepath.Join("..", "..", "..", "data", "fashionmnist", "sample", name))
		if err != nil || len(want) == 0 || !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, want %d, error %v", name, len(got), len(want), err)
		}
	}
	if _, err := Build(t.Context(), t.TempDir(), dir); err == nil {
		t.Error("outside of a module: no error")
	}
}
