package main

import (
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/train/runfolder"
)

var (
	kills    = flag.Int("kills", 2, "how many processes TestKilledFineTuning kills")
	killSeed = flag.Uint64("kill-seed", 1, "random seed of the moments at which TestKilledFineTuning does")
)

// fineTuning is the command line of a short fine-tuning run with all that a
// checkpoint must keep, in a folder of its own: so two runs can be told apart by
// nothing.
func fineTuning(photos string, more ...string) []string {
	return append([]string{
		"train", photos, "--out", "run", "--cache", "cache", "--resize", "32", "--batch", "8", "--epochs", "3", "--head-epochs", "1",
		"--optimizer", "adamw", "--schedule", "cosine", "--ema", "0.99", "--augment", "light,mixup", "--early-stop", "3", "--threads", "1", "--seed", "5",
	}, more...)
}

// photoChild starts this program as a process in a folder.
func photoChild(t *testing.T, dir string, args ...string) *contender {
	t.Helper()
	c := &contender{cmd: child(t, args...)}
	c.cmd.Dir, c.cmd.Stderr = dir, &c.errs
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// A fine-tuning run that is killed at any moment, as often as it likes, ends with the
// bits of one that was not: weights, optimizer, metrics, curves and the model folder.
// Many kills: go test ./cmd/stride -run TestKilledFineTuning -kills 20.
func TestKilledFineTuning(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	photos := t.TempDir()
	for class := range colours {
		putTiles(t, filepath.Join(photos, class), class, 0, 16)
	}
	for what, more := range map[string][]string{"plain": nil, "accumulated": {"--accumulate", "2", "--clip", "1", "--tensorboard"}} {
		t.Run(what, func(t *testing.T) { killFineTuning(t, fineTuning(photos, more...)) })
	}
}

func killFineTuning(t *testing.T, train []string) {
	whole := t.TempDir()
	began := time.Now()
	if c := photoChild(t, whole, train...); c.cmd.Wait() != nil {
		t.Fatal(c.errs.String())
	}
	length := time.Since(began)
	want := lasting(t, filepath.Join(whole, "run"))
	if want["best.safetensors"] == "" || want["model/README.md"] == "" || want["curves.png"] == "" {
		t.Fatalf("the run has %v", slices.Sorted(maps.Keys(want)))
	}
	random := rand.New(rand.NewPCG(*killSeed, 0))
	killed, runs, fresh := 0, 0, 0
	for killed < *kills {
		dir := t.TempDir()
		for done := false; !done; {
			args := []string{"train", "--resume", "run"}
			if _, err := runfolder.ReadSettings(filepath.Join(dir, "run")); err != nil {
				args, fresh = train, fresh+1
			}
			c := photoChild(t, dir, args...)
			if killed < *kills {
				timer := time.AfterFunc(time.Duration(random.Float64()*float64(length)), func() { _ = c.cmd.Process.Kill() })
				_ = c.cmd.Wait() // its status follows
				timer.Stop()
			} else {
				_ = c.cmd.Wait()
			}
			switch state := c.cmd.ProcessState; {
			case state.ExitCode() == -1:
				killed++
			case !state.Success():
				t.Fatalf("stride %s: %v: %s", strings.Join(args, " "), state, c.errs.String())
			default:
				done = true
			}
		}
		runs++
		got := lasting(t, filepath.Join(dir, "run"))
		for name := range want {
			if _, ok := got[name]; !ok {
				t.Errorf("run %d has no %s", runs, name)
			}
		}
		for name, content := range got {
			if content != want[name] {
				t.Errorf("run %d: %s differs from that of a run that was not killed%s", runs, name, difference(want[name], content))
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d processes were killed in %d runs, %d of them before the run had begun; a whole run takes %.1f s", killed, runs, fresh-runs, length.Seconds())
}

// difference shows the first lines of texts that differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && len(a[i]) < 500 && len(b[i]) < 500 {
			return ":\nwant " + a[i] + "\n got " + b[i]
		}
	}
	return ""
}

// lasting are the files of a run folder, without the times in them and without those
// that tell what happened when.
func lasting(t *testing.T, run string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(run), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "log.txt" || name == "metrics.csv" || strings.HasPrefix(name, "events.out.") {
			return err
		}
		text := readFile(t, filepath.Join(run, name))
		switch name {
		case "metrics.jsonl":
			var lines strings.Builder
			for _, row := range objects(t, text) {
				lines.WriteString(timeless(t, row) + "\n")
			}
			text = lines.String()
		case "state.json":
			text = timeless(t, objects(t, strings.ReplaceAll(text, "\n", " "))[0])
		}
		files[name] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// timeless writes a JSON object without the times in it.
func timeless(t *testing.T, object map[string]any) string {
	t.Helper()
	var strip func(v any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range []string{"seconds", "images_per_second", "step_seconds"} {
				delete(v, key)
			}
			for _, inner := range v {
				strip(inner)
			}
		case []any:
			for _, inner := range v {
				strip(inner)
			}
		}
	}
	strip(object)
	b, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
