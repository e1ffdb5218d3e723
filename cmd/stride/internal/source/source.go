// Package source finds what the words of a command line name: models, networks, datasets
// and photos.
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/weights/hub"
	"github.com/strideml/stride/weights/imagenet"
	"github.com/strideml/stride/zoo"
)

// OpenModel reads a run folder, a model folder or a model file, or takes the
// pretrained weights of a network. net names the network of a model file that does
// not say which one it is for.
func OpenModel(a *command.App, path, net string) (*modelfolder.Model, error) {
	return openModel(a, path, modelfolder.Options{Net: net}, "")
}

// OpenModelWith is OpenModel for commands with the flags of AddModel and AddPictures, and
// with a choice between the weights of a run.
func OpenModelWith(a *command.App, path string, options modelfolder.Options) (*modelfolder.Model, error) {
	return openModel(a, path, options, "; --mean, --std, --interpolation and --crop-pct change that")
}

// openModel tells what was assumed. advice ends the sentence on preprocessing.
func openModel(a *command.App, path string, options modelfolder.Options, advice string) (*modelfolder.Model, error) {
	model, err := OpenNetwork(a, path, options)
	if err != nil {
		return nil, err
	}
	for _, line := range model.Assumed {
		a.Notice(line)
	}
	if model.AssumedPreprocessing != "" {
		a.Notice(model.AssumedPreprocessing + advice)
	}
	return model, nil
}

// OpenNetwork is OpenModelWith for who has no use for classes and pictures: it does not tell
// what was assumed of these.
func OpenNetwork(a *command.App, path string, options modelfolder.Options) (*modelfolder.Model, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return openPretrained(path, options)
	case err != nil:
		return nil, err
	case options.Net == "":
		if err := CheckModelFile(path, info); err != nil {
			return nil, err
		}
	}
	model, err := modelfolder.Load(path, options)
	if options.Net == "" && errors.Is(err, modelfolder.ErrNoNet) {
		return nil, errors.New(strings.Replace(err.Error(), "name it", "name it with --net", 1))
	}
	if err != nil {
		return nil, err
	}
	NoticePrefix(a, model.WeightsFile, model.Prefix)
	return model, nil
}

// CheckModelFile reports a file whose name is not that of a model.
func CheckModelFile(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() && !IsModelFile(path) {
		return fmt.Errorf("%s is no model: want a run folder, a model folder or a file that ends in %s", path, terminal.OrList(ModelExtensions))
	}
	return nil
}

// ModelExtensions are what the names of model files end with.
var ModelExtensions = []string{".onnx", ".safetensors", ".pth", ".pt", ".bin", ".ckpt"}

// IsModelFile reports whether the name of a file is that of a model file.
func IsModelFile(path string) bool {
	path = strings.ToLower(path)
	return slices.Contains(ModelExtensions, filepath.Ext(path)) || strings.HasSuffix(path, ".safetensors.index.json")
}

// NoticePrefix says what was taken from the names in a file of weights, if
// anything was.
func NoticePrefix(a *command.App, path, prefix string) {
	if prefix != "" {
		a.Notice(fmt.Sprintf("%s: the names of the weights are taken without %q, which they have in addition to the network's", path, prefix))
	}
}

// NoticeUnfinished tells that a run has epochs left, so that its accuracy is no
// surprise. run is nil for a model that is no run.
func NoticeUnfinished(a *command.App, run *runfolder.Run) {
	if !Unfinished(run) {
		return
	}
	line := fmt.Sprintf("The run in %s is unfinished: %d of %d epochs are done", run.Dir, len(run.History.Rows), run.Settings.Epochs)
	if runfolder.CheckFree(run.Dir) != nil {
		line += ", and it is being trained."
	} else {
		line += fmt.Sprintf("; %s train --resume %s continues it.", terminal.Program(), terminal.ShellWord(run.Dir))
	}
	a.Notice(line)
}

// Unfinished reports whether a model is a run that has epochs left.
func Unfinished(run *runfolder.Run) bool { return run != nil && !run.Finished }

// openPretrained takes the weights of a network that are part of the program, or
// that stride weights get has downloaded.
func openPretrained(name string, options modelfolder.Options) (*modelfolder.Model, error) {
	if _, ok := zoo.PretrainedFor(name); ok {
		return modelfolder.Load(name, options)
	}
	weights, ok := hub.Find(name)
	dir := ""
	if ok {
		dir = weights.Cached()
	}
	if dir == "" {
		return nil, fmt.Errorf("there is no run folder or model file %s%s", terminal.QuoteIfNeeded(name), trainFirst(name))
	}
	return LoadDownloaded(dir, options)
}

// LoadDownloaded reads weights from the hub. All of them are for ImageNet's classes,
// whose names the hub's files lack.
func LoadDownloaded(dir string, options modelfolder.Options) (*modelfolder.Model, error) {
	model, err := modelfolder.Load(dir, options)
	if err == nil && len(model.Classes) == len(imagenet.Classes()) {
		model.Classes = imagenet.Classes()
	}
	return model, err
}

// trainFirst explains the name of a network where a run folder should stand.
func trainFirst(name string) string {
	spec, err := zoo.Get(name)
	if err != nil {
		return ""
	}
	if dir := NewestRun(spec.Name); dir != "" {
		return fmt.Sprintf(", but the newest run of that network is %s", terminal.ShellWord(dir))
	}
	if _, ok := hub.Find(name); ok {
		return fmt.Sprintf(": %s is a network whose weights are not here yet; %s weights get %s downloads some that were trained with ImageNet", name, terminal.Program(), spec.Name)
	}
	return fmt.Sprintf(": %s is a network that has no weights yet; train it with %s train %s", name, terminal.Program(), name)
}

// Exists reports whether there is a file or folder.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// LooksLikePath tells what cannot be the name of a network.
func LooksLikePath(s string) bool {
	if strings.HasPrefix(s, "torchvision/") && !IsModelFile(s) {
		return Exists(s)
	}
	if strings.ContainsAny(s, `/\`) || IsModelFile(s) {
		return true
	}
	return Exists(s)
}
