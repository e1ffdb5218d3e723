package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
)

// asProgram makes the test binary be the program itself, for tests that need a
// process of its own.
const asProgram = "STRIDE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	dir, err := os.MkdirTemp("", "stride-test")
	if err == nil {
		err = makeData(filepath.Join(dir, "data"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fixture.root, fixture.data, fixture.run = dir, filepath.Join(dir, "data"), filepath.Join(dir, "run")
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// fixture is what tests share and must not change.
var fixture struct {
	root, data, run string
	once            sync.Once
	err             string
}

// makeData writes a part of the sample as files of Fashion-MNIST, which are
// read much sooner.
func makeData(dir string) error {
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for part, images := range map[string]*data.Images{"train": set.Train, "t10k": set.Test} {
		var pixels, labels []byte
		n := min(images.Len(), 2000)
		for i := range n {
			pixels, labels = append(pixels, images.Bytes(i)...), append(labels, byte(images.Label(i)))
		}
		if err := errors.Join(
			os.WriteFile(filepath.Join(dir, part+"-images-idx3-ubyte"), idxFile(pixels, uint32(n), 28, 28), 0o644),
			os.WriteFile(filepath.Join(dir, part+"-labels-idx1-ubyte"), idxFile(labels, uint32(n)), 0o644),
		); err != nil {
			return err
		}
	}
	return nil
}

// stride runs a command line in this process.
func stride(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return out.String(), errs.String(), status
}

// mustStride wants success.
func mustStride(t testing.TB, args ...string) (stdout string) {
	t.Helper()
	stdout, stderr, status := stride(t, args...)
	if status != done {
		t.Fatalf("stride %s: status %d: %s", strings.Join(args, " "), status, stderr)
	}
	return stdout
}

// fails wants one sentence on standard error that holds each of the parts,
// nothing on standard output, and the status.
func fails(t testing.TB, want int, args []string, parts ...string) {
	t.Helper()
	stdout, stderr, status := stride(t, args...)
	line := strings.Join(args, " ")
	if status != want {
		t.Errorf("stride %s: status %d, want %d: %s", line, status, want, stderr)
	}
	if !strings.HasPrefix(stderr, "stride: ") || strings.Count(stderr, "\n") != 1 || len(stderr) > 600 || strings.Contains(stderr, "goroutine") {
		t.Errorf("stride %s: want one sentence, got %q", line, stderr)
	}
	if stdout != "" {
		t.Errorf("stride %s wrote to stdout: %q", line, stdout)
	}
	for _, part := range parts {
		if !strings.Contains(stderr, part) {
			t.Errorf("stride %s: want an error with %q, got %q", line, part, stderr)
		}
	}
}

// finishedRun is the folder of a run of LeNet that must not be changed.
func finishedRun(t testing.TB) string {
	t.Helper()
	fixture.once.Do(func() {
		var out, errs bytes.Buffer
		if status := run(context.Background(), quick("--out", fixture.run), &out, &errs); status != done {
			fixture.err = errs.String()
		}
	})
	if fixture.err != "" {
		t.Fatal(fixture.err)
	}
	return fixture.run
}

// quick is the command line of a training that is soon over.
func quick(more ...string) []string {
	return append([]string{"train", "lenet", "--data", fixture.data, "--limit", "200", "--batch", "50", "--epochs", "1", "--threads", "1"}, more...)
}

// copyRun is a copy of the finished run, to be damaged.
func copyRun(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, os.DirFS(finishedRun(t))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// contents are the files of a folder.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			files[entry.Name()] = "a folder"
			continue
		}
		files[entry.Name()] = readFile(t, filepath.Join(dir, entry.Name()))
	}
	return files
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func writeFile(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// objects reads lines of JSON.
func objects(t testing.TB, lines string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		all = append(all, object)
	}
	return all
}

// jsonText is a value as JSON.
func jsonText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// idxFile is a file of bytes as Fashion-MNIST has them.
func idxFile(elements []byte, dims ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, n := range dims {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, elements...)
}

// idxFolder is a folder with n made-up training and test images.
func idxFolder(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"train", "t10k"} {
		images, labels := make([]byte, n*28*28), make([]byte, n)
		for i := range images {
			images[i] = byte(i * i)
		}
		for i := range labels {
			labels[i] = byte(i % 10)
		}
		writeFile(t, filepath.Join(dir, part+"-images-idx3-ubyte"), idxFile(images, uint32(n), 28, 28))
		writeFile(t, filepath.Join(dir, part+"-labels-idx1-ubyte"), idxFile(labels, uint32(n)))
	}
	return dir
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if out := mustStride(t, "version"); !strings.HasPrefix(out, "stride ") || strings.Count(out, "\n") != 1 {
		t.Errorf("got %q", out)
	}
	if mustStride(t, "--version") != mustStride(t, "version") {
		t.Error("stride --version and stride version differ")
	}
	v := objects(t, mustStride(t, "version", "--json"))[0]
	if v["go"] == "" || v["engine"] == "" || v["version"] == "" {
		t.Errorf("got %v", v)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	all := objects(t, mustStride(t, "devices", "--json"))
	if len(all) != 2 || all[0]["name"] != "cpu" || all[0]["default"] != true || all[1]["name"] != "reference" {
		t.Errorf("got %v", all)
	}
	if out := mustStride(t, "devices"); !strings.Contains(out, "cpu ") || !strings.Contains(out, "reference ") {
		t.Errorf("got %q", out)
	}
}

// Every verb has a help text with examples that are its own.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{
		"train", "eval", "predict", "explain", "look", "serve", "summary", "bench", "data list", "data get", "data show", "data check", "data index", "data", "devices", "version",
	} {
		words := strings.Fields(verb)
		help := mustStride(t, append(words, "--help")...)
		if !strings.Contains(help, "Examples:\n  stride "+verb) || !strings.Contains(help, "Usage:\n  stride "+verb) {
			t.Errorf("stride %s --help: %s", verb, help)
		}
		if again := mustStride(t, append([]string{"help"}, words...)...); again != help {
			t.Errorf("stride help %s and stride %s --help differ:\n%s", verb, verb, again)
		}
		for line := range strings.Lines(help) {
			if strings.Contains(line, "(n)") || strings.Contains(line, "%!") {
				t.Errorf("stride %s --help has %q", verb, line)
			}
		}
	}
	if mustStride(t) != mustStride(t, "--help") || mustStride(t, "help") != mustStride(t, "--help") {
		t.Error("stride and stride --help differ")
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := mustStride(t, "completion", shell); !strings.Contains(out, "stride") {
			t.Errorf("%s: %q", shell, out)
		}
	}
	for want, args := range map[string][]string{
		"lenet-bn\t":             {"train", ""},
		"torchvision/resnet18\t": {"summary", ""},
		"infer\n":                {"bench", "--mode", ""},
		"sample\t":               {"eval", "--data", ""},
		"fashion-mnist\n":        {"data", "get", ""},
		"crop\n":                 {"predict", "--fit", ""},
		"guided-gradcam\n":       {"explain", "--method", ""},
		"turbo\n":                {"look", "--colors", ""},
		"show\t":                 {"help", "data", ""},
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), append([]string{"__complete"}, args...), &out, &errs); status != done || !strings.Contains(out.String(), want) {
			t.Errorf("completion of %q: status %d, %q", args, status, out.String())
		}
	}
}
