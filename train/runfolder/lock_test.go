package runfolder_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/traintest"
	"github.com/strideml/stride/train/runfolder"
)

func lockSettings() runfolder.Settings {
	return runfolder.Settings{
		Version: 1, Input: tensor.Shape{1, 6, 6}, Classes: []string{"a"}, TrainImages: 8, Epochs: 1, BatchSize: 8,
	}
}

// Who has a folder keeps others out until it closes it, and they hear who it is.
func TestInUse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no locks")
	}
	dir, s := filepath.Join(t.TempDir(), "run"), lockSettings()
	if err := runfolder.CheckFree(dir); err != nil {
		t.Errorf("no folder: %v", err)
	}
	refused := func(f *runfolder.Folder) {
		t.Helper()
		before := traintest.Files(t, dir)
		_, _, reopened := runfolder.Reopen(dir, s)
		for _, err := range []error{reopened, second(runfolder.Create(dir, s)), runfolder.CheckEmpty(dir), runfolder.CheckFree(dir)} {
			if !errors.Is(err, runfolder.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d has been writing %s since 20", os.Getpid(), dir)) {
				t.Errorf("got %v", err)
			}
		}
		if after := traintest.Files(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("whoever was refused changed the folder from %v to %v", before, after)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := runfolder.CheckFree(dir); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(filepath.Join(dir, ".lock")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the lock is still there: %v", err)
		}
	}
	f, err := runfolder.Create(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	refused(f)
	if f, _, err = runfolder.Reopen(dir, s); err != nil {
		t.Fatal(err)
	}
	refused(f)
}

// What a killed process leaves keeps nobody out: neither its lock in a run, nor a
// folder that it had only begun.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	half := filepath.Join(dir, ".config.json.01234567.tmp")
	lock := func() error {
		return os.WriteFile(filepath.Join(dir, ".lock"), []byte(`{"pid":1,"host":"gone","since":"2026-05-01T12:00:00Z"}`), 0o644)
	}
	if err := errors.Join(lock(), os.WriteFile(half, []byte("{"), 0o644), runfolder.CheckEmpty(dir), runfolder.CheckFree(dir)); err != nil {
		t.Fatal(err)
	}
	f, err := runfolder.Create(dir, lockSettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), lock()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", half, err)
	}
	if f, _, err = runfolder.Reopen(dir, lockSettings()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(lock(), runfolder.CheckFree(dir)); err != nil {
		t.Error(err)
	}
}

func TestLastWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := runfolder.LastWritten(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no run: %v", err)
	}
	f, err := runfolder.Create(dir, lockSettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"config.json", "log.txt"} {
		want := time.Date(2030, 1, i+1, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(filepath.Join(dir, name), want, want); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			continue
		}
		if got, err := runfolder.LastWritten(dir); err != nil || !got.Equal(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

// Readers hear who writes a folder without waiting, and do not disturb each other.
func TestWrittenBy(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no locks")
	}
	dir := filepath.Join(t.TempDir(), "run")
	if p := runfolder.WrittenBy(dir); p != nil {
		t.Errorf("no folder: %v", p)
	}
	f, err := runfolder.Create(dir, lockSettings())
	if err != nil {
		t.Fatal(err)
	}
	p := runfolder.WrittenBy(dir)
	if p == nil || p.PID != os.Getpid() || time.Since(p.Since) > time.Minute || p.String() != fmt.Sprintf("process %d", os.Getpid()) {
		t.Errorf("got %v", p)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".lock"), []byte(`{"pid":1}`), 0o644); err != nil { // of a killed process
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if p := runfolder.WrittenBy(dir); p != nil {
					t.Errorf("got %v", p)
					return
				}
			}
		})
	}
	wg.Wait()
	for p, want := range map[runfolder.Process]string{{}: "another process", {PID: 7, Host: "far away"}: `process 7 on "far away"`} {
		if p.String() != want {
			t.Errorf("got %v, want %s", p, want)
		}
	}
}
