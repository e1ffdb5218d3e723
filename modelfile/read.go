package modelfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/torchfile"
)

// Weights are what a file of weights holds.
type Weights struct {
	// Path is the file that was read; of a folder, the one in it.
	Path string
	// Entries are the tensors under the names of the file, as float32.
	Entries []tensor.Named
	// Metadata are those of a safetensors file; nil if there are none.
	Metadata map[string]string
	// Classes are the names of the classes by index, which some checkpoints of PyTorch
	// have; nil if there are none.
	Classes []string
	// Key says where in a checkpoint of PyTorch the tensors were, such as "state_dict";
	// "" where there was nothing else.
	Key string
}

// inFolder are the names of weights in a folder, the best first: one file, several, and
// a pickle, as timm's and Hugging Face's libraries write them.
var inFolder = []string{"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"}

// Find returns the path of the weights in a folder: model.safetensors,
// model.safetensors.index.json or pytorch_model.bin, the first that is there. The error
// of a folder without weights wraps fs.ErrNotExist.
func Find(dir string) (string, error) {
	for _, name := range inFolder {
		path := filepath.Join(dir, name)
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	return "", fmt.Errorf("there are no weights in %s (%s): %w", dir, strings.Join(inFolder, ", "), fs.ErrNotExist)
}

// Read reads a file of weights: a safetensors file, the index of several, a checkpoint
// of PyTorch (.pth, .pt, .bin; see package torchfile), or those in a folder. What kind of
// file it is depends on its content, but for an index, whose name ends in
// .safetensors.index.json. Errors name the file.
func Read(path string) (*Weights, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if path, err = Find(path); err != nil {
			return nil, err
		}
	}
	if strings.HasSuffix(strings.ToLower(path), ".safetensors.index.json") {
		return readIndex(path)
	}
	torch, err := isTorch(path)
	switch {
	case err != nil:
		return nil, err
	case torch:
		return readTorch(path)
	}
	f, err := safetensors.Load(path)
	if err != nil {
		return nil, err
	}
	return &Weights{Path: path, Entries: f.Entries, Metadata: f.Metadata}, nil
}

// isTorch reports whether a file begins as torch.save begins it, or as something else
// that only package torchfile can name. Nine bytes of a safetensors file are
// a length and the bracket of its header, and the length may look like a pickle.
func isTorch(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, err // read from start to end, once
	}
	start := make([]byte, 9)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	if start = start[:n]; n == 9 && start[8] == '{' {
		return false, nil
	}
	name := strings.ToLower(path)
	for _, extension := range []string{".pth", ".pt", ".ckpt", ".bin", ".pth.tar", ".pt.tar"} {
		if strings.HasSuffix(name, extension) {
			return true, nil
		}
	}
	if strings.HasSuffix(name, ".safetensors") {
		return false, nil
	}
	return bytes.HasPrefix(start, []byte("PK\x03\x04")) || n > 2 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5, nil
}

func readTorch(path string) (*Weights, error) {
	f, err := torchfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w := &Weights{Path: path, Classes: f.Classes, Key: f.Key}
	if w.Entries, err = f.State(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

func readIndex(path string) (*Weights, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := r.File()
	if err != nil {
		return nil, err
	}
	return &Weights{Path: path, Entries: f.Entries, Metadata: f.Metadata}, nil
}
