package trainverb

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/strideml/stride/cmd/stride/internal/cluster"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// takeUp reads the settings of the run to go on with. Flags that were given
// count more: Fit says if they do not fit.
func (t *trainVerb) takeUp(args []string) error {
	net, err := t.shareRun(args)
	if err != nil {
		return err
	}
	s, err := runfolder.ReadSettings(t.out)
	if err != nil {
		return err
	}
	if net != "" && net != s.Net {
		return fmt.Errorf("the run in %s is one of %s, not of %s", t.out, terminal.QuoteIfNeeded(s.Net), net)
	}
	if t.spec, err = t.networkOf(s); err != nil {
		return fmt.Errorf("the run in %s is one of the network %q, which stride does not have: only the Go program that defines the network can resume the run, with train.Fit",
			t.out, s.Net)
	}
	given := t.cmd.Flags().Changed
	if !given("device") && (s.Device == "reference" || s.Device == "xla") { // auto may find another one
		t.compute.Device = s.Device
	}
	if then, now := t.compute.Arithmetic(s.Options["math"]), t.compute.Arithmetic(t.compute.Math); given("math") && now != then {
		return fmt.Errorf("the run in %s was started with --math=%s, not %s: a resumed run keeps its settings", t.out, then, now)
	}
	if then, now := cmp.Or(s.Options["tune"], "false"), strconv.FormatBool(t.compute.Tune); given("tune") && now != then {
		return fmt.Errorf("the run in %s was started with --tune=%s, not %s: a resumed run keeps its settings", t.out, then, now)
	}
	t.input = s.Input
	set := func(flag string, set func()) {
		if !given(flag) {
			set()
		}
	}
	set("epochs", func() { t.epochs = s.Epochs })
	set("batch", func() { t.batch = s.BatchSize })
	set("lr", func() { t.rate = s.LearningRate })
	set("seed", func() { t.seed = s.Seed })
	t.recorded = map[string]string{}
	for _, flag := range slices.Concat(recordedFlags, recipeFlags, photoOptions, cluster.Recorded) {
		value, ok := s.Options[flag]
		if !ok || given(flag) {
			continue
		}
		if err := t.cmd.Flags().Lookup(flag).Value.Set(value); err != nil {
			return fmt.Errorf("%s is damaged: option %s is %q: %w", filepath.Join(t.out, "config.json"), flag, value, err)
		}
		t.recorded[flag] = value
	}
	t.command = cmp.Or(s.Options["command"], t.command)
	if err := t.takeUpPhotos(s); err != nil {
		return err
	}
	if t.weights != "" && t.weights != noWeights {
		if _, err := runfolder.Read(t.out); err == nil {
			t.weights = "" // the run has its own by now
		}
		t.weightsHash = s.Options["weights-sha256"]
	}
	return nil
}

// networkOf returns the network of a run, which may be an ONNX file in its folder.
func (t *trainVerb) networkOf(s runfolder.Settings) (zoo.Spec, error) {
	if !modelfolder.IsONNX(s.Net) {
		return zoo.Get(s.Net)
	}
	// Its weights are those that the run was started from.
	t.photos.onnx = filepath.Join(t.out, filepath.Base(s.Net))
	return zoo.Spec{Name: s.Net, Title: s.Net}, nil // base completes it
}

// takeUpPhotos takes up what is told of the photos of a run. --data says where they
// are now.
func (t *trainVerb) takeUpPhotos(s runfolder.Settings) (err error) {
	t.photos.path, t.photos.fingerprint = s.Options["photos"], s.Options["fingerprint"]
	if t.photos.path == "" {
		return nil
	}
	if t.photos.net != "" && t.photos.net != s.Net {
		return fmt.Errorf("the run in %s is one of %s, not of %s", t.out, terminal.QuoteIfNeeded(s.Net), t.photos.net)
	}
	for flag, usual := range map[string]string{"validation": "0.2", "split-seed": "0", "augment": t.augment.String()} {
		now := t.cmd.Flags().Lookup(flag)
		if then := cmp.Or(s.Options[flag], usual); now.Changed && now.Value.String() != then {
			return fmt.Errorf("the run in %s was started with --%s=%s, not %s: a resumed run keeps its settings", t.out, flag, then, now.Value)
		}
	}
	if t.cmd.Flags().Changed("data") {
		t.photos.path, err = filepath.Abs(t.data)
	}
	return err
}

// findRun finds the folder of the run to go on with, and returns the name of
// the network that it must be of, or "".
func (t *trainVerb) findRun(args []string) (net string, err error) {
	if len(args) == 1 {
		info, err := os.Stat(args[0])
		_, unknown := zoo.Get(args[0])
		folder := err == nil && info.IsDir()
		switch {
		case t.out == "" && (folder || unknown != nil && source.LooksLikePath(args[0])):
			t.out = args[0]
			return "", nil
		case unknown != nil && t.out != "":
			return "", command.Misuse("stride train takes one run to resume, found %s and --out %s", terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(t.out))
		case unknown != nil:
			hint := ""
			if near := source.SuggestedNet(args[0]); near != "" {
				hint = fmt.Sprintf(": did you mean %s?", near)
			}
			return "", fmt.Errorf("there is no run %s: no such folder, and no network of that name%s", terminal.QuoteIfNeeded(args[0]), hint)
		}
		spec, _ := zoo.Get(args[0])
		net = spec.Name
	}
	if t.out != "" {
		return net, nil
	}
	if t.out = source.NewestRun(net); t.out == "" {
		what := "no run"
		if net != "" {
			what += " of " + net
		}
		return "", fmt.Errorf("there is %s in the folder runs to continue: name its folder", what)
	}
	return net, nil
}

// recordedFlags are the flags, beside those of a recipe and of photos, that a resumed
// run takes from its options. "data" and "weights" are recorded as absolute paths.
var recordedFlags = []string{"data", "limit", "augment", "math", "tune", "weights", "ignore-head", "memory-budget", "tensorboard"}

// options are what a resumed run cannot find elsewhere in config.json.
func (t *trainVerb) options(job *trainJob) map[string]string {
	options := maps.Clone(job.options)
	if options == nil {
		options = map[string]string{}
	}
	options["command"] = t.command
	for _, flag := range slices.Concat(recordedFlags, recipeFlags, photoOptions, cluster.Recorded) {
		if _, own := options[flag]; own || !t.given(flag) {
			continue
		}
		if f := t.cmd.Flags().Lookup(flag); f.Value.String() != f.DefValue || t.photos.path != "" { // photos have defaults of their own
			options[flag] = f.Value.String()
		}
	}
	delete(options, "weights")
	if t.weights != "" {
		options["weights"], options["weights-sha256"] = t.weights, t.weightsHash
	}
	return options
}
