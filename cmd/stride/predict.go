package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

type predictVerb struct {
	*app
	net, fit     string
	top          int
	invert, json bool
	compute      compute
}

func (a *app) predictCommand() *cobra.Command {
	p := &predictVerb{app: a, top: 5, fit: imagefile.Stretch.String()}
	cmd := &cobra.Command{
		Use:   "predict <run|model.safetensors> <image>…",
		Short: "Name the likeliest classes of pictures",
		Long: `Name the likeliest classes of pictures: PNG, JPEG, GIF, BMP or WebP files of any
size, grey or in colour. Pictures are brought to the network's input: resized, and
made grey where it has learnt from grey images.

Fashion-MNIST is white on black. For a dark thing on bright ground, such as a
photo from a shop, use --invert. For weights from torchvision, pictures are
normalised as those expect.`,
		Example: `  stride predict runs/quick shirt.png
  stride predict runs/quick photos/*.jpg --invert --top 3
  stride predict model.safetensors --net lenet boot.webp --json
  stride predict resnet18.safetensors --net torchvision/resnet18 --fit crop cat.jpg`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return misuse("stride predict needs a run folder or a model file, and pictures (see stride predict --help)")
			case 1:
				return misuse("stride predict needs at least one picture after %s", quoteIfNeeded(args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), args[0], args[1:]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&count{&p.top, 1, 1000}, "top", "how many classes to name")
	flags.BoolVar(&p.invert, "invert", false, "turn black into white and white into black")
	addChoice(cmd, &p.fit, "fit", "`way` to deal with other proportions: stretch, or crop the middle", imagefile.Stretch.String(), imagefile.Crop.String())
	addNet(cmd, &p.net)
	p.compute.addFlags(cmd)
	flags.BoolVar(&p.json, "json", false, "print one JSON object a picture")
	return cmd
}

func (p *predictVerb) run(ctx context.Context, path string, pictures []string) error {
	run, err := openRun(path, p.net)
	if err != nil {
		return err
	}
	device, release, err := p.compute.open()
	if err != nil {
		return err
	}
	defer release()
	defer run.Model.Close()
	bad := false
	for i, picture := range pictures {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		guess, err := p.predict(run, device, picture)
		if err != nil {
			bad = true
			fmt.Fprintf(p.stderr, "stride: %v\n", oneLine(err))
			guess = prediction{File: picture, Error: oneLine(err)}
		}
		if p.json {
			err = writeJSON(p.stdout, guess)
		} else if guess.Error == "" {
			err = guess.print(p.app, i > 0)
		} else {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if bad {
		return errReported
	}
	return nil
}

// A prediction is what is said about a picture.
type prediction struct {
	File    string         `json:"file"`
	Width   int            `json:"width,omitempty"`
	Height  int            `json:"height,omitempty"`
	Classes []classGuessed `json:"classes,omitempty"`
	Error   string         `json:"error,omitempty"`
}

type classGuessed struct {
	Class       string  `json:"class"`
	Index       int     `json:"index"`
	Probability float64 `json:"probability"`
}

func (p *predictVerb) predict(run *train.Run, device engine.Device, path string) (prediction, error) {
	picture, err := imagefile.Open(path, imagefile.Options{})
	if err != nil {
		return prediction{}, err
	}
	fit := imagefile.Stretch
	if p.fit == imagefile.Crop.String() {
		fit = imagefile.Crop
	}
	input := run.Model.Input()
	x, err := imagefile.ToTensor(picture, input[0], input[1], input[2], imagefile.TensorOptions{Fit: fit, Invert: p.invert})
	if err != nil {
		return prediction{}, fmt.Errorf("%s: %w", path, err)
	}
	if !p.invert && strings.HasPrefix(run.Settings.Data, fashionMNIST) && brightEdge(x) {
		p.notice(path + " has a bright edge, but the network has learnt from white on black: --invert may help")
	}
	if n, ok := normalization(run); ok {
		n.Apply(nil, x.Data(), input)
	}
	y, err := run.Model.Predict(device, x)
	if err != nil {
		return prediction{}, fmt.Errorf("%s: %w", path, err)
	}
	probabilities, err := softmax(y.Data())
	if err != nil {
		return prediction{}, fmt.Errorf("%s: %w", path, err)
	}
	result := prediction{File: path, Width: picture.Bounds().Dx(), Height: picture.Bounds().Dy()}
	for _, i := range metrics.Top(y.Data(), p.top) {
		result.Classes = append(result.Classes, classGuessed{className(run, i), i, probabilities[i]})
	}
	return result, nil
}

// normalization is what torchvision's own weights expect of pictures. Weights of
// our runs, which say what they were trained with, take values of 0..1.
func normalization(run *train.Run) (augment.Normalize, bool) {
	name, ok := strings.CutPrefix(run.Spec.Name, "torchvision/")
	switch {
	case !ok || run.Settings.Data != "" || run.Model.Input()[0] != 3:
		return augment.Normalize{}, false
	case name == "googlenet":
		return augment.Normalize{Mean: []float32{0.5}, Std: []float32{0.5}}, true
	}
	return augment.Normalize{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}, true
}

func className(run *train.Run, i int) string {
	if i < len(run.Settings.Classes) {
		return run.Settings.Classes[i]
	}
	return fmt.Sprint("class ", i)
}

// softmax returns exp(x)/Σexp(x).
func softmax(scores []float32) ([]float64, error) {
	most := math.Inf(-1)
	for _, s := range scores {
		most = max(most, float64(s))
	}
	if math.IsNaN(most) || math.IsInf(most, 0) {
		return nil, errors.New("the network's output is not finite: its weights are of no use")
	}
	p, sum := make([]float64, len(scores)), 0.0
	for i, s := range scores {
		p[i] = math.Exp(float64(s) - most)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, nil
}

// brightEdge says whether the pixels at the edge of a 1×C×H×W picture are
// bright on average.
func brightEdge(x *tensor.Tensor) bool {
	s := x.Shape()
	sum, n := 0.0, 0
	for i, v := range x.Data() {
		row, column := i/s[3]%s[2], i%s[3]
		if row == 0 || row == s[2]-1 || column == 0 || column == s[3]-1 {
			sum, n = sum+float64(v), n+1
		}
	}
	return sum > 0.6*float64(n)
}

func (g prediction) print(a *app, space bool) error {
	gap := ""
	if space {
		gap = "\n"
	}
	t := newTable(0, 2)
	for _, c := range g.Classes {
		t.add("  "+c.Class, fmt.Sprintf("%.1f %%", 100*c.Probability), bar(c.Probability, 30))
	}
	if _, err := fmt.Fprintf(a.stdout, "%s%s (%d×%d)\n", gap, g.File, g.Width, g.Height); err != nil {
		return err
	}
	return t.write(a.stdout)
}
