package fashionmnist

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/strideml/stride/data"
)

// datasetName is the name of the dataset in records.
const datasetName = "fashion-mnist"

// perClass is how many images of each class make a fingerprint.
const perClass = 10

// The fingerprints of Fashion-MNIST: the SHA-256 of the first ten images of each
// class, class by class. The sample begins with the same images, and files that
// were unpacked, packed again or cut are known by them, too.
const (
	trainPrint = "f03d29f1707e33523c8a4373684fb3f237a322d5d948e4ea76ed365a81e0410f"
	testPrint  = "e2d60c6cfd95a6d523b2b5ba416ac3ca2ba9d79cb03f64444df0e8182ad97b2d"
)

// fingerprint returns the fingerprint of images, or "" if a class has too few.
func fingerprint(images *data.Images) string {
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

// foreignName is the name of other data in a folder: that of the folder.
func foreignName(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if filepath.Base(dir) == "raw" { // as torchvision has it: MNIST/raw
		dir = filepath.Dir(dir)
	}
	if name := filepath.Base(dir); name != datasetName {
		return name, nil
	}
	return "other than " + datasetName, nil
}

// digits are the classes of other data.
func digits() (names []string) {
	for i := range len(Classes()) {
		names = append(names, fmt.Sprint(i))
	}
	return names
}
