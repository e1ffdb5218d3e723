package explainverb

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/explain/render"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/tensor"
)

// A picture is a picture file, for people and for the network.
type picture struct {
	// picture is what is drawn on: the whole picture, upright, no larger than a screen.
	picture *image.RGBA
	// where is the part of it that the network sees.
	where image.Rectangle
	input *tensor.Tensor
	size  image.Point // in the file

	warning string
}

// The least shorter side and the greatest longer side of what is drawn on, in pixels.
const leastSide, mostSide = 224, 1024

// read reads a picture file, or standard input for "-", and tells its warning.
func (o *opened) read(name string) (*picture, error) {
	file, err := contents(name)
	if err != nil {
		return nil, err
	}
	if name == "-" {
		name = "standard input"
	}
	c := o.explainer.Preprocessing()
	s := c.InputSize
	p := &picture{input: tensor.New(s...)}
	from, err := c.Input(p.input.Data(), file, name, imagefile.Options{})
	if err != nil {
		return nil, err
	}
	p.size, p.warning = from.Size, from.Warning
	whole, err := imagefile.Decode(bytes.NewReader(file), name, imagefile.Options{Warn: func(string) {}})
	if err != nil {
		return nil, err
	}
	if p.picture, err = render.Fit(whole, leastSide, mostSide); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.where, err = o.place(p, render.Whole(p.input))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if p.warning != "" {
		o.Notice(p.warning)
	}
	return p, nil
}

// maxFile bounds picture files.
const maxFile = 1 << 30

func contents(name string) ([]byte, error) {
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if info.Size() > maxFile {
			return nil, fmt.Errorf("%s: a picture file of %s", name, terminal.BytesText(info.Size()))
		}
		return os.ReadFile(name)
	}
	file, err := io.ReadAll(io.LimitReader(os.Stdin, maxFile))
	if err == nil && len(file) == maxFile {
		err = errors.New("standard input: the picture file is too large")
	}
	return file, err
}

// place returns where a part of the input lies on what is drawn.
func (o *opened) place(p *picture, part image.Rectangle) (image.Rectangle, error) {
	at, err := o.explainer.Preprocessing().Placement(p.size)
	if err != nil {
		return image.Rectangle{}, err
	}
	x, y := float64(p.picture.Rect.Dx())/float64(p.size.X), float64(p.picture.Rect.Dy())/float64(p.size.Y)
	at.Left, at.ScaleX = at.Left*x, at.ScaleX*x
	at.Top, at.ScaleY = at.Top*y, at.ScaleY*y
	return at.Rectangle(part), nil
}

// files says where PNG files go.
type files struct {
	out     string
	force   bool
	written map[string]bool
}

func (f *files) addFlags(cmd *cobra.Command) {
	command.AddPlace(cmd.Flags(), &f.out, "out", "`folder` to write to, which is made if need be, or, for one picture, a .png file (default: here)")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace files that exist")
}

func (f *files) isFile() bool { return strings.EqualFold(filepath.Ext(f.out), ".png") }

// check reports a file for several pictures.
func (f *files) check(pictures int) error {
	if pictures > 1 && f.isFile() {
		return command.Misuse("--out %s is one file for %d pictures: name a folder", terminal.QuoteIfNeeded(f.out), pictures)
	}
	return nil
}

// names returns the names of the files for a picture, one for each ending. No file that exists is among them, unless --force
// is given, and none that this command has written.
func (f *files) names(picture, what string, endings ...string) ([]string, error) {
	base := filepath.Base(picture)
	if picture == "-" {
		base = "picture"
	}
	base = strings.TrimSuffix(base, filepath.Ext(base)) + "-" + fileName(what)
	dir := f.out
	if f.isFile() {
		dir, base = filepath.Dir(f.out), strings.TrimSuffix(filepath.Base(f.out), filepath.Ext(f.out))
	}
	if f.out != "" && !f.isFile() {
		if err := os.MkdirAll(f.out, 0o777); err != nil {
			return nil, err
		}
	}
	for n := 1; n < 100_000; n++ {
		number := ""
		if n > 1 {
			number = "-" + strconv.Itoa(n)
		}
		var names []string
		taken := ""
		for _, ending := range endings {
			name := filepath.Join(dir, base+number+ending+".png")
			if f.written[name] || !f.force && source.Exists(name) {
				taken = name
			}
			names = append(names, name)
		}
		switch {
		case taken == "":
			if f.written == nil {
				f.written = map[string]bool{}
			}
			for _, name := range names {
				f.written[name] = true
			}
			return names, nil
		case f.isFile():
			return nil, fmt.Errorf("%s exists already: name another file, or add --force to replace it", taken)
		}
	}
	return nil, fmt.Errorf("%s.png and all its numbers exist already", filepath.Join(dir, base))
}

// fileName is a text as a part of a file's name.
func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r == '+' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, strings.Trim(text, "/"))
}

func writePNG(path string, m image.Image) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return png.Encode(w, m) })
}

// nameFlag is a flag for the name of something, which cannot be empty.
type nameFlag struct {
	value *string
	kind  string
}

// String, Type and Set are those of a pflag.Value.
func (n *nameFlag) String() string {
	if n.value == nil {
		return ""
	}
	return *n.value
}

func (n *nameFlag) Type() string { return n.kind }

func (n *nameFlag) Set(text string) error {
	if text == "" {
		return errors.New("want the name of a " + n.kind)
	}
	*n.value = text
	return nil
}
