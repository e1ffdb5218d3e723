package fashionmnist

import (
	"context"

	"github.com/strideml/stride/data/internal/mnistfiles"
)

// A file is one of the four of the dataset as its authors publish it: gzipped IDX.
type file struct {
	name   string // without .gz
	size   int64  // of the gzipped file
	sha256 string // of the gzipped file
}

// The files, in the order training images, training labels, test images, test labels.
var files = [4]file{
	{mnistfiles.Names[0], 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
	{mnistfiles.Names[1], 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
	{mnistfiles.Names[2], 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
	{mnistfiles.Names[3], 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
}

// complete reports whether a folder has all four files.
func complete(dir string) bool { return mnistfiles.Complete(dir) }

// inside are the folders in which a named folder may have the files;
// FashionMNIST/raw is where torchvision puts them.
var inside = []string{"fashion-mnist", "FashionMNIST/raw", "FashionMNIST", "raw"}

// Contains reports whether Load finds the four files in a named folder.
func Contains(dir string) bool {
	found, err := mnistfiles.Locate(dir, inside...)
	return err == nil && complete(found)
}

// loadNamed loads from a folder that the user named, or from one in it.
func loadNamed(ctx context.Context, dir string) (*Set, error) {
	dir, err := mnistfiles.Locate(dir, inside...)
	if err != nil {
		return nil, err
	}
	return loadFolder(ctx, dir)
}

// loadFolder reads the four files.
func loadFolder(ctx context.Context, dir string) (*Set, error) {
	files, err := mnistfiles.Load(ctx, dir)
	if err != nil {
		return nil, err
	}
	set := &Set{Source: dir, Name: datasetName}
	if set.Train, set.Test, err = files.Sets(Classes()); err != nil {
		return nil, err
	}
	if isFashionMNIST(set) {
		return set, nil
	}
	if set.Name, err = mnistfiles.FolderName(dir, datasetName); err != nil {
		return nil, err
	}
	set.Train, set.Test, err = files.Sets(mnistfiles.Digits())
	return set, err
}
