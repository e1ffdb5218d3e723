package samplefile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// pictures makes count images of all kinds of contents, and labels.
func pictures(count int) (pixels, labels []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		labels = append(labels, byte(r.IntN(10)))
		for j := range size {
			v := byte(0)
			switch i % 4 {
			case 1:
				v = byte(r.IntN(256))
			case 2:
				v = byte(j * 3)
			case 3:
				v = byte(255 * r.IntN(2))
			}
			pixels = append(pixels, v)
		}
	}
	return pixels, labels
}

func TestThereAndBack(t *testing.T) {
	pixels, labels := pictures(40)
	var file []byte
	for at := 0; at < 40; {
		end := min(at+17, 40)
		var err error
		if file, err = AppendBlock(file, pixels[at*size:end*size], labels[at:end]); err != nil {
			t.Fatal(err)
		}
		at = end
	}
	file = AppendEnd(file)
	gotPixels, gotLabels, err := Decode(file)
	if err != nil || !bytes.Equal(gotPixels, pixels) || !bytes.Equal(gotLabels, labels) {
		t.Errorf("images or labels differ, error %v", err)
	}
	for cut := range len(file) {
		if cut > 200 && cut%97 != 0 {
			continue
		}
		if _, _, err := Decode(file[:cut]); err == nil {
			t.Errorf("no error for the first %d of %d bytes", cut, len(file))
		}
	}
	if _, _, err := Decode(append(file, 0)); err == nil || !strings.Contains(err.Error(), "follow the end mark") {
		t.Errorf("error %v", err)
	}
	if _, err := AppendBlock(nil, nil, nil); err == nil {
		t.Error("an empty block: no error")
	}
}

func FuzzDecode(f *testing.F) {
	pixels, labels := pictures(3)
	file, err := AppendBlock(nil, pixels, labels)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(AppendEnd(file))
	f.Add([]byte{0, 0})
	f.Add([]byte{0xff, 0xff, 1, 2, 3})
	f.Fuzz(func(t *testing.T, file []byte) {
		pixels, labels, err := Decode(file)
		if err == nil && len(pixels) != len(labels)*size {
			t.Errorf("%d pixels for %d labels", len(pixels), len(labels))
		}
	})
}

func ExampleDecode() {
	file, err := AppendBlock(nil, make([]byte, 2*28*28), []byte{3, 9})
	if err != nil {
		fmt.Println(err)
		return
	}
	pixels, labels, err := Decode(AppendEnd(file))
	fmt.Println(len(pixels), labels, err)
	// Output: 1568 [3 9] <nil>
}
