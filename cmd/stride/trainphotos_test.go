package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/strideml/stride/cmd/stride/internal/source"
)

// tiles is a folder of two classes with n pictures each.
func tiles(t testing.TB, n int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tiles")
	for class := range colours {
		putTiles(t, filepath.Join(root, class), class, 0, n)
	}
	return root
}

// small is the command line of a training of LeNet on photos that is soon over.
func small(photos string, more ...string) []string {
	return append([]string{
		"train", photos, "--net", "lenet-bn", "--weights", "none", "--resize", "16", "--epochs", "2", "--batch", "8", "--cache", "off", "--threads", "1",
	}, more...)
}

// fromWeights is small with weights to start from.
func fromWeights(photos, weights string, more ...string) []string {
	return append([]string{
		"train", photos, "--weights", weights, "--resize", "16", "--epochs", "1", "--batch", "8", "--cache", "off", "--threads", "1",
	}, more...)
}

// What is no folder of photos is told in a sentence, and leaves no run folder.
func TestTrainNoPhotos(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	folder := func(names ...string) string {
		dir := filepath.Join(append([]string{root}, names...)...)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	text := writeFile(t, filepath.Join(root, "text.txt"), []byte("text"))
	single, flat := folder("single"), folder("flat")
	putTiles(t, filepath.Join(single, "red"), "red", 0, 3)
	putTiles(t, flat, "red", 0, 3)
	model := finishedRun(t)
	for _, c := range []struct {
		photos string
		want   []string
	}{
		{folder("empty"), []string{"empty: there are no pictures in it"}},
		{filepath.Dir(folder("hollow", "class")), []string{"hollow: there are no pictures in its folders"}},
		{flat, []string{"flat: its 3 pictures are in no folder of a class"}},
		{single, []string{`single: there is only one class, "red"`}},
		{text, []string{"text.txt is a file: want a folder with a folder of pictures for each class"}},
		{filepath.Join(root, "nowhere"), []string{"nowhere"}},
	} {
		fails(t, failed, small(c.photos), c.want...)
		if c.photos != single { // a model says what the classes are
			fails(t, failed, []string{"eval", model, "--data", c.photos}, filepath.Base(c.photos))
		}
	}
	for _, picture := range []string{folder("empty"), text, filepath.Join(root, "nowhere.png")} {
		fails(t, failed, []string{"predict", model, picture}, filepath.Base(picture))
	}
	if source.Exists(filepath.Join(root, "runs")) {
		t.Error("a run folder was made")
	}
}

// A folder that may not be listed is an error, a picture that may not be read is left
// out.
func TestTrainNoPermission(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Getuid() <= 0 {
		t.Skip("everything is permitted to this user")
	}
	photos, dir := tiles(t, 7), filepath.Join(t.TempDir(), "run")
	locked := filepath.Join(photos, "red")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) })
	fails(t, failed, small(photos, "--out", dir), "the folder cannot be listed: permission is denied", "red")
	if err := os.Chmod(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(locked, "red00.png"), 0); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, small(photos, "--out", dir, "--strict-data"), "red00.png", "permission denied")
	if _, notes, status := stride(t, small(photos, "--out", dir)...); status != done || !strings.Contains(notes, "left out: ") || !strings.Contains(notes, "red00.png") {
		t.Errorf("status %d: %s", status, notes)
	}
}

// A loop of links ends.
func TestTrainLinkLoop(t *testing.T) {
	t.Parallel()
	photos := tiles(t, 7)
	for name, to := range map[string]string{"up": "..", "self": "self", "gone": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(photos, "red", name)); err != nil {
			t.Skip(err)
		}
	}
	out, notes, status := stride(t, small(photos, "--out", filepath.Join(t.TempDir(), "run"))...)
	if want := "tiles: 2 classes (green, red), 11 photos to train with, 3 to validate with, which a hash of their paths has chosen.\n"; !strings.Contains(notes, want) {
		t.Errorf("want %q in %q", want, notes)
	}
	if status != done || !strings.Contains(out+notes, "Left out: 3 (link that leads nowhere or back).") {
		t.Errorf("status %d: %s%s", status, out, notes)
	}
}

// Photos that change or vanish while a run is under way are left out with a warning
// that names them, and the run goes on.
func TestTrainPhotosVanish(t *testing.T) {
	t.Parallel()
	for strict, want := range map[bool]int{false: done, true: failed} {
		photos := tiles(t, 20)
		more := []string{"--epochs", "3", "--early-stop", "0", "--out", filepath.Join(t.TempDir(), "run")}
		if strict {
			more = append(more, "--strict-data")
		}
		spoil := &spoiler{after: "epoch 1/3", do: func() error {
			for i := range 3 {
				if err := os.Remove(filepath.Join(photos, "red", []string{"red00.png", "red07.png", "red12.png"}[i])); err != nil {
					return err
				}
			}
			return os.WriteFile(filepath.Join(photos, "green", "green05.png"), []byte("no picture"), 0o644)
		}}
		var errs strings.Builder
		status := run(t.Context(), small(photos, more...), spoil, &errs)
		if status != want || spoil.err != nil || !spoil.done {
			t.Errorf("strict %v: status %d, %v: %s", strict, status, spoil.err, errs.String())
		}
		if strict {
			continue
		}
		for _, part := range []string{"red00.png", "red07.png", "red12.png", "green05.png has changed"} {
			if strings.Count(errs.String(), part) != 1 || !strings.Contains(errs.String(), "warning: left out: ") {
				t.Errorf("want one line about %s in:\n%s", part, errs.String())
			}
		}
		if !strings.Contains(spoil.text.String(), "epoch 3/3") {
			t.Errorf("got %s", spoil.text.String())
		}
	}
}

// A spoiler is a standard output that does something once a text was written to it.
type spoiler struct {
	text  strings.Builder
	after string
	do    func() error
	done  bool
	err   error
}

func (s *spoiler) Write(p []byte) (int, error) {
	s.text.Write(p)
	if !s.done && strings.Contains(s.text.String(), s.after) {
		s.done, s.err = true, s.do()
	}
	return len(p), nil
}

// The last layer is drawn at random where the classes of the weights are others, and
// kept where they are the same.
func TestTrainOtherClasses(t *testing.T) {
	t.Parallel()
	photos, root := tiles(t, 7), t.TempDir()
	base, three := filepath.Join(root, "base"), tiles(t, 7)
	putTiles(t, filepath.Join(three, "reds"), "red", 0, 6)
	mustStride(t, small(photos, "--out", base)...)
	for i, c := range []struct{ photos, want string }{{three, "is drawn at random for 3 classes; all other weights are those of " + base}, {photos, ""}} {
		_, notes, status := stride(t, fromWeights(c.photos, base, "--out", filepath.Join(root, "run"+string(rune('0'+i))))...)
		if status != done || !strings.Contains(notes, c.want) || strings.Contains(notes, "drawn at random") != (c.want != "") {
			t.Errorf("status %d: %q", status, notes)
		}
	}
	out := filepath.Join(root, "none")
	fails(t, failed, fromWeights(photos, base, "--net", "lenet", "--out", out), `is a model of the network "lenet-bn", not of "lenet"`)
	fails(t, failed, fromWeights(photos, filepath.Join(photos, "red", "red00.png"), "--net", "lenet-bn", "--out", out), "red00.png")
	fails(t, failed, fromWeights(photos, filepath.Join(root, "nowhere"), "--out", out), "--weights: ", "nowhere")
	if source.Exists(out) {
		t.Error("a run folder was made")
	}
}

// A resumed run keeps its photos, their division and what is done to them. Photos that
// were moved are found by --data.
func TestResumePhotos(t *testing.T) {
	t.Parallel()
	photos, dir := tiles(t, 8), filepath.Join(t.TempDir(), "run")
	mustStride(t, small(photos, "--schedule", "constant", "--warmup", "0", "--out", dir)...)
	before := contents(t, dir)
	resume := func(more ...string) []string { return append([]string{"train", "--resume", dir}, more...) }
	for _, c := range []struct {
		more []string
		want string
	}{
		{[]string{"--validation", "0.5"}, "was started with --validation=0.2, not 0.5"},
		{[]string{"--split-seed", "7"}, "was started with --split-seed=0, not 7"},
		{[]string{"--augment", "none"}, "was started with --augment="}, {[]string{"--augment", "none"}, ", not none"},
		{[]string{"--net", "lenet"}, "is one of lenet-bn, not of lenet"},
		{[]string{"--resize", "32"}, "input shape 3×16×16, not 3×32×32"},
		{[]string{"--limit", "4"}, "training images"},
		{[]string{"--lr", "1"}, "learning rate"},
		{[]string{"--ema", "0.9"}, "moving average of the weights none"},
		{[]string{"--optimizer", "sgd"}, "optimizer adamw"},
		{[]string{"--class-weights"}, "class weights"},
		{[]string{"--early-stop", "2"}, "early stopping"},
	} {
		fails(t, failed, resume(c.more...), c.want, dir)
	}
	fails(t, misused, resume(photos), "takes one network or folder of photos")
	fails(t, failed, []string{"train", "--resume", photos}, "no run in "+photos)
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(photos, moved); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, resume(), "are not there any more", photos, "name their folder with --data")
	extra := filepath.Join(moved, "red", "red00.png")
	content := readFile(t, extra)
	if err := os.Remove(extra); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, resume("--data", moved), "are not those that the run in "+dir+" was begun with", moved)
	unchanged(t, dir, before)
	writeFile(t, extra, []byte(content))
	if out := mustStride(t, resume("--data", moved, "--epochs", "3")...); !strings.Contains(out, "epoch 3/3") {
		t.Errorf("got %s", out)
	}
}

// A run without pretrained weights goes on as one, and a run folder that another
// process writes is left alone.
func TestResumeRandomWeights(t *testing.T) {
	t.Parallel()
	photos, root := tiles(t, 8), t.TempDir()
	whole, parts := filepath.Join(root, "whole"), filepath.Join(root, "parts")
	constant := []string{"--schedule", "constant", "--warmup", "0"}
	mustStride(t, small(photos, append(constant, "--out", whole)...)...)
	mustStride(t, small(photos, append(constant, "--epochs", "1", "--out", parts)...)...)
	mustStride(t, "train", "--resume", parts, "--epochs", "2")
	if weightsHash(t, whole) != weightsHash(t, parts) {
		t.Error("the weights differ from those of a run in one go")
	}
	if a, b := readFile(t, filepath.Join(whole, "model", "README.md")), readFile(t, filepath.Join(parts, "model", "README.md")); a != b {
		t.Errorf("the model card differs: %s", difference(a, b))
	}
	lockedByOther(t, parts)
	before := contents(t, parts)
	fails(t, failed, []string{"train", "--resume", parts}, "run folder is in use", parts)
	fails(t, failed, small(photos, "--out", parts), "run folder is in use", parts)
	unchanged(t, parts, before)
}

// limited is child with a limit of so many blocks, of 512 or 1,024 bytes, for each file
// that it writes: to the program that is a full disk.
func limited(t *testing.T, blocks int, args ...string) (stderr string, status int) {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no shell to limit the size of files")
	}
	cmd := child(t, args...)
	cmd.Args = append([]string{shell, "-c", fmt.Sprintf(`ulimit -f %d && exec "$@"`, blocks), "sh"}, cmd.Args...)
	cmd.Path = shell
	var errs strings.Builder
	cmd.Stderr = &errs
	_ = cmd.Run() // the status follows
	return errs.String(), cmd.ProcessState.ExitCode()
}

// A full disk stops a run with the path and the size of what could not be written. The
// last checkpoint is whole: the run goes on from it once there is room. A cache or a
// report that cannot be written is named, too.
func TestTrainFullDisk(t *testing.T) {
	t.Parallel()
	needsSignals(t)
	photos, root := tiles(t, 8), t.TempDir()
	whole, full := filepath.Join(root, "whole"), filepath.Join(root, "full")
	constant := []string{"--schedule", "constant", "--warmup", "0"}
	mustStride(t, small(photos, append(constant, "--out", whole)...)...)
	mustStride(t, small(photos, append(constant, "--epochs", "1", "--out", full)...)...)
	stderr, status := limited(t, 200, "train", "--resume", full, "--epochs", "2")
	for _, part := range []string{"stride: save a checkpoint after epoch 2: write " + full, "file too large", " MB)", "the last good checkpoint is kept: " + full} {
		if status != failed || !strings.Contains(stderr, part) || strings.Contains(stderr, ".tmp") {
			t.Errorf("status %d, want %q in %q", status, part, stderr)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(full, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	mustStride(t, "eval", full, "--report", "none")
	if out := mustStride(t, "train", "--resume", full); !strings.Contains(out, "epoch 2/2") || weightsHash(t, full) != weightsHash(t, whole) {
		t.Errorf("other weights after %s", out)
	}
	if stderr, status = limited(t, 4, "eval", full); status != failed || !strings.Contains(stderr, "report.html") || !strings.Contains(stderr, "file too large") {
		t.Errorf("status %d: %s", status, stderr)
	}
	cache := writeFile(t, filepath.Join(root, "file"), nil)
	_, notes, status := stride(t, small(photos, "--cache", cache, "--out", filepath.Join(root, "uncached"))...)
	if status != done || !strings.Contains(notes, "There is no picture cache") || !strings.Contains(notes, cache) {
		t.Errorf("status %d: %s", status, notes)
	}
}

// --verbose says where photos came from: with a cache, from the second epoch on none is
// decoded.
func TestTrainVerbosePhotos(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	_, notes, status := stride(t, small(tiles(t, 8), "--cache", filepath.Join(root, "cache"), "--verbose", "--out", filepath.Join(root, "run"))...)
	if status != done || strings.Count(notes, "  waiting for images: ") != 2 || !strings.Contains(notes, "; 16 photos decoded, ") || !strings.Contains(notes, "; 0 photos decoded, 16 from the cache") {
		t.Errorf("status %d: %s", status, notes)
	}
}

// Flags that turn off what photos have by default are kept, too.
func TestResumePhotosWithout(t *testing.T) {
	t.Parallel()
	photos := tiles(t, 8)
	for _, more := range [][]string{
		{"--early-stop", "0", "--label-smoothing", "0", "--warmup", "0", "--augment", "none"}, {"--validation", "0"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		mustStride(t, small(photos, append(more, "--epochs", "1", "--out", dir)...)...)
		config := readFile(t, filepath.Join(dir, "config.json"))
		for _, part := range []string{"warm-up from", "label_smoothing", "early_stop"} {
			if more[0] == "--early-stop" && strings.Contains(config, part) {
				t.Errorf("%v: %q in %s", more, part, config)
			}
		}
		if _, notes, status := stride(t, "train", "--resume", dir); status != done || !strings.Contains(notes, "nothing to do") {
			t.Errorf("%v: status %d: %s", more, status, notes)
		}
	}
}
