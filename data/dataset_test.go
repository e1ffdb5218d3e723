package data_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"golang.org/x/image/font/basicfont"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// numbered is a dataset of n images of 1×2×2 whose first pixel is the index.
func numbered(t testing.TB, n int) *data.Images {
	t.Helper()
	pixels, labels := make([]uint8, 4*n), make([]int, n)
	for i := range labels {
		pixels[4*i], labels[i] = uint8(i), i%3
	}
	images, err := data.NewImages(pixels, labels, tensor.Shape{1, 2, 2}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	return images
}

func TestImagesRead(t *testing.T) {
	pixels := []uint8{0, 1, 127, 255, 51, 102, 153, 204}
	images, err := data.NewImages(pixels, []int{1, 0}, tensor.Shape{1, 2, 2}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 4)
	for i, want := range []int{1, 0} {
		label, err := images.Read(i, got)
		if err != nil || label != want {
			t.Errorf("Read(%d) = %d, %v", i, label, err)
		}
		for j, v := range got {
			if v != float32(pixels[4*i+j])/255 {
				t.Errorf("image %d, pixel %d = %v", i, j, v)
			}
		}
	}
	if allocs := testing.AllocsPerRun(10, func() { images.Read(0, got) }); allocs != 0 {
		t.Errorf("Read allocates %v times", allocs)
	}
}

func TestBadDatasets(t *testing.T) {
	shape := tensor.Shape{1, 2, 2}
	for _, c := range []struct {
		pixels int
		labels []int
		shape  tensor.Shape
		want   string
	}{
		{8, []int{0, 1}, tensor.Shape{2, 2}, "image shape 2×2: want C×H×W"},
		{8, []int{0, 1}, tensor.Shape{1, 0, 2}, "image shape 1×0×2: want C×H×W"},
		{7, []int{0, 1}, shape, "2 labels need 2×4 bytes of pixels, found 7"},
		{12, []int{0, 1}, shape, "2 labels need 2×4 bytes of pixels, found 12"},
		{8, []int{0, 3}, shape, "image 1 has label 3: want 0 to 2"},
		{8, []int{-1, 0}, shape, "image 0 has label -1: want 0 to 2"},
	} {
		_, err := data.NewImages(make([]uint8, c.pixels), c.labels, c.shape, []string{"a", "b", "c"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c, err, c.want)
		}
	}
	images := numbered(t, 3)
	big, err := images.Resize(4, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []data.Dataset{images, big, data.Limit(images, 2)} {
		room := make([]float32, d.ImageShape().Size())
		for _, i := range []int{-1, d.Len()} {
			if _, err := d.Read(i, room); err == nil {
				t.Errorf("Read(%d): no error", i)
			}
		}
		if _, err := d.Read(0, room[1:]); err == nil {
			t.Error("Read into too little room: no error")
		}
	}
	if _, err := images.Resize(0, 4); err == nil {
		t.Error("Resize(0, 4): no error")
	}
	if _, err := data.Subset(images, []int{3}); err == nil {
		t.Error("Subset: no error")
	}
}

func TestResizeReadsEachChannel(t *testing.T) {
	images, err := data.NewImages([]uint8{0, 0, 0, 0, 255, 255, 255, 255}, []int{0}, tensor.Shape{2, 2, 2}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	view, err := images.Resize(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	if !view.ImageShape().Equal(tensor.Shape{2, 3, 5}) {
		t.Fatalf("shape %v", view.ImageShape())
	}
	got := make([]float32, 30)
	if _, err := view.Read(0, got); err != nil {
		t.Fatal(err)
	}
	for j, v := range got {
		if want := float32(j / 15); v != want {
			t.Errorf("value %d = %v, want %v", j, v, want)
		}
	}
	same, err := images.Resize(2, 2)
	if err != nil || same != data.Dataset(images) {
		t.Errorf("Resize to the same size gives %v, %v", same, err)
	}
}

func TestSubsetAndLimit(t *testing.T) {
	images := numbered(t, 10)
	some, err := data.Subset(images, []int{7, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, 4)
	for i, want := range []int{7, 2, 2} {
		if label, err := some.Read(i, pixels); err != nil || label != want%3 || pixels[0] != float32(want)/255 {
			t.Errorf("image %d: label %d, pixel %v, %v", i, label, pixels[0]*255, err)
		}
	}
	for _, c := range [][2]int{{-1, 10}, {0, 10}, {4, 4}, {10, 10}, {99, 10}} {
		if n := data.Limit(images, c[0]).Len(); n != c[1] {
			t.Errorf("Limit(%d) has %d images, want %d", c[0], n, c[1])
		}
	}
}

func TestPicture(t *testing.T) {
	grey := numbered(t, 3)
	picture, label, err := data.Picture(grey, 2)
	if err != nil || label != 2 || picture.(*image.Gray).GrayAt(0, 0).Y != 2 {
		t.Errorf("grey: %v %v %v", picture, label, err)
	}
	colour, err := data.NewImages([]uint8{10, 20, 30, 40, 50, 60}, []int{0}, tensor.Shape{3, 1, 2}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	picture, _, err = data.Picture(colour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if c := picture.(*image.NRGBA).NRGBAAt(1, 0); c.R != 20 || c.G != 40 || c.B != 60 || c.A != 255 {
		t.Errorf("colour: %v", c)
	}
	two, err := data.NewImages(make([]uint8, 2), []int{0}, tensor.Shape{2, 1, 1}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := data.Picture(two, 0); err == nil {
		t.Error("two channels: no error")
	}
}

func TestContactSheet(t *testing.T) {
	pictures, titles := make([]image.Image, 7), make([]string, 7)
	for i := range pictures {
		pictures[i], titles[i] = image.NewGray(image.Rect(5, 5, 33, 33)), "a title that is too long"
	}
	sheet, err := data.ContactSheet(pictures, titles, data.SheetConfig{Columns: 4, Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	if size := sheet.Bounds().Size(); size != image.Pt(4*(56+12)+12, 2*(56+6+15)+12) {
		t.Errorf("size %v", size)
	}
	if _, err := data.ContactSheet(nil, nil, data.SheetConfig{}); err == nil {
		t.Error("no pictures: no error")
	}
	huge := []image.Image{image.NewUniform(image.Black.C)}
	if _, err := data.ContactSheet(huge, nil, data.SheetConfig{}); err == nil {
		t.Error("endless picture: no error")
	}
	if _, err := data.ContactSheet(pictures, nil, data.SheetConfig{Scale: 1 << 40}); err == nil {
		t.Error("endless scale: no error")
	}
	if _, err := data.ContactSheet(pictures, nil, data.SheetConfig{Columns: -1}); err == nil {
		t.Error("negative columns: no error")
	}
}

// This test's program does not import package viz, which finds fonts.
func TestContactSheetTitles(t *testing.T) {
	pictures := []image.Image{image.NewGray(image.Rect(0, 0, 8, 8))}
	for title, want := range map[string]string{
		"短靴":   `titles of a contact sheet: the text "短靴" cannot be drawn: the default font has no U+77ED; import package viz, which finds installed fonts, or set SheetConfig.Font`,
		"Café": "the default font has no U+00E9",
		"a\nb": "the default font has no U+000A",
	} {
		if _, err := data.ContactSheet(pictures, []string{title}, data.SheetConfig{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	// A title without a picture is not drawn, and the basic font may be named.
	if _, err := data.ContactSheet(pictures, []string{"boot", "短靴"}, data.SheetConfig{Font: basicfont.Face7x13}); err != nil {
		t.Error(err)
	}
	if _, err := data.ContactSheet(pictures, []string{"短靴"}, data.SheetConfig{Font: basicfont.Face7x13}); err == nil {
		t.Error("a character that the given font lacks is drawn")
	}
}

func ExampleContactSheet() {
	images, err := data.NewImages([]uint8{0, 255, 255, 0}, []int{0}, tensor.Shape{1, 2, 2}, []string{"chequers"})
	if err != nil {
		fmt.Println(err)
		return
	}
	picture, label, err := data.Picture(images, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	sheet, err := data.ContactSheet([]image.Image{picture}, []string{images.Classes()[label]}, data.SheetConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	if err := png.Encode(&file, sheet); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sheet.Bounds().Size())
	// Output: (108,117)
}
