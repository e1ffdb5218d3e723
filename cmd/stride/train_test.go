package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/train/runfolder"
)

func TestTrain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "run")
	out := mustStride(t, quick("--data", "sample", "--epochs", "2", "--out", dir)...)
	for _, want := range []string{
		"LeNet on the sample of Fashion-MNIST: 200 training and 200 test images\n2 epochs of 4 steps, batch 50, learning rate",
		"\nepoch 1/2  loss ", "\nepoch 2/2  loss ", "\ndone in ", "The run is in " + dir, "stride eval " + dir,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in %s", want, out)
		}
	}
	for _, name := range []string{"config.json", "metrics.csv", "metrics.jsonl", "curves.png", "curves.svg", "model.safetensors", "log.txt"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if csv := readFile(t, filepath.Join(dir, "metrics.csv")); !strings.HasPrefix(csv, "epoch,train_loss,train_accuracy,test_accuracy,images_per_second,seconds,test_loss\n1,") || strings.Count(csv, "\n") != 3 {
		t.Errorf("metrics.csv: %s", csv)
	}
}

func TestTrainJSON(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	rows := objects(t, mustStride(t, quick("--epochs", "2", "--json", "--out", dir)...))
	if len(rows) != 2 || rows[1]["epoch"] != 2. || rows[1]["run"] != dir {
		t.Fatalf("got %v", rows)
	}
	for _, key := range []string{"train_loss", "train_accuracy", "test_accuracy", "images_per_second", "seconds", "waiting"} {
		if v, ok := rows[0][key].(float64); !ok || v < 0 || math.IsNaN(v) {
			t.Errorf("%s is %v", key, rows[0][key])
		}
	}
}

// Without --out, runs are told apart by their names; --resume finds the newest.
func TestRunFolders(t *testing.T) {
	t.Chdir(t.TempDir())
	fails(t, failed, []string{"train", "--resume"}, "there is no run in the folder runs")
	mustStride(t, quick()...)
	dir := source.NewestRun("lenet")
	if dir == "" || source.NewestRun("vgg") != "" || source.NewestRun("") != dir {
		t.Fatalf("the newest runs are %q, %q, %q", dir, source.NewestRun("vgg"), source.NewestRun(""))
	}
	fails(t, failed, []string{"train", "vgg", "--resume"}, "no run of vgg")
	fails(t, failed, []string{"eval", "lenet"}, "the newest run of that network is "+dir)
	for _, args := range [][]string{{"train", "--resume", "--epochs", "2"}, {"train", "lenet", "--resume", "--epochs", "3"}} {
		if out := mustStride(t, args...); !strings.Contains(out, dir) {
			t.Errorf("%v: %s", args, out)
		}
	}
	if csv := readFile(t, filepath.Join(dir, "metrics.csv")); strings.Count(csv, "\n") != 4 {
		t.Errorf("metrics.csv: %s", csv)
	}
}

// A folder that holds anything is left alone.
func TestTrainOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "diary.txt"), []byte("dear diary"))
	before := contents(t, dir)
	fails(t, failed, quick("--out", dir), "not empty", dir, "--resume")
	fails(t, failed, []string{"train", "--resume", dir}, "no run in "+dir, "config.json is missing")
	fails(t, failed, quick("--out", filepath.Join(dir, "diary.txt")), "diary.txt")
	unchanged(t, dir, before)
}

func TestResumeOfAFinishedRun(t *testing.T) {
	t.Parallel()
	dir := copyRun(t)
	weights := readFile(t, filepath.Join(dir, "model.safetensors"))
	out, notes, status := stride(t, "train", "--resume", dir)
	if status != done || !strings.Contains(notes, "nothing to do: 1 of 1 epochs are done") || !strings.Contains(out, "stride eval") {
		t.Errorf("status %d: %s%s", status, out, notes)
	}
	if readFile(t, filepath.Join(dir, "model.safetensors")) != weights {
		t.Error("the weights were changed")
	}
}

// A resumed run keeps its settings, but may have more epochs.
func TestResumeKeepsSettings(t *testing.T) {
	t.Parallel()
	dir := copyRun(t)
	before := contents(t, dir)
	for _, c := range []struct{ line, want string }{
		{"train --resume RUN --batch 7", "batch size 50, not 7"},
		{"train --resume RUN --lr 0.1", "learning rate"},
		{"train --resume RUN --seed 9", "seed 0, not 9"},
		{"train --resume RUN --momentum 0.5", "optimizer"},
		{"train --resume RUN --limit 100", "training images 200, not 100"},
		{"train --resume RUN --augment hflip", "augmentation none, not hflip"},
		{"train --resume RUN --resize 32", "input shape"},
		{"train lenet-bn --resume --out RUN", "is one of lenet, not of lenet-bn"},
	} {
		fails(t, failed, strings.Fields(strings.ReplaceAll(c.line, "RUN", dir)), c.want, dir)
	}
	unchanged(t, dir, before)
	if out := mustStride(t, "train", "--resume", dir, "--epochs", "2"); !strings.Contains(out, "epoch 1/2") || !strings.Contains(out, "epoch 2/2") {
		t.Errorf("got %s", out)
	}
}

// The options of a run are repeated when it goes on.
func TestResumeRepeatsOptions(t *testing.T) {
	t.Parallel()
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	options := []string{"--augment", "hflip,crop=28:2", "--momentum", "0.9", "--nesterov", "--weight-decay", "0.001", "--seed", "3"}
	mustStride(t, quick(append(options, "--epochs", "2", "--out", whole)...)...)
	mustStride(t, quick(append(options, "--out", parts)...)...)
	mustStride(t, "train", "--resume", parts, "--epochs", "2")
	if readFile(t, filepath.Join(whole, "model.safetensors")) != readFile(t, filepath.Join(parts, "model.safetensors")) {
		t.Error("the weights differ from those of a run in one go")
	}
	if plain := finishedRun(t); readFile(t, filepath.Join(plain, "metrics.csv")) == readFile(t, filepath.Join(whole, "metrics.csv")) {
		t.Error("the options do nothing")
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	first := finishedRun(t)
	file := filepath.Join(first, "model.safetensors")
	var models []string
	for _, from := range []string{first, file} {
		dir := filepath.Join(t.TempDir(), "run")
		mustStride(t, quick("--weights", from, "--out", dir)...)
		models = append(models, readFile(t, filepath.Join(dir, "model.safetensors")))
	}
	if models[0] != models[1] || models[0] == readFile(t, file) {
		t.Error("a run's weights are not those of its file")
	}
	none := filepath.Join(t.TempDir(), "run")
	fails(t, failed, quick("--out", none, "--weights", filepath.Join(first, "none")), "--weights", "none")
	fails(t, failed, quick("--out", none, "--weights", filepath.Join(first, "metrics.csv")), "--weights", "metrics.csv")
	cut := writeFile(t, filepath.Join(t.TempDir(), "cut.safetensors"), []byte(readFile(t, file)[:5000]))
	fails(t, failed, quick("--out", none, "--weights", cut), "--weights", cut)
	fails(t, failed, []string{"train", "lenet-bn", "--data", fixture.data, "--out", none, "--weights", file}, "--weights", file, "missing: ")
	wrapped, damaged := otherWeights(t)
	fails(t, failed, quick("--out", none, "--weights", damaged), "--weights", damaged, "the weights are damaged: tensor 0.weight has 2 NaN among 150 values")
	if _, err := os.Lstat(none); err == nil {
		t.Error("a run folder was made")
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, notes, status := stride(t, quick("--weights", wrapped, "--out", dir)...); status != done || !strings.Contains(notes, `taken without "module."`) {
		t.Errorf("status %d, %q", status, notes)
	}
	if readFile(t, filepath.Join(dir, "model.safetensors")) != models[0] {
		t.Error("names with a prefix give other weights")
	}
	for _, args := range [][]string{
		{"eval", wrapped, "--net", "lenet", "--data", fixture.data, "--limit", "20"}, {"predict", wrapped, picture(t), "--net", "lenet"}, {"summary", wrapped, "--net", "lenet"},
	} {
		out, notes, status := stride(t, args...)
		if slices.Contains(args, "--json") && !strings.Contains(out, `"unfinished":true`) {
			t.Errorf("%v: got %s", args, out)
		}
		if status != done || !strings.Contains(notes, `taken without "module."`) {
			t.Errorf("%s: status %d, %q", args, status, notes)
		}
		args[1] = damaged
		fails(t, failed, args, damaged, "tensor 0.weight has 2 NaN")
	}
}

// otherWeights are the weights of the finished run as DistributedDataParallel
// saves them, and with NaN.
func otherWeights(t *testing.T) (wrapped, damaged string) {
	f, err := safetensors.Load(filepath.Join(finishedRun(t), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f.Metadata = nil
	save := func(name string) string {
		if err := f.Save(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	x := f.Entries[0].Tensor.Data()
	first, last := x[0], x[len(x)-1]
	x[0], x[len(x)-1] = float32(math.NaN()), float32(math.NaN())
	damaged = save("damaged.safetensors")
	x[0], x[len(x)-1] = first, last
	for i := range f.Entries {
		f.Entries[i].Name = "module." + f.Entries[i].Name
	}
	return save("wrapped.safetensors"), damaged
}

// A run that was killed before its first checkpoint starts from the same
// weights again, or not at all.
func TestWeightsOfAKilledRun(t *testing.T) {
	t.Parallel()
	file := writeFile(t, filepath.Join(t.TempDir(), "w.safetensors"), []byte(readFile(t, filepath.Join(finishedRun(t), "model.safetensors"))))
	whole, dir := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "run")
	mustStride(t, quick("--weights", file, "--out", whole)...)
	writeFile(t, filepath.Join(dir, "config.json"), []byte(readFile(t, filepath.Join(whole, "config.json"))))
	before := contents(t, dir)
	good := readFile(t, file)
	writeFile(t, file, []byte(readFile(t, filepath.Join(whole, "model.safetensors"))))
	fails(t, failed, []string{"train", "--resume", dir}, file, "has changed")
	unchanged(t, dir, before)
	writeFile(t, file, []byte(good))
	mustStride(t, "train", "--resume", dir)
	if readFile(t, filepath.Join(dir, "model.safetensors")) != readFile(t, filepath.Join(whole, "model.safetensors")) {
		t.Error("the weights differ from those of a run that was not killed")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	mustStride(t, "train", "--resume", dir, "--epochs", "2") // which does not need them any more
}

func TestVerbose(t *testing.T) {
	t.Parallel()
	_, notes, status := stride(t, quick("--epochs", "2", "--verbose", "--out", filepath.Join(t.TempDir(), "run"))...)
	if status != done || strings.Count(notes, "no ReLUs") != 1 {
		t.Errorf("LeNet, which has sigmoids: %q", notes)
	}
	_, notes, status = stride(t, "train", "torchvision/squeezenet1_1", "--data", fixture.data, "--limit", "8", "--batch", "8", "--resize", "32", "--epochs", "2",
		"--verbose", "--out", filepath.Join(t.TempDir(), "run"))
	if status != done || strings.Count(notes, "  dead ReLUs: ") != 2 {
		t.Errorf("SqueezeNet: status %d, %q", status, notes)
	}
	// By layer, each with its path and share, and all together are those in all.
	first, _, _ := strings.Cut(notes[strings.Index(notes, "dead ReLUs: ")+1:], "dead ReLUs: ")
	layer := regexp.MustCompile(`(?m)^    ((?:after )?[a-z]+\.[a-z0-9.]+) +([0-9.]+) %  ([0-9]+) of ([0-9]+)$`)
	dead, names := 0.0, map[string]bool{}
	for _, m := range layer.FindAllStringSubmatch(first, -1) {
		n, units := atof(t, m[3]), atof(t, m[4])
		if n == 0 || names[m[1]] || math.Abs(atof(t, m[2])-100*n/units) > 0.051 {
			t.Errorf("SqueezeNet: %q", m[0])
		}
		dead, names[m[1]] = dead+n, true
	}
	var share, units float64
	if _, err := fmt.Sscanf(strings.ReplaceAll(first, ",", ""), "ead ReLUs: %f %% of %f units", &share, &units); err != nil {
		t.Fatal(err)
	}
	if dead == 0 || math.Abs(share-100*dead/units) > 0.051 || strings.Count(first, "\n    ") != len(names) {
		t.Errorf("SqueezeNet: %v dead in %d layers: %s", dead, len(names), first)
	}
}

func atof(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A loss that is no number ends the run, and its last good weights stay.
func TestDivergence(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	_, notes, status := stride(t, "train", "nin-28", "--data", fixture.data, "--limit", "64", "--batch", "16", "--epochs", "5", "--lr", "1e30", "--out", dir)
	if status != failed || !strings.Contains(notes, "stride: training diverged in epoch 1 at step ") || !strings.Contains(notes, "smaller learning rate") {
		t.Errorf("status %d, %q", status, notes)
	}
}

// A run that does not exist is not taken for a network, unless the name is nearly
// that of one.
func TestResumeNothing(t *testing.T) {
	t.Parallel()
	fails(t, failed, []string{"train", "--resume", "nope"}, "there is no run nope")
	fails(t, failed, []string{"train", "--resume", "lenett"}, "did you mean lenet?")
}

// eval, predict and --weights say that a run has epochs left.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancelCause(t.Context())
	var errs strings.Builder
	stop := writerFunc(func(p []byte) (int, error) {
		if strings.HasPrefix(string(p), "epoch 1/") {
			cancel(command.ErrInterrupted)
		}
		return len(p), nil
	})
	if status := run(ctx, tiny(0, "--epochs", "4", "--out", dir), stop, &errs); status != interrupted {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	s, err := runfolder.Read(dir)
	if err != nil || s.Finished {
		t.Fatalf("%+v, %v", s, err)
	}
	want := fmt.Sprintf("The run in %s is unfinished: %d of 4 epochs are done; ", dir, len(s.History.Rows))
	for _, args := range [][]string{
		{"eval", dir, "--limit", "8"}, {"eval", dir, "--limit", "8", "--json"}, {"predict", dir, picture(t)}, {"predict", dir, picture(t), "--json"},
		tiny(0, "--weights", dir, "--out", filepath.Join(t.TempDir(), "next")),
	} {
		if _, notes, status := stride(t, args...); status != done || !strings.Contains(notes, want) || !strings.Contains(notes, "train --resume "+dir+" continues it.\n") {
			t.Errorf("%v: status %d, %q", args, status, notes)
		}
	}
	mustStride(t, "train", "--resume", dir)
	if out, notes, _ := stride(t, "eval", dir, "--limit", "8", "--json"); notes != "" || strings.Contains(out, "unfinished") {
		t.Errorf("a finished run: %q, %s", notes, out)
	}
	fails(t, failed, []string{"train", "--resume", dir, "--epochs", "2"}, "was last set to 4 epochs, of which 4 are done")
}

// A resumed run keeps the settings that change bits, and says which those are.
func TestResumeKeepsArithmetic(t *testing.T) {
	t.Parallel()
	dir := copyRun(t)
	before := contents(t, dir)
	for _, c := range []struct {
		flags []string
		part  string
	}{
		{[]string{"--math", "strict"}, "was started with --math=fast, not strict"},
		{[]string{"--tune"}, "was started with --tune=false, not true"},
	} {
		fails(t, failed, append([]string{"train", "--resume", dir, "--epochs", "2"}, c.flags...), dir, c.part)
	}
	unchanged(t, dir, before)
	mustStride(t, "train", "--resume", dir, "--epochs", "2", "--math", "fast", "--tune=false")
	fails(t, failed, []string{"train", "--resume", dir, "--epochs", "1"}, "was last set to 2 epochs, of which 2 are done, and cannot be set to 1")
}

// Older versions called any data in files of Fashion-MNIST's names so. The images
// are the same, so the run goes on, with the names that are right.
func TestResumeMisnamedData(t *testing.T) {
	t.Parallel()
	digits, dir := idxFolder(t, 64), filepath.Join(t.TempDir(), "run")
	args := []string{"train", "lenet", "--data", digits, "--batch", "16", "--epochs", "2", "--threads", "1"}
	mustStride(t, append(args, "--out", dir)...)
	config := filepath.Join(dir, "config.json")
	var settings map[string]any
	if err := json.Unmarshal([]byte(readFile(t, config)), &settings); err != nil {
		t.Fatal(err)
	}
	settings["data"], settings["classes"] = source.FashionMNIST, fashionmnist.Classes()
	old, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, old)
	_, notes, status := stride(t, "train", "--resume", dir, "--epochs", "3")
	name := filepath.Base(digits)
	if want := fmt.Sprintf("the images are the same, but the data, called %q so far, are called %q\n", source.FashionMNIST, name); status != done || !strings.Contains(notes, want) {
		t.Errorf("status %d: %s", status, notes)
	}
	run, err := runfolder.Read(dir)
	if err != nil || run.Settings.Data != name || run.Settings.Classes[3] != "3" || run.Weights.Metadata["data"] != name || !run.Finished {
		t.Errorf("%+v, %v", run.Settings, err)
	}
	// Other images are other data, whatever they are called.
	fails(t, failed, []string{"train", "--resume", dir, "--epochs", "4", "--data", fixture.data, "--limit", "64"}, "other training images")
}

// --resume continues the run that was written to last, whatever its name.
func TestResumeLastWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	mustStride(t, tiny(0, "--out", filepath.Join("runs", "quick"))...)
	mustStride(t, tiny(0)...)
	newest := source.NewestRun("")
	if newest == filepath.Join("runs", "quick") {
		t.Errorf("the run written to last is not %s", newest)
	}
	for _, name := range []string{"config.json", "log.txt", "state.json"} {
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(newest, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if got := source.NewestRun("lenet"); got != filepath.Join("runs", "quick") {
		t.Errorf("got %s", got)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// --lr-find draws the curve, suggests a rate and leaves no run.
func TestFindRate(t *testing.T) {
	t.Chdir(t.TempDir())
	out := mustStride(t, "train", "lenet-bn", "--data", fixture.data, "--batch", "16", "--lr-find")
	if !strings.Contains(out, "suggested learning rate: ") || !strings.Contains(out, " --lr ") {
		t.Errorf("got %s", out)
	}
	found := objects(t, mustStride(t, "train", "lenet-bn", "--data", fixture.data, "--batch", "16", "--lr-find", "--json"))[0]
	if rate, ok := found["valley"].(float64); !ok || rate < 1e-6 || rate > 10 || len(found["rates"].([]any)) < 10 {
		t.Errorf("got %v", found)
	}
	if files, _ := filepath.Glob("*"); len(files) != 1 || files[0] != "lr-find.png" {
		t.Errorf("files %v", files)
	}
}
