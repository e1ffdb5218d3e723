package convertverb

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/safetensors"
)

// The opsets that can be written.
const (
	leastOpset    = 13
	defaultOpset  = 17
	greatestOpset = 21
)

// convert reads a model and writes it.
func (c *convertVerb) convert(from, to string, f format) (*result, error) {
	if c.onlyWeights(from, f) {
		return c.copyWeights(from, to)
	}
	c.model.Weights = modelfolder.Choice(c.weights)
	model, err := source.OpenModelWith(c.App, from, c.model)
	if err != nil {
		return nil, err
	}
	source.NoticeUnfinished(c.App, model.Run)
	r := &result{
		From: from, To: to, Format: f, Network: model.Spec.Name, Input: model.Net.Input(), Classes: len(model.Classes), Tensors: len(model.Net.State()),
	}
	switch f {
	case onnxFormat:
		err = c.writeONNX(model, to)
		r.Detail = fmt.Sprintf(", opset %d", c.opset)
	case safetensorsFormat:
		if err = c.writeWeights(model, to); err == nil && model.ONNX != "" {
			c.Notice(fmt.Sprintf("%s has weights alone: it is a model where %s lies in the same folder", to, model.Spec.Name))
		}
	case folderFormat:
		v := command.NewVersion()
		model.Card.Versions = []string{v.String()}
		err = model.Save(to)
	}
	if err != nil {
		return nil, err
	}
	if r.Bytes, err = sizeOf(to); err == nil && c.external {
		data, err := sizeOf(to + dataExtension)
		r.Bytes += data
		return r, err
	}
	return r, err
}

func (c *convertVerb) writeONNX(model *modelfolder.Model, to string) error {
	return onnx.Save(to, model.Net, onnx.WriteOptions{
		Opset: c.opset, KeepBatchNorm: c.keepBN, IncludeSoftmax: c.softmax, IncludePreprocessing: c.pixels,
		Preprocessing: model.Preprocessing, Classes: model.Classes, Net: model.Spec.Name, ExternalData: c.external,
	})
}

// ownNames is the value of --names that is no library.
const ownNames = "native"

// addWeightFlags adds the flags of files of weights.
func addWeightFlags(cmd *cobra.Command, c *convertVerb) {
	command.AddChoice(cmd, &c.dtype, "dtype", "of .safetensors files: `type` of the numbers: f32, f16 or bf16", "f32", "f16", "bf16")
	command.AddChoice(cmd, &c.names, "names", "of .safetensors files: whose `names` the weights have: native (for networks of torchvision these are torchvision's), timm or transformers", ownNames, "timm", "transformers")
}

func (c *convertVerb) writeWeights(model *modelfolder.Model, to string) error {
	o := modelfolder.WeightsOptions{DType: c.numbers()}
	if c.names != ownNames {
		o.Library = c.names
	}
	return model.SaveWeights(to, o)
}

// numbers is the type of the numbers that are written.
func (c *convertVerb) numbers() safetensors.DType { return safetensors.DType(strings.ToUpper(c.dtype)) }

// onlyWeights reports whether a file of weights becomes another one, which needs no network.
func (c *convertVerb) onlyWeights(from string, f format) bool {
	info, err := os.Stat(from)
	return err == nil && info.Mode().IsRegular() && f == safetensorsFormat && !modelfolder.IsONNX(from) && source.IsModelFile(from) &&
		!slices.ContainsFunc(append([]string{"net", "names", "size", "weights"}, source.PictureFlags...), c.given)
}

// copyWeights writes the weights of a file under the same names.
func (c *convertVerb) copyWeights(from, to string) (*result, error) {
	w, err := modelfile.Read(from)
	if err != nil {
		return nil, err
	}
	metadata := w.Metadata
	if metadata == nil {
		metadata = map[string]string{"format": "pt"}
	}
	file := safetensors.File{Entries: w.Entries, Metadata: metadata, DType: c.numbers()}
	if err := file.Save(to); err != nil {
		return nil, err
	}
	r := &result{From: from, To: to, Format: safetensorsFormat, Tensors: len(w.Entries)}
	r.Bytes, err = sizeOf(to)
	return r, err
}

// sizeOf is the size of a file, or of the files in a folder.
func sizeOf(path string) (n int64, err error) {
	err = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
