package main

import (
	"bytes"
	"testing"

	"github.com/strideml/stride/data/raster"
)

func TestPrint(t *testing.T) {
	var b bytes.Buffer
	err := print(&b, []result{
		{row: "resize", stride: 4567.8, rival: 456.78, ratio: 10, version: "13.0.0"},
		{row: "kernels in Go", stride: 300, rival: 200, ratio: 1.5, version: "go1.26.0", goRival: true},
		{row: "decode PNG", why: errNoFolder.Error()},
	})
	want := `| | Stride, pictures/s | Pillow, pictures/s | × Pillow |
|---|---:|---:|---:|
| resize | 4568 | 457 | 10.00 |
| decode PNG | – | – | needs a folder of pictures |

Pillow 13.0.0, one thread each.

| | Stride, pictures/s | Go, pictures/s | × Go |
|---|---:|---:|---:|
| kernels in Go | 300 | 200 | 1.50 |

Go 1.26.0, one thread each.
`
	if err != nil || b.String() != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, b.String(), want)
	}
}

// TestResizing runs Stride's side of a row and checks what it tells Pillow.
func TestResizing(t *testing.T) {
	w, err := resizing(raster.Bilinear, &raster.Window{Top: 1, Left: 2, Height: 3, Width: 4})(&bench{dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if n := len(w.pixels()); n != 3*3*4 || w.theirs["filter"] != "bilinear" {
		t.Errorf("%d bytes, %v", n, w.theirs)
	}
}
