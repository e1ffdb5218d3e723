// Package mnistfiles reads the four IDX files that MNIST and its relatives come in:
// training images, training labels, test images, test labels, gzipped or not.
package mnistfiles

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/internal/idx"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/tensor"
)

// Side is the height and the width of an image in pixels.
const Side = 28

// maxImages bounds what a file may claim to hold.
const maxImages = 1_000_000

// Names are the names of the files, without .gz.
var Names = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

// Find returns the path of a file in a folder: name.gz or, failing that, name.
// Both may have a dot before idx, as in files that some programs have unpacked.
func Find(dir, name string) (string, error) {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, file := range []string{name + ".gz", name, dotted + ".gz", dotted} {
		path := filepath.Join(dir, file)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", err
		case !info.Mode().IsRegular():
			return "", fmt.Errorf("%s is not a regular file", path)
		}
		return path, nil
	}
	return "", fmt.Errorf("there is no file %s.gz or %s%s: %w", name, name, nearly(dir, name), fs.ErrNotExist)
}

// nearly names a file or a folder in the folder that may be what is looked for,
// in words to append, or "".
func nearly(dir, name string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	stem, _, _ := strings.Cut(name, "-idx")
	var files []string
	for _, entry := range entries {
		if entry.IsDir() {
			for _, below := range []string{"", "raw"} {
				inner := filepath.Join(entry.Name(), below)
				if Complete(filepath.Join(dir, inner)) {
					return fmt.Sprintf(", but the folder %s in it has all four files", inner)
				}
			}
			continue
		}
		// A second download, another letter case, another archive.
		if strings.HasPrefix(strings.ToLower(entry.Name()), stem) {
			return fmt.Sprintf(", but %s is there: give it that name if it is the file", entry.Name())
		}
		files = append(files, entry.Name())
	}
	if near := cmp.Or(suggest.Nearest(name+".gz", files), suggest.Nearest(name, files)); near != "" {
		return fmt.Sprintf(", but %s is there: give it that name if it is the file", near)
	}
	return ""
}

// Complete reports whether a folder has all four files.
func Complete(dir string) bool {
	for _, name := range Names {
		if _, err := Find(dir, name); err != nil {
			return false
		}
	}
	return true
}

// Locate returns the folder that has the files: dir, which a user named, or one of
// the folders inside it. Where no folder has them all it returns dir, for Load to say
// which file is missing.
func Locate(dir string, inside ...string) (string, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no such folder: %w", fs.ErrNotExist)
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", errors.New("that is not a folder")
	}
	if !Complete(dir) {
		for _, name := range inside {
			if inner := filepath.Join(dir, filepath.FromSlash(name)); Complete(inner) {
				return inner, nil
			}
		}
	}
	return dir, nil
}

// Files are the elements of the four files.
type Files [4][]byte

// Load reads the four files at once, each in a goroutine of its own.
func Load(ctx context.Context, dir string) (*Files, error) {
	var paths [4]string
	for i, name := range Names {
		path, err := Find(dir, name)
		if err != nil {
			return nil, err
		}
		paths[i] = path
	}
	var contents Files
	var failures [4]error
	var all sync.WaitGroup
	for i, path := range paths {
		all.Go(func() { contents[i], failures[i] = readFile(ctx, path, i%2 == 0) })
	}
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return &contents, nil
}

// Sets makes the datasets of the files.
func (f *Files) Sets(classes []string) (train, test *data.Images, err error) {
	if train, err = Pair(f[0], f[1], Names[0], Names[1], classes); err != nil {
		return nil, nil, err
	}
	test, err = Pair(f[2], f[3], Names[2], Names[3], classes)
	return train, test, err
}

// readFile reads the elements of a file of images or of labels.
func readFile(ctx context.Context, path string, images bool) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	limit, dims := maxImages, []int{0}
	if images {
		limit, dims = maxImages*Side*Side, []int{0, Side, Side}
	}
	in, name := cancellable{ctx, f}, filepath.Base(path)
	elements, _, err := idx.Read(in, name, limit, dims...)
	return elements, err
}

// cancellable is a reader that fails once its context is done.
type cancellable struct {
	ctx context.Context
	io.Reader
}

func (r cancellable) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// Pair makes a dataset of the elements of two files.
func Pair(images, labels []byte, imageFile, labelFile string, classes []string) (*data.Images, error) {
	if n := len(images) / (Side * Side); n != len(labels) {
		return nil, fmt.Errorf("%s has %d images and %s has %d labels: want as many", imageFile, n, labelFile, len(labels))
	}
	numbers := make([]int, len(labels))
	for i, label := range labels {
		if int(label) >= len(classes) {
			return nil, fmt.Errorf("%s has label %d at position %d: want 0 to %d", labelFile, label, i, len(classes)-1)
		}
		numbers[i] = int(label)
	}
	return data.NewImages(images, numbers, tensor.Shape{1, Side, Side}, classes)
}

// perClass is how many images of each class make a fingerprint.
const perClass = 10

// Fingerprint returns the SHA-256 of the first ten images of each class, class by
// class, or "" if a class has too few.
func Fingerprint(images *data.Images) string {
	byClass := make([][]int, len(images.Classes()))
	for i := range images.Len() {
		label := images.Label(i)
		if len(byClass[label]) < perClass {
			byClass[label] = append(byClass[label], i)
		}
	}
	h := sha256.New()
	for _, items := range byClass {
		if len(items) < perClass {
			return ""
		}
		for _, i := range items {
			h.Write(images.Bytes(i))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// The fingerprints of Fashion-MNIST: the SHA-256 of the first ten images of each
// class, class by class. The sample begins with the same images, and files that
// were unpacked, packed again or cut are known by them, too.
const (
	FashionTrain = "f03d29f1707e33523c8a4373684fb3f237a322d5d948e4ea76ed365a81e0410f"
	FashionTest  = "e2d60c6cfd95a6d523b2b5ba416ac3ca2ba9d79cb03f64444df0e8182ad97b2d"
)

// IsFashion says that images are Fashion-MNIST's, or begin with them.
func IsFashion(train, test *data.Images) bool {
	return Fingerprint(train) == FashionTrain && Fingerprint(test) == FashionTest
}

// FolderName is the name of data in a folder that is not what its files' names say,
// the dataset of that name: the folder's.
func FolderName(dir, dataset string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if filepath.Base(dir) == "raw" { // as torchvision has it: MNIST/raw
		dir = filepath.Dir(dir)
	}
	if name := filepath.Base(dir); name != dataset {
		return name, nil
	}
	return "other than " + dataset, nil
}

// Digits are the classes of data that is not known: "0" to "9".
func Digits() (names []string) {
	for i := range 10 {
		names = append(names, fmt.Sprint(i))
	}
	return names
}
