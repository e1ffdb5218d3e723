package viz_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/internal/fonts/fonttest"
	"github.com/strideml/stride/viz"
)

const chinese = "训练曲线损失迭代周期"

func titled(title string) *viz.Figure {
	f := viz.Curves(title, run(4))
	f.XLabel = "迭代周期"
	f.Lines[0].Name = "损失 (loss)"
	return f
}

// inked counts the dark pixels in the part of a picture where titles stand.
func inked(t *testing.T, picture []byte) (n int) {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 48 {
		for x := range decoded.Bounds().Dx() {
			if color.GrayModel.Convert(decoded.At(x, y)).(color.Gray).Y < 128 {
				n++
			}
		}
	}
	return n
}

func TestChineseTexts(t *testing.T) {
	dir := fonttest.Install(t, map[string][]byte{"opentype/NotoSansCJK-Regular.ttc": fonttest.Collection(fonttest.Font{Family: "CJK SC", Runes: chinese})})
	counts := map[string]int{}
	for _, title := range []string{"LeNet", "LeNet 训", "LeNet 训练曲线", "训练\n曲线"} {
		var p, again, svg bytes.Buffer
		f := titled(title)
		if err := errors.Join(f.WritePNG(&p), f.WriteSVG(&svg)); err != nil {
			t.Fatal(err)
		}
		counts[title] = inked(t, p.Bytes())
		f.FontFile = filepath.Join(dir, "opentype/NotoSansCJK-Regular.ttc")
		if err := f.WritePNG(&again); err != nil || !bytes.Equal(p.Bytes(), again.Bytes()) {
			t.Errorf("%q: a font that is named draws another picture than the same one found; %v", title, err)
		}
		for _, words := range append(strings.Split(title, "\n"), f.XLabel, f.Lines[0].Name) {
			if !strings.Contains(svg.String(), ">"+words+"</text>") {
				t.Errorf("the SVG does not say %q", words)
			}
		}
	}
	// Each character is a square of 24·0.8 pixels.
	square := counts["LeNet 训"] - counts["LeNet"]
	if square < 330 || square > 400 {
		t.Errorf("a character has %d dark pixels, want about 369", square)
	}
	if four := counts["LeNet 训练曲线"] - counts["LeNet"]; four < 4*square-60 || four > 4*square+60 {
		t.Errorf("four characters have %d dark pixels, one %d", four, square)
	}
	// 汉 is missing: nothing is drawn, and the error is its own kind.
	var missing *viz.MissingError
	if err := titled("汉").WritePNG(failing{t}); !errors.As(err, &missing) || string(missing.Missing) != "汉" {
		t.Errorf("error %v", err)
	}
}

// failing fails the test if anything is written.
type failing struct{ t *testing.T }

func (f failing) Write(p []byte) (int, error) {
	f.t.Error("a picture is written")
	return len(p), nil
}

func TestMissingTexts(t *testing.T) {
	fonttest.Install(t, nil)
	for _, c := range []struct {
		change func(f *viz.Figure)
		want   string
	}{
		{func(f *viz.Figure) { f.Title = "训练" }, `the text "训练" cannot be drawn: no font on this machine has 训 (U+8BAD) and 练 (U+7EC3); install one, such as Noto Sans CJK`},
		{func(f *viz.Figure) { f.XLabel = "周期" }, `the text "周期" cannot be drawn`},
		{func(f *viz.Figure) { f.Lines[1].Name = "准确率" }, `the text "准确率" cannot be drawn`},
		{func(f *viz.Figure) { f.Title = "تدريب" }, "scripts whose letters are joined or reordered, such as Arabic, are not drawn"},
		{func(f *viz.Figure) { f.Title = "done 🎉" }, "🎉 (U+1F389)"},
		{func(f *viz.Figure) { f.Title = "a\x1bb" }, "U+001B"},
	} {
		f := viz.Curves("lenet", run(2))
		c.change(f)
		if err := f.WritePNG(failing{t}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
		err := f.WriteSVG(io.Discard)
		if control := strings.Contains(f.Title, "\x1b"); control != (err != nil) {
			t.Errorf("%q as SVG: error %v", f.Title, err)
		}
	}
	for _, title := range []string{"bad \xff", "\x00", "a\ufffeb"} {
		if err := viz.Curves(title, run(2)).WriteSVG(failing{t}); err == nil || !strings.Contains(err.Error(), "an SVG file cannot hold U+") {
			t.Errorf("%q: error %v", title, err)
		}
	}
	// Accents may be apart from their letters.
	var composed, apart bytes.Buffer
	if err := errors.Join(viz.Curves("caf\u00e9", run(2)).WritePNG(&composed), viz.Curves("cafe\u0301", run(2)).WritePNG(&apart)); err != nil || !bytes.Equal(composed.Bytes(), apart.Bytes()) {
		t.Errorf("an accent that stands apart is drawn otherwise; %v", err)
	}
}

// Contact sheets find fonts, too, where this package is there.
func TestSheetTitles(t *testing.T) {
	dir := fonttest.Install(t, map[string][]byte{"cjk.ttf": fonttest.TrueType(fonttest.Font{Family: "CJK", Runes: "短靴"})})
	pictures := []image.Image{image.NewGray(image.Rect(0, 0, 8, 8)), image.NewGray(image.Rect(0, 0, 8, 8))}
	sheet := func(config data.SheetConfig, titles ...string) (dark int, err error) {
		s, err := data.ContactSheet(pictures, titles, config)
		if err != nil {
			return 0, err
		}
		for y := range s.Bounds().Dy() {
			for x := range s.Bounds().Dx() {
				if g := color.GrayModel.Convert(s.At(x, y)).(color.Gray).Y; g > 0 && g < 128 { // the pictures are black
					dark++
				}
			}
		}
		return dark, nil
	}
	one, err := sheet(data.SheetConfig{}, "靴")
	two, err2 := sheet(data.SheetConfig{}, "短靴", "")
	if err := errors.Join(err, err2); err != nil || one < 60 || two < 2*one-20 || two > 2*one+20 {
		t.Errorf("%d and %d dark pixels for one character and two; %v", one, two, err)
	}
	face, err := viz.TextFace(12, filepath.Join(dir, "cjk.ttf"), "短靴")
	if err != nil {
		t.Fatal(err)
	}
	if named, err := sheet(data.SheetConfig{Font: face}, "短靴", ""); err != nil || named != two {
		t.Errorf("%d dark pixels with a font that is given, want %d; %v", named, two, err)
	}
	for _, c := range []struct {
		config data.SheetConfig
		title  string
		want   string
	}{
		{data.SheetConfig{}, "衬衫", "no font on this machine has 衬 (U+886C) and 衫 (U+886B)"},
		{data.SheetConfig{Font: face}, "衬衫", `the text "衬衫" cannot be drawn: the font has no U+886C`},
		{data.SheetConfig{}, "حذاء", "such as Arabic"},
		{data.SheetConfig{}, "a\nb", "U+000A"},
	} {
		if _, err := sheet(c.config, "ok", c.title); err == nil || !strings.HasPrefix(err.Error(), "titles of a contact sheet: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %s", c.title, err, c.want)
		}
	}
	if _, err := sheet(data.SheetConfig{}, "cafe\u0301", "Café"); err != nil {
		t.Error(err)
	}
}
