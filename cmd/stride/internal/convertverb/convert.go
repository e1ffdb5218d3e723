// Package convertverb is the verb convert: it writes a model as an ONNX file, as a file of
// weights or as a model folder, and checks which files can be read.
package convertverb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/modelfolder"
)

type convertVerb struct {
	*command.App
	model                             modelfolder.Options
	weights, dtype, names             string
	opset                             int
	keepBN, softmax, pixels, external bool
	check, force, json                bool
	given                             func(flag string) bool
}

// Command returns the command convert.
func Command(a *command.App) *cobra.Command {
	c := &convertVerb{App: a, opset: defaultOpset, dtype: "f32", names: ownNames}
	cmd := &cobra.Command{
		Use:   "convert <run|model|network> <file|folder>",
		Short: "Write a model as an ONNX file, as weights or as a model folder, or check which files can be read",
		Long: `Write a model in another form. What it becomes depends on the second name:

  model.onnx            the network with its weights, the names of the classes and the
                        preprocessing, for ONNX Runtime and everything else that reads ONNX
  model.safetensors     the weights
  a folder              a model folder in the layout of timm, with labels and a model card

The model is a run folder, a model folder, an ONNX file, a .safetensors or PyTorch file
(.pth, .pt, .bin; with --net, unless only its weights are to be written as
.safetensors), or the name of a network with pretrained weights.

Nothing that exists is overwritten without --force.

--check reads files, and those in folders, without writing anything, and prints which
can be read and what is not supported in the others. The exit status is 1 if there are
any of these.

docs/model-files.md says how to export a network from PyTorch, timm, ultralytics and
Keras, and which operators Stride has.`,
		Example: `  stride convert runs/birds birds.onnx
  stride convert runs/birds birds.onnx --softmax --preprocessing
  stride convert model.onnx model.safetensors --dtype f16
  stride convert weights.pth weights.safetensors
  stride convert resnet18.pth resnet18.onnx --net torchvision/resnet18
  stride convert efficientnet-lite0 efficientnet-folder
  stride convert timm.onnx model.onnx --mean 0.5 --std 0.5 --interpolation bicubic
  stride convert --check downloads/ model.onnx`,
		Args: func(_ *cobra.Command, args []string) error { return c.checkArgs(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			c.given = cmd.Flags().Changed
			if c.check {
				return c.runCheck(cmd.Context(), args)
			}
			return c.run(args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	source.AddModel(cmd, &c.model)
	source.AddPictures(cmd, &c.model.Preprocessing, "")
	command.AddChoice(cmd, &c.weights, "weights", "`weights` of a run: best or last (default: best, where a run has chosen a best epoch)", string(modelfolder.Best), string(modelfolder.Last))
	flags.Var(command.Count(&c.opset, leastOpset, greatestOpset), "opset", "of ONNX files: version of the operators; older ones are read by more programs")
	flags.BoolVar(&c.keepBN, "keep-bn", false, "of ONNX files: keep batch normalizations, for training elsewhere, in place of folding them into convolutions")
	flags.BoolVar(&c.softmax, "softmax", false, "of ONNX files: the output is probabilities")
	flags.BoolVar(&c.pixels, "preprocessing", false, "of ONNX files: the input is 8-bit pixels, N×H×W×C, which the file scales and normalises")
	flags.BoolVar(&c.external, "external-data", false, "of ONNX files: put the weights into a second file, .onnx.data")
	addWeightFlags(cmd, c)
	flags.BoolVar(&c.force, "force", false, "replace what exists")
	flags.BoolVar(&c.check, "check", false, "read files, and those in folders, and print a table of what can be read; write nothing")
	flags.BoolVar(&c.json, "json", false, "print one JSON object; with --check one a file")
	return cmd
}

func (c *convertVerb) checkArgs(args []string) error {
	switch {
	case c.check && len(args) == 0:
		return command.Misuse("stride convert --check needs files or folders")
	case c.check:
		return nil
	case len(args) < 2:
		return command.Misuse("stride convert needs a model and the name of the file or folder to write (see stride convert --help)")
	case len(args) > 2:
		return command.Misuse("stride convert takes one model and one name to write, found %s, %s and %s", terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]), terminal.QuoteIfNeeded(args[2]))
	}
	return nil
}

// A format is what a model can be written as.
type format string

const (
	onnxFormat        format = "onnx"
	safetensorsFormat format = "safetensors"
	folderFormat      format = "folder"
)

// formatOf returns what a name asks for.
func formatOf(to string) (format, error) {
	if info, err := os.Stat(to); err == nil && info.IsDir() || strings.HasSuffix(to, "/") || strings.HasSuffix(to, string(filepath.Separator)) {
		return folderFormat, nil
	}
	switch ext := strings.ToLower(filepath.Ext(to)); ext {
	case ".onnx":
		return onnxFormat, nil
	case ".safetensors":
		return safetensorsFormat, nil
	case ".pth", ".pt", ".bin", ".ckpt", ".npz", ".h5", ".keras", ".tflite", ".pb", ".ort", ".engine", ".json", ".zip":
		return "", command.Misuse("%s: files that end in %s are not written: want .onnx, .safetensors or a folder", terminal.QuoteIfNeeded(to), ext)
	}
	return folderFormat, nil
}

// flagsOf are the flags that have an effect on a format alone.
var flagsOf = map[format][]string{
	onnxFormat:        {"opset", "keep-bn", "softmax", "preprocessing", "external-data"},
	safetensorsFormat: {"dtype", "names"},
}

// checkFlags reports flags without effect.
func (c *convertVerb) checkFlags(to format) error {
	for f, flags := range flagsOf {
		for _, flag := range flags {
			if f != to && c.given(flag) {
				return command.Misuse("--%s is for files that end in .%s", flag, f)
			}
		}
	}
	return nil
}

func (c *convertVerb) run(from, to string) error {
	f, err := formatOf(to)
	if err != nil {
		return err
	}
	if err := c.checkFlags(f); err != nil {
		return err
	}
	if err := c.checkTarget(from, to, f); err != nil {
		return err
	}
	result, err := c.convert(from, to, f)
	if err != nil {
		return err
	}
	if c.json {
		return terminal.WriteJSON(c.Stdout, result)
	}
	_, err = fmt.Fprintln(c.Stdout, result)
	return err
}

// dataExtension is what the names of files with external data end with.
const dataExtension = ".data"

// checkTarget reports a file or folder that would be overwritten.
func (c *convertVerb) checkTarget(from, to string, f format) error {
	if c.external && !c.force && source.Exists(to+dataExtension) {
		return fmt.Errorf("%s exists already: name another file, or add --force to replace it", to+dataExtension)
	}
	there, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case f != folderFormat && there.IsDir():
		return fmt.Errorf("write %s: it is a folder", to)
	case f == folderFormat && !there.IsDir():
		return fmt.Errorf("write %s: it is a file, not a folder", to)
	}
	if source, err := os.Stat(from); err == nil && os.SameFile(source, there) {
		return fmt.Errorf("%s cannot be converted into itself: name another file or folder", from)
	}
	if c.force {
		return nil
	}
	if f == folderFormat {
		entries, err := os.ReadDir(to)
		if err != nil || len(entries) == 0 {
			return err
		}
		return fmt.Errorf("%s is not empty: name another folder, or add --force to replace the model in it", to)
	}
	return fmt.Errorf("%s exists already: name another file, or add --force to replace it", to)
}

// A result says what was written.
type result struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Format  format `json:"format"`
	Network string `json:"network,omitempty"`
	Input   []int  `json:"input,omitempty"`
	Classes int    `json:"classes,omitempty"`
	Tensors int    `json:"tensors"`
	Bytes   int64  `json:"bytes"`
	Detail  string `json:"-"`
}

// String is one line.
func (r *result) String() string {
	what := terminal.Plural(r.Tensors, "tensor")
	if r.Network != "" {
		what = fmt.Sprintf("%s, input %v, %s", printable.Line(r.Network), shape(r.Input), terminal.Plural(r.Classes, "class"))
		what = strings.Replace(what, "classs", "classes", 1)
	}
	return fmt.Sprintf("%s: %s%s, %s", printable.Line(r.To), what, r.Detail, terminal.BytesText(r.Bytes))
}

func shape(sizes []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(sizes), " ", "×"), "[]")
}
