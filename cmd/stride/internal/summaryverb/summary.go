// Package summaryverb is the verb summary.
package summaryverb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

type summaryVerb struct {
	*command.App
	net    string
	input  shapeFlag
	batch  int
	budget int64
	json   bool
}

// Command returns the command summary.
func Command(a *command.App) *cobra.Command {
	s := &summaryVerb{App: a, batch: 1}
	cmd := &cobra.Command{
		Use:   "summary <net|run|model.safetensors>",
		Short: "Show a network layer by layer: shapes, parameters, multiply-adds, memory",
		Long: `Show a network layer by layer: path, kind, shape of the output, number of trainable
parameters, multiply-adds for one image (a multiplication and its addition count
as one; convolutions and products only), and the receptive field: how many pixels
of the input, along a side, an output depends on.

Below that it prints the memory that training and inference on the cpu engine will
take, without running them: for batches of --batch, or else of the network's default
size in training. With momentum, training takes the size of the parameters once more.

` + source.NetList(),
		Example: `  stride summary lenet
  stride summary lenet --input 1x32x32 --batch 8
  stride summary densenet --batch 64 --memory-budget 250MB
  stride summary runs/quick --json | jq .parameters`,
		Args:              command.OneArg("a network, a run folder or a model file"),
		ValidArgsFunction: source.CompleteNets(1, true),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.run(args[0], cmd.Flags().Changed("batch"))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&s.input, "input", "shape of an image, channels × height × width, as 3x96x96 (default: the network's)")
	command.AddBatch(flags, &s.batch, "images in a batch")
	command.AddMemoryBudget(flags, &s.budget)
	source.AddNet(cmd, &s.net)
	flags.BoolVar(&s.json, "json", false, "print one JSON object")
	return cmd
}

// shapeFlag is a flag for an image's shape.
type shapeFlag struct{ shape tensor.Shape }

func (f *shapeFlag) String() string { return strings.ReplaceAll(joinShape(f.shape), "×", "x") }
func (f *shapeFlag) Type() string   { return "CxHxW" }

func (f *shapeFlag) Set(s string) error {
	bad := fmt.Errorf("want channels x height x width, as 3x96x96, each from 1 to %s", terminal.Thousands(command.MaxSide))
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == 'x' || r == 'X' || r == '×' })
	if len(parts) != 3 {
		return bad
	}
	f.shape = nil
	for _, text := range parts {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > command.MaxSide {
			return bad
		}
		f.shape = append(f.shape, n)
	}
	return nil
}

func joinShape(s tensor.Shape) string {
	if len(s) == 0 {
		return ""
	}
	return s.String()
}

func (s *summaryVerb) run(what string, batchGiven bool) error {
	spec, model, err := s.model(what)
	if err != nil {
		return err
	}
	layers, err := model.Summary(s.batch)
	if err != nil {
		return err
	}
	r := summaryReport{Net: spec.Name, Input: model.Input(), Batch: s.batch, Layers: layers}
	for _, l := range layers {
		r.Parameters += l.Parameters
		r.MultiplyAdds += l.MultiplyAdds
	}
	batch := spec.Batch
	if batchGiven {
		batch = s.batch
	}
	if r.Memory, err = predictMemory(model, batch, s.budget); err != nil {
		return err
	}
	if s.json {
		return terminal.WriteJSON(s.Stdout, r)
	}
	return r.print(s.App)
}

// model makes the network that the argument names.
func (s *summaryVerb) model(what string) (zoo.Spec, *nn.Model, error) {
	spec, unknown := source.GetNet(what)
	net := spec.New
	input, classes := spec.Input, spec.Classes
	switch {
	case unknown == nil && s.net != "" && s.net != spec.Name:
		return spec, nil, command.Misuse("%s and --net %s are two networks: --net is for a model file that does not name its own", spec.Name, s.net)
	case unknown != nil && !source.LooksLikePath(what):
		return spec, nil, unknown
	case unknown != nil:
		options := modelfolder.Options{Net: s.net}
		if s.input.shape != nil && modelfolder.IsONNX(what) {
			options.Size = s.input.shape[1]
		}
		trained, err := source.OpenNetwork(s.App, what, options)
		if err != nil {
			return spec, nil, err
		}
		if s.input.shape == nil {
			return trained.Spec, trained.Net, nil
		}
		spec, net, classes = trained.Spec, trained.Spec.New, len(trained.Classes)
	}
	if s.input.shape != nil {
		input = s.input.shape
	}
	// The weights do not matter, and zeros are quick to draw.
	model, err := nn.New(net(classes), input, nn.Options{Init: nn.Constant(0)})
	if err != nil && unknown == nil && s.input.shape != nil {
		err = command.AsMisuse(err)
	}
	return spec, model, err
}

type summaryReport struct {
	Net          string         `json:"net"`
	Input        tensor.Shape   `json:"input"`
	Batch        int            `json:"batch"`
	Parameters   int            `json:"parameters"`
	MultiplyAdds int64          `json:"multiply_adds"`
	Layers       []nn.LayerInfo `json:"layers"`
	Memory       memoryReport   `json:"memory"`
}

func (r summaryReport) print(a *command.App) error {
	t := terminal.NewTable(0, 1, 2)
	t.Add("layer", "kind", "output", "parameters", "multiply-adds", "field")
	t.Rule()
	for _, l := range r.Layers {
		t.Add(l.Path, l.Kind, l.Output.String(), orDash(int64(l.Parameters)), orDash(l.MultiplyAdds), orDash(int64(l.ReceptiveField)))
	}
	t.Rule()
	t.Add("total", "", "", terminal.Thousands(r.Parameters), terminal.Thousands(r.MultiplyAdds))
	if _, err := fmt.Fprintf(a.Stdout, "%s, input %v\n\n", printable.Line(r.Net), r.Input); err != nil {
		return err
	}
	if err := t.Write(a.Stdout); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.Stdout, "\nThe parameters take %s. Multiply-adds are for one image.\n\n", terminal.BytesText(4*int64(r.Parameters))); err != nil {
		return err
	}
	return r.Memory.print(a)
}

// orDash is a number with commas, or a dot for 0.
func orDash(n int64) string {
	if n == 0 {
		return "·"
	}
	return terminal.Thousands(n)
}
