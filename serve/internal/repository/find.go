package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// extensions are what the names of model files end with.
var extensions = []string{".onnx", ".safetensors", ".pth", ".pt", ".bin", ".ckpt"}

// indexExtension ends the name of the index of several files of weights.
const indexExtension = ".safetensors.index.json"

// A source is where the versions of a model are.
type source struct {
	name string
	// paths are the paths of the versions. That of a model of a program is "".
	paths map[int]string
}

// scan finds the models in a folder, in the order of their names.
func scan(dir string) ([]source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []source
	for _, e := range entries {
		s, err := inspect(dir, e)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was removed meanwhile
			continue
		case err != nil:
			return nil, err
		case s.name == "":
			continue
		case slices.ContainsFunc(found, func(f source) bool { return f.name == s.name }):
			return nil, fmt.Errorf("%s has two models of the name %q", dir, s.name)
		}
		found = append(found, s)
	}
	return found, nil
}

// inspect returns the model that an entry of a folder is, one without a name if it is none.
func inspect(dir string, e fs.DirEntry) (source, error) {
	name, path := e.Name(), filepath.Join(dir, e.Name())
	if strings.HasPrefix(name, ".") {
		return source{}, nil
	}
	info, err := os.Stat(path) // follows links
	if err != nil {
		return source{}, err
	}
	if !info.IsDir() {
		if stem, ok := isModelFile(name); ok {
			return source{stem, map[int]string{1: path}}, nil
		}
		return source{}, nil
	}
	if file, ok, err := modelIn(path); ok || err != nil {
		return source{name, map[int]string{1: file}}, err
	}
	s := source{name, map[int]string{}}
	versions, err := os.ReadDir(path)
	if err != nil {
		return source{}, err
	}
	for _, v := range versions {
		number, err := strconv.Atoi(v.Name())
		if err != nil || number < 1 || strconv.Itoa(number) != v.Name() {
			continue
		}
		file, ok, err := modelIn(filepath.Join(path, v.Name()))
		if err != nil {
			return source{}, err
		}
		if ok {
			s.paths[number] = file
		}
	}
	if len(s.paths) == 0 {
		return source{}, nil
	}
	return s, nil
}

// isModelFile reports whether a name is that of a model file, and returns it without what
// it ends with.
func isModelFile(name string) (stem string, ok bool) {
	lower := strings.ToLower(name)
	if strings.HasSuffix(lower, indexExtension) {
		return name[:len(name)-len(indexExtension)], true
	}
	if ext := filepath.Ext(lower); slices.Contains(extensions, ext) && len(ext) < len(name) {
		return name[:len(name)-len(ext)], true
	}
	return "", false
}

// modelIn returns what a folder of one model is loaded from: the folder itself if it has a
// config.json, or its only model file. ok is false if it has neither.
func modelIn(dir string) (path string, ok bool, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false, err
	}
	var files []string
	for _, e := range entries {
		if e.Name() == "config.json" {
			return dir, true, nil
		}
		if _, ok := isModelFile(e.Name()); ok && !strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
			files = append(files, e.Name())
		}
	}
	if i := slices.IndexFunc(files, func(f string) bool { return strings.HasSuffix(strings.ToLower(f), indexExtension) }); i >= 0 {
		files = files[i : i+1] // the others are its parts
	}
	switch len(files) {
	case 0:
		return "", false, nil
	case 1:
		return filepath.Join(dir, files[0]), true, nil
	}
	return "", false, fmt.Errorf("%s has %d model files and no config.json: want one model file", dir, len(files))
}

// A fingerprint tells whether the files at a path were changed.
type fingerprint string

// fingerprintOf returns the sizes and times of the files at a path: of a folder those of
// its entries, and of a file those of its neighbours, too, such as labels.txt.
func fingerprintOf(path string) (fingerprint, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	add := func(path string) error {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			fmt.Fprintf(&b, "%q %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), identity(info))
		}
		return nil
	}
	if !info.IsDir() {
		err := errors.Join(add(path), add(filepath.Join(filepath.Dir(path), "labels.txt")))
		return fingerprint(b.String()), err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if err := add(filepath.Join(path, e.Name())); err != nil {
			return "", err
		}
	}
	return fingerprint(b.String()), nil
}
