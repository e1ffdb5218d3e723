package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strings"
	"unicode/utf8"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/strideml/stride/internal/titlefont"
)

// SheetConfig says how ContactSheet draws. The zero value is a good default.
type SheetConfig struct {
	// Columns is the number of tiles in a row. The default, 0, makes the sheet
	// about a third wider than high.
	Columns int
	// Font draws the titles. The default, nil, is a small font of ASCII characters. For
	// titles with others, such as Chinese ones, it is a font that is installed on this
	// machine and has them, in programs that import package viz; viz.TextFace reads one
	// from a file.
	Font font.Face
	// Scale is the whole number of sheet pixels for a picture's pixel. The
	// default, 0, makes the largest picture about 84 pixels wide or high.
	Scale int
}

// Limits of a sheet, so that a slip of the pen does not take gigabytes.
const (
	maxSheetPixels = 100_000_000
	tileAim        = 84 // pixels
	tileMargin     = 6
)

// The colours: dark text on near-white paper, and a mid-grey frame that shows
// the bounds of white and of black pictures alike.
var (
	paper = color.Gray{250}
	ink   = color.Gray{40}
	frame = color.Gray{190}
)

// ContactSheet draws pictures in a grid, each enlarged by a whole factor with
// its title under it; a title that does not fit is cut. There may be fewer
// titles than pictures. It is an error when there are no pictures, when the font lacks a
// character of a title, or when the sheet would have more than 100 million pixels.
func ContactSheet(pictures []image.Image, titles []string, config SheetConfig) (image.Image, error) {
	if len(pictures) == 0 {
		return nil, errors.New("a contact sheet needs at least one picture")
	}
	if config.Columns < 0 || config.Scale < 0 {
		return nil, fmt.Errorf("contact sheet of %d columns at scale %d: neither can be negative", config.Columns, config.Scale)
	}
	titles = titles[:min(len(titles), len(pictures))]
	letters, titles, err := letteringFor(config.Font, titles)
	if err != nil {
		return nil, fmt.Errorf("titles of a contact sheet: %w", err)
	}
	titleHeight := letters.height()
	width, height := 0, 0
	for _, picture := range pictures {
		size := picture.Bounds().Size()
		width, height = max(width, size.X), max(height, size.Y)
	}
	scale := config.Scale
	if scale == 0 {
		scale = max(tileAim/max(width, height, 1), 1)
	}
	tooLarge := func(tiles int) bool { // in floats, which do not overflow
		return (float64(width)*float64(scale)+2*tileMargin)*(float64(height)*float64(scale)+float64(titleHeight))*float64(tiles) > maxSheetPixels
	}
	if tooLarge(len(pictures)) {
		return nil, fmt.Errorf("a contact sheet of %d pictures of up to %d×%d at scale %d has over %d million pixels", len(pictures), width, height, scale, maxSheetPixels/1_000_000)
	}
	tile := image.Pt(width*scale+2*tileMargin, height*scale+tileMargin+titleHeight)
	columns := config.Columns
	if columns == 0 {
		columns = 1
		for 3*columns*tile.X < 4*((len(pictures)+columns-1)/columns)*tile.Y {
			columns++
		}
	}
	columns = min(columns, len(pictures))
	rows := (len(pictures) + columns - 1) / columns
	bounds := image.Rect(0, 0, columns*tile.X+2*tileMargin, rows*tile.Y+2*tileMargin)
	sheet := image.NewNRGBA(bounds)
	draw.Draw(sheet, bounds, image.NewUniform(paper), image.Point{}, draw.Src)
	for i, picture := range pictures {
		corner := image.Pt(tileMargin+i%columns*tile.X, tileMargin+i/columns*tile.Y)
		cell := image.Rectangle{corner, corner.Add(tile)}
		size := picture.Bounds().Size().Mul(scale)
		place := image.Rectangle{Max: size}.Add(image.Pt(corner.X+(tile.X-size.X)/2, corner.Y+tileMargin+(height*scale-size.Y)/2))
		draw.Draw(sheet, place.Inset(-1), image.NewUniform(frame), image.Point{}, draw.Src)
		draw.Draw(sheet, place, image.NewUniform(paper), image.Point{}, draw.Src)
		xdraw.NearestNeighbor.Scale(sheet, place, picture, picture.Bounds(), draw.Over, nil)
		if i < len(titles) {
			letters.draw(sheet, cell, titles[i])
		}
	}
	return sheet, nil
}

// lettering draws titles in a font.
type lettering struct{ font.Face }

// letteringFor returns the given font, or the default for some titles if it is nil, and
// the titles as it draws them.
func letteringFor(face font.Face, titles []string) (l lettering, composed []string, err error) {
	other := func(r rune) bool { return r < ' ' || r > '~' } // basicfont draws boxes for these
	if face == nil {
		i := slices.IndexFunc(titles, func(title string) bool { return strings.ContainsFunc(title, other) })
		switch {
		case i < 0:
			return lettering{basicfont.Face7x13}, titles, nil
		case titlefont.Find == nil:
			at := strings.IndexFunc(titles[i], other)
			r, _ := utf8.DecodeRuneInString(titles[i][at:])
			return l, nil, fmt.Errorf("the text %q cannot be drawn: the default font has no %U; import package viz, which finds installed fonts, or set SheetConfig.Font", titles[i], r)
		}
		if face, titles, err = titlefont.Find(titles); err != nil {
			return l, nil, err
		}
	}
	for _, title := range titles {
		for _, r := range title {
			if _, ok := face.GlyphAdvance(r); !ok {
				return l, nil, fmt.Errorf("the text %q cannot be drawn: the font has no %U", title, r)
			}
		}
	}
	return lettering{face}, titles, nil
}

// height is that of a line of titles.
func (l lettering) height() int {
	m := l.Metrics()
	return (m.Ascent + m.Descent).Ceil() + 2
}

// draw writes a title at the foot of a cell, centred and cut to fit.
func (l lettering) draw(sheet draw.Image, cell image.Rectangle, title string) {
	letters := []rune(title)
	room := fixed.I(cell.Dx() - 2)
	for len(letters) > 0 && font.MeasureString(l, string(letters)) > room {
		letters = letters[:len(letters)-1]
	}
	width := font.MeasureString(l, string(letters)).Ceil()
	drawer := font.Drawer{
		Dst:  sheet,
		Src:  image.NewUniform(ink),
		Face: l.Face,
		Dot:  fixed.P(cell.Min.X+(cell.Dx()-width)/2, cell.Max.Y-l.height()+l.Metrics().Ascent.Ceil()+1),
	}
	drawer.DrawString(string(letters))
}
