package mnist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/internal/mnistfiles"
)

// Side is the height and the width of an image in pixels.
const Side = mnistfiles.Side

// datasetName is the name of the dataset in records.
const datasetName = "mnist"

// systemDir is where a machine's administrator may have put the files.
const systemDir = "/usr/share/datasets/mnist"

// inside are the folders in which a named folder may have the files; MNIST/raw is
// where torchvision puts them.
var inside = []string{"mnist", "MNIST/raw", "MNIST", "raw"}

// published are the SHA-256 of the gzipped files as they are published.
var published = [4]string{
	"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
	"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
	"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
	"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}

// Classes returns the ten class names, by label: "0" to "9".
func Classes() []string { return mnistfiles.Digits() }

// A Set is the training and the test images.
type Set struct {
	Train, Test *data.Images
	// Name is "mnist" for the files as they are published, and the name of the folder
	// for all others.
	Name string
	// Source is the folder that the images came from.
	Source string
}

// Load reads the dataset from a folder; "" means the places that the package comment
// lists. Its error names the folder and what is wrong with it.
func Load(ctx context.Context, dir string) (*Set, error) {
	dir, err := Find(dir)
	if err != nil {
		return nil, err
	}
	set, err := load(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("mnist in %s: %w", dir, err)
	}
	return set, nil
}

// Find returns the folder that has the files: the one that is named or one in it,
// or, for "", the first of the places that the package comment lists.
func Find(dir string) (string, error) {
	if dir != "" {
		found, err := mnistfiles.Locate(dir, inside...)
		if err != nil {
			return "", fmt.Errorf("mnist in %s: %w", dir, err)
		}
		return found, nil
	}
	cache, err := CacheDir()
	if err == nil && mnistfiles.Complete(cache) {
		return cache, nil
	}
	if mnistfiles.Complete(systemDir) {
		return systemDir, nil
	}
	return "", fmt.Errorf("mnist: neither %s nor %s has its four files: name the folder that does", cache, systemDir)
}

// Contains reports whether Load finds the four files in a folder.
func Contains(dir string) bool {
	found, err := mnistfiles.Locate(dir, inside...)
	return err == nil && mnistfiles.Complete(found)
}

// CacheDir returns the folder in which Load looks first where none is named:
// stride/mnist in the user's cache folder. It fails where the system has none.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w", err)
	}
	return filepath.Join(dir, "stride", datasetName), nil
}

func load(ctx context.Context, dir string) (*Set, error) {
	files, err := mnistfiles.Load(ctx, dir)
	if err != nil {
		return nil, err
	}
	set := &Set{Source: dir, Name: datasetName}
	if set.Train, set.Test, err = files.Sets(Classes()); err != nil {
		return nil, err
	}
	if mnistfiles.IsFashion(set.Train, set.Test) {
		return nil, errors.New("these files are Fashion-MNIST's, whose classes are no digits")
	}
	if !isPublished(dir) {
		set.Name, err = mnistfiles.FolderName(dir, datasetName)
	}
	return set, err
}

// isPublished compares the files with those that are published.
func isPublished(dir string) bool {
	for i, name := range mnistfiles.Names {
		path, err := mnistfiles.Find(dir, name)
		if err != nil {
			return false
		}
		if hash, err := hashOf(path); err != nil || hash != published[i] {
			return false
		}
	}
	return true
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
