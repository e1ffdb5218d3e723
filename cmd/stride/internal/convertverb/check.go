package convertverb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/torchfile"
)

// A checked is a file that was read, as JSON.
type checked struct {
	File  string `json:"file"`
	Loads bool   `json:"loads"`
	Bytes int64  `json:"bytes"`
	// Input, Classes and Parameters are those of an ONNX file, Tensors is how many a file
	// of weights has.
	Input      tensor.Shape `json:"input,omitempty"`
	Classes    int          `json:"classes,omitempty"`
	Parameters int          `json:"parameters,omitempty"`
	Tensors    int          `json:"tensors,omitempty"`
	// Error says why the file cannot be read, Unsupported what is not supported of an ONNX
	// file.
	Error       string             `json:"error,omitempty"`
	Unsupported []onnx.Unsupported `json:"unsupported,omitempty"`
}

// runCheck reads files and says which can be read.
func (c *convertVerb) runCheck(ctx context.Context, paths []string) error {
	for _, flags := range flagsOf {
		for _, flag := range flags {
			if c.given(flag) {
				return command.Misuse("--check writes nothing: --%s has no effect beside it", flag)
			}
		}
	}
	for _, flag := range append([]string{"force", "weights", "net"}, source.PictureFlags...) {
		if c.given(flag) {
			return command.Misuse("--check writes nothing: --%s has no effect beside it", flag)
		}
	}
	files, err := modelFiles(paths)
	if err != nil {
		return err
	}
	bad, t := 0, terminal.NewTable(0, 1, 3)
	t.Add("file", "reads", "size", "what is in it, or what is not supported")
	t.Rule()
	for i, file := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.Live.Draw(func() terminal.Progress {
			return terminal.Progress{Head: "checking", Share: float64(i) / float64(len(files)), Fields: []string{file}}
		})
		r := c.checkFile(file)
		if !r.Loads {
			bad++
		}
		if c.json {
			c.Live.Clear()
			if err := terminal.WriteJSON(c.Stdout, r); err != nil {
				return err
			}
			continue
		}
		t.Add(r.row()...)
	}
	c.Live.Clear()
	if !c.json {
		if err := t.Write(c.Stdout); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %s cannot be read", bad, terminal.Plural(len(files), "file"))
	}
	return nil
}

// modelFiles returns the files at the paths, of folders those with the names of model
// files.
func modelFiles(paths []string) (files []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found := len(files)
		err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && source.IsModelFile(file) {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == found {
			return nil, fmt.Errorf("%s has no files that end in %s", path, terminal.OrList(source.ModelExtensions))
		}
	}
	return files, nil
}

// checkFile reads a file.
func (c *convertVerb) checkFile(path string) checked {
	r := checked{File: path}
	if info, err := os.Stat(path); err == nil {
		r.Bytes = info.Size()
	}
	err := r.read(path, c.model)
	r.Loads = err == nil
	var unsupported *onnx.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		r.Unsupported = unsupported.Nodes
		r.Error = command.OneLine(err)
	case err != nil:
		r.Error = command.OneLine(err)
	}
	return r
}

func (r *checked) read(path string, o modelfolder.Options) error {
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case ext == ".onnx":
		m, err := modelfolder.Load(path, o)
		if err != nil {
			return err
		}
		r.Input, r.Classes = m.Net.Input(), len(m.Classes)
		for _, p := range m.Net.Parameters() {
			r.Parameters += p.Value.Size()
		}
	case ext == ".safetensors" || ext == ".json":
		f, err := safetensors.Open(path)
		if err != nil {
			return err
		}
		r.Tensors = len(f.Tensors)
		return f.Close()
	case source.IsModelFile(path):
		f, err := torchfile.Open(path)
		if err != nil {
			return err
		}
		r.Tensors = len(f.Tensors)
		return f.Close()
	default:
		return fmt.Errorf("%s is no model file: want a name that ends in %s", path, terminal.OrList(source.ModelExtensions))
	}
	return nil
}

// row is the file as a row of the table.
func (r checked) row() []string {
	reads, what := "yes", ""
	switch {
	case len(r.Unsupported) > 0:
		reads, what = "no", "not supported: "+countOperators(r.Unsupported)
	case r.Error != "":
		reads = "no"
		what = strings.TrimPrefix(r.Error, r.File+": ")
	case r.Input != nil:
		what = fmt.Sprintf("%v, %s classes, %s parameters", r.Input, terminal.Thousands(r.Classes), terminal.Thousands(r.Parameters))
	default:
		what = terminal.Plural(r.Tensors, "tensor")
	}
	return []string{r.File, reads, terminal.BytesText(r.Bytes), what}
}

// countOperators lists what is not supported, each kind once with the number of its nodes.
func countOperators(nodes []onnx.Unsupported) string {
	var kinds []string
	count := map[string]int{}
	for _, n := range nodes {
		kind := n.Operator
		if n.Domain != "" {
			kind = n.Domain + "." + kind
		}
		if n.Attribute != "" {
			kind += fmt.Sprintf(" with %s = %s", n.Attribute, n.Value)
		}
		if n.Reason != "" {
			kind += " (" + n.Reason + ")"
		}
		if count[kind]++; count[kind] == 1 {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	for i, kind := range kinds {
		if n := count[kind]; n > 1 {
			kinds[i] = fmt.Sprintf("%d × %s", n, kind)
		}
	}
	return strings.Join(kinds, ", ")
}
