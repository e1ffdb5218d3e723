package accelerate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// countVariable names a folder in which each process that loads a plugin leaves a file.
const countVariable = "STRIDE_TEST_COUNT"

// A bench is a folder with plugins, and a user's cache folder of its own.
type bench struct {
	t             *testing.T
	folder, count string
}

func newBench(t *testing.T) bench {
	t.Helper()
	b := bench{t, t.TempDir(), t.TempDir()}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // the cache folder of macOS is in it
	t.Setenv(countVariable, b.count)
	return b
}

func (b bench) plugin(name string) (path string) {
	b.t.Helper()
	path = filepath.Join(b.folder, name)
	if err := os.WriteFile(path, []byte("plugin"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// try calls try, and says how many processes it has started.
func (b bench) try(path string) (platform string, processes int, err error) {
	b.t.Helper()
	before := b.processes()
	platform, err = try(b.t.Context(), path, time.Minute, nil)
	return platform, b.processes() - before, err
}

func (b bench) processes() int {
	b.t.Helper()
	list, err := os.ReadDir(b.count)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(list)
}

// A plugin that has worked is tried a second time only where something has changed.
func TestTryRemembers(t *testing.T) {
	b := newBench(t)
	path := b.plugin("good.so")
	dead := exec.Command(os.Args[0], "--"+ProbeFlag, "silent.so")
	dead.Env = append(os.Environ(), countVariable+"=")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	mark := func(pid int) {
		if err := os.WriteFile(userMemory().base(path)+markerExtension+fmt.Sprint(pid), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "good.so")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		change    func()
		processes int
	}{
		{"new", func() {}, 1},
		{"known", func() {}, 0},
		{"a link to it", func() { path = link }, 0},
		{"another time", func() {
			if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"another size", func() {
			if err := os.WriteFile(path, []byte("another plugin"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"options for XLA", func() { t.Setenv("XLA_FLAGS", "--xla_anything") }, 1},
		{"a process is loading it", func() { mark(os.Getppid()) }, 0},
		{"a process has crashed", func() { mark(dead.Process.Pid) }, 1},
		{"and it has worked since", func() {}, 0},
		{"this process has loaded it", func() { userMemory().begin(path)() }, 0},
		{"damaged", func() {
			if err := os.WriteFile(userMemory().file(path), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"no cache folder", func() { t.Setenv("XDG_CACHE_HOME", ""); t.Setenv("HOME", "") }, 1},
		{"nothing is remembered", func() {}, 1},
	} {
		c.change()
		platform, n, err := b.try(path)
		if platform != "cuda" || err != nil || n != c.processes {
			t.Errorf("%s: platform %q, %v, %d processes, want %d", c.what, platform, err, n, c.processes)
		}
	}
}

// A process that ends while it loads a plugin leaves a marker.
func TestBegin(t *testing.T) {
	b := newBench(t)
	path, m := b.plugin("good.so"), userMemory()
	m.keep(path, "cuda")
	done := m.begin(path)
	if n := len(m.markers(path)); n != 1 {
		t.Errorf("%d markers while the plugin is loaded", n)
	}
	if m.crashed(path) {
		t.Error("this process counts as one that has ended")
	}
	done()
	if n := len(m.markers(path)); n != 0 {
		t.Errorf("%d markers after that", n)
	}
}

func TestTryFails(t *testing.T) {
	b := newBench(t)
	crash, silent := b.plugin("crash.so"), b.plugin("silent.so")
	for path, want := range map[string]string{
		crash:  "the plugin " + crash + " cannot be used: it ends the process that loads it (exit status 2): panic: the plugin crashed",
		silent: "the plugin " + silent + " cannot be used: it ends the process that loads it (exit status 0)",
	} {
		userMemory().keep(path, "cuda")
		if err := os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)); err != nil { // it has changed
			t.Fatal(err)
		}
		for range 2 { // a failure is not remembered
			if _, n, err := b.try(path); err == nil || !strings.HasPrefix(err.Error(), want) || n != 1 {
				t.Errorf("%v, %d processes; want %s", err, n, want)
			}
		}
		if _, err := os.Stat(userMemory().file(path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is remembered still: %v", path, err)
		}
	}
	if _, n, err := b.try(filepath.Join(b.folder, "missing.so")); !errors.Is(err, fs.ErrNotExist) || n != 0 {
		t.Errorf("%v, %d processes", err, n)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no time"))
	if _, err := try(ctx, b.plugin("hang.so"), time.Minute, nil); err == nil || err.Error() != "no time" {
		t.Errorf("got %v", err)
	}
}

// What takes long is told.
func TestTryNotice(t *testing.T) {
	defer func(before time.Duration) { noticeAfter = before }(noticeAfter)
	noticeAfter = 20 * time.Millisecond
	b := newBench(t)
	path, lines := b.plugin("slow.so"), make(chan string, 2)
	for range 2 {
		if platform, err := try(t.Context(), path, time.Minute, func(line string) { lines <- line }); platform != "tpu" || err != nil {
			t.Errorf("%q, %v", platform, err)
		}
	}
	if n := len(lines); n != 1 {
		t.Fatalf("%d lines", n)
	}
	if line := <-lines; !strings.Contains(line, path) {
		t.Error(line)
	}
}
