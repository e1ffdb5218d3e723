package imagefile_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/raster"
)

// same checks that a Decoder gives the values and errors of the function Decode.
func same(t *testing.T, d *imagefile.Decoder, file []byte, name string) {
	t.Helper()
	picture, wantErr := imagefile.Decode(bytes.NewReader(file), name, imagefile.Options{MaxPixels: 1 << 14})
	for _, channels := range []int{1, 3} {
		var inMemory, read raster.Raster
		what, err := d.Decode(&inMemory, file, name, channels, imagefile.Options{MaxPixels: 1 << 14})
		_, readErr := d.Read(&read, bytes.NewReader(file), name, channels, imagefile.Options{MaxPixels: 1 << 14})
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || fmt.Sprint(readErr) != fmt.Sprint(wantErr) {
			t.Errorf("%s: errors %v and %v, want %v", name, err, readErr, wantErr)
		}
		if err != nil || readErr != nil || wantErr != nil {
			continue
		}
		want := raster.FromImage(picture, channels)
		for _, got := range []raster.Raster{inMemory, read} {
			if got.Channels != channels || got.Height != want.Height || got.Width != want.Width || !slices.Equal(got.Pix, want.Pix) {
				t.Errorf("%s: other values in %d channels than Decode's", name, channels)
			}
		}
		if what.Size != picture.Bounds().Size() || what.Orientation != 1 {
			t.Errorf("%s: %+v", name, what)
		}
	}
}

func TestDecoder(t *testing.T) {
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil || len(files) < 150 {
		t.Fatal(len(files), err)
	}
	var d imagefile.Decoder
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		same(t, &d, file, name)
	}
}

// chunk appends a chunk of a PNG file.
func chunk(file []byte, name string, body []byte) []byte {
	file = binary.BigEndian.AppendUint32(file, uint32(len(body)))
	at := len(file)
	file = append(append(file, name...), body...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(file[at:]))
}

// TestPNGFilters decodes random bytes, which are a picture with any filters.
func TestPNGFilters(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var d imagefile.Decoder
	for colour, samples := range map[byte]int{0: 1, 2: 3, 6: 4, 4: 2} {
		for _, size := range [][2]int{{1, 1}, {5, 11}, {33, 20}} {
			w, h := size[0], size[1]
			var lines []byte
			for y := range h {
				filter := byte(y % 5)
				if colour == 6 {
					filter = byte(y % 2) // alpha stays 255
				}
				lines = append(lines, filter)
				for x := range w * samples {
					v := byte(random.Uint32())
					if colour == 6 && x%4 == 3 {
						v = 255
						if filter == 1 && x > 3 {
							v = 0
						}
					}
					lines = append(lines, v)
				}
			}
			var z bytes.Buffer
			zw := zlib.NewWriter(&z)
			if _, err := zw.Write(lines); err != nil {
				t.Fatal(err)
			}
			if err := zw.Close(); err != nil {
				t.Fatal(err)
			}
			header := []byte{0, 0, 0, byte(w), 0, 0, 0, byte(h), 8, colour, 0, 0, 0}
			half := z.Len() / 2
			file := chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", header)
			file = chunk(chunk(file, "IDAT", z.Bytes()[:half]), "IDAT", z.Bytes()[half:])
			file = chunk(file, "IEND", nil)
			same(t, &d, file, fmt.Sprintf("%d samples, %v", samples, size))
			for range 40 { // damaged: the same error, or the same picture
				bad := bytes.Clone(file)
				bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
				same(t, &d, bad, "damaged")
				same(t, &d, file[:random.IntN(len(file)-8)+8], "cut")
			}
		}
	}
}
