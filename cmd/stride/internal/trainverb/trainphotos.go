package trainverb

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/imagecache"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/finetune"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/weights/efficientnetlite0"
	"github.com/strideml/stride/zoo"
)

// photoFlags are what train needs for photos alone.
type photoFlags struct {
	path         string             // of the folder or manifest; "" if the images are no photos
	fingerprint  string             // of the photos of the run that is resumed
	index        *imagefolder.Index // what rank 0 has found; nil without --dist
	net, cache   string
	from         string // the model that --from names
	freeze       freezeFlag
	onnx         string // the ONNX file in the folder of the run that is resumed
	pictures     preprocess.Config
	headEpochs   int
	rates        ratesFlag
	validation   float32
	splitSeed    uint64
	strict       bool
	classWeights bool
	draft        bool
}

// photoOptions are the flags of addFlags that change a run.
var photoOptions = []string{"head-epochs", "layer-rates", "validation", "split-seed", "strict-data", "class-weights", "freeze", "mean", "std", "interpolation", "crop-pct", "draft"}

func (p *photoFlags) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	p.headEpochs, p.cache = finetune.HeadEpochs, "auto"
	command.AddPlace(flags, &p.from, "from", "of photos: `model` to start from: an ONNX file, a run folder, a model folder, a file of weights with --net, or the name of a network")
	flags.Var(source.NetFlag(&p.net), "net", "of photos: pretrained `network` to fine-tune (default: "+efficientnetlite0.Name+")")
	flags.Var(command.Count(&p.headEpochs, 0, 1<<20), "head-epochs", "of photos: epochs in which only the last layer is trained")
	flags.Var(&p.rates, "layer-rates", fmt.Sprintf("of photos: learning rates of the first and of the last layer but one, as multiples of --lr (default: %v:%v)", finetune.FirstRate, finetune.LastRate))
	flags.Var(&p.freeze, "freeze", "of photos: layers that are not trained: how many, counted from the first, or `paths` such as features.0,features.1")
	source.AddPictures(cmd, &p.pictures, "of photos: ")
	flags.Var(command.Number(&p.validation, func(v float64) bool { return v >= 0 && v < 1 }, "a number from 0 up to, but not including, 1"), "validation", "of photos: `share` of each class that is for validation, where no folder says it (default: 0.2)")
	flags.Var(command.Seed(&p.splitSeed), "split-seed", "of photos: random seed of that division")
	flags.BoolVar(&p.strict, "strict-data", false, "of photos: fail if one cannot be read, instead of leaving it out")
	flags.BoolVar(&p.classWeights, "class-weights", false, "of photos: rare classes have as much weight in the loss as frequent ones")
	flags.BoolVar(&p.draft, "draft", false, "of photos: decode large JPEG files at 1/2, 1/4 or 1/8 of their size, which is faster; the model does it, too")
	command.AddPlace(flags, &p.cache, "cache", "of photos: `folder` that keeps decoded pictures, auto or off")
}

// check reports flags that do not go with what is trained on.
func (p *photoFlags) check(t *trainVerb) error {
	changed := t.cmd.Flags().Changed
	if p.path == "" {
		for _, flag := range append([]string{"net", "from", "cache"}, photoOptions...) {
			if changed(flag) {
				return command.Misuse("--%s is for folders of photos, not for Fashion-MNIST", flag)
			}
		}
		if t.weights == noWeights {
			return command.Misuse("--weights none: %s has random weights unless --weights names a file", t.spec.Name)
		}
		return nil
	}
	if changed("data") && !t.resume {
		return command.Misuse("--data is for Fashion-MNIST: the photos are those in %s", terminal.QuoteIfNeeded(p.path))
	}
	if changed("from") && changed("weights") {
		return command.Misuse("--from and --weights both say what to start from: name one")
	}
	if changed("ignore-head") {
		return command.Misuse("--ignore-head is not for photos: their last layer is drawn at random where the classes are others")
	}
	for _, flag := range append([]string{"head-epochs", "layer-rates"}, source.PictureFlags...) {
		if changed(flag) && t.weights == noWeights {
			return command.Misuse("--%s is for pretrained weights, not for --weights none", flag)
		}
	}
	return nil
}

// noWeights is the word in place of a file of weights for random ones.
const noWeights = "none"

// ratesFlag is a flag for two multiples of the learning rate.
type ratesFlag struct {
	text        string
	first, last float32
}

func (f *ratesFlag) String() string { return f.text }
func (f *ratesFlag) Type() string   { return "first:last" }

func (f *ratesFlag) Set(text string) error {
	positive := func(v float64) bool { return v > 0 && v <= 1000 }
	first, last, ok := strings.Cut(text, ":")
	a, b := command.Number(&f.first, positive, ""), command.Number(&f.last, positive, "")
	if !ok || a.Set(first) != nil || b.Set(last) != nil {
		return errors.New("want two numbers above 0, such as 0.01:0.1")
	}
	f.text = text
	return nil
}

// isPhotos tells a folder of photos or a manifest from the name of a network.
func isPhotos(name string) bool {
	if _, err := zoo.Get(name); err == nil {
		return false
	}
	return source.LooksLikePath(name)
}

// choosePhotos takes a folder of photos or a manifest.
func (t *trainVerb) choosePhotos(path string) (err error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no folder of photos %s", terminal.QuoteIfNeeded(path))
	}
	if _, err := runfolder.ReadSettings(path); err == nil {
		return command.Misuse("%s is a run folder, not a folder of photos: to continue the run in it, add --resume", terminal.QuoteIfNeeded(path))
	}
	if t.photos.path, err = filepath.Abs(path); err != nil {
		return err
	}
	if t.photos.net == "" {
		t.photos.net = efficientnetlite0.Name
	}
	if t.photos.from != "" {
		t.weights = t.photos.from
	}
	t.spec, err = zoo.Get(t.photos.net)
	return err
}

// preparePhotos opens the photos and the network to start from.
func (t *trainVerb) preparePhotos(ctx context.Context) (*trainJob, error) {
	base, err := t.base()
	if err != nil {
		return nil, err
	}
	sets, fingerprint, err := t.openPhotos(ctx)
	if err != nil {
		return nil, err
	}
	notes := describePhotos(sets, t.photos.path)
	cache, err := imagecache.Dir(t.photos.cache)
	if err != nil {
		return nil, fmt.Errorf("--cache: %w", err)
	}
	options := finetune.Options{
		Base: base, Net: t.spec, Size: t.resize, Epochs: t.epochs, HeadEpochs: t.photos.headEpochs, BatchSize: t.batch,
		LearningRate: t.rate, FirstRate: t.photos.rates.first, LastRate: t.photos.rates.last,
		ClassWeights: t.photos.classWeights, Seed: t.seed, Strict: t.photos.strict, Draft: t.photos.draft,
		Cache: imagecache.Options{Dir: cache, Log: t.warnings.add}, Log: t.warnings.add,
	}
	if t.photos.headEpochs == 0 {
		options.HeadEpochs = -1
	}
	if t.recipe.scale.rule != "" {
		options.LearningRate = t.recipe.scale.scaled(cmp.Or(t.rate, finetune.LearningRate), cmp.Or(t.batch, finetune.BatchSize), finetune.BatchSize)
	}
	if t.resume && t.resize == 0 {
		options.Size = t.input[1]
	}
	options.Augment = t.augment.Pipeline
	if options.Freeze, err = t.photos.freeze.layers(base); err != nil {
		return nil, err
	}
	if t.recipe.optimizer != "" || t.recipe.decay > 0 {
		decay := t.recipe.decay
		if !t.given("weight-decay") {
			decay = finetune.WeightDecay
		}
		options.Optimizer = t.recipe.newOptimizer(t.standardOptimizer(), decay)
	}
	job, err := finetune.New(sets, options)
	if err != nil {
		return nil, err
	}
	if job.Head != "" && !t.resume {
		notes = append(notes, fmt.Sprintf("The last layer, %s, is drawn at random for %d classes; all other weights are those of %s.", job.Head, len(sets.Classes), base.WeightsFile))
	}
	if most, fewest, ratio := finetune.Imbalance(sets); ratio >= 10 && !t.photos.classWeights {
		notes = append(notes, fmt.Sprintf("%s has %.0f times as many photos as %s: --class-weights gives both as much weight.", most, ratio, fewest))
	}
	t.recipe.apply(&job.Config, t.given)
	job.Config.Data = source.NameOfPhotos(t.photos.path)
	result := &trainJob{
		notes: notes, base: base,
		model: job.Model, train: job.Train, config: job.Config, tested: "validation",
		title:    printable.Line(t.spec.Title + " on " + job.Config.Data),
		options:  map[string]string{"photos": t.photos.path, "fingerprint": fingerprint, "augment": command.AugmentText(job.Augment)},
		pictures: fmt.Sprintf("photos with the hash %.16s (%v)", fingerprint, sets.Summary),
	}
	result.photos = append(result.photos, job.Photos)
	if job.Validation != nil {
		result.test = job.Validation
		result.photos = append(result.photos, job.Validation)
	}
	return result, nil
}

// openOptions say how photos are looked for and divided.
func (t *trainVerb) openOptions() imagefolder.Options {
	o := imagefolder.Options{Validation: float64(t.photos.validation), Seed: t.photos.splitSeed, Strict: t.photos.strict, Log: t.Notice, Progress: source.PictureProgress(t.App)}
	if t.given("validation") && t.photos.validation == 0 {
		o.Validation = -1
	}
	return o
}

// sharePhotos lists the photos on rank 0 and tells the other ranks what there is, if there
// are several.
func (t *trainVerb) sharePhotos(ctx context.Context) error {
	if t.cluster == nil || t.photos.path == "" {
		return nil
	}
	text, err := t.cluster.FromRoot(func() ([]byte, error) {
		index, err := imagefolder.OpenIndex(ctx, t.photos.path, t.openOptions())
		t.Live.Clear()
		if err != nil {
			return nil, t.gone(err)
		}
		t.photos.index = index
		var b bytes.Buffer
		err = index.Write(&b)
		return b.Bytes(), err
	})
	if err != nil || t.cluster.Root() {
		return err
	}
	index, err := imagefolder.ReadIndex(bytes.NewReader(text), t.photos.path)
	if err == nil && index.Differs() == "" {
		t.photos.index = index
	}
	return nil // what is wrong with photos of its own, it finds when it opens them
}

// gone explains an error for photos that are not there.
func (t *trainVerb) gone(err error) error {
	if t.resume && errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the photos that the run in %s was begun with are not there any more: %w; if they were moved, name their folder with --data", t.out, err)
	}
	return err
}

// openPhotos finds the photos, which must be those that the run was begun with, and
// returns their fingerprint with them.
func (t *trainVerb) openPhotos(ctx context.Context) (sets *imagefolder.Sets, fingerprint string, err error) {
	if t.photos.index != nil {
		sets, err = t.photos.index.Sets(t.openOptions())
	} else {
		sets, err = imagefolder.Open(ctx, t.photos.path, t.openOptions())
	}
	t.Live.Clear()
	if err != nil {
		return nil, "", t.gone(err)
	}
	fingerprint = sets.Fingerprint() // that of the whole folder, whatever the limit
	if f := t.photos.fingerprint; f != "" && f != fingerprint {
		return nil, "", fmt.Errorf("the photos in %s are not those that the run in %s was begun with: some were added, taken away or changed; start a new run from its weights with --weights %s", t.photos.path, t.out, terminal.ShellWord(t.out))
	}
	if t.limit > 0 {
		for _, split := range []*imagefolder.Split{sets.Train, sets.Validation} {
			if split.Len() > 0 {
				split.Items = source.SpreadItems(split.Items, t.limit)
			}
		}
	}
	return sets, fingerprint, nil
}

// describePhotos says what was found at a path.
func describePhotos(sets *imagefolder.Sets, path string) []string {
	line := fmt.Sprintf("%s: %d classes (%s), %s to train with", path, len(sets.Classes), nameSome(sets.Classes), terminal.Plural(sets.Train.Len(), "photo"))
	switch {
	case sets.Divided && sets.Validation.Len() > 0:
		line += fmt.Sprintf(", %s to validate with, which a hash of their paths has chosen", terminal.Thousands(sets.Validation.Len()))
	case sets.Validation.Len() > 0:
		line += fmt.Sprintf(", %s to validate with", terminal.Thousands(sets.Validation.Len()))
	default:
		line += ", none to validate with"
	}
	if sets.Test.Len() > 0 {
		line += fmt.Sprintf(", %s to test with later", terminal.Thousands(sets.Test.Len()))
	}
	lines := []string{line + "."}
	var left []string
	for _, why := range slices.Sorted(maps.Keys(sets.Summary.Skipped)) {
		left = append(left, fmt.Sprintf("%s (%s)", terminal.Thousands(sets.Summary.Skipped[why]), why))
	}
	if len(left) > 0 {
		lines = append(lines, "Left out: "+strings.Join(left, ", ")+".")
	}
	return lines
}

// nameSome lists the first names.
func nameSome(names []string) string {
	const most = 10
	text := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		text += ", …"
	}
	return text
}

// base loads the model that training starts from; nil if its weights are random.
func (t *trainVerb) base() (*modelfolder.Model, error) {
	if t.weights == noWeights {
		return nil, nil
	}
	if t.resume {
		if _, err := runfolder.Read(t.out); err == nil { // the run has weights by now
			return modelfolder.Load(t.out, modelfolder.Options{})
		}
	}
	if t.weights == "" {
		if _, ok := zoo.PretrainedFor(t.spec.Name); !ok {
			return nil, fmt.Errorf("stride has no weights of %s: name a file with --weights, fetch one with %s weights get, or start from random weights with --weights none", t.spec.Name, terminal.Program())
		}
		return modelfolder.Load(t.spec.Name, modelfolder.Options{Preprocessing: t.photos.pictures})
	}
	flag, path := "--weights", t.weights
	if t.photos.from != "" {
		flag = "--from"
	}
	if t.photos.onnx != "" { // a copy of what the run was started from
		path = t.photos.onnx
	}
	options := modelfolder.Options{Size: t.resize, Preprocessing: t.photos.pictures}
	if t.resume && t.resize == 0 {
		options.Size = t.input[1]
	}
	if t.given("net") {
		options.Net = t.spec.Name
	}
	base, err := source.OpenModelWith(t.App, path, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	t.spec = base.Spec
	return base, t.checkHash(base.Net, t.weights)
}
