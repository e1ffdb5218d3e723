package fashionmnist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist/sample"
	"github.com/strideml/stride/data/internal/mnistfiles"
)

// Side is the height and the width of an image in pixels.
const Side = mnistfiles.Side

// SampleDir is the value of Options.Dir, or of $STRIDE_DATA, that asks for the
// embedded sample.
const SampleDir = "sample"

// EnvDir names the environment variable that is used where Options.Dir is empty.
const EnvDir = "STRIDE_DATA"

// systemDir is where a machine's administrator may have put the files.
const systemDir = "/usr/share/datasets/fashion-mnist"

// Classes returns the ten class names, by label.
func Classes() []string { return sample.Classes() }

// Options says where Load looks. The zero value is a good default that stays
// off the network.
type Options struct {
	// Dir is a folder with the four files, or with a folder fashion-mnist that
	// has them, or SampleDir. The default is $STRIDE_DATA, and when that is
	// empty too, the places that the package comment lists. A folder named here
	// or there must have good files: nothing else is tried.
	Dir string
	// CacheDir is the folder for downloaded files. The default is
	// stride/fashion-mnist in the user's cache folder.
	CacheDir string
	// Download allows fetching the files into CacheDir where no folder has them.
	Download bool
	// Progress, if not nil, is called while a download is under way.
	Progress func(Progress)
	// Log, if not nil, is given plain lines that a user should see, such as
	// that only a sample was found.
	Log func(line string)
}

// A Set is the training and the test images.
type Set struct {
	Train, Test *data.Images
	// Name is "fashion-mnist" for Fashion-MNIST and its sample. Other data in
	// files of the same names and form are called by the name of their folder,
	// and their classes "0" to "9".
	Name string
	// Source is the folder that the images came from, or "embedded sample".
	Source string
	// Sample is true for the embedded sample, which is a part of the dataset.
	Sample bool
}

// Load finds the dataset in the places that the package comment lists and reads
// it. It falls back to the embedded sample, with a line to Log, only where no
// place was named and none has the files; files that are there but damaged are
// an error.
func Load(ctx context.Context, options Options) (*Set, error) {
	return load(ctx, options, places{system: systemDir, source: official()})
}

// places are what tests replace.
type places struct {
	system string
	source source
}

func load(ctx context.Context, options Options, at places) (*Set, error) {
	if options.Log == nil {
		options.Log = func(string) {}
	}
	named, by := options.Dir, ""
	if named == "" {
		named, by = os.Getenv(EnvDir), " (from $"+EnvDir+")"
	}
	if named == SampleDir {
		return loadSample(ctx)
	}
	if named != "" {
		set, err := loadNamed(ctx, named)
		if err != nil {
			return nil, fmt.Errorf("fashion-mnist in %s%s: %w", named, by, err)
		}
		if set.Name != datasetName {
			options.Log(fmt.Sprintf("The files in %s have the names of Fashion-MNIST's but hold other images: they are called %s, and their classes 0 to 9.", set.Source, set.Name))
		}
		return set, nil
	}
	cache, cacheErr := cacheDir(options.CacheDir)
	for _, dir := range []string{cache, at.system} {
		if dir == "" || !complete(dir) {
			continue
		}
		set, err := loadFolder(ctx, dir)
		switch {
		case ctx.Err() != nil: // the file may be good
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, fmt.Errorf("fashion-mnist in %s: %w; remove or replace that file, or name another folder", dir, err)
		}
		return set, nil
	}
	why := ""
	if options.Download {
		err := cacheErr
		if err == nil {
			err = at.source.download(ctx, cache, options.Progress)
		}
		switch {
		case err == nil:
			return loadFolder(ctx, cache)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, errUnreachable):
			why = "; the download failed: " + err.Error()
		}
	}
	set, err := loadSample(ctx)
	if err != nil {
		return nil, err
	}
	options.Log(fmt.Sprintf("Using the embedded sample of Fashion-MNIST (%s training and %s test images%s): no folder with all 70,000 was found.",
		thousands(set.Train.Len()), thousands(set.Test.Len()), why))
	return set, nil
}

// CacheDir returns the folder where downloaded files are kept: stride/fashion-mnist
// in the user's cache folder. It fails where the system has none.
func CacheDir() (string, error) { return cacheDir("") }

func cacheDir(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w", err)
	}
	return filepath.Join(dir, "stride", "fashion-mnist"), nil
}

// thousands writes n with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
