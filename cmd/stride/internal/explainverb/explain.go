// Package explainverb has the verbs explain and look.
package explainverb

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/modelfolder"
)

type explainVerb struct {
	opened
	method, layer, class string
	steps, samples       int
	sigma                float32
	seed                 uint64
	window, stride       int
	colours              string
	opacity              float32
	files                files
	json                 bool
}

// methodFlags are the flags that only one method has.
var methodFlags = map[string]explain.Method{
	"steps": explain.MethodIntegratedGradients, "samples": explain.MethodSmoothGrad, "sigma": explain.MethodSmoothGrad,
	"seed": explain.MethodSmoothGrad, "window": explain.MethodOcclusion, "stride": explain.MethodOcclusion,
}

// Command returns the command explain.
func Command(a *command.App) *cobra.Command {
	e := &explainVerb{opened: opened{App: a}, method: string(explain.MethodGradCAM)}
	var methods []string
	for _, m := range explain.Methods() {
		methods = append(methods, string(m))
	}
	cmd := &cobra.Command{
		Use:   "explain <run|model|network> <image>…",
		Short: "Draw which parts of pictures decide for a class",
		Long: `Draw which parts of pictures decide for a class, by default the most probable one, and write
two PNG files a picture: NAME-METHOD.png is the picture with the map over it, and
NAME-METHOD-map.png is the map alone, which for guided-backprop and guided-gradcam is their
values as colours. Files that exist are kept: NAME-METHOD-2.png is written then.

Methods: gradcam and gradcam++ (a coarse map from the activations of a layer), gradient,
guided-backprop, guided-gradcam, smoothgrad, integrated-gradients, occlusion.
docs/explain.md says what each shows and when it misleads.

A layer is named as by stride look MODEL, which lists them. Red is for the class; where
integrated-gradients and occlusion have blue, a place speaks against it.`,
		Example: `  stride explain efficientnet-lite0 cat.jpg
  stride explain runs/pets photos/*.jpg --method gradcam++ --out maps
  stride explain model.onnx dog.png --method occlusion --window 32 --class "tabby cat"
  stride explain runs/pets dog.png --layer features.14 --out why.png`,
		Args: command.ModelAndPictures,

		RunE: func(cmd *cobra.Command, args []string) error {
			for name, method := range methodFlags {
				if cmd.Flags().Changed(name) && explain.Method(e.method) != method {
					return command.Misuse("--%s is for --method %s, not for %s", name, method, e.method)
				}
			}
			if e.layer != "" && !explain.Method(e.method).TakesLayer() {
				return command.Misuse("--layer is for gradcam, gradcam++ and guided-gradcam, not for %s", e.method)
			}
			if err := e.files.check(len(args) - 1); err != nil {
				return err
			}
			return e.run(cmd.Context(), args[0], args[1:])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	command.AddChoice(cmd, &e.method, "method", "`method`: "+terminal.OrList(methods), methods...)
	flags.Var(&nameFlag{&e.layer, "layer"}, "layer", "`layer` whose activations are used (default: the last one before global pooling)")
	flags.Var(&nameFlag{&e.class, "class"}, "class", "`class` to explain, by its name or its number from 0 (default: the most probable one of each picture)")
	e.files.addFlags(cmd)
	flags.Var(command.Count(&e.steps, 1, 1000), "steps", "points between baseline and picture of integrated-gradients; 50 by default")
	flags.Var(command.Count(&e.samples, 1, 1000), "samples", "noisy copies of smoothgrad; 50 by default")
	flags.Var(command.Number(&e.sigma, func(v float64) bool { return v > 0 && v <= 1 }, "a number above 0 and up to 1"), "sigma", "noise of smoothgrad as a `share` of the range of the input; 0.15 by default")
	command.AddSeed(flags, &e.seed, "random seed of the noise of smoothgrad")
	flags.Var(command.Count(&e.window, 1, command.MaxSide), "window", "side of the covered square of occlusion, in `pixels` of the input; a seventh of it by default")
	flags.Var(command.Count(&e.stride, 1, command.MaxSide), "stride", "step of the covered square, in `pixels`; half of the window by default")
	addColours(cmd, &e.colours)
	flags.Var(command.Number(&e.opacity, func(v float64) bool { return v > 0 && v <= 1 }, "a number above 0 and up to 1"), "opacity", "how much of the picture the strongest places hide, a `share`; 0.7 by default")
	e.addFlags(cmd)
	flags.BoolVar(&e.json, "json", false, "print one JSON object a picture")
	return cmd
}

func addColours(cmd *cobra.Command, value *string) {
	var names []string
	for _, c := range render.AllColors() {
		names = append(names, string(c))
	}
	command.AddChoice(cmd, value, "colors", "`colours` of maps: "+terminal.OrList(names)+" (default: the usual ones of what is drawn)", names...)
}

// An explanation is what is said about a picture.
type explanation struct {
	File string `json:"file"`
	*explain.Attribution
	// Overlay and Map are the files that were written.
	Overlay string `json:"overlay,omitempty"`
	Map     string `json:"map,omitempty"`
	Warning string `json:"warning,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (e *explainVerb) run(ctx context.Context, path string, pictures []string) error {
	if err := e.open(ctx, path); err != nil {
		return err
	}
	defer e.close()
	request, err := e.request()
	if err != nil {
		return err
	}
	bad := false
	for _, name := range pictures {
		x, err := e.explain(ctx, name, request)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			bad = true
			fmt.Fprintf(e.Stderr, "stride: %v\n", command.OneLine(err))
			x = explanation{File: name, Error: command.OneLine(err)}
		}
		if e.json {
			err = terminal.WriteJSON(e.Stdout, x)
		} else if x.Error == "" {
			err = x.print(e.App)
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

// request is what the flags ask for. Unknown classes and layers are found before a picture is read.
func (e *explainVerb) request() (r explain.Request, err error) {
	r = explain.Request{
		Method: explain.Method(e.method), Layer: e.layer, Class: explain.Predicted,
		Integrated: explain.IntegratedOptions{Steps: e.steps},
		Smooth:     explain.SmoothOptions{Samples: e.samples, Sigma: float64(e.sigma), Seed: e.seed},
		Occlusion:  explain.OcclusionOptions{Window: e.window, Stride: e.stride},
	}
	if e.class != "" {
		if r.Class, err = findClass(e.explainer.Classes(), e.class); err != nil {
			return r, err
		}
	}
	if e.layer != "" {
		_, err = e.explainer.ReceptiveField(e.layer, 0, 0)
	}
	return r, err
}

// findClass returns the index of a class that is named, or numbered.
func findClass(classes []string, name string) (int, error) {
	for i, c := range classes {
		if c == name {
			return i, nil
		}
	}
	for i, c := range classes {
		if strings.EqualFold(c, name) {
			return i, nil
		}
	}
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || i >= len(classes) {
			return 0, fmt.Errorf("--class %d: the model has classes 0 to %d", i, len(classes)-1)
		}
		return i, nil
	}
	var within []string
	for _, c := range classes {
		if strings.Contains(strings.ToLower(c), strings.ToLower(name)) && len(within) < 4 {
			within = append(within, terminal.QuoteIfNeeded(c))
		}
	}
	hint := ""
	if near := suggest.Nearest(name, classes); near != "" {
		hint = ": did you mean " + terminal.QuoteIfNeeded(near) + "?"
	} else if len(within) > 0 {
		hint = ": there is " + strings.Join(within, ", ")
	}
	return 0, fmt.Errorf("--class %s: the model has no such class%s", terminal.QuoteIfNeeded(name), hint)
}

// explain explains one picture and writes its files.
func (e *explainVerb) explain(ctx context.Context, name string, r explain.Request) (x explanation, err error) {
	p, err := e.read(name)
	if err != nil {
		return x, err
	}
	x = explanation{File: name, Warning: p.warning}
	if x.Attribution, err = e.explainer.Explain(ctx, p.input, r); err != nil {
		return x, fmt.Errorf("%s: %w", name, err)
	}
	o := render.Options{Colors: render.Colors(e.colours), Signed: x.Signed(), Opacity: float64(e.opacity)}
	if !x.Method.TakesLayer() && x.Method != explain.MethodOcclusion || x.Method == explain.MethodGuidedGradCAM {
		o.Percentile = 99
	}
	overlay, err := render.Overlay(p.picture, x.Heat(), p.where, o)
	if err != nil {
		return x, fmt.Errorf("%s: %w", name, err)
	}
	alone, err := render.Map(x.Heat(), p.where.Dx(), p.where.Dy(), o)
	if guided := x.Method == explain.MethodGuidedBackprop || x.Method == explain.MethodGuidedGradCAM; guided && e.colours == "" {
		alone, err = render.Colored(x.Values, 99.5)
	}
	if err != nil {
		return x, fmt.Errorf("%s: %w", name, err)
	}
	names, err := e.files.names(name, string(x.Method), "", "-map")
	if err != nil {
		return x, err
	}
	x.Overlay, x.Map = names[0], names[1]
	if err := writePNG(x.Overlay, overlay); err != nil {
		return x, err
	}
	return x, writePNG(x.Map, alone)
}

func (x explanation) print(a *command.App) error {
	by := string(x.Method)
	if x.Layer != "" {
		by += " of layer " + terminal.QuoteIfNeeded(x.Layer)
	}
	if x.Method == explain.MethodIntegratedGradients {
		by += fmt.Sprintf(" (convergence delta %.2g of score %.3g)", x.Delta, x.Score)
	}
	_, err := fmt.Fprintf(a.Stdout, "%s: %s, %.1f %%, by %s\n  wrote %s and %s\n", printable.Line(x.File), printable.Line(x.ClassName),
		math.Round(1000*x.Probability)/10, printable.Line(by), printable.Line(x.Overlay), printable.Line(x.Map))
	return err
}

// opened is a model that is looked into, with the flags that say which and how.
type opened struct {
	*command.App
	model     modelfolder.Options
	invert    bool
	compute   command.Compute
	loaded    *modelfolder.Model
	explainer *explain.Model
	release   func()
}

func (o *opened) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.invert, "invert", false, "exchange black and white")
	source.AddModel(cmd, &o.model)
	source.AddPictures(cmd, &o.model.Preprocessing, "")
	o.compute.AddFlags(o.App, cmd)
}

func (o *opened) open(ctx context.Context, path string) (err error) {
	if err := o.compute.Check(); err != nil {
		return err
	}
	if o.loaded, err = source.OpenModelWith(o.App, path, o.model); err != nil {
		return err
	}
	source.NoticeUnfinished(o.App, o.loaded.Run)
	o.loaded.Preprocessing.Invert = o.loaded.Preprocessing.Invert != o.invert
	device, release, err := o.compute.Open(ctx)
	if err != nil {
		return err
	}
	o.release = release
	if o.explainer, err = explain.New(o.loaded, explain.Options{Device: device}); err != nil {
		release()
	}
	return err
}

func (o *opened) close() {
	_ = o.explainer.Close() // nothing can be lost
	o.release()
}
