package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// SheetConfig says how ContactSheet draws. The zero value is a good default.
type SheetConfig struct {
	// Columns is the number of tiles in a row. The default, 0, makes the sheet
	// about a third wider than high.
	Columns int
	// Scale is the whole number of sheet pixels for a picture's pixel. The
	// default, 0, makes the largest picture about 84 pixels wide or high.
	Scale int
}

// Limits of a sheet, so that a slip of the pen does not take gigabytes.
const (
	maxSheetPixels = 100_000_000
	tileAim        = 84 // pixels
	tileMargin     = 6
	titleHeight    = 15
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
// titles than pictures. It is an error when there are no pictures, or the sheet
// would have more than 100 million pixels.
func ContactSheet(pictures []image.Image, titles []string, config SheetConfig) (image.Image, error) {
	if len(pictures) == 0 {
		return nil, errors.New("a contact sheet needs at least one picture")
	}
	if config.Columns < 0 || config.Scale < 0 {
		return nil, fmt.Errorf("contact sheet of %d columns at scale %d: neither can be negative", config.Columns, config.Scale)
	}
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
		return (float64(width)*float64(scale)+2*tileMargin)*(float64(height)*float64(scale)+titleHeight)*float64(tiles) > maxSheetPixels
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
			drawTitle(sheet, cell, titles[i])
		}
	}
	return sheet, nil
}

// drawTitle writes a title at the foot of a cell, centred and cut to fit.
func drawTitle(sheet draw.Image, cell image.Rectangle, title string) {
	face := basicfont.Face7x13
	room := (cell.Dx() - 2) / face.Advance
	letters := []rune(title)
	if len(letters) > room {
		letters = letters[:max(room, 0)]
	}
	left := cell.Min.X + (cell.Dx()-len(letters)*face.Advance)/2
	drawer := font.Drawer{
		Dst:  sheet,
		Src:  image.NewUniform(ink),
		Face: face,
		Dot:  fixed.P(left, cell.Max.Y-titleHeight+face.Ascent+1),
	}
	drawer.DrawString(string(letters))
}
