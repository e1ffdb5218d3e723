package cifar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// Side is the height and the width of an image in pixels.
const Side = 32

// pixels is how many bytes an image has: red, green and blue.
const pixels = 3 * Side * Side

// maxImages bounds what a file may hold.
const maxImages = 1_000_000

// Options says what Load reads. The zero value reads fine labels.
type Options struct {
	// Dir is the folder. It must be given.
	Dir string
	// Coarse takes the 20 coarse labels of CIFAR-100's binary version.
	Coarse bool
}

// A Set is the training and the test images.
type Set struct {
	Train, Test *data.Images
	// Name is "cifar-10" or "cifar-100", by the form of the files or, for PNG files, the
	// number of classes; "cifar-100 coarse" with coarse labels. PNG files of another
	// number of classes have the name of their folder.
	Name string
	// Source is the folder that the images came from.
	Source string
}

// A form is one of the forms that the dataset comes in.
type form int

const (
	none form = iota
	ten
	hundred
	folders
)

// inside are the folders in which a named folder may have the files.
var inside = []string{"cifar-10-batches-bin", "cifar-100-binary", "cifar10", "cifar100", "cifar-10", "cifar-100"}

// trainBatches are the files of CIFAR-10 with the training images.
var trainBatches = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}

// Find returns the folder that has the files: the one that is named, or one in it.
// Its error says what is there instead.
func Find(dir string) (string, error) {
	dir, _, err := find(dir)
	return dir, err
}

// Contains reports whether a folder, or one in it, has binary files of CIFAR. PNG
// files are found by Find alone: other datasets look like them.
func Contains(dir string) bool {
	_, f, err := find(dir)
	return err == nil && f != folders
}

func find(dir string) (string, form, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", none, fmt.Errorf("cifar in %s: there is no such folder: %w", dir, fs.ErrNotExist)
	case err != nil:
		return "", none, fmt.Errorf("cifar: %w", err)
	case !info.IsDir():
		return "", none, fmt.Errorf("cifar in %s: that is not a folder%s", dir, archiveHint(dir))
	}
	if f := formOf(dir); f != none {
		return dir, f, nil
	}
	for _, name := range inside {
		inner := filepath.Join(dir, name)
		if f := formOf(inner); f != none {
			return inner, f, nil
		}
	}
	return "", none, fmt.Errorf("cifar in %s: there are neither data_batch_1.bin and test_batch.bin (CIFAR-10), nor train.bin and test.bin (CIFAR-100), nor folders train and test of PNG files%s",
		dir, otherwise(dir))
}

// formOf tells by names what a folder has.
func formOf(dir string) form {
	has := func(name string, folder bool) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.IsDir() == folder
	}
	switch {
	case has("test_batch.bin", false) && has(trainBatches[0], false):
		return ten
	case has("train.bin", false) && has("test.bin", false):
		return hundred
	case has("train", true) && has("test", true):
		return folders
	}
	return none
}

func archiveHint(path string) string {
	if strings.HasSuffix(path, ".tar.gz") || strings.HasSuffix(path, ".tgz") {
		return ": unpack it with tar -xzf"
	}
	return ""
}

// otherwise says what a folder has in place of the files, to be appended.
func otherwise(dir string) string {
	for _, at := range []string{dir, filepath.Join(dir, "cifar-10-batches-py"), filepath.Join(dir, "cifar-100-python")} {
		for _, name := range []string{"data_batch_1", "train"} {
			if info, err := os.Stat(filepath.Join(at, name)); err == nil && info.Mode().IsRegular() {
				return fmt.Sprintf("; %s is of the version for Python: use the binary version, cifar-10-binary.tar.gz or cifar-100-binary.tar.gz", filepath.Join(at, name))
			}
		}
	}
	archives, err := filepath.Glob(filepath.Join(dir, "cifar-10*.tar.gz"))
	if err == nil && len(archives) > 0 {
		return fmt.Sprintf("; %s is there: unpack it with tar -xzf", archives[0])
	}
	return ""
}

// Load reads the dataset. Its error names the folder or the file and what is wrong
// with it.
func Load(ctx context.Context, options Options) (*Set, error) {
	if options.Dir == "" {
		return nil, errors.New("cifar: no folder is named")
	}
	dir, f, err := find(options.Dir)
	if err != nil {
		return nil, err
	}
	if options.Coarse && f != hundred {
		return nil, fmt.Errorf("cifar in %s: only the binary version of CIFAR-100 has coarse labels", dir)
	}
	set := &Set{Source: dir}
	switch {
	case f == folders:
		err = set.readFolders(ctx)
	case f == ten:
		set.Name = "cifar-10"
		err = set.read(ctx, layout{trainBatches, []string{"test_batch.bin"}, 1, 0, Classes10()})
	case options.Coarse:
		set.Name = "cifar-100 coarse"
		err = set.read(ctx, layout{[]string{"train.bin"}, []string{"test.bin"}, 2, 0, Coarse100()})
	default:
		set.Name = "cifar-100"
		err = set.read(ctx, layout{[]string{"train.bin"}, []string{"test.bin"}, 2, 1, Classes100()})
	}
	if err != nil {
		return nil, fmt.Errorf("cifar in %s: %w", dir, err)
	}
	return set, nil
}

// A layout says what the binary files hold: for each image some labels, of which
// one is taken, and the pixels, channel by channel.
type layout struct {
	train, test []string
	labels      int
	label       int
	classes     []string
}

func (s *Set) read(ctx context.Context, l layout) (err error) {
	if s.Train, err = l.read(ctx, s.Source, l.train); err == nil {
		s.Test, err = l.read(ctx, s.Source, l.test)
	}
	return err
}

// read reads the images of some files.
func (l layout) read(ctx context.Context, dir string, names []string) (*data.Images, error) {
	var all []uint8
	var labels []int
	record := l.labels + pixels
	for _, name := range names {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		file, err := readFile(filepath.Join(dir, name), record)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s: %w", name, fs.ErrNotExist)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for i := 0; len(file) > 0; i++ {
			label := int(file[l.label])
			if label >= len(l.classes) {
				return nil, fmt.Errorf("%s: image %d has label %d: want 0 to %d", name, i, label, len(l.classes)-1)
			}
			labels = append(labels, label)
			all = append(all, file[l.labels:record]...)
			file = file[record:]
		}
	}
	return data.NewImages(all, labels, tensor.Shape{3, Side, Side}, l.classes)
}

// readFile reads a file of records.
func readFile(path string, record int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() == 0 || info.Size()%int64(record) != 0:
		return nil, fmt.Errorf("it has %d bytes: want a multiple of %d, for each image its label and %d pixels", info.Size(), record, Side*Side)
	case info.Size() > maxImages*int64(record):
		return nil, fmt.Errorf("it has %d images: want at most %d", info.Size()/int64(record), maxImages)
	}
	file := make([]byte, info.Size())
	_, err = io.ReadFull(f, file)
	return file, err
}

// readFolders reads PNG files.
func (s *Set) readFolders(ctx context.Context) error {
	sets, err := imagefolder.Open(ctx, s.Source, imagefolder.Options{Validation: -1, Strict: true})
	if err != nil {
		return err
	}
	if s.Train, err = readPictures(ctx, sets, sets.Train); err != nil {
		return err
	}
	if sets.Test == nil {
		return errors.New("there are no pictures in the folder test")
	}
	if s.Test, err = readPictures(ctx, sets, sets.Test); err != nil {
		return err
	}
	switch len(sets.Classes) {
	case 10, 100:
		s.Name = fmt.Sprintf("cifar-%d", len(sets.Classes))
	default:
		s.Name = filepath.Base(s.Source)
	}
	return nil
}

func readPictures(ctx context.Context, sets *imagefolder.Sets, split *imagefolder.Split) (*data.Images, error) {
	all, labels := make([]uint8, 0, split.Len()*pixels), make([]int, 0, split.Len())
	var decoder imagefile.Decoder
	var picture raster.Raster
	for i, item := range split.Items {
		if i%100 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if _, err := decoder.Open(&picture, filepath.Join(sets.Root, filepath.FromSlash(item.Path)), 3, imagefile.Options{}); err != nil {
			return nil, err
		}
		if picture.Height != Side || picture.Width != Side {
			return nil, fmt.Errorf("%s has %d×%d pixels: want %d×%d", item.Path, picture.Width, picture.Height, Side, Side)
		}
		all = append(all, picture.Pix...)
		labels = append(labels, item.Label)
	}
	return data.NewImages(all, labels, tensor.Shape{3, Side, Side}, sets.Classes)
}
