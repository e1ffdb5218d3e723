// Package trainverb is the verb train: Fashion-MNIST and its relatives, photos, resumed runs.
package trainverb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/cluster"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/cmd/stride/internal/uiverb"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/curves"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/zoo"
)

// trainVerb is a train command under way.
type trainVerb struct {
	*command.App
	cmd                                   *cobra.Command
	data, out, weights                    string
	epochs, batch, resize, limit, workers int
	rate                                  float32
	recipe                                recipe
	photos                                photoFlags
	warnings                              warnings
	resume, json, verbose                 bool
	tensorboard, findRate, ignoreHead     bool
	augment                               command.AugmentFlag
	seed                                  uint64
	budget                                int64
	weightsHash                           string            // of the file --weights, in hexadecimal
	scratch                               string            // a copy of the run that is resumed, on a rank that does not see its folder
	command                               string            // that began the run
	recorded                              map[string]string // the options of the run that is resumed
	compute                               command.Compute
	dist                                  cluster.Flags
	cluster                               *cluster.Cluster // nil without --dist
	profile                               command.Profile
	ui                                    uiverb.Address // "" without --ui
	spec                                  zoo.Spec
	input                                 tensor.Shape
}

// A trainJob is a network with the data that it is trained on.
type trainJob struct {
	model       *nn.Model
	train, test data.Dataset // test is nil if there is none
	config      train.Config // what the data and the network say of it
	title       string       // such as "LeNet on Fashion-MNIST"
	tested      string       // what the images of test are called: "test" or "validation"
	options     map[string]string
	notes       []string              // about the data, for people
	pictures    string                // what the photos are, for other ranks to compare
	photos      []*imagefolder.Images // of train and test; nil if the images are no photos
	base        *modelfolder.Model    // that training starts from; nil if there is none
}

// read says where the photos came from.
func (j *trainJob) read() (all imagefolder.Stats) {
	for _, images := range j.photos {
		s := images.Stats()
		all.Decoded, all.Cached = all.Decoded+s.Decoded, all.Cached+s.Cached
	}
	return all
}

// longHelp is the verb's help before the list of networks.
const longHelp = `Train a network on Fashion-MNIST, or fine-tune a pretrained network on photos, and
keep the run in a folder: settings, metrics, curves, weights, and what is needed to
continue after an interruption.

Photos are a folder with a folder for each class, or a folder with train/ and val/
that have them, or a CSV file with the columns path, label and, if wanted, split.
Without val/, about a fifth of each class is for validation. The last layer alone is
trained for four epochs and all layers for four more; the weights of the epoch with
the best validation accuracy are kept. "stride data check" finds what is wrong with
photos.

Epochs, batch size and learning rate have defaults for each network, which on the
embedded sample differ from those on the whole dataset. Ctrl-C saves and stops, as
does closing the terminal, unless the program runs under nohup; --resume continues,
and ends with the same weights bit for bit as a run that was not interrupted.

With --dist mpi several processes, on one machine or many, train together: mpirun starts
them, and each computes its part of every batch; docs/scale.md has recipes.

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
  mixup, cutmix           mix each image of a batch with another one
or a preset: none, flip (hflip), light (rcrop=0.35:1,hflip), standard (rcrop,hflip),
strong (rcrop,hflip,randaugment,erase=0.25)

`

// Command returns the command train.
func Command(a *command.App) *cobra.Command {
	t := &trainVerb{App: a}
	t.warnings.verb = t
	cmd := &cobra.Command{
		Use:   "train <net|folder>",
		Short: "Train a network, or fine-tune one on a folder of photos, and keep the run in a folder",
		Long:  longHelp + source.NetList(),
		Example: `  stride train photos/
  stride train photos/ --epochs 20 --augment strong --early-stop 0
  stride train photos/ --from model.onnx
  stride train photos/ --net torchvision/resnet18 --weights resnet18.safetensors
  stride train lenet
  stride train lenet --data sample --epochs 5 --out runs/quick
  stride train lenet --lr 0.5 --momentum 0.9 --nesterov
  stride train resnet18 --augment hflip,crop=96:8
  stride train densenet --batch 64 --memory-budget 250MB
  stride train lenet --weights runs/quick --lr 0.1
  stride train --resume                        the run in runs/ that was written to last
  stride train --resume runs/quick --epochs 10
  mpirun -n 8 --hostfile hosts stride train photos/ --dist mpi
  stride train lenet --ui                      watch it in a browser
  stride train lenet --json | jq .test_accuracy`,
		ValidArgsFunction: source.CompleteNets(1, true),
		Args:              func(_ *cobra.Command, args []string) error { return t.checkArgs(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.dist.Run(cmd.Context(), a, t.plan(), func(c *cluster.Cluster, a *command.App) error {
				t.App = a
				if !c.Root() { // a profile is that of rank 0
					return t.run(cmd.Context(), c, args)
				}
				return t.profile.Around(func() error { return t.run(cmd.Context(), c, args) })
			})
		},
	}
	t.cmd = cmd
	flags := cmd.Flags()
	flags.SortFlags = false
	source.AddData(cmd, &t.data, "`folder` with the dataset's files, or \"sample\" for the embedded sample; by default they are searched for, then downloaded; with --resume, where the photos of the run are now")
	flags.Var(command.Count(&t.epochs, 1, 1_000_000), "epochs", fmt.Sprintf("epochs in all: how often to go through the training images (default: the network's; for photos %d)", finetune.Epochs))
	command.AddBatch(flags, &t.batch, fmt.Sprintf("images in a training step (default: the network's; for photos %d)", finetune.BatchSize))
	flags.Var(command.Number(&t.rate, func(v float64) bool { return v > 0 }, "a number above 0"), "lr", fmt.Sprintf("learning `rate` (default: the network's; for photos %v)", finetune.LearningRate))
	command.AddSeed(flags, &t.seed, "random seed of initial weights, order of images, augmentation and dropout")
	flags.Var(&t.augment, "augment", "change training images at random: `words` such as hflip,crop=28:4 (default: none; for photos "+finetune.Augment+")")
	command.AddPlace(flags, &t.weights, "weights", "start from the weights in this `file` (.safetensors, .pth, .pt, .bin), run folder or model folder; none for random ones")
	flags.BoolVar(&t.ignoreHead, "ignore-head", false, "with --weights: draw the last layer at random, if the weights are for another number of classes")
	command.AddPlace(flags, &t.out, "out", "run `folder`; it must be empty or not exist (default: runs/<time>-<net>)")
	flags.BoolVar(&t.resume, "resume", false, "continue a run: the one in the folder named, or the one in runs/ that was written to last")
	flags.Var(command.Count(&t.resize, 1, 2048), "resize", "height and width in `pixels` to which images are resized (default: the network's)")
	flags.Var(command.Count(&t.limit, 0, 1<<30), "limit", "use only the first `n` training images, and as many test images")
	flags.Var(command.Count(&t.workers, 0, 1024), "workers", "goroutines that prepare batches; 0 is up to 4")
	t.recipe.addFlags(cmd)
	t.photos.addFlags(cmd)
	flags.BoolVar(&t.findRate, "lr-find", false, "try growing learning rates, draw the loss over them into lr-find.png, and train nothing")
	flags.BoolVar(&t.tensorboard, "tensorboard", false, "write event files for TensorBoard into the run folder")
	flags.Var(&t.ui, "ui", "show the training in a browser, with buttons that stop and save, and keep what is shown in the run folder; the `address`, as in --ui=127.0.0.1:9000, is 127.0.0.1:8090 by default, or any free port if that is taken")
	flags.Lookup("ui").NoOptDefVal = uiverb.Auto
	command.AddMemoryBudget(flags, &t.budget)
	t.compute.AddFlags(t.App, cmd)
	t.dist.AddFlags(cmd)
	flags.BoolVar(&t.json, "json", false, "print one JSON object an epoch")
	flags.BoolVar(&t.verbose, "verbose", false, "print after each epoch how long training waited for images and where photos came from, and the share of dead ReLU units, in all and in each layer that has some")
	t.profile.AddFlags(flags)
	return cmd
}

func (t *trainVerb) checkArgs(args []string) error {
	switch {
	case len(args) > 1 && t.ui == uiverb.Auto && new(uiverb.Address).Set(args[1]) == nil:
		return command.Misuse("--ui takes its address after an equals sign: --ui=%s", args[1])
	case len(args) > 1:
		return command.Misuse("stride train takes one network or folder of photos, found %s and %s", terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]))
	case !t.resume && len(args) == 0:
		own, _ := source.NetNames()
		return command.Misuse("stride train needs a folder of photos or the name of a network: %s", strings.Join(own, ", "))
	case t.resume && t.findRate:
		return command.Misuse("--lr-find is for a new run: a resumed one has its learning rate")
	case t.findRate:
		for _, flag := range []string{"out", "lr", "epochs", "lr-scale", "schedule", "warmup", "accumulate", "ema", "plateau", "early-stop", "tensorboard", "ui", "verbose"} {
			if t.cmd.Flags().Changed(flag) {
				return command.Misuse("--lr-find trains nothing: --%s has no effect beside it", flag)
			}
		}
	case t.ignoreHead && !t.resume && !t.cmd.Flags().Changed("weights"):
		return command.Misuse("--ignore-head is for --weights")
	case t.resume && t.cmd.Flags().Changed("lr-scale"):
		return command.Misuse("--lr-scale is for a new run: a resumed one has its learning rate")
	case t.resume && t.cmd.Flags().Changed("weights"):
		return command.Misuse("--weights is for a new run: a resumed one has weights already")
	case t.resume:
		for _, flag := range source.PictureFlags {
			if t.cmd.Flags().Changed(flag) {
				return command.Misuse("--%s is for a new run: a resumed one goes on with its preprocessing", flag)
			}
		}
	}
	return nil
}

// run does the whole verb, as one of several ranks if c is not nil.
func (t *trainVerb) run(ctx context.Context, c *cluster.Cluster, args []string) error {
	ctx, broken, stop := command.StopWithReader(ctx)
	defer stop()
	t.cluster = c
	defer t.removeScratch()
	page, err := t.begin(args)
	defer page.close()
	if err = c.Agree(err); err == nil {
		err = t.agreeOnJob()
	}
	if err != nil {
		return err
	}
	t.dist.WarnAlone(t.App)
	if err := t.sharePhotos(ctx); err != nil {
		return err
	}
	var job *trainJob
	if job, err = t.prepare(ctx); err == nil && t.findRate {
		return t.findLearningRate(ctx, job)
	}
	s := &setUp{}
	defer s.close()
	if err == nil {
		err = t.setUp(ctx, s, page, job)
	}
	if err = c.Agree(err); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		// Weights and values are outside Go's heap. What is in it, batches of images,
		// stays; collecting the little rest more often costs nothing that can be measured
		// and saves half of the heap.
		debug.SetGCPercent(25)
	}
	history, err := train.Fit(s.ctx, job.model, job.train, job.test, s.config)
	s.ui.ended()
	t.Live.Clear()
	if *s.unsaved != nil {
		return *s.unsaved
	}
	if err == nil || errors.Is(err, train.ErrInterrupted) {
		err = cmp.Or(c.TellOthers(t.warnings.lines), err)
	}
	if errors.Is(err, train.ErrInterrupted) {
		if broken() {
			err = fmt.Errorf("nobody reads the output any more: %w", err)
		}
		return fmt.Errorf("%w; continue with: %s%s train --resume %s%s", err, c.Prefix(), terminal.Program(), terminal.ShellWord(t.out), c.Suffix())
	}
	if err != nil {
		return err
	}
	if c.Root() {
		if err = t.saveModel(ctx, job, s.config, s.show, history); err == nil {
			err = s.show.finish(history, t.out)
		}
	}
	return c.Agree(err)
}

// saveModel writes the model folder within the run folder. A run that had nothing left
// to do keeps the one that it has, if that is of its end.
func (t *trainVerb) saveModel(ctx context.Context, job *trainJob, config train.Config, show *trainView, history *train.History) error {
	if show.began.IsZero() && !olderThan(filepath.Join(t.out, modelfolder.RunModel, "README.md"), filepath.Join(t.out, "state.json")) {
		return nil
	}
	v := command.NewVersion()
	card := modelfolder.Card{Command: t.command, Versions: []string{v.String()}, Split: job.tested}
	tested, err := t.finalTest(ctx, job, config, show, history)
	if err != nil {
		return err
	}
	if tested != nil {
		card.Confusion = tested.Confusion
	}
	_, err = modelfolder.SaveRun(t.out, card)
	return err
}

// finalTest returns how the weights that the run keeps do on the test set; nil without
// one. Where they are of an epoch before the run was resumed, it measures them again.
func (t *trainVerb) finalTest(ctx context.Context, job *trainJob, config train.Config, show *trainView, history *train.History) (*train.Evaluation, error) {
	kept := cmp.Or(history.BestEpoch, len(history.Rows))
	if job.test == nil || kept == show.testedEpoch {
		return show.result, nil
	}
	m, err := modelfolder.Load(t.out, modelfolder.Options{})
	if err != nil {
		return nil, err
	}
	return train.Evaluate(ctx, m.Net, job.test, train.EvalConfig{BatchSize: config.BatchSize, Device: config.Device, Workers: config.Workers})
}

// olderThan reports whether a file is missing or older than another one.
func olderThan(path, other string) bool {
	a, err := os.Stat(path)
	if err != nil {
		return true
	}
	b, err := os.Stat(other)
	return err != nil || a.ModTime().Before(b.ModTime())
}

// commandLine is the command line of this process.
func commandLine() string {
	words := []string{"stride"}
	for _, word := range os.Args[1:] {
		words = append(words, terminal.ShellWord(word))
	}
	return strings.Join(words, " ")
}

// prepare puts the job together.
func (t *trainVerb) prepare(ctx context.Context) (job *trainJob, err error) {
	if t.photos.path != "" {
		return t.preparePhotos(ctx)
	}
	err = t.cluster.RootFirst(func() error { // which downloads, where the data are not there
		job, err = t.prepareFashionMNIST(ctx)
		return err
	})
	return job, err
}

// runName is what the name of the run folder ends with.
func (t *trainVerb) runName() string {
	if t.photos.path != "" {
		return source.NameOfPhotos(t.photos.path)
	}
	return t.spec.Name
}

// describe says in a line what is trained on what.
func (j *trainJob) describe() string {
	text := fmt.Sprintf("%s: %s training", j.title, terminal.Thousands(j.train.Len()))
	if j.test == nil {
		return text + " images"
	}
	return fmt.Sprintf("%s and %s %s images", text, terminal.Thousands(j.test.Len()), j.tested)
}

// findLearningRate draws the loss over growing learning rates.
func (t *trainVerb) findLearningRate(ctx context.Context, job *trainJob) error {
	device, release, err := t.compute.Open(ctx)
	if err != nil {
		return err
	}
	defer release()
	config := job.config
	config.Device, config.Workers, config.MemoryBudget = device, t.workers, t.budget
	for _, line := range job.notes {
		t.Notice(line)
	}
	curve, err := train.FindLearningRate(ctx, job.model, job.train, config, train.RateOptions{})
	if err != nil {
		return err
	}
	const file = "lr-find.png"
	if err := atomicfile.WriteFile(file, curves.Rate(curve).WritePNG); err != nil {
		return err
	}
	if t.json {
		return terminal.WriteJSON(t.Stdout, rateReport{terminal.Finite(curve.Valley), terminal.Finite(curve.Steepest), curve.Rates, curve.Losses, curve.BatchLosses, file})
	}
	if curve.Valley == 0 {
		_, err = fmt.Fprintf(t.Stdout, "The loss falls at no learning rate: there is nothing to suggest. The curve is in %s.\n", file)
		return err
	}
	_, err = fmt.Fprintf(t.Stdout, "suggested learning rate: %.2g (valley; steepest %.2g)\nThe curve is in %s. Next:\n  %s --lr %.2g\n",
		curve.Valley, curve.Steepest, file, terminal.Program()+strings.TrimPrefix(strings.Replace(commandLine(), " --lr-find", "", 1), "stride"), curve.Valley)
	return err
}

// rateReport is what --lr-find has found, as JSON.
type rateReport struct {
	Valley      *float64  `json:"valley"`
	Steepest    *float64  `json:"steepest"`
	Rates       []float64 `json:"rates"`
	Losses      []float64 `json:"losses"`
	BatchLosses []float64 `json:"batch_losses"`
	Figure      string    `json:"figure"`
}

// checkFlags reports flags that contradict each other.
func (t *trainVerb) checkFlags() error {
	if err := t.recipe.check(t.given, t.standardOptimizer()); err != nil {
		return err
	}
	if err := t.photos.check(t); err != nil {
		return err
	}
	if err := t.compute.CheckBudget(t.budget); err != nil {
		return err
	}
	if err := t.dist.Check(t.cmd.Flags().Changed, &t.compute); err != nil {
		return err
	}
	return t.compute.Check()
}

// given reports whether a flag stands on the command line, or in the record of the
// run that is resumed.
func (t *trainVerb) given(flag string) bool {
	_, recorded := t.recorded[flag]
	return recorded || t.cmd.Flags().Changed(flag)
}

func (t *trainVerb) standardOptimizer() string {
	if t.photos.path != "" {
		return "adamw"
	}
	return "sgd"
}

// choose finds out which network to train, and where.
func (t *trainVerb) choose(args []string) error {
	var err error
	t.command = commandLine()
	if t.resume {
		err = t.takeUp(args)
	} else if isPhotos(args[0]) {
		err = t.choosePhotos(args[0])
	} else {
		t.spec, err = source.GetNet(args[0])
	}
	if err != nil {
		return err
	}
	if t.photos.path != "" {
		return t.checkOut()
	}
	if t.input == nil {
		t.input = t.spec.Input
		t.input[0] = source.FashionMNISTChannels
	}
	if t.resize > 0 {
		t.input = tensor.Shape{t.input[0], t.resize, t.resize}
	}
	if _, err := t.augment.Pipeline.Hook(t.input); err != nil {
		err = fmt.Errorf("--augment %v: images of %v: %w", t.augment.Pipeline, t.input, err)
		if t.resume { // the run says how large they are
			return err
		}
		return command.AsMisuse(err)
	}
	return t.checkOut()
}

// checkOut reports a run folder that Fit would refuse too, but only once the data are
// there.
func (t *trainVerb) checkOut() error {
	switch {
	case t.out == "" || !t.cluster.Root():
		return nil
	case t.resume:
		return runfolder.CheckFree(t.out)
	}
	err := runfolder.CheckEmpty(t.out)
	if errors.Is(err, runfolder.ErrNotEmpty) {
		return fmt.Errorf("run %w: %s contains files already; name another folder with --out, or continue the run in it with --resume", runfolder.ErrNotEmpty, t.out)
	}
	return err
}

// runsFolder is where run folders are by default.
const runsFolder = "runs"

// makeRunFolder makes a run folder that did not exist: no other process has it.
func makeRunFolder(net string, now time.Time) (string, error) {
	if err := os.MkdirAll(runsFolder, 0o755); err != nil {
		return "", fmt.Errorf("make the run folder: %w", err)
	}
	base := filepath.Join(runsFolder, now.Format("20060102-150405")+"-"+strings.ReplaceAll(net, "/", "-"))
	for path, i := base, 2; ; path, i = fmt.Sprintf("%s-%d", base, i), i+1 {
		switch err := os.Mkdir(path, 0o755); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("make the run folder: %w", err)
		}
	}
}
