package onnx

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/strideml/stride/internal/filemap"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
)

// Copy copies the ONNX file at path from to path to. External data become part of the new
// file, if it stays below 2 GiB. Nothing else changes, and nothing of the network is
// checked. Each file appears whole or not at all.
func Copy(to, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	mapped, err := filemap.Map(f)
	if err != nil {
		return err
	}
	defer mapped.Close()
	err = filemap.Guard(func() error { return copyModel(to, mapped.Bytes, filepath.Dir(from)) })
	if err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

// copyModel writes a model whose external data are in a folder.
func copyModel(to string, data []byte, folder string) error {
	m, err := proto.Decode(data)
	if err != nil {
		return err
	}
	r, err := tensordata.NewReader(folder)
	if err != nil {
		return err
	}
	defer r.Close()
	if m.Graph != nil {
		for _, t := range m.Graph.Initializers {
			if err := r.Inline(t); err != nil {
				return err
			}
		}
	}
	return saveModel(to, m, false)
}
