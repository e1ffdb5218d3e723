package preprocess_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/tensor"
)

func TestLikePillow(t *testing.T) {
	picture, err := imagefile.Open(filepath.Join("..", "imagefile", "testdata", "picture.png"), imagefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file   string
		config preprocess.Config
	}{
		{"grey.bin", preprocess.Plain(tensor.Shape{1, 28, 28})},
		{"rgb.bin", preprocess.Plain(tensor.Shape{3, 28, 28})},
		{"rgb.bin", preprocess.Config{InputSize: tensor.Shape{3, 28, 28}, CropMode: preprocess.Squash, Invert: true}},
		{"crop.bin", preprocess.Config{InputSize: tensor.Shape{3, 20, 20}}},
		{"center.bin", preprocess.Config{InputSize: tensor.Shape{3, 28, 24}, CropPct: 0.875, Interpolation: preprocess.Bicubic}},
		{"squash.bin", preprocess.Config{InputSize: tensor.Shape{3, 28, 28}, CropPct: 0.875, CropMode: preprocess.Squash}},
	} {
		want, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.config.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		if size := c.config.InputSize; !got.Shape().Equal(tensor.Shape{1, size[0], size[1], size[2]}) {
			t.Fatalf("%s: shape %v", c.file, got.Shape())
		}
		for i, v := range got.Data() {
			b := want[i]
			if c.config.Invert {
				b = 255 - b
			}
			if v != float32(b)/255 {
				t.Fatalf("%s: value %d is %v/255, want %d", c.file, i, v*255, b)
			}
		}
	}
}

func TestKindsOfPictures(t *testing.T) {
	at := image.Rect(3, 4, 5, 5) // two pixels, not at the origin
	grey := image.NewGray(at)
	grey.Pix = []byte{0, 200}
	deep := image.NewGray16(at)
	deep.SetGray16(4, 4, color.Gray16{200<<8 | 99})
	clear := image.NewNRGBA(at) // transparent black, then half-transparent black
	clear.SetNRGBA(4, 4, color.NRGBA{0, 0, 0, 128})
	colour := image.NewRGBA(at)
	colour.SetRGBA(3, 4, color.RGBA{255, 0, 0, 255})
	colour.SetRGBA(4, 4, color.RGBA{0, 0, 255, 255})
	palette := image.NewPaletted(at, color.Palette{color.White, color.Gray{17}})
	palette.Pix[1] = 1
	for _, c := range []struct {
		name     string
		picture  image.Image
		channels int
		want     []float32 // of 255
	}{
		{"grey", grey, 1, []float32{0, 200}},
		{"grey to RGB", grey, 3, []float32{0, 200, 0, 200, 0, 200}},
		{"16 bits", deep, 1, []float32{0, 200}},
		{"transparent", clear, 1, []float32{255, 127}},
		{"colour", colour, 3, []float32{255, 0, 0, 0, 0, 255}},
		{"colour to grey", colour, 1, []float32{76, 29}},
		{"palette", palette, 1, []float32{255, 17}},
	} {
		got, err := preprocess.Plain(tensor.Shape{c.channels, 1, 2}).Tensor(c.picture)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, want := range c.want {
			if got.Data()[i] != want/255 {
				t.Errorf("%s: value %d is %v/255, want %v", c.name, i, got.Data()[i]*255, want)
			}
		}
	}
}

// Mean and standard deviation are those of augment.Normalize, bit for bit, for
// pictures and for images of datasets.
func TestNormalizes(t *testing.T) {
	shape := tensor.Shape{3, 4, 4}
	mean, std := []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	picture := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i*37) | uint8(i%4/3*255)
	}
	for _, invert := range []bool{false, true} {
		plain := preprocess.Config{InputSize: shape, Invert: invert}
		want, err := plain.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		augment.Normalize{Mean: mean, Std: std}.Apply(nil, want.Data(), shape)
		config := preprocess.Config{InputSize: shape, Invert: invert, Mean: mean, Std: std}
		got, err := config.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(want) {
			t.Errorf("inverted %v: %v, want %v", invert, got, want)
		}
		image, err := preprocess.Plain(shape).Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		config.Apply(image.Data())
		for i, v := range image.Data() {
			if math.Abs(float64(v-want.Data()[i])) > 1e-6 || !invert && v != want.Data()[i] {
				t.Fatalf("inverted %v: Apply gives %v, want %v", invert, v, want.Data()[i])
			}
		}
	}
	one := preprocess.Config{InputSize: shape, Mean: []float32{0.5}, Std: []float32{0.25}}
	if x, err := one.Tensor(picture); err != nil || x.Data()[47] != (float32(picture.Pix[15*4+2])/255-0.5)/0.25 {
		t.Errorf("one number for all channels: %v, %v", x, err)
	}
}

func TestRefuses(t *testing.T) {
	grey := tensor.Shape{1, 4, 4}
	picture := image.NewGray(image.Rect(0, 0, 4, 4))
	for _, c := range []struct {
		config  preprocess.Config
		picture image.Image
		want    string
	}{
		{preprocess.Config{}, picture, "input_size is []: want C×H×W"},
		{preprocess.Config{InputSize: tensor.Shape{2, 4, 4}}, picture, "input_size has 2 channels"},
		{preprocess.Config{InputSize: tensor.Shape{1, 0, 4}}, picture, "input_size is [1 0 4]"},
		{preprocess.Config{InputSize: tensor.Shape{1, 4, 5000}}, picture, "each from 1 to 2048"},
		{preprocess.Config{InputSize: grey, CropMode: "border"}, picture, `crop_mode is "border": want "center" or "squash"`},
		{preprocess.Config{InputSize: grey, Interpolation: "lanczos"}, picture, `interpolation is "lanczos": want "bilinear" or "bicubic"`},
		{preprocess.Config{InputSize: grey, CropPct: 1.5}, picture, "crop_pct is 1.5: want 0.05 to 1"},
		{preprocess.Config{InputSize: grey, CropPct: math.NaN()}, picture, "crop_pct is NaN"},
		{preprocess.Config{InputSize: tensor.Shape{1, 2048, 2048}, CropPct: 0.1}, picture, "resized to 20480×20480 pixels, more than 100 megapixels"},
		{preprocess.Config{InputSize: grey, Mean: []float32{1, 2, 3}}, picture, "mean has 3 numbers for 1 channels"},
		{preprocess.Config{InputSize: grey, Std: []float32{0}}, picture, "std has the number 0: want finite numbers of at least 1e-06"},
		{preprocess.Config{InputSize: grey, Mean: []float32{float32(math.Inf(1))}}, picture, "mean has the number +Inf: want finite numbers"},
		{preprocess.Config{InputSize: grey}, image.NewGray(image.Rectangle{}), "the picture is empty"},
		{preprocess.Config{InputSize: tensor.Shape{1, 224, 224}}, image.NewGray(image.Rect(0, 0, 10_000_000, 1)), "too long and narrow"},
	} {
		if _, err := c.config.Tensor(c.picture); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestJSON(t *testing.T) {
	config := preprocess.Config{InputSize: tensor.Shape{3, 224, 224}, CropPct: 0.875, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
	b, err := json.Marshal(config.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	var back preprocess.Config
	if err := json.Unmarshal(b, &back); err != nil || !back.Equal(config) {
		t.Errorf("%s: %v, %v", b, back, err)
	}
	const line = "3×224×224, center, crop 0.875, bilinear, mean 0.485 0.456 0.406, std 0.229 0.224 0.225"
	if back.String() != line {
		t.Errorf("got %q", back)
	}
	if back.Invert = true; back.Equal(config) || back.String() != line+", inverted" {
		t.Errorf("got %q", back)
	}
	for text, want := range map[string]string{
		`{"input_size": [3, 8, 8], "crop_pc": 0.9}`: `unknown field "crop_pc": did you mean "crop_pct"?`,
		`{"input_size": [3, 8, 8], "colour": true}`: `unknown field "colour" (known: input_size, `,
		`{"input_size": "big"}`:                     "input_size",
		`{"crop_mode": "center"}`:                   "input_size is []",
		`[1, 2]`:                                    "want an object",
		`{"input_size": [1, 8, 8], "std": [0]}`:     "std has the number 0",
	} {
		if err := json.Unmarshal([]byte(text), &back); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"input_size": [3, 8, 6], "crop_mode": "squash", "crop_pct": 0.5, "mean": [0.5], "std": [1, 2, 3], "interpolation": "bicubic"}`))
	f.Add([]byte(`{"input_size": [1, 1, 1], "invert": true, "crop_pct": 1e-9}`))
	picture := image.NewGray(image.Rect(0, 0, 5, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		var config, back preprocess.Config
		if json.Unmarshal(b, &config) != nil {
			return
		}
		text, err := json.Marshal(config)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || !back.Equal(config) {
			t.Fatalf("%s: %v became %s and %v, %v", b, config, text, back, err)
		}
		if h, w := config.InputSize[1], config.InputSize[2]; h*w > 1000 || config.CropPct > 0 && config.CropPct < 0.1 {
			return // it would take too long
		}
		x, err := config.Tensor(picture)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range x.Data() {
			if v != v {
				t.Fatalf("%v gives NaN", config)
			}
		}
	})
}

func ExampleConfig() {
	config := preprocess.Config{InputSize: tensor.Shape{1, 1, 3}, Mean: []float32{0.5}, Std: []float32{0.5}}
	picture := image.NewGray(image.Rect(0, 0, 6, 2))
	for i := range picture.Pix {
		picture.Pix[i] = 255 // white
	}
	x, err := config.Tensor(picture)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(x.Shape(), x.Data())
	// Output: 1×1×1×3 [1 1 1]
}
