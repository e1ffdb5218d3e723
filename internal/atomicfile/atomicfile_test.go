package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// names lists the folder, where only the wanted files may be.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return strings.Join(s, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	big := bytes.Repeat([]byte("0123456789"), 100_000) // beyond the buffer
	for _, want := range []string{"first", "", string(big), "second"} {
		err := WriteFile(path, func(w io.Writer) error {
			_, err := io.WriteString(w, want)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != want {
			t.Errorf("file has %d bytes, want %d", len(got), len(want))
		}
		if got := names(t, dir); got != "a.txt" {
			t.Errorf("folder has %s", got)
		}
	}
}

// A file that is not flushed is replaced as a whole, too.
func TestWriteLoosely(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, want := range []string{"first", "second"} {
		if err := WriteLoosely(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != want || names(t, dir) != "a.txt" {
			t.Errorf("%q in %s", got, names(t, dir))
		}
	}
	if err := WriteLoosely(filepath.Join(dir, "nowhere", "a.txt"), nil); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}

// TestFailure checks that each way to fail keeps the old file, leaves no
// other and names the path.
func TestFailure(t *testing.T) {
	boom := errors.New("boom")
	writes := map[string]func(io.Writer) error{
		"at once": func(io.Writer) error { return boom },
		"in the middle": func(w io.Writer) error {
			if _, err := w.Write(make([]byte, 3*bufferSize)); err != nil {
				return err
			}
			return boom
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.txt")
			if err := WriteFile(path, write); !errors.Is(err, boom) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v", err)
			}
			if got := names(t, dir); got != "" {
				t.Errorf("folder has %s", got)
			}
			if err := WriteBytes(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			if err := WriteFile(path, write); !errors.Is(err, boom) {
				t.Errorf("got error %v", err)
			}
			if got := content(t, path); got != "old" {
				t.Errorf("old file is now %q", got)
			}
			if got := names(t, dir); got != "a.txt" {
				t.Errorf("folder has %s", got)
			}
		})
	}
}

func TestPanic(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic does not reach the caller")
			}
		}()
		_ = WriteFile(filepath.Join(dir, "a"), func(io.Writer) error { panic("boom") })
	}()
	if got := names(t, dir); got != "" {
		t.Errorf("folder has %s", got)
	}
}

func TestBadTargets(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	called := false
	write := func(io.Writer) error { called = true; return nil }
	err := WriteFile(filepath.Join(dir, "sub"), write)
	if err == nil || !strings.Contains(err.Error(), "is not a regular file but a folder") {
		t.Errorf("target is a folder: got error %v", err)
	}
	err = WriteFile(filepath.Join(dir, "absent", "a"), write)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such folder: got error %v", err)
	}
	if called {
		t.Error("write was called although the target is bad")
	}
	if got := names(t, dir); got != "sub" {
		t.Errorf("folder has %s", got)
	}
}

func TestLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 250))
	if err := WriteBytes(path, []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("permissions are a matter of Unix")
	}
	path := filepath.Join(t.TempDir(), "a")
	for _, mode := range []fs.FileMode{0o600, 0o664} {
		if err := WriteBytes(path, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := WriteBytes(path, []byte("new")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != mode {
			t.Errorf("mode is %v, want %v", info.Mode().Perm(), mode)
		}
	}
}

func TestSymlink(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(other, "target")
	if err := WriteBytes(target, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if err := WriteBytes(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is gone: %v, %v", info.Mode(), err)
	}
	if got := content(t, target); got != "new" {
		t.Errorf("target has %q", got)
	}
}

func ExampleWriteFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "metrics.csv")
	err = WriteFile(path, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "epoch,loss\n1,0.5")
		return err
	})
	fmt.Println(err)
	b, _ := os.ReadFile(path)
	fmt.Print(string(b))
	// Output:
	// <nil>
	// epoch,loss
	// 1,0.5
}

// Errors name the file that was asked for, not the temporary one; those of the
// callback stay as they are.
func TestErrorNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "none", "x")
	if err := WriteBytes(path, nil); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), ".tmp") || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("got %v", err)
	}
	other := filepath.Join(dir, "other")
	err := WriteFile(filepath.Join(dir, "y"), func(io.Writer) error {
		_, err := os.Open(other)
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), other) {
		t.Errorf("got %v", err)
	}
}

// What a killed process has left is removed, and nothing else.
func TestRemoveHalf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, name := range []string{"a.txt", ".a.txt.0123abcd.tmp", ".a.txt.ffffffff.tmp", ".a.txt.notes.tmp", ".a.txt.0123abcd", ".b.txt.0123abcd.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(RemoveHalf(path), RemoveHalf(filepath.Join(dir, "none", "a.txt"))); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), ".a.txt.0123abcd .a.txt.notes.tmp .b.txt.0123abcd.tmp a.txt"; got != want {
		t.Errorf("left %s, want %s", got, want)
	}
}
