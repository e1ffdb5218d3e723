// Package wasmbuild makes the files by which the library computes in the pages of
// the book. The go command must be there.
package wasmbuild

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/internal/atomicfile"
)

// module is the module that has the program, and program its package.
const (
	module  = "github.com/strideml/stride"
	program = module + "/book/wasm"
)

// A Result says what was made.
type Result struct {
	// Bytes is the size of the program, and Packed that of book.wasm.gz, in bytes.
	Bytes, Packed int
	// Go is the version of Go that the program and wasm_exec.js are of.
	Go string
}

// Build makes in a folder, which it creates if need be,
//
//	book.wasm.gz   the program of package book/wasm, for GOOS=js and GOARCH=wasm, without debugging information
//	wasm_exec.js   what runs a program of that version of Go
//	train.bin      the sample of Fashion-MNIST, with its licence
//	test.bin
//	LICENSE-fashion-mnist
//
// beside which live.js and worker.js of book/site/assets/live belong. The go command
// runs in the folder source, a folder of this module, or one whose module requires it;
// "" is the current one. On one version of Go the files are the same bytes each time.
// The pages unpack book.wasm.gz themselves, so that any host will do; its media type
// does not matter, but a host may also send it with "Content-Encoding: gzip".
func Build(ctx context.Context, source, dir string) (*Result, error) {
	root, err := command(ctx, source, nil, "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return nil, err
	}
	version, err := command(ctx, source, nil, "env", "GOVERSION", "GOROOT")
	if err != nil {
		return nil, err
	}
	r := &Result{}
	goroot := ""
	if r.Go, goroot, _ = strings.Cut(version, "\n"); goroot == "" {
		return nil, errors.New("go env says no GOROOT")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	copies := map[string]string{"wasm_exec.js": filepath.Join(goroot, "lib", "wasm", "wasm_exec.js")}
	for _, name := range []string{"train.bin", "test.bin", "LICENSE-fashion-mnist"} {
		copies[name] = filepath.Join(root, "data", "fashionmnist", "sample", name)
	}
	for name, from := range copies {
		content, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := atomicfile.WriteBytes(filepath.Join(dir, name), content); err != nil {
			return nil, err
		}
	}
	return r, r.link(ctx, source, filepath.Join(dir, "book.wasm.gz"))
}

// link builds the program and packs it.
func (r *Result) link(ctx context.Context, source, file string) error {
	work, err := os.MkdirTemp("", "wasmbuild")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	wasm := filepath.Join(work, "book.wasm")
	environment := []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}
	if _, err := command(ctx, source, environment, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", wasm, program); err != nil {
		return err
	}
	content, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	r.Bytes, r.Packed = len(content), packed.Len()
	return atomicfile.WriteBytes(file, packed.Bytes())
}

// command runs the go command in a folder and returns what it prints.
func command(ctx context.Context, dir string, environment []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), environment...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}
