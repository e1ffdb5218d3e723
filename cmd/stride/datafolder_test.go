package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// photos draws a folder of two classes with n pictures each.
func photos(t *testing.T, n int) string {
	t.Helper()
	root := t.TempDir()
	for c, class := range []string{"bee", "ant"} {
		for i := range n {
			p := image.NewNRGBA(image.Rect(0, 0, 120+10*i, 100))
			for y := range 100 {
				for x := range p.Rect.Dx() {
					p.Set(x, y, color.NRGBA{uint8(200 * c), uint8(x), uint8(y * 2), 255})
				}
			}
			var b bytes.Buffer
			if err := png.Encode(&b, p); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(root, class, fmt.Sprintf("%d.png", i)), b.Bytes())
		}
	}
	return root
}

func TestFolderOfPhotos(t *testing.T) {
	t.Parallel()
	root := photos(t, 6)
	writeFile(t, filepath.Join(root, "ant", "notes.txt"), nil)
	writeFile(t, filepath.Join(root, "ant", "bad.jpg"), []byte("bad"))
	out, notes, status := stride(t, "data", "list", root)
	if lines := strings.Split(out, "\n"); status != done || len(lines) < 7 || !strings.HasPrefix(lines[1], "ant ") || !strings.HasPrefix(lines[2], "bee ") ||
		!strings.Contains(out, "Left out: 1, not a picture by its name\nLeft out: 1, unreadable") || !strings.Contains(out, "chosen by a hash") {
		t.Errorf("status %d, got %s", status, out)
	}
	if !strings.Contains(notes, "bad.jpg is not a PNG") {
		t.Errorf("notes %q", notes)
	}
	list, _, _ := stride(t, "data", "list", root, "--json")
	info := objects(t, list)[0]
	if total := info["train"].(float64) + info["validation"].(float64); total != 12 || info["divided"] != true || len(info["unreadable"].([]any)) != 1 || info["classes"].([]any)[0].(map[string]any)["name"] != "ant" {
		t.Errorf("got %v", info)
	}
	for _, args := range [][]string{{"--count", "5"}, {"--count", "5", "--split", "validation"}, {"--augment", "hflip,jitter=0.3", "--count", "2", "--seed", "1"}} {
		file := filepath.Join(t.TempDir(), "sheet.png")
		out, _, status := stride(t, slices.Concat([]string{"data", "show", root, "--out", file}, args)...)
		if status != done || !strings.HasPrefix(out, file+" shows ") || !strings.Contains(out, " of "+root) {
			t.Errorf("%v: status %d, got %s", args, status, out)
		}
		if sheet := decodePNG(t, file); sheet.Bounds().Dx() < 84 || sheet.Bounds().Dy() < 84 {
			t.Errorf("%v: a sheet of %v", args, sheet.Bounds())
		}
	}
	if _, notes, status := stride(t, "data", "show", root, "--split", "test", "--out", filepath.Join(t.TempDir(), "x.png")); status != failed || !strings.Contains(notes, "has no test images") {
		t.Errorf("status %d, %q", status, notes)
	}
}

func decodePNG(t *testing.T, path string) image.Image {
	t.Helper()
	sheet, err := png.Decode(strings.NewReader(readFile(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return sheet
}

// TestFolderOfFiles has the files of MNIST and CIFAR in a folder.
func TestFolderOfFiles(t *testing.T) {
	t.Parallel()
	digits, objectsDir := filepath.Join(t.TempDir(), "digits"), filepath.Join(t.TempDir(), "cifar")
	idx := func(elements []byte, dims ...uint32) []byte {
		out := binary.BigEndian.AppendUint32(nil, 0x800|uint32(len(dims)))
		for _, n := range dims {
			out = binary.BigEndian.AppendUint32(out, n)
		}
		return append(out, elements...)
	}
	for _, part := range []string{"train", "t10k"} {
		writeFile(t, filepath.Join(digits, part+"-images-idx3-ubyte"), idx(make([]byte, 3*784), 3, 28, 28))
		writeFile(t, filepath.Join(digits, part+"-labels-idx1-ubyte"), idx([]byte{1, 1, 7}, 3))
	}
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		writeFile(t, filepath.Join(objectsDir, name+".bin"), append([]byte{3}, make([]byte, 3072)...))
	}
	for dir, want := range map[string]string{digits: "digits 3 3", objectsDir: "cifar-10 5 1"} {
		out, _, _ := stride(t, "data", "list", dir, "--json")
		info := objects(t, out)[0]
		if got := fmt.Sprint(info["name"], " ", info["train"], " ", info["test"]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		file := filepath.Join(t.TempDir(), "sheet.png")
		if out, notes, status := stride(t, "data", "show", dir, "--split", "test", "--out", file); status != done {
			t.Errorf("status %d: %s %s", status, out, notes)
		}
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}
