package cifar_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data/cifar"
)

// record is an image whose pixels depend on n, behind its labels.
func record(n int, labels ...byte) []byte {
	out := slices.Clone(labels)
	for i := range 3072 {
		out = append(out, byte(i/1024*50+n))
	}
	return out
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

func writeTen(t *testing.T, dir string) {
	t.Helper()
	for b := range 5 {
		write(t, filepath.Join(dir, fmt.Sprintf("data_batch_%d.bin", b+1)), slices.Concat(record(2*b, byte(2*b)), record(2*b+1, byte(2*b+1))))
	}
	write(t, filepath.Join(dir, "test_batch.bin"), record(77, 9))
}

func TestTen(t *testing.T) {
	dir := t.TempDir()
	writeTen(t, filepath.Join(dir, "cifar-10-batches-bin"))
	set, err := cifar.Load(context.Background(), cifar.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if set.Name != "cifar-10" || set.Train.Len() != 10 || set.Test.Len() != 1 || set.Source != filepath.Join(dir, "cifar-10-batches-bin") {
		t.Fatalf("%s in %s: %d and %d images", set.Name, set.Source, set.Train.Len(), set.Test.Len())
	}
	for i := range 10 {
		if b := set.Train.Bytes(i); set.Train.Label(i) != i || b[0] != byte(i) || b[1024] != byte(50+i) || b[3071] != byte(100+i) {
			t.Errorf("image %d has label %d and pixels %d, %d, %d", i, set.Train.Label(i), b[0], b[1024], b[3071])
		}
	}
	if classes := set.Train.Classes(); classes[9] != "truck" || len(classes) != 10 {
		t.Errorf("classes %v", classes)
	}
}

func TestHundred(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), slices.Concat(record(1, 19, 99), record(2, 0, 3)))
	write(t, filepath.Join(dir, "test.bin"), record(3, 4, 5))
	for coarse, want := range map[bool]string{false: "cifar-100 99 worm", true: "cifar-100 coarse 19 vehicles_2"} {
		set, err := cifar.Load(context.Background(), cifar.Options{Dir: dir, Coarse: coarse})
		if err != nil {
			t.Fatal(err)
		}
		label := set.Train.Label(0)
		if got := fmt.Sprint(set.Name, " ", label, " ", set.Train.Classes()[label]); got != want || set.Train.Bytes(1)[0] != 2 {
			t.Errorf("coarse %v: %s, want %s", coarse, got, want)
		}
	}
	if n := len(cifar.Classes100()); n != 100 || !slices.IsSorted(cifar.Classes100()) || len(cifar.Coarse100()) != 20 || !slices.IsSorted(cifar.Coarse100()) {
		t.Errorf("%d and %d names", n, len(cifar.Coarse100()))
	}
}

func drawn(t *testing.T, side int, c color.NRGBA) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		picture.Set(i%side, i/side, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cifar10")
	for i, class := range cifar.Classes10() {
		write(t, filepath.Join(dir, "train", class, "a.png"), drawn(t, 32, color.NRGBA{uint8(i), 20, 30, 255}))
		write(t, filepath.Join(dir, "test", class, "b.png"), drawn(t, 32, color.NRGBA{uint8(i), 2, 3, 255}))
	}
	set, err := cifar.Load(context.Background(), cifar.Options{Dir: filepath.Dir(dir)})
	if err != nil {
		t.Fatal(err)
	}
	if set.Name != "cifar-10" || set.Train.Len() != 10 || set.Test.Len() != 10 || !slices.Equal(set.Train.Classes(), cifar.Classes10()) {
		t.Fatalf("%s: %d and %d images of %v", set.Name, set.Train.Len(), set.Test.Len(), set.Train.Classes())
	}
	if b := set.Test.Bytes(7); set.Test.Label(7) != 7 || b[0] != 7 || b[1024] != 2 || b[2048] != 3 {
		t.Errorf("image 7: label %d, pixels %d %d %d", set.Test.Label(7), b[0], b[1024], b[2048])
	}
	write(t, filepath.Join(dir, "train", "cat", "big.png"), drawn(t, 33, color.NRGBA{1, 2, 3, 255}))
	if _, err := cifar.Load(context.Background(), cifar.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "train/cat/big.png has 33×33 pixels: want 32×32") {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	root := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	writeTen(t, at("short"))
	write(t, at("short", "data_batch_3.bin"), record(1, 1)[:3000])
	writeTen(t, at("label"))
	write(t, at("label", "test_batch.bin"), slices.Concat(record(1, 1), record(1, 10)))
	writeTen(t, at("lacks"))
	if err := os.Remove(at("lacks", "data_batch_4.bin")); err != nil {
		t.Fatal(err)
	}
	write(t, at("python", "cifar-10-batches-py", "data_batch_1"), []byte("\x80\x02"))
	write(t, at("packed", "cifar-10-binary.tar.gz"), []byte("\x1f\x8b"))
	for name, c := range map[string]struct {
		options cifar.Options
		want    string
	}{
		"none":    {cifar.Options{}, "no folder is named"},
		"nope":    {cifar.Options{Dir: at("nope")}, "there is no such folder"},
		"file":    {cifar.Options{Dir: at("packed", "cifar-10-binary.tar.gz")}, "that is not a folder: unpack it"},
		"short":   {cifar.Options{Dir: at("short")}, "data_batch_3.bin: it has 3000 bytes: want a multiple of 3073"},
		"label":   {cifar.Options{Dir: at("label")}, "test_batch.bin: image 1 has label 10: want 0 to 9"},
		"lacks":   {cifar.Options{Dir: at("lacks")}, "there is no file data_batch_4.bin"},
		"python":  {cifar.Options{Dir: at("python")}, "is of the version for Python: use the binary version"},
		"packed":  {cifar.Options{Dir: at("packed")}, "cifar-10-binary.tar.gz is there: unpack it"},
		"nothing": {cifar.Options{Dir: t.TempDir()}, "there are neither data_batch_1.bin"},
		"coarse":  {cifar.Options{Dir: at("label"), Coarse: true}, "only the binary version of CIFAR-100 has coarse labels"},
	} {
		if _, err := cifar.Load(context.Background(), c.options); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "cifar") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
