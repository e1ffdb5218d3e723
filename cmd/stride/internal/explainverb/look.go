package explainverb

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/internal/printable"
)

type lookVerb struct {
	opened
	features, filters, field, exciting string
	picture, data                      string
	unit                               unitFlag
	channel                            int
	most, top                          int
	times                              bool
	colours                            string
	files                              files
	json                               bool
}

// firstConvolution is what --filters alone stands for.
const firstConvolution = "first"

// views are the flags that say what to look at.
var views = []string{"features", "filters", "receptive-field", "exciting"}

// flagsOfViews says for which views a flag is; those of the list of layers are under "".
var flagsOfViews = map[string][]string{
	"picture": {"features", "receptive-field"}, "unit": {"receptive-field"}, "channel": {"receptive-field"},
	"data": {"exciting"}, "top": {"exciting"}, "most": {"features", "filters"}, "colors": {"features", "receptive-field"},
	"out": views, "force": views, "times": {""},
}

// LookCommand returns the command look.
func LookCommand(a *command.App) *cobra.Command {
	l := &lookVerb{opened: opened{App: a}, most: 64, top: 9, channel: -1}
	cmd := &cobra.Command{
		Use:   "look <run|model|network>",
		Short: "Look inside a network: its layers, feature maps, filters, receptive fields, what excites a channel",
		Long: `Look inside a network. Without a flag that says at what, list its layers, by the names that
the flags take: paths such as layer1.0.conv1, or the names of the nodes of an ONNX file.

  --features LAYER --picture FILE          draw the outputs of a layer for a picture
  --filters[=LAYER]                        draw the weights of a convolution, the first by default
  --receptive-field LAYER [--unit Y,X]     which part of the input a unit sees; with --picture
                                           it is drawn, with what counts most in it
  --exciting LAYER:CHANNEL --data FOLDER   draw the pictures of a folder that excite a channel most

Rows and columns of units, and channels, are counted from 0.`,
		Example: `  stride look efficientnet-lite0
  stride look runs/pets --features layer2.0 --picture cat.jpg
  stride look runs/pets --filters
  stride look model.onnx --receptive-field /layer3/layer3.0/Add --unit 4,6 --picture cat.jpg
  stride look runs/pets --exciting layer3:17 --data photos --top 16`,
		Args: l.arguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			view, err := l.view(cmd)
			if err != nil {
				return err
			}
			return l.run(cmd.Context(), args[0], view)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&nameFlag{&l.features, "layer"}, "features", "draw the feature maps of this `layer`")
	flags.Var(&nameFlag{&l.filters, "layer"}, "filters", "draw the filters of this `layer`, a convolution; of the first one without a name")
	flags.Lookup("filters").NoOptDefVal = firstConvolution
	flags.Var(&nameFlag{&l.field, "layer"}, "receptive-field", "show the receptive field of a unit of this `layer`")
	flags.Var(&nameFlag{&l.exciting, "channel"}, "exciting", "draw the pictures that excite a channel most: `layer:channel`")
	command.AddPlace(flags, &l.picture, "picture", "picture `file`; - is standard input")
	flags.Var(&l.unit, "unit", "row and column of the unit, as `y,x` (default: the middle)")
	flags.Var(command.Count(&l.channel, 0, 1_000_000), "channel", "`channel` of the unit (default: the one that is greatest there)")
	flags.Lookup("channel").DefValue = ""
	source.AddData(cmd, &l.data, "`folder` with pictures, at any depth, or with the files of Fashion-MNIST, or \"sample\"")
	flags.Var(command.Count(&l.top, 1, 1000), "top", "how many pictures to draw")
	flags.Var(command.Count(&l.most, 0, 100_000), "most", "how many maps or filters to draw, the first ones; 0 means all")
	addColours(cmd, &l.colours)
	flags.BoolVar(&l.times, "times", false, "measure the time of each layer on this machine")
	l.files.addFlags(cmd)
	l.addFlags(cmd)
	flags.BoolVar(&l.json, "json", false, "print one JSON object")
	return cmd
}

// arguments checks the arguments. The word after --filters is a layer, too.
func (l *lookVerb) arguments(cmd *cobra.Command, args []string) error {
	if len(args) == 2 && l.filters == firstConvolution {
		return command.Misuse("stride look accepts one argument, found %s and %s: a layer is named as --filters=%s", terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]), args[1])
	}
	if len(args) == 2 && source.Exists(args[1]) {
		return command.Misuse("stride look accepts one argument, found %s and %s: a picture is named as --picture=%s", terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]), args[1])
	}
	return command.OneArg("a run folder, a model file or a network")(cmd, args)
}

// view returns the one flag that says what to look at, "" for the layers.
func (l *lookVerb) view(cmd *cobra.Command) (string, error) {
	given := cmd.Flags().Changed
	view := ""
	for _, v := range views {
		if !given(v) {
			continue
		}
		if view != "" {
			return "", command.Misuse("--%s and --%s are two things to look at: ask for one at a time", view, v)
		}
		view = v
	}
	for flag, of := range flagsOfViews {
		switch {
		case !given(flag) || slices.Contains(of, view):
		case of[0] == "":
			return "", command.Misuse("--%s is for the list of layers: it has no effect with --%s", flag, view)
		case len(of) == len(views):
			return "", command.Misuse("--%s has no effect: the list of layers writes no file", flag)
		default:
			return "", command.Misuse("--%s is for --%s", flag, strings.Join(of, " and --"))
		}
	}
	switch {
	case view == "features" && l.picture == "":
		return "", command.Misuse("--features needs a --picture")
	case view == "exciting":
		if _, _, err := l.channelOf(); err != nil {
			return "", err
		}
	case view == "receptive-field" && l.picture == "":
		for _, flag := range []string{"channel", "colors", "out", "force"} {
			if given(flag) {
				return "", command.Misuse("--%s has no effect without a --picture", flag)
			}
		}
	}
	return view, nil
}

func (l *lookVerb) run(ctx context.Context, path, view string) error {
	if err := l.open(ctx, path); err != nil {
		return err
	}
	defer l.close()
	switch view {
	case "features":
		return l.showFeatures(ctx)
	case "filters":
		return l.showFilters(path)
	case "receptive-field":
		return l.showField(ctx)
	case "exciting":
		return l.showExciting(ctx)
	}
	return l.list(ctx)
}

// A listed node is a node as JSON.
type listed struct {
	explain.Node
	Seconds *float64 `json:"seconds,omitempty"`
}

// list prints the layers.
func (l *lookVerb) list(ctx context.Context) error {
	nodes := l.explainer.Nodes()
	var seconds []float64
	if l.times {
		var err error
		if seconds, err = l.explainer.Times(ctx); err != nil {
			return err
		}
	}
	layer, err := l.explainer.DefaultLayer()
	if err != nil {
		layer = ""
	}
	if l.json {
		list := make([]listed, len(nodes))
		for i, n := range nodes {
			list[i].Node = n
			if seconds != nil {
				list[i].Seconds = &seconds[i]
			}
		}
		return terminal.WriteJSON(l.Stdout, map[string]any{"nodes": list, "layers": l.explainer.Layers(), "gradcam_layer": layer, "classes": len(l.explainer.Classes())})
	}
	t := terminal.NewTable(0, 1)
	head := []string{"layer", "kind", "output", "parameters", "multiply-adds", "sees"}
	if l.times {
		head = append(head, "time")
	}
	t.Add(head...)
	for i, n := range nodes {
		sees := ""
		if n.Maps || i == 0 {
			sees = fmt.Sprintf("%d×%d", n.ReceptiveField, n.ReceptiveField)
		}
		cells := []string{printable.Line(n.Name), printable.Line(n.Kind), n.Output.String(), dash(int64(n.Parameters)), dash(n.MultiplyAdds), sees}
		if l.times {
			cells = append(cells, terminal.Milliseconds(seconds[i]))
		}
		t.Add(cells...)
	}
	if err := t.Write(l.Stdout); err != nil {
		return err
	}
	var blocks []string
	for _, b := range l.explainer.Layers() {
		if !slices.ContainsFunc(nodes, func(n explain.Node) bool { return n.Name == b.Name }) {
			blocks = append(blocks, b.Name)
		}
	}
	text := ""
	if len(blocks) > 0 {
		text += "\n" + terminal.Wrap("Blocks, which can be named, too: "+printable.Line(strings.Join(blocks, ", ")), 100) + "\n"
	}
	if layer != "" {
		text += "\nGrad-CAM's default layer: " + printable.Line(layer) + "\n"
	}
	_, err = fmt.Fprint(l.Stdout, text)
	return err
}

func dash(n int64) string {
	if n == 0 {
		return "–"
	}
	return terminal.Thousands(n)
}

func (l *lookVerb) showFeatures(ctx context.Context) error {
	if _, err := l.explainer.ReceptiveField(l.features, 0, 0); err != nil {
		return err
	}
	p, err := l.read(l.picture)
	if err != nil {
		return err
	}
	maps, err := l.explainer.Features(ctx, p.input, l.features)
	if err != nil {
		return fmt.Errorf("%s: %w", l.picture, err)
	}
	sheet, err := render.Maps(maps, l.most, render.Colors(l.colours))
	if err != nil {
		return err
	}
	shown := shown(maps.Shape()[0], l.most)
	return l.write(sheet, l.picture, "features-"+l.features, map[string]any{"layer": l.features, "picture": l.picture, "output": maps.Shape(), "shown": shown},
		"%s of layer %s for %s", of(shown, maps.Shape()[0], "feature map"), terminal.QuoteIfNeeded(l.features), terminal.QuoteIfNeeded(l.picture))
}

func (l *lookVerb) showFilters(path string) error {
	name := l.filters
	if name == firstConvolution || name == "" {
		name = ""
		if layers := l.explainer.FilterLayers(); len(layers) > 0 {
			name = layers[0]
		}
	}
	weights, err := l.explainer.Filters(name)
	if err != nil {
		return err
	}
	sheet, err := render.Filters(weights, l.most)
	if err != nil {
		return err
	}
	shown := shown(weights.Shape()[0], l.most)
	return l.write(sheet, path, "filters-"+name, map[string]any{"layer": name, "weights": weights.Shape(), "shown": shown},
		"%s of layer %s, weights %v", of(shown, weights.Shape()[0], "filter"), terminal.QuoteIfNeeded(name), weights.Shape())
}

func shown(n, most int) int {
	if most == 0 {
		return n
	}
	return min(n, most)
}

// of says how many are shown: "64 of 512 filters".
func of(shown, n int, what string) string {
	if shown == n {
		return terminal.Plural(n, what)
	}
	return fmt.Sprintf("%d of %s", shown, terminal.Plural(n, what))
}

// write writes a picture, named after one and what it shows, and says so.
func (l *lookVerb) write(m image.Image, named, what string, object map[string]any, format string, args ...any) error {
	names, err := l.files.names(named, what, "")
	if err != nil {
		return err
	}
	if err := writePNG(names[0], m); err != nil {
		return err
	}
	if l.json {
		object["file"] = names[0]
		return terminal.WriteJSON(l.Stdout, object)
	}
	_, err = fmt.Fprintf(l.Stdout, "%s shows %s\n", printable.Line(names[0]), printable.Line(fmt.Sprintf(format, args...)))
	return err
}
