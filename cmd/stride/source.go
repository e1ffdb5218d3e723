package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/train"
)

// openRun reads a run folder or a model file. net names the network of a model
// file that does not say which one it is for.
func openRun(path, net string) (*train.Run, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, misuse("%s: there is no such run folder or model file", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return train.LoadRun(path)
	case net == "" && !strings.EqualFold(filepath.Ext(path), ".safetensors"):
		return nil, misuse("%s is neither a run folder nor a .safetensors file", path)
	}
	run, err := train.LoadModel(path, net)
	if err != nil && net == "" && strings.HasSuffix(err.Error(), ": name it") {
		return nil, misuse("%w with --net", err)
	}
	return run, err
}

// looksLikePath tells what cannot be the name of a network.
func looksLikePath(s string) bool {
	if strings.ContainsAny(s, `/\`) || strings.HasSuffix(s, ".safetensors") {
		return true
	}
	_, err := os.Stat(s)
	return err == nil
}
