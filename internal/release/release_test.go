package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestArguments(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, `-version "": want a version like v0.1.0`},
		{[]string{"-version", "1.0"}, `-version "1.0": want`},
		{[]string{"-version", "v1.0.0 -X main.x=y"}, "want a version"},
		{[]string{"-version", "v1.0.0", "-platforms", "linux/amd64,plan9/386"}, "-platforms plan9/386: want some of linux/amd64"},
		{[]string{"-version", "v1.0.0", "more"}, "unknown argument more"},
	} {
		if err := run(t.Context(), tc.args, io.Discard); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: error %v, want %q", tc.args, err, tc.want)
		}
	}
}

func TestPack(t *testing.T) {
	a := archive{folder: "stride_v1.2.3_plan9_mips"}
	a.add("stride", []byte("program"), 0o755)
	a.add("LICENSE", []byte("terms"), 0o644)
	when := time.Date(2026, 5, 4, 3, 2, 2, 0, time.UTC)
	want := []string{
		"stride_v1.2.3_plan9_mips/stride -rwxr-xr-x 2026-05-04T03:02:02Z program",
		"stride_v1.2.3_plan9_mips/LICENSE -rw-r--r-- 2026-05-04T03:02:02Z terms",
	}
	for _, asZip := range []bool{false, true} {
		name, contents, err := a.pack(asZip, when)
		if err != nil {
			t.Fatal(err)
		}
		read, end := readTar, ".tar.gz"
		if asZip {
			read, end = readZip, ".zip"
		}
		if name != a.folder+end {
			t.Errorf("name %s", name)
		}
		if got := read(t, contents); !slices.Equal(got, want) {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
		if _, again, _ := a.pack(asZip, when); !bytes.Equal(contents, again) {
			t.Errorf("%s: other bytes the second time", name)
		}
	}
}

func line(info os.FileInfo, name string, contents []byte) string {
	return fmt.Sprintf("%s %v %s %s", name, info.Mode(), info.ModTime().UTC().Format(time.RFC3339), contents)
}

func readTar(t *testing.T, contents []byte) (lines []string) {
	t.Helper()
	g, err := gzip.NewReader(bytes.NewReader(contents))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(g); ; {
		h, err := r.Next()
		if err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line(h.FileInfo(), h.Name, text))
	}
}

func readZip(t *testing.T, contents []byte) (lines []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(contents), int64(len(contents)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line(f.FileInfo(), f.Name, text))
	}
	return lines
}

// The licences of a module are those in its root, in its linked packages and
// between them, but not those of packages that are not linked.
func TestLicences(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"LICENSE", "license.go", "README", "licenses/ftl.txt", "fonts/COPYING", "fonts/serif/LICENSE-SIL", "fonts/serif/x.go", "other/LICENSE",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c := component{"example.org/module v1.0.0", root, map[string]struct{}{filepath.Join(root, "fonts", "serif"): {}}}
	files, err := c.licences()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		name, err := filepath.Rel(root, f)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.ToSlash(name))
	}
	slices.Sort(got)
	if want := []string{"LICENSE", "fonts/COPYING", "fonts/serif/LICENSE-SIL", "licenses/ftl.txt"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestThirdParty looks whether everything that is linked has a licence.
func TestThirdParty(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command")
	}
	t.Chdir("../..")
	text, err := thirdParty(context.Background(), []string{"GOOS=windows", "GOARCH=arm64", "CGO_ENABLED=0"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Go's standard library go1.", "github.com/spf13/cobra v", "gonum.org/v1/plot v", "go-fonts/liberation v", "Zalando", "Khan Academy",
		"github.com/inconshreveable/mousetrap v", // only on Windows
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if bytes.Contains(text, []byte("pgregory.net/rapid")) {
		t.Error("the list has the licence of a module that only tests use")
	}
}
