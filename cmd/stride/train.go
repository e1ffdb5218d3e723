package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/curves"
	"github.com/strideml/stride/train/diagnose"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/train/tensorboard"
	"github.com/strideml/stride/zoo"
)

// trainVerb is a train command under way.
type trainVerb struct {
	*app
	cmd                                   *cobra.Command
	data, out, weights                    string
	epochs, batch, resize, limit, workers int
	rate, momentum, decay                 float32
	nesterov, resume, json, verbose       bool
	tensorboard                           bool
	augment                               augmentFlag
	seed                                  uint64
	budget                                int64
	weightsHash                           string // of the file --weights, in hexadecimal
	compute                               compute
	profile                               profile
	spec                                  zoo.Spec
	input                                 tensor.Shape
}

func (a *app) trainCommand() *cobra.Command {
	t := &trainVerb{app: a}
	cmd := &cobra.Command{
		Use:   "train <net>",
		Short: "Train a network and keep the run in a folder",
		Long: `Train a network on Fashion-MNIST and keep the run in a folder: settings, metrics,
curves, weights, and what is needed to continue after an interruption.

Epochs, batch size and learning rate have defaults for each network, which on the
embedded sample differ from those on the whole dataset. Ctrl-C saves and stops, as
does closing the terminal, unless the program runs under nohup; --resume continues, and ends with the same weights bit for bit as a run that was
not interrupted.

--memory-budget trains in less memory by rematerialization (gradient checkpointing):
values that are cheap to compute, such as normalisations and poolings, are dropped
after the forward pass and computed again in the backward pass. "stride summary"
says how much a step takes.

--augment changes the training images at random, again in each epoch; "stride data
show --augment" draws the result. Its words, separated by commas:
  hflip, vflip            mirror left–right, top–bottom; with probability 0.5, or P for hflip=P
  crop=SIZE:PAD           cut out a square after padding
  rcrop=MIN:MAX           cut out a share MIN to MAX of the area, and resize it
  jitter=V                change brightness, contrast, saturation and hue by up to V
  brightness=V, contrast=V, saturation=V, hue=V
  rotate=D                rotate by up to D degrees
  affine=D:X:Y:MIN:MAX    rotate, move by up to shares X and Y of the size, and scale by MIN to MAX
  perspective=D           tilt, by up to the share D of half the size
  grayscale, blur=SIZE, invert, posterize=BITS, solarize=FROM, autocontrast, equalize, sharpness=FACTOR
  randaugment=N:M         N operations of magnitude M, 1 to 30; trivialaugment: one of any magnitude
  erase=P                 set a rectangle to 0, with probability P
or a preset: none, flip (hflip), light (rcrop=0.35:1,hflip), standard (rcrop,hflip),
strong (rcrop,hflip,randaugment,erase=0.25)

` + netList(),
		Example: `  stride train lenet
  stride train lenet --data sample --epochs 5 --out runs/quick
  stride train lenet --lr 0.5 --momentum 0.9 --nesterov
  stride train resnet18 --augment hflip,crop=96:8
  stride train densenet --batch 64 --memory-budget 250MB
  stride train lenet --weights runs/quick --lr 0.1
  stride train --resume                        the run in runs/ that was written to last
  stride train --resume runs/quick --epochs 10
  stride train lenet --json | jq .test_accuracy`,
		ValidArgsFunction: completeNets(1, true),
		Args:              func(_ *cobra.Command, args []string) error { return t.checkArgs(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.profile.around(func() error { return t.run(cmd.Context(), args) })
		},
	}
	t.cmd = cmd
	flags := cmd.Flags()
	flags.SortFlags = false
	addData(cmd, &t.data, "`folder` with the dataset's files, or \"sample\" for the embedded sample; by default they are searched for, then downloaded")
	flags.Var(&count{&t.epochs, 1, 1_000_000}, "epochs", "epochs in all: how often to go through the training images (default: the network's)")
	addBatch(flags, &t.batch, "images in a training step (default: the network's)")
	flags.Var(&number{&t.rate, func(v float64) bool { return v > 0 }, "a number above 0"}, "lr", "learning `rate` (default: the network's)")
	flags.Var(&number{&t.momentum, func(v float64) bool { return v >= 0 && v < 1 }, "a number from 0 up to, but not including, 1"}, "momentum", "SGD momentum: `share` of the previous update that is added to the next")
	flags.BoolVar(&t.nesterov, "nesterov", false, "Nesterov's momentum")
	flags.Var(&number{&t.decay, func(v float64) bool { return v >= 0 }, "a number, 0 or more"}, "weight-decay", "`factor` of each weight that is added to its gradient (L2 penalty)")
	addSeed(flags, &t.seed, "random seed of initial weights, order of images, augmentation and dropout")
	flags.Var(&t.augment, "augment", "change training images at random: `words` such as hflip,crop=28:4")
	addPlace(flags, &t.weights, "weights", "start from the weights in this `file` (.safetensors) or run folder")
	addPlace(flags, &t.out, "out", "run `folder`; it must be empty or not exist (default: runs/<time>-<net>)")
	flags.BoolVar(&t.resume, "resume", false, "continue a run: the one in the folder named, or the one in runs/ that was written to last")
	flags.Var(&count{&t.resize, 1, 2048}, "resize", "height and width in `pixels` to which images are resized (default: the network's)")
	flags.Var(&count{&t.limit, 0, 1 << 30}, "limit", "use only the first `n` training images, and as many test images")
	flags.Var(&count{&t.workers, 0, 1024}, "workers", "goroutines that prepare batches; 0 is up to 4")
	addMemoryBudget(flags, &t.budget)
	t.compute.addFlags(cmd)
	flags.BoolVar(&t.tensorboard, "tensorboard", false, "write an event file for TensorBoard into the run folder")
	flags.BoolVar(&t.json, "json", false, "print one JSON object an epoch")
	flags.BoolVar(&t.verbose, "verbose", false, "print after each epoch the share of dead ReLU units, in all and in each layer that has some")
	t.profile.addFlags(flags)
	return cmd
}

func (t *trainVerb) checkArgs(args []string) error {
	switch {
	case len(args) > 1:
		return misuse("stride train takes one network, found %s and %s", quoteIfNeeded(args[0]), quoteIfNeeded(args[1]))
	case !t.resume && len(args) == 0:
		own, _ := netNames()
		return misuse("stride train needs the name of a network: %s", strings.Join(own, ", "))
	case t.resume && t.cmd.Flags().Changed("weights"):
		return misuse("--weights is for a new run: a resumed one has weights already")
	}
	return nil
}

// run does the whole verb.
func (t *trainVerb) run(ctx context.Context, args []string) error {
	ctx, broken, stop := stopWithReader(ctx)
	defer stop()
	if err := t.choose(args); err != nil {
		return err
	}
	if err := t.checkFlags(); err != nil {
		return err
	}
	set, model, err := t.prepare(ctx)
	if err != nil {
		return err
	}
	t.fillDefaults(set)
	trainSet, err := view(set.Train, t.input, t.limit)
	if err != nil {
		return err
	}
	testSet, err := view(set.Test, t.input, t.limit)
	if err != nil {
		return err
	}
	if t.out == "" {
		if t.out, err = makeRunFolder(t.spec.Name, time.Now()); err != nil {
			return err
		}
		defer os.Remove(t.out) // if it is still empty
	}
	var tuning *runTuning
	if t.compute.tune {
		if tuning, err = openTuning(t.out, t.resume); err != nil {
			return err
		}
		t.compute.tuning = tuning.Tuning
	}
	device, release, err := t.compute.open()
	if err != nil {
		return err
	}
	defer release()
	show := &trainView{app: t.app, now: time.Now, json: t.json, verbose: t.verbose, dir: t.out}
	show.dead = func() ([]diagnose.DeadShare, error) { return deadReLUs(model, device, testSet) }
	config := train.Config{
		Epochs: t.epochs, BatchSize: t.batch, LearningRate: t.rate,
		Optimizer: optim.SGD{Momentum: t.momentum, Nesterov: t.nesterov, WeightDecay: t.decay},
		Augment:   t.augment.pipeline, Seed: t.seed, Device: device, Workers: t.workers, MemoryBudget: t.budget,
		Dir: t.out, Resume: t.resume, Net: t.spec.Name, Data: dataName(set), Options: t.options(set),
		Callbacks: show.callbacks(),
		Log:       show.log,
	}
	config.Callbacks.OnHistory = curves.Files(config)
	show.title = fmt.Sprintf("%s on %s: %s training and %s test images", t.spec.Title, dataTitle(set), thousands(trainSet.Len()), thousands(testSet.Len()))
	show.settings = fmt.Sprintf("batch %d, learning rate %v, %v, seed %d, %s (%s)", min(t.batch, trainSet.Len()), t.rate, config.Optimizer, t.seed, device.Name(), device.Description())
	var unsaved error // the choices of algorithms, if they could not be written
	if tuning != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		config.Callbacks.OnStart = func(s train.StartInfo) {
			show.start(s)
			if unsaved = tuning.save(); unsaved != nil {
				cancel()
			}
		}
	}
	if t.tensorboard {
		defer tensorboard.Attach(&config, tensorboard.Options{})() // errors have ended the training
	}
	history, err := train.Fit(ctx, model, trainSet, testSet, config)
	t.live.clear()
	if unsaved != nil {
		return fmt.Errorf("keep the algorithms of the run: %w", unsaved)
	}
	if errors.Is(err, train.ErrInterrupted) {
		if broken() {
			err = fmt.Errorf("nobody reads the output any more: %w", err)
		}
		return fmt.Errorf("%w; continue with: %s train --resume %s", err, program(), shellWord(t.out))
	}
	if err != nil {
		return err
	}
	if history.BestEpoch > 0 && history.BestEpoch != show.testedEpoch { // it was before the run was resumed
		show.tested = nil
	}
	if err := t.saveModel(show.tested); err != nil {
		return err
	}
	return show.finish(history, t.out)
}

// saveModel writes the model folder within the run folder. A run that had nothing left
// to do keeps the one that it has.
func (t *trainVerb) saveModel(tested *train.Evaluation) error {
	if tested == nil && exists(filepath.Join(t.out, modelfolder.RunModel, "README.md")) {
		return nil
	}
	words := []string{"stride"}
	for _, word := range os.Args[1:] {
		words = append(words, shellWord(word))
	}
	v := newVersion()
	card := modelfolder.Card{Command: strings.Join(words, " "), Versions: []string{v.String()}, Split: "test"}
	if tested != nil {
		card.Confusion = tested.Confusion
	}
	_, err := modelfolder.SaveRun(t.out, card)
	return err
}

// checkFlags reports flags that contradict each other.
func (t *trainVerb) checkFlags() error {
	if t.nesterov && t.momentum == 0 {
		return misuse("--nesterov needs a --momentum above 0")
	}
	if err := t.compute.checkBudget(t.budget); err != nil {
		return err
	}
	return t.compute.check()
}

// choose finds out which network to train, and where.
func (t *trainVerb) choose(args []string) error {
	var err error
	if t.resume {
		err = t.takeUp(args)
	} else if t.spec, err = getNet(args[0]); err != nil {
		if info, second := os.Stat(args[0]); second == nil && info.IsDir() {
			return misuse("%s is a folder, not a network: to continue the run in it, add --resume", args[0])
		}
	}
	if err != nil {
		return err
	}
	if t.input == nil {
		t.input = t.spec.Input
		t.input[0] = fashionMNISTChannels
	}
	if t.resize > 0 {
		t.input = tensor.Shape{t.input[0], t.resize, t.resize}
	}
	if _, err := t.augment.pipeline.Hook(t.input); err != nil {
		err = fmt.Errorf("--augment %v: images of %v: %w", t.augment.pipeline, t.input, err)
		if t.resume { // the run says how large they are
			return err
		}
		return asMisuse(err)
	}
	// Fit refuses these folders too, but only once the data are there.
	switch {
	case t.out == "":
		return nil
	case t.resume:
		return runfolder.CheckFree(t.out)
	}
	err = runfolder.CheckEmpty(t.out)
	if errors.Is(err, runfolder.ErrNotEmpty) {
		return fmt.Errorf("run %w: %s contains files already; name another folder with --out, or continue the run in it with --resume", runfolder.ErrNotEmpty, t.out)
	}
	return err
}

// makeRunFolder makes a run folder that did not exist: no other process has it.
func makeRunFolder(net string, now time.Time) (string, error) {
	if err := os.MkdirAll("runs", 0o755); err != nil {
		return "", fmt.Errorf("make the run folder: %w", err)
	}
	base := filepath.Join("runs", now.Format("20060102-150405")+"-"+strings.ReplaceAll(net, "/", "-"))
	for path, i := base, 2; ; path, i = fmt.Sprintf("%s-%d", base, i), i+1 {
		switch err := os.Mkdir(path, 0o755); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("make the run folder: %w", err)
		}
	}
}

// takeUp reads the settings of the run to go on with. Flags that were given
// count more: Fit says if they do not fit.
func (t *trainVerb) takeUp(args []string) error {
	net, err := t.findRun(args)
	if err != nil {
		return err
	}
	s, err := runfolder.ReadSettings(t.out)
	if err != nil {
		return err
	}
	if net != "" && net != s.Net {
		return fmt.Errorf("the run in %s is one of %s, not of %s", t.out, quoteIfNeeded(s.Net), net)
	}
	if t.spec, err = zoo.Get(s.Net); err != nil {
		return fmt.Errorf("the run in %s is one of the network %q, which stride does not have: only the Go program that defines the network can resume the run, with train.Fit",
			t.out, s.Net)
	}
	given := t.cmd.Flags().Changed
	for flag, value := range map[string]string{"math": t.compute.math, "tune": strconv.FormatBool(t.compute.tune)} {
		usual := t.cmd.Flags().Lookup(flag).DefValue
		if then := cmp.Or(s.Options[flag], usual); given(flag) && value != then {
			return fmt.Errorf("the run in %s was started with --%s=%s, not %s: a resumed run keeps its settings", t.out, flag, then, value)
		}
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
	set("device", func() {
		if s.Device == "reference" {
			t.compute.device = s.Device
		}
	})
	for _, flag := range []string{"data", "limit", "momentum", "nesterov", "weight-decay", "augment", "math", "tune", "tensorboard", "weights", "memory-budget"} {
		value, ok := s.Options[flag]
		if !ok || given(flag) {
			continue
		}
		if err := t.cmd.Flags().Lookup(flag).Value.Set(value); err != nil {
			return fmt.Errorf("%s is damaged: option %s is %q: %w", filepath.Join(t.out, "config.json"), flag, value, err)
		}
	}
	if t.weights != "" {
		if _, err := runfolder.Read(t.out); err == nil {
			t.weights = "" // the run has its own by now
		}
		t.weightsHash = s.Options["weights-sha256"]
	}
	return nil
}

// findRun finds the folder of the run to go on with, and returns the name of
// the network that it must be of, or "".
func (t *trainVerb) findRun(args []string) (net string, err error) {
	if len(args) == 1 {
		info, err := os.Stat(args[0])
		_, unknown := zoo.Get(args[0])
		folder := err == nil && info.IsDir()
		switch {
		case t.out == "" && (folder || unknown != nil && looksLikePath(args[0])):
			t.out = args[0]
			return "", nil
		case unknown != nil && t.out != "":
			return "", misuse("stride train takes one run to resume, found %s and --out %s", quoteIfNeeded(args[0]), quoteIfNeeded(t.out))
		case unknown != nil:
			hint := ""
			if near := suggestedNet(args[0]); near != "" {
				hint = fmt.Sprintf(": did you mean %s?", near)
			}
			return "", fmt.Errorf("there is no run %s: no such folder, and no network of that name%s", quoteIfNeeded(args[0]), hint)
		}
		spec, _ := zoo.Get(args[0])
		net = spec.Name
	}
	if t.out != "" {
		return net, nil
	}
	if t.out = newestRun(net); t.out == "" {
		what := "no run"
		if net != "" {
			what += " of " + net
		}
		return "", fmt.Errorf("there is %s in the folder runs to continue: name its folder", what)
	}
	return net, nil
}

// options are what a resumed run cannot find elsewhere in config.json.
func (t *trainVerb) options(set *fashionmnist.Set) map[string]string {
	options := map[string]string{"data": dataPlace(set)}
	put := func(name string, given bool, value string) {
		if given {
			options[name] = value
		}
	}
	put("limit", t.limit > 0, strconv.Itoa(t.limit))
	put("momentum", t.momentum > 0, fmt.Sprint(t.momentum))
	put("nesterov", t.nesterov, "true")
	put("weight-decay", t.decay > 0, fmt.Sprint(t.decay))
	put("augment", len(t.augment.pipeline) > 0, t.augment.String())
	put("memory-budget", t.budget > 0, (&size{&t.budget}).String())
	put("math", t.compute.math == mathStrict, t.compute.math)
	put("tune", t.compute.tune, "true")
	put("tensorboard", t.tensorboard, "true")
	put("weights", t.weights != "", t.weights)
	put("weights-sha256", t.weights != "", t.weightsHash)
	return options
}

// prepare loads the data and makes the model, side by side.
func (t *trainVerb) prepare(ctx context.Context) (set *fashionmnist.Set, model *nn.Model, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		set, err = t.loadData(ctx, t.data)
		return err
	})
	group.Go(func() (err error) {
		net := t.spec.New(len(fashionmnist.Classes()))
		model, err = nn.New(net, t.input, nn.Options{Seed: t.seed, Init: t.spec.Init})
		if err != nil && t.resize > 0 && !t.resume {
			return asMisuse(err)
		}
		if err == nil && t.weights != "" {
			err = t.loadWeights(model)
		}
		return err
	})
	return set, model, group.Wait()
}

// fillDefaults takes the network's own values for what was not given.
func (t *trainVerb) fillDefaults(set *fashionmnist.Set) {
	d := t.spec.Defaults
	if set.Sample {
		d = t.spec.Sample
	}
	if t.epochs == 0 {
		t.epochs = d.Epochs
	}
	if t.batch == 0 {
		t.batch = d.Batch
	}
	if t.rate == 0 {
		t.rate = d.LearningRate
	}
}
