package fashionmnist

import (
	"cmp"
	"context"
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

// A file is one of the four of the dataset as its authors publish it: gzipped IDX.
type file struct {
	name   string // without .gz
	size   int64  // of the gzipped file
	sha256 string // of the gzipped file
}

// The files, in the order training images, training labels, test images, test labels.
var files = [4]file{
	{"train-images-idx3-ubyte", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
	{"train-labels-idx1-ubyte", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
	{"t10k-images-idx3-ubyte", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
	{"t10k-labels-idx1-ubyte", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
}

// maxImages bounds what a file may claim to hold.
const maxImages = 1_000_000

// find returns the path of a file in a folder: name.gz or, failing that, name.
// Both may have a dot before idx, as in files that some programs have unpacked.
func find(dir, name string) (string, error) {
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
				if complete(filepath.Join(dir, inner)) {
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

// complete reports whether a folder has all four files.
func complete(dir string) bool {
	for _, f := range files {
		if _, err := find(dir, f.name); err != nil {
			return false
		}
	}
	return true
}

// inside are the folders in which a named folder may have the files;
// FashionMNIST/raw is where torchvision puts them.
var inside = []string{"fashion-mnist", "FashionMNIST/raw", "FashionMNIST", "raw"}

// loadNamed loads from a folder that the user named, or from one in it.
func loadNamed(ctx context.Context, dir string) (*Set, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no such folder: %w", fs.ErrNotExist)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, errors.New("that is not a folder")
	}
	if !complete(dir) {
		for _, name := range inside {
			if inner := filepath.Join(dir, filepath.FromSlash(name)); complete(inner) {
				return loadFolder(ctx, inner)
			}
		}
	}
	return loadFolder(ctx, dir)
}

// loadFolder reads the four files at once, each in a goroutine of its own.
func loadFolder(ctx context.Context, dir string) (*Set, error) {
	var paths [4]string
	for i, f := range files {
		path, err := find(dir, f.name)
		if err != nil {
			return nil, err
		}
		paths[i] = path
	}
	var contents [4][]byte
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
	set := &Set{Source: dir, Name: datasetName}
	if err := set.fill(contents, Classes()); err != nil {
		return nil, err
	}
	if fingerprint(set.Train) == trainPrint && fingerprint(set.Test) == testPrint {
		return set, nil
	}
	var err error
	if set.Name, err = foreignName(dir); err != nil {
		return nil, err
	}
	return set, set.fill(contents, digits())
}

// fill makes the datasets of the elements of the four files.
func (s *Set) fill(contents [4][]byte, classes []string) (err error) {
	if s.Train, err = pair(contents[0], contents[1], files[0].name, files[1].name, classes); err != nil {
		return err
	}
	s.Test, err = pair(contents[2], contents[3], files[2].name, files[3].name, classes)
	return err
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

// pair makes a dataset of the elements of two files.
func pair(images, labels []byte, imageFile, labelFile string, classes []string) (*data.Images, error) {
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
