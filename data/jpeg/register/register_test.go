package register_test

import (
	"bytes"
	"image"
	"testing"

	_ "github.com/strideml/stride/data/jpeg/register"
)

// TestDecode decodes a grey pixel. That the file ends early does not matter to its
// only block.
func TestDecode(t *testing.T) {
	file := []byte("\xff\xd8\xff\xdb\x00\x43\x00" + string(bytes.Repeat([]byte{1}, 64)) +
		"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + "\x28\xff\xd9")
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || format != "jpeg" || config.Width != 1 || config.Height != 1 {
		t.Errorf("%+v, %s, %v", config, format, err)
	}
	picture, format, err := image.Decode(bytes.NewReader(file))
	if err != nil || format != "jpeg" {
		t.Fatalf("%s, %v", format, err)
	}
	if grey, ok := picture.(*image.Gray); !ok || grey.Pix[0] != 128 {
		t.Errorf("%T is %v", picture, picture.At(0, 0))
	}
}
