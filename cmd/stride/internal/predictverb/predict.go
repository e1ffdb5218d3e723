// Package predictverb is the verb predict.
package predictverb

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/modelfolder"
)

type predictVerb struct {
	*command.App
	fit          string
	model        modelfolder.Options
	top          int
	invert, json bool
	compute      command.Compute
}

// The values of --fit.
const (
	fitModel   = "model"
	fitStretch = "stretch"
	fitCrop    = "crop"
)

// Command returns the command predict.
func Command(a *command.App) *cobra.Command {
	p := &predictVerb{App: a, top: 5, fit: fitModel}
	cmd := &cobra.Command{
		Use:   "predict <run|model|network> <image>…",
		Short: "Print the most probable classes of pictures",
		Long: `Print the most probable classes of pictures: PNG, JPEG, GIF, BMP or WebP files of any
size, grey or in colour; - is standard input. Pictures are preprocessed as the model's config.json says:
resized, and converted to grey for a model that was trained on grey images. Of a
JPEG file that is cut short, what is there of it is used, with a warning.
A model file takes it from its own metadata, or from the config.json (timm) or
preprocessor_config.json (transformers) in its folder. Where nothing says it, weights
for a network of torchvision are given pictures as torchvision's weights expect them:
the shorter side resized to 256 pixels, the centre cropped, normalised; a notice says
so, and --mean, --std, --interpolation and --crop-pct change it.

The name of a network stands for its pretrained weights: those of efficientnet-lite0,
trained with ImageNet's 1,000 classes, are part of the program, and stride weights get
downloads others.

Fashion-MNIST is white on black. For a dark object on a bright background, such as a
photo from a shop, use --invert.`,
		Example: `  stride predict efficientnet-lite0 cat.jpg
  stride predict runs/quick shirt.png
  stride predict runs/quick photos/*.jpg --invert --top 3
  stride predict model.safetensors --net lenet boot.webp --json
  curl -s https://example.com/shirt.png | stride predict runs/quick -
  stride predict resnet18.safetensors --net torchvision/resnet18 --fit crop cat.jpg
  stride predict model.onnx cat.jpg --mean 0.5 --std 0.5 --interpolation bicubic`,
		Args: command.ModelAndPictures,

		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), args[0], args[1:]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(command.Count(&p.top, 1, 1000), "top", "how many classes to print")
	flags.BoolVar(&p.invert, "invert", false, "exchange black and white")
	command.AddChoice(cmd, &p.fit, "fit", "how to fit other proportions: `way` is model (as the model says), stretch, or crop (the centre)", fitModel, fitStretch, fitCrop)
	source.AddModel(cmd, &p.model)
	source.AddPictures(cmd, &p.model.Preprocessing, "")
	p.compute.AddFlags(p.App, cmd)
	flags.BoolVar(&p.json, "json", false, "print one JSON object a picture")
	return cmd
}

func (p *predictVerb) run(ctx context.Context, path string, pictures []string) error {
	if err := p.compute.Check(); err != nil {
		return err
	}
	if p.fit == fitStretch && p.model.Preprocessing.CropPct != 0 {
		return command.Misuse("--fit stretch cuts nothing off: --crop-pct has no effect beside it")
	}
	model, err := source.OpenModelWith(p.App, path, p.model)
	if err != nil {
		return err
	}
	source.NoticeUnfinished(p.App, model.Run)
	p.adapt(&model.Preprocessing)
	device, release, err := p.compute.Open(ctx)
	if err != nil {
		return err
	}
	defer release()
	classifier, err := classify.New(model, classify.Options{Device: device, TakeWeights: true})
	if err != nil {
		return err
	}
	defer classifier.Close()
	hint := !p.invert && strings.HasPrefix(model.Data, source.FashionMNIST)
	bad := false
	for i, picture := range pictures {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		guess, err := p.predict(ctx, classifier, picture, hint)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			bad = true
			fmt.Fprintf(p.Stderr, "stride: %v\n", command.OneLine(err))
			guess = prediction{File: picture, Error: command.OneLine(err)}
		}
		if p.json {
			guess.Unfinished = source.Unfinished(model.Run)
			err = terminal.WriteJSON(p.Stdout, guess)
		} else if guess.Error == "" {
			err = guess.print(p.App, i > 0)
		} else {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if bad {
		return command.ErrReported
	}
	return nil
}

// adapt changes the model's own preprocessing as the flags say.
func (p *predictVerb) adapt(c *preprocess.Config) {
	switch p.fit {
	case fitStretch:
		c.CropMode, c.CropPct = preprocess.Squash, 1
	case fitCrop:
		c.CropMode = preprocess.Center
	}
	c.Invert = c.Invert != p.invert
}

// A prediction is what is said about a picture.
type prediction struct {
	File    string           `json:"file"`
	Width   int              `json:"width,omitempty"`
	Height  int              `json:"height,omitempty"`
	Classes []classify.Class `json:"classes,omitempty"`
	// Warning says that the file is damaged and what is missing of its picture.
	Warning string `json:"warning,omitempty"`
	Error   string `json:"error,omitempty"`
	// Unfinished says that the run has epochs left.
	Unfinished bool `json:"unfinished,omitempty"`
}

// predict names the classes of a picture. hint says whether to warn of one that
// may need to be inverted.
func (p *predictVerb) predict(ctx context.Context, classifier *classify.Classifier, path string, hint bool) (prediction, error) {
	picture, err := openPicture(classifier.Preprocessing(), path)
	if err != nil {
		return prediction{}, err
	}
	if picture.Warning != "" {
		p.Notice(picture.Warning)
	}
	if hint && brightEdge(picture.Raster) {
		p.Notice(path + " has a bright edge, but the network was trained on white on black: --invert may help")
	}
	classes, err := classifier.PredictPicture(ctx, picture, p.top)
	if err != nil {
		return prediction{}, fmt.Errorf("%s: %w", path, err)
	}
	return prediction{File: path, Width: picture.Size.X, Height: picture.Size.Y, Classes: classes, Warning: picture.Warning}, nil
}

// openPicture reads a picture file, or standard input for "-".
func openPicture(c preprocess.Config, path string) (*preprocess.Picture, error) {
	if path == "-" {
		return c.Decode(os.Stdin, "standard input", imagefile.Options{})
	}
	return c.Open(path, imagefile.Options{})
}

// brightEdge says whether the pixels at the edge of a picture are bright on
// average.
func brightEdge(r *raster.Raster) bool {
	sum, n := 0, 0
	for i, v := range r.Pix {
		row, column := i/r.Width%r.Height, i%r.Width
		if row == 0 || row == r.Height-1 || column == 0 || column == r.Width-1 {
			sum, n = sum+int(v), n+1
		}
	}
	return float64(sum) > 0.6*255*float64(n)
}

func (g prediction) print(a *command.App, space bool) error {
	gap := ""
	if space {
		gap = "\n"
	}
	t := terminal.NewTable(0, 2)
	for _, c := range g.Classes {
		t.Add("  "+c.Name, fmt.Sprintf("%.1f %%", 100*c.Probability), terminal.Bar(c.Probability, 30))
	}
	if _, err := fmt.Fprintf(a.Stdout, "%s%s (%d×%d)\n", gap, printable.Line(g.File), g.Width, g.Height); err != nil {
		return err
	}
	return t.Write(a.Stdout)
}
