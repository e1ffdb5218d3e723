package explainverb

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/runfolder"
)

// unitFlag is a flag for a row and a column.
type unitFlag struct {
	y, x  int
	given bool
}

// String, Type and Set are those of a pflag.Value.
func (u *unitFlag) String() string {
	if u == nil || !u.given {
		return ""
	}
	return fmt.Sprintf("%d,%d", u.y, u.x)
}

func (u *unitFlag) Type() string { return "y,x" }

func (u *unitFlag) Set(text string) error {
	first, second, ok := strings.Cut(text, ",")
	y, errY := strconv.Atoi(strings.TrimSpace(first))
	x, errX := strconv.Atoi(strings.TrimSpace(second))
	if !ok || errY != nil || errX != nil || y < 0 || x < 0 {
		return errors.New("want a row and a column from 0, such as 3,5")
	}
	*u = unitFlag{y, x, true}
	return nil
}

// boxColour is that of receptive fields.
var boxColour = color.RGBA{255, 60, 60, 255}

// showField prints the receptive field of a unit, and draws it if there is a picture.
func (l *lookVerb) showField(ctx context.Context) error {
	layers := l.explainer.Layers()
	i := slices.IndexFunc(layers, func(k explain.Layer) bool { return k.Name == l.field })
	if i < 0 {
		_, err := l.explainer.ReceptiveField(l.field, 0, 0) // which says what is wrong
		return err
	}
	if !l.unit.given {
		l.unit.y, l.unit.x = layers[i].Output[1]/2, layers[i].Output[2]/2
	}
	field, err := l.explainer.ReceptiveField(l.field, l.unit.y, l.unit.x)
	if err != nil {
		return err
	}
	s := l.explainer.Input()
	text := fmt.Sprintf("unit %d,%d of layer %s (%v) sees rows %d to %d and columns %d to %d of the input of %d×%d, a field of %d×%d", l.unit.y, l.unit.x, terminal.QuoteIfNeeded(l.field),
		layers[i].Output, field.Box.Min.Y, field.Box.Max.Y-1, field.Box.Min.X, field.Box.Max.X-1, s[1], s[2], field.Unclipped.Dy(), field.Unclipped.Dx())
	if field.Global {
		text += "; something before it looks at whole maps, so that the rest of the picture has a part in it, too"
	}
	object := map[string]any{"layer": l.field, "unit": []int{l.unit.y, l.unit.x}, "box": boxOf(field.Box), "unclipped": boxOf(field.Unclipped), "global": field.Global}
	if l.picture == "" {
		if l.json {
			return terminal.WriteJSON(l.Stdout, object)
		}
		_, err := fmt.Fprintln(l.Stdout, printable.Line(text))
		return err
	}
	p, err := l.read(l.picture)
	if err != nil {
		return err
	}
	if err := l.chooseChannel(ctx, p); err != nil {
		return err
	}
	effect, activation, err := l.explainer.EffectiveField(ctx, p.input, l.field, l.channel, l.unit.y, l.unit.x)
	if err != nil {
		return fmt.Errorf("%s: %w", l.picture, err)
	}
	out, err := l.drawField(p, field, effect)
	if err != nil {
		return err
	}
	at, err := l.explainer.Preprocessing().Placement(p.size)
	if err != nil {
		return err
	}
	object["picture"], object["picture_box"], object["channel"], object["activation"] = l.picture, boxOf(at.Rectangle(field.Box)), l.channel, activation
	if !l.json {
		if _, err := fmt.Fprintln(l.Stdout, printable.Line(text)); err != nil {
			return err
		}
	}
	return l.write(out, l.picture, "field-"+l.field, object, "it on %s, and how much the unit of channel %d, which is %.4g there, depends on each place", terminal.QuoteIfNeeded(l.picture), l.channel, activation)
}

// boxOf is a rectangle as JSON.
func boxOf(r image.Rectangle) map[string]int {
	return map[string]int{"left": r.Min.X, "top": r.Min.Y, "right": r.Max.X, "bottom": r.Max.Y}
}

// chooseChannel chooses the channel whose unit is greatest, if none is given.
func (l *lookVerb) chooseChannel(ctx context.Context, p *picture) error {
	if l.channel >= 0 {
		return nil
	}
	maps, err := l.explainer.Features(ctx, p.input, l.field)
	if err != nil {
		return fmt.Errorf("%s: %w", l.picture, err)
	}
	l.channel = 0
	for c := range maps.Shape()[0] {
		if maps.At(c, l.unit.y, l.unit.x) > maps.At(l.channel, l.unit.y, l.unit.x) {
			l.channel = c
		}
	}
	return nil
}

// drawField draws the effective receptive field over the picture, and the theoretical one around it.
func (l *lookVerb) drawField(p *picture, field explain.Field, effect *tensor.Tensor) (*image.RGBA, error) {
	heat := (&explain.Attribution{Method: explain.MethodGradient, Values: effect}).Heat()
	out, err := render.Overlay(p.picture, heat, p.where, render.Options{Colors: render.Colors(l.colours), Percentile: 99.5})
	if err != nil {
		return nil, err
	}
	box, err := l.place(p, field.Box)
	if err != nil {
		return nil, err
	}
	render.Box(out, box, boxColour)
	return out, nil
}

// channelOf splits LAYER:CHANNEL at the last colon.
func (l *lookVerb) channelOf() (layer string, channel int, err error) {
	if at := strings.LastIndexByte(l.exciting, ':'); at > 0 {
		if channel, err = strconv.Atoi(l.exciting[at+1:]); err == nil && channel >= 0 {
			return l.exciting[:at], channel, nil
		}
	}
	return "", 0, command.Misuse("--exciting %s: want a layer and a channel from 0, such as layer3:17", terminal.QuoteIfNeeded(l.exciting))
}

// showExciting draws the pictures that excite a channel most.
func (l *lookVerb) showExciting(ctx context.Context) error {
	layer, channel, err := l.channelOf()
	if err != nil {
		return err
	}
	pictures, err := l.pictures(ctx)
	if err != nil {
		return err
	}
	found, err := l.explainer.Exciting(ctx, layer, channel, l.top, pictures)
	l.Live.Clear()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case len(found) == 0:
		return fmt.Errorf("%s has no pictures", l.data)
	}
	tiles, titles := make([]image.Image, len(found)), make([]string, len(found))
	for i, e := range found {
		if tiles[i], err = drawExcitation(e); err != nil {
			return err
		}
		titles[i] = fmt.Sprintf("%.3g", e.Activation)
	}
	sheet, err := data.ContactSheet(tiles, titles, data.SheetConfig{Scale: 1})
	if err != nil {
		return err
	}
	if !l.json {
		t := terminal.NewTable(2)
		t.Add("activation", "unit", "picture")
		for _, e := range found {
			t.Add(fmt.Sprintf("%.4g", e.Activation), fmt.Sprintf("%d,%d", e.Y, e.X), printable.Line(e.Name))
		}
		if err := t.Write(l.Stdout); err != nil {
			return err
		}
	}
	return l.write(sheet, l.loaded.Path, fmt.Sprintf("exciting-%s-%d", layer, channel), map[string]any{"layer": layer, "channel": channel, "pictures": found},
		"the %s that excite channel %d of layer %s most", terminal.Plural(len(found), "picture"), channel, terminal.QuoteIfNeeded(layer))
}

// tileSide is the shorter side of a picture on a sheet, in pixels.
const tileSide = 160

// drawExcitation draws what the network sees of a picture, with the receptive field of the unit.
func drawExcitation(e explain.Excitation) (image.Image, error) {
	seen, err := render.Picture(e.Input)
	if err != nil {
		return nil, err
	}
	out, err := render.Fit(seen, tileSide, max(tileSide, seen.Rect.Dx(), seen.Rect.Dy()))
	if err != nil {
		return nil, err
	}
	x, y := float64(out.Rect.Dx())/float64(seen.Rect.Dx()), float64(out.Rect.Dy())/float64(seen.Rect.Dy())
	render.Box(out, preprocess.Placement{ScaleX: x, ScaleY: y}.Rectangle(e.Field.Box), boxColour)
	return out, nil
}

// pictures are those of --data, or of what the model was trained with.
func (l *lookVerb) pictures(ctx context.Context) (iter.Seq2[explain.Picture, error], error) {
	if run := l.loaded.Run; l.data == "" && run != nil {
		l.data = run.Settings.Options["photos"]
		if l.data == "" {
			l.data = run.Settings.Options["data"]
		}
	}
	switch {
	case l.data == "" && strings.HasPrefix(l.loaded.Data, source.FashionMNIST), l.data == fashionmnist.SampleDir, l.data != "" && fashionmnist.Contains(l.data):
		return l.fashion(ctx)
	case l.data == "":
		return nil, command.Misuse("--exciting needs --data: a folder with pictures")
	}
	if _, err := runfolder.ReadSettings(l.data); err == nil {
		return nil, fmt.Errorf("%s is a run folder: want a folder with pictures", l.data)
	}
	var names []string
	err := filepath.WalkDir(l.data, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case strings.HasPrefix(entry.Name(), ".") && path != l.data:
			if entry.IsDir() {
				return filepath.SkipDir
			}
		case !entry.IsDir() && slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"}, strings.ToLower(filepath.Ext(path))):
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := l.explainer.Preprocessing()
	return func(yield func(explain.Picture, error) bool) {
		for i, name := range names {
			l.progress(i, len(names))
			x := tensor.New(c.InputSize...)
			if from, err := c.OpenInput(x.Data(), name, imagefile.Options{}); err != nil {
				l.Notice("left out: " + command.OneLine(err))
				continue
			} else if from.Warning != "" {
				l.Notice(from.Warning)
			}
			if !yield(explain.Picture{Name: name, Input: x}, ctx.Err()) {
				return
			}
		}
	}, nil
}

func (l *lookVerb) progress(done, all int) {
	l.Live.Draw(func() terminal.Progress {
		return terminal.Progress{Head: "pictures", Fields: []string{fmt.Sprintf("%s of %s", terminal.Thousands(done), terminal.Thousands(all))}}
	})
}

// fashion are the training images of Fashion-MNIST.
func (l *lookVerb) fashion(ctx context.Context) (iter.Seq2[explain.Picture, error], error) {
	set, err := source.LoadData(l.App, ctx, l.data)
	if err != nil {
		return nil, err
	}
	images, err := source.View(set.Train, l.explainer.Input(), 0)
	if err != nil {
		return nil, err
	}
	if c := l.explainer.Preprocessing(); !c.Equal(preprocess.Plain(c.InputSize)) {
		images = source.Prepared{Dataset: images, Preprocessing: c}
	}
	return func(yield func(explain.Picture, error) bool) {
		for i := range images.Len() {
			l.progress(i, images.Len())
			x := tensor.New(l.explainer.Input()...)
			label, err := images.Read(i, x.Data())
			name := ""
			if err == nil {
				name = fmt.Sprintf("training image %d (%s)", i, images.Classes()[label])
			}
			if err == nil {
				err = ctx.Err()
			}
			if !yield(explain.Picture{Name: name, Input: x}, err) {
				return
			}
		}
	}, nil
}
