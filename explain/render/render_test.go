package render

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/strideml/stride/tensor"
)

func heat(values ...float32) *tensor.Tensor {
	return tensor.Must(tensor.FromSlice(values, 2, len(values)/2))
}

func TestColors(t *testing.T) {
	for _, c := range AllColors() {
		if got, err := ParseColors(string(c)); got != c || err != nil {
			t.Errorf("%s: %s, %v", c, got, err)
		}
		if c.At(-1) != c.At(0) || c.At(2) != c.At(1) || c.At(math.NaN()) != c.At(0) || c.At(0) == c.At(1) {
			t.Errorf("%s: the ends are %v and %v", c, c.At(0), c.At(1))
		}
	}
	if Viridis.At(0) != (color.RGBA{0x44, 0x01, 0x54, 255}) || Viridis.At(1) != (color.RGBA{0xfd, 0xe7, 0x25, 255}) || Diverging.At(0.5) != (color.RGBA{255, 255, 255, 255}) || Grey.At(0.5) != (color.RGBA{128, 128, 128, 255}) {
		t.Error("the colours are others")
	}
	// Those for values of one sign get lighter from end to end.
	for _, c := range []Colors{Viridis, Inferno, Grey} {
		before := -1.0
		for i := range 200 {
			v := c.At(float64(i) / 199)
			light := 0.299*float64(v.R) + 0.587*float64(v.G) + 0.114*float64(v.B)
			if light < before-0.6 {
				t.Errorf("%s gets darker at %d of 199", c, i)
			}
			before = light
		}
	}
	if _, err := ParseColors("jet"); err == nil {
		t.Error("jet is no error")
	}
	if c, err := ParseColors(""); c != Viridis || err != nil {
		t.Error(c, err)
	}
}

func TestMap(t *testing.T) {
	m, err := Map(heat(0, 2, 4, -9), 0, 0, Options{Colors: Grey})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint8{0, 128, 255, 0} {
		if got := m.RGBAAt(i%2, i/2).R; got != want {
			t.Errorf("pixel %d: %d, want %d", i, got, want)
		}
	}
	// Values of both signs: 0 is in the middle.
	if m, err = Map(heat(0, 2, 4, -4), 0, 0, Options{Signed: true}); err != nil {
		t.Fatal(err)
	}
	if m.RGBAAt(0, 0) != Diverging.At(0.5) || m.RGBAAt(1, 0) != Diverging.At(0.75) || m.RGBAAt(0, 1) != Diverging.At(1) || m.RGBAAt(1, 1) != Diverging.At(0) {
		t.Error("values of both signs have other colours")
	}
	// Enlarged, the corners keep their values, and the middle is the mean.
	if m, err = Map(heat(0, 4, 4, 8), 41, 41, Options{Colors: Grey}); err != nil {
		t.Fatal(err)
	}
	if m.RGBAAt(0, 0).R != 0 || m.RGBAAt(40, 40).R != 255 || m.RGBAAt(20, 20).R != 128 {
		t.Errorf("%v %v %v", m.RGBAAt(0, 0), m.RGBAAt(40, 40), m.RGBAAt(20, 20))
	}
	if m, err = Map(heat(0, 0, 0, 0), 0, 0, Options{}); err != nil || m.RGBAAt(0, 0) != Viridis.At(0) {
		t.Error(err)
	}
	// One value of many is far greater: with a percentile it does not hide the others.
	values := make([]float32, 200)
	for i := range values {
		values[i] = 1
	}
	values[7] = 1000
	if m, err = Map(heat(values...), 0, 0, Options{Colors: Grey, Percentile: 99}); err != nil || m.RGBAAt(0, 0).R != 255 {
		t.Errorf("%v, %v", m.RGBAAt(0, 0), err)
	}
}

func TestOverlay(t *testing.T) {
	picture := image.NewRGBA(image.Rect(5, 7, 25, 27)) // transparent, which is white
	out, err := Overlay(picture, heat(0, 1, 0, 1), image.Rect(10, 10, 30, 20), Options{Opacity: 1, Colors: Grey})
	if err != nil {
		t.Fatal(err)
	}
	white := color.RGBA{255, 255, 255, 255}
	if out.Rect != image.Rect(0, 0, 20, 20) || out.RGBAAt(3, 15) != white || out.RGBAAt(10, 15) != white || out.RGBAAt(15, 9) != white {
		t.Error("what is outside of the map, or 0, has changed")
	}
	if v := out.RGBAAt(19, 15); v.R > 250 || v.R < 100 { // about half of the way from white to the colour of a half
		t.Errorf("within the map %v", v)
	}
	signed, err := Overlay(picture, heat(-1, 1, -1, 1), image.Rect(0, 0, 20, 20), Options{Signed: true})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := signed.RGBAAt(0, 0), signed.RGBAAt(19, 0); a.B <= a.R || b.R <= b.B {
		t.Errorf("negative %v, positive %v", a, b)
	}
}

func TestFit(t *testing.T) {
	for _, test := range [][4]int{{28, 28, 224, 224}, {4000, 2000, 1024, 512}, {500, 300, 500, 300}, {10, 1000, 10, 1024 - 24}, {3, 3000, 1, 1024}} {
		out, err := Fit(image.NewGray(image.Rect(0, 0, test[0], test[1])), 224, 1024)
		if err != nil {
			t.Fatal(err)
		}
		if w, h := out.Rect.Dx(), out.Rect.Dy(); max(w, h) > 1024 || test[2] > 100 && (w != test[2] || h != test[3]) {
			t.Errorf("%d×%d becomes %d×%d", test[0], test[1], w, h)
		}
	}
}

func TestSheets(t *testing.T) {
	w := tensor.New(6, 3, 5, 5)
	for i := range w.Data() {
		w.Data()[i] = float32(i%7) - 3
	}
	maps, err := w.Reshape(18, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	many, err := w.Reshape(2, 9, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	small, err := Maps(maps, 2, "")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Maps(maps, 0, Turbo)
	if err != nil || whole.Bounds().Dx()*whole.Bounds().Dy() <= 4*small.Bounds().Dx()*small.Bounds().Dy() {
		t.Errorf("a sheet of 18 is %v, of 2 %v; %v", whole.Bounds(), small.Bounds(), err)
	}
	for _, f := range []*tensor.Tensor{w, many, tensor.New(4, 1, 1, 1)} {
		if _, err := Filters(f, 0); err != nil {
			t.Error(err)
		}
	}
	c, err := Colored(tensor.Must(tensor.FromSlice([]float32{0, 2, -2}, 3, 1, 1)), 100)
	if err != nil || c.RGBAAt(0, 0) != (color.RGBA{128, 255, 0, 255}) {
		t.Error(c, err)
	}
	p, err := Picture(tensor.Must(tensor.FromSlice([]float32{-1, 0, 1, 3}, 1, 2, 2)))
	if err != nil || p.RGBAAt(0, 0).R != 0 || p.RGBAAt(1, 1).R != 255 || p.RGBAAt(0, 1).G != 128 {
		t.Error(p, err)
	}
}

func TestBox(t *testing.T) {
	out := image.NewRGBA(image.Rect(0, 0, 20, 20))
	red := color.RGBA{255, 0, 0, 255}
	Box(out, image.Rect(-5, 4, 12, 16), red)
	if out.RGBAAt(3, 5) != red || out.RGBAAt(3, 4) != (color.RGBA{A: 255}) || out.RGBAAt(3, 10) != (color.RGBA{}) || out.RGBAAt(10, 8) != red {
		t.Error("the border is elsewhere")
	}
	Box(out, image.Rect(3, 3, 3, 9), red) // empty
	Box(out, image.Rect(0, 0, 1, 1), red)
}

func TestMisuse(t *testing.T) {
	nan := heat(0, 1, float32(math.NaN()), 0)
	good, picture := heat(0, 1, 2, 3), image.NewGray(image.Rect(0, 0, 4, 4))
	where := image.Rect(0, 0, 4, 4)
	for what, err := range map[string]error{
		"no map":                 second(Map(nil, 0, 0, Options{})),
		"a map of other shape":   second(Map(tensor.New(2, 3, 4), 0, 0, Options{})),
		"NaN":                    second(Map(nan, 0, 0, Options{})),
		"a negative size":        second(Map(good, -1, 4, Options{})),
		"a huge size":            second(Map(good, 1<<40, 1<<40, Options{})),
		"a percentile above 100": second(Map(good, 0, 0, Options{Percentile: 101})),
		"no picture":             second(Overlay(nil, good, where, Options{})),
		"an empty picture":       second(Overlay(image.NewGray(image.Rectangle{}), good, where, Options{})),
		"an empty part":          second(Overlay(picture, good, image.Rectangle{}, Options{})),
		"an opacity above 1":     second(Overlay(picture, good, where, Options{Opacity: 2})),
		"NaN over a picture":     second(Overlay(picture, nan, where, Options{})),
		"no size to fit":         second(Fit(picture, 0, 10)),
		"maps N×C×H×W":           second(Maps(tensor.New(1, 2, 3, 4), 0, "")),
		"no maps":                second(Maps(nil, 0, "")),
		"a negative number":      second(Maps(tensor.New(2, 3, 4), -1, "")),
		"a matrix of filters":    second(Filters(tensor.New(2, 3), 0)),
		"NaN in a filter":        second(Filters(tensor.Full(float32(math.NaN()), 1, 1, 2, 2), 0)),
		"two channels":           second(Colored(tensor.New(2, 3, 3), 100)),
		"a picture of two":       second(Picture(tensor.New(2, 3, 3))),
	} {
		if err == nil {
			t.Errorf("%s is no error", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }
