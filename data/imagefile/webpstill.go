package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// A webpStill is one picture in a WebP file: a still one, or a frame.
type webpStill struct {
	check         checkSize
	sized         bool // width, height and alphaFlag are known before the pixels
	width, height int
	alphaFlag     bool
	alpha         []byte // of a lossy picture: width × height, nil if opaque
}

// chunk reads a chunk of a picture. It returns nil for those before the pixels.
func (s *webpStill) chunk(name string, body *io.LimitedReader) (*image.NRGBA, error) {
	switch name {
	case "ALPH":
		if !s.sized {
			return nil, errors.New("webp: an ALPH chunk without a VP8X chunk")
		}
		alpha, err := readAlpha(body, s.width, s.height)
		if s.alphaFlag {
			s.alpha = alpha
		}
		return nil, err
	case "VP8 ":
		return s.lossy(body)
	case "VP8L":
		return s.lossless(body)
	}
	return nil, nil
}

// resize checks the size that compressed pixels claim.
func (s *webpStill) resize(w, h int) error {
	if s.sized && (w != s.width || h != s.height) {
		return fmt.Errorf("webp: a picture of %d×%d pixels where %d×%d are announced", w, h, s.width, s.height)
	}
	s.width, s.height = w, h
	return s.check(w, h)
}

// lossy reads a VP8 key frame (RFC 6386).
func (s *webpStill) lossy(body *io.LimitedReader) (*image.NRGBA, error) {
	decoder := vp8.NewDecoder()
	decoder.Init(body, int(body.N))
	header, err := decoder.DecodeFrameHeader()
	if err != nil {
		return nil, err
	}
	if err := s.resize(header.Width, header.Height); err != nil {
		return nil, err
	}
	planes, err := decoder.DecodeFrame()
	if err != nil {
		return nil, err
	}
	return studioToRGB(planes, s.alpha), nil
}

// lossless reads a VP8L stream. Whether it holds alpha is said by VP8X, and without
// it by a bit of the stream.
func (s *webpStill) lossless(body io.Reader) (*image.NRGBA, error) {
	var head [5]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return nil, unexpected(err)
	}
	bits := binary.LittleEndian.Uint32(head[1:])
	if !s.sized {
		s.alphaFlag = bits>>28&1 != 0
	}
	if err := s.resize(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1); err != nil {
		return nil, err
	}
	picture, err := decodeVP8L(io.MultiReader(bytes.NewReader(head[:]), body))
	if err == nil && !s.alphaFlag {
		opaque(picture)
	}
	return picture, err
}

func decodeVP8L(r io.Reader) (*image.NRGBA, error) {
	picture, err := vp8l.Decode(r)
	if err != nil {
		return nil, err
	}
	out, ok := picture.(*image.NRGBA)
	if !ok {
		return nil, fmt.Errorf("webp: unexpected pixels %T", picture)
	}
	return out, nil
}

// readAlpha reads an ALPH chunk: a byte of flags, then w×h values, as they are or
// as the green of a VP8L stream without its header.
func readAlpha(body io.Reader, w, h int) ([]byte, error) {
	const mostSide = 1 << 14
	if w > mostSide || h > mostSide {
		return nil, fmt.Errorf("webp: alpha of %d×%d pixels: want at most %d a side", w, h, mostSide)
	}
	var flags [1]byte
	if _, err := io.ReadFull(body, flags[:]); err != nil {
		return nil, unexpected(err)
	}
	alpha := make([]byte, w*h)
	switch compression := flags[0] & 3; compression {
	case 0:
		if _, err := io.ReadFull(body, alpha); err != nil {
			return nil, unexpected(err)
		}
	case 1:
		head := []byte{0x2f, 0, 0, 0, 0}
		binary.LittleEndian.PutUint32(head[1:], uint32(w-1)|uint32(h-1)<<14)
		picture, err := decodeVP8L(io.MultiReader(bytes.NewReader(head), body))
		if err != nil {
			return nil, err
		}
		for i := range alpha {
			alpha[i] = picture.Pix[4*i+1]
		}
	default:
		return nil, fmt.Errorf("webp: unknown compression %d of alpha", compression)
	}
	unfilterAlpha(alpha, w, flags[0]>>2&3)
	return alpha, nil
}

// unfilterAlpha adds to each value its prediction from those to the left and above:
// filter 1 predicts the left one, 2 the one above, 3 their gradient. The first
// row is predicted from the left, the first column from above.
func unfilterAlpha(alpha []byte, w int, filter byte) {
	if filter == 0 {
		return
	}
	for i := 1; i < len(alpha); i++ {
		x := i % w
		switch {
		case i < w:
			alpha[i] += alpha[i-1]
		case x == 0 || filter == 2:
			alpha[i] += alpha[i-w]
		case filter == 1:
			alpha[i] += alpha[i-1]
		default:
			alpha[i] += uint8(min(max(int(alpha[i-1])+int(alpha[i-w])-int(alpha[i-w-1]), 0), 255))
		}
	}
}

// studioToRGB converts a lossy picture: BT.601 in studio range, where luma is 16 to
// 235 and chroma 16 to 240, with half as many chroma samples each way. Each pixel
// has 9/16 of the nearest chroma sample, 3/16 of the next one in its row and in
// its column each, and 1/16 of the diagonal one. All is rounded as libwebp does, so
// that the bytes are those of Pillow. alpha is nil for an opaque picture.
func studioToRGB(in *image.YCbCr, alpha []byte) *image.NRGBA {
	w, h := in.Rect.Dx(), in.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	chroma, lastY := (w+1)/2, (h-1)/2
	for y := range h {
		near := y / 2 * in.CStride
		far := min(max(y/2-1+y%2*2, 0), lastY) * in.CStride
		u, uFar := in.Cb[near:][:chroma], in.Cb[far:][:chroma]
		v, vFar := in.Cr[near:][:chroma], in.Cr[far:][:chroma]
		luma := in.Y[y*in.YStride:][:w]
		row := out.Pix[y*out.Stride:][:4*w]
		for at := range u {
			// The first of two pixels is nearer to the sample on the left.
			side := max(at-1, 0)
			for x := 2 * at; x < min(2*at+2, w); x++ {
				pixel := row[4*x:][:4:4]
				pixel[0], pixel[1], pixel[2] = bt601(int(luma[x]),
					interpolate(u[at], u[side], uFar[at], uFar[side]), interpolate(v[at], v[side], vFar[at], vFar[side]))
				pixel[3] = 255
				side = min(at+1, chroma-1)
			}
		}
	}
	for i, a := range alpha {
		out.Pix[4*i+3] = a
	}
	return out
}

// interpolate weighs the nearest sample, those beside and above or below it, and
// the diagonal one, by 9, 3, 3 and 1 sixteenths, in libwebp's two steps.
func interpolate(near, beside, over, diagonal uint8) int {
	n, b, o, d := int(near), int(beside), int(over), int(diagonal)
	return ((n+3*(b+o)+d+8)>>3 + n) >> 1
}

// bt601 is, with R = 1.164 (Y-16) + 1.596 (V-128) and so on, ITU-R BT.601's
// conversion. The factors are in units of 2⁻¹⁴; each product is cut to units of 2⁻⁶.
func bt601(y, u, v int) (r, g, b uint8) {
	const (
		fromY  = 19077 // 255 / 219
		redV   = 26149 // 1.596
		greenU = 6419  // 0.392
		greenV = 13320 // 0.813
		blueU  = 33050 // 2.017
		// The offsets are 16 and 128 times the factors, with half a unit for rounding.
		red, green, blue = -14234, 8708, -17685
	)
	y = y * fromY >> 8
	return clip(y + v*redV>>8 + red), clip(y - u*greenU>>8 - v*greenV>>8 + green), clip(y + u*blueU>>8 + blue)
}

// clip is the whole part of a number of units of 2⁻⁶, within 0 and 255.
func clip(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }
