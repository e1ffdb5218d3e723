package rawnum

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"testing"
)

func TestReadKinds(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	inf := float32(math.Inf(1))
	tests := []struct {
		kind  Kind
		order binary.ByteOrder
		bytes []byte
		want  []float32
	}{
		{Bool, le, []byte{0, 1, 2, 255}, []float32{0, 1, 1, 1}},
		{Int8, le, []byte{0, 127, 128, 255}, []float32{0, 127, -128, -1}},
		{Uint8, le, []byte{0, 127, 128, 255}, []float32{0, 127, 128, 255}},
		{Int16, le, []byte{0x01, 0x80}, []float32{-32767}},
		{Int16, be, []byte{0x80, 0x01}, []float32{-32767}},
		{Uint16, be, []byte{0x80, 0x01}, []float32{32769}},
		{Int32, le, []byte{0xff, 0xff, 0xff, 0xff}, []float32{-1}},
		{Uint32, le, []byte{0xff, 0xff, 0xff, 0xff}, []float32{1 << 32}},
		{Int64, be, []byte{0x80, 0, 0, 0, 0, 0, 0, 0}, []float32{-1 << 63}},
		{Uint64, be, []byte{0x80, 0, 0, 0, 0, 0, 0, 0}, []float32{1 << 63}},
		{Int32, le, le.AppendUint32(nil, 1<<24+1), []float32{1 << 24}}, // tie to even
		{Int32, le, le.AppendUint32(nil, 1<<24+3), []float32{1<<24 + 4}},
		{Float16, le, []byte{0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x7c}, []float32{1, -2, 0x1p-24, 65504, inf}},
		{BFloat16, le, []byte{0x80, 0x3f, 0x80, 0xff}, []float32{1, -inf}},
		{Float32, le, le.AppendUint32(le.AppendUint32(nil, math.Float32bits(-1.5)), 1), []float32{-1.5, 0x1p-149}},
		{Float32, le, nil, []float32{}},
		{Float32, be, be.AppendUint32(nil, math.Float32bits(-1.5)), []float32{-1.5}},
		{Float64, le, le.AppendUint64(le.AppendUint64(nil, math.Float64bits(0.1)), math.Float64bits(1e300)), []float32{0.1, inf}},
		{Float64, be, be.AppendUint64(nil, math.Float64bits(-0.1)), []float32{-0.1}},
	}
	for _, test := range tests {
		if got := len(test.bytes) / test.kind.Size(); got != len(test.want) {
			t.Fatalf("kind %d: test has %d elements, wants %d", test.kind, got, len(test.want))
		}
		got, err := Read(bytes.NewReader(test.bytes), test.kind, test.order, len(test.want), false)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("kind %d %v: got %v, %v, want %v", test.kind, test.order, got, err, test.want)
		}
	}
}

// TestFloat16 compares every half-precision number with its definition.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		got := FromFloat16(uint16(h))
		exp, frac := h>>10&31, float64(h&0x3ff)
		want := math.Ldexp(1+frac/1024, exp-15)
		switch {
		case exp == 31 && frac > 0:
			if got == got {
				t.Fatalf("%#04x: got %g, want NaN", h, got)
			}
			continue
		case exp == 31:
			want = math.Inf(1)
		case exp == 0:
			want = math.Ldexp(frac/1024, -14)
		}
		if h >= 1<<15 {
			want = math.Copysign(want, -1)
		}
		if math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Fatalf("%#04x: got %g, want %g", h, got, want)
		}
	}
}

// TestTo16 rounds each number that lies halfway between two neighbours to the even one,
// and the next numbers beside it to the nearer one.
func TestTo16(t *testing.T) {
	for _, test := range []struct {
		name     string
		to       func(float32) uint16
		from     func(uint16) float32
		infinity uint16
	}{
		{"float16", ToFloat16, FromFloat16, 0x7c00},
		{"bfloat16", ToBFloat16, func(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }, 0x7f80},
	} {
		for h := range test.infinity {
			low, high := float64(test.from(h)), float64(test.from(h+1))
			if h+1 == test.infinity { // what the next number would be
				high = 2*low - float64(test.from(h-1))
			}
			halfway := float32((low + high) / 2)
			even := h + h&1
			for _, sign := range []uint16{0, 0x8000} {
				signed := func(v float32) float32 { return float32(math.Copysign(float64(v), 1-float64(sign>>14))) }
				for _, c := range []struct {
					v    float32
					want uint16
				}{
					{float32(low), h}, {halfway, even},
					{math.Nextafter32(halfway, 0), h}, {math.Nextafter32(halfway, float32(math.Inf(1))), h + 1},
				} {
					if got := test.to(signed(c.v)); got != c.want|sign {
						t.Fatalf("%s: %v becomes %#04x, want %#04x", test.name, signed(c.v), got, c.want|sign)
					}
				}
			}
		}
		if got := test.to(float32(math.Inf(1))); got != test.infinity {
			t.Errorf("%s: infinity becomes %#04x", test.name, got)
		}
		for _, bits := range []uint32{0x7fc00000, 0x7f800001, 0xff800001, 0xffffffff} {
			if got := test.from(test.to(math.Float32frombits(bits))); got == got {
				t.Errorf("%s: NaN %#x becomes %v", test.name, bits, got)
			}
		}
	}
}

func TestWriteAs(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		v    float32
		want string
	}{
		{Float16, 1, "\x00\x3c"}, {Float16, 65519, "\xff\x7b"}, {Float16, 65520, ""}, {Float16, float32(math.Inf(-1)), "\x00\xfc"},
		{BFloat16, -2, "\x00\xc0"}, {BFloat16, math.MaxFloat32, ""}, {Float32, 1, "\x00\x00\x80\x3f"}, {Int8, 1, ""},
	} {
		var b bytes.Buffer
		if err := WriteAs(&b, []float32{test.v}, test.kind); b.String() != test.want || (err == nil) != (test.want != "") {
			t.Errorf("kind %d: %v is written as %x, error %v", test.kind, test.v, b.Bytes(), err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 5*chunk + 3} {
		src := make([]float32, n)
		for i := range src {
			src[i] = math.Float32frombits(uint32(i) * 2654435761)
		}
		var b bytes.Buffer
		if err := Write(&b, src); err != nil {
			t.Fatal(err)
		}
		b.WriteString("rest")
		for _, trusted := range []bool{false, true} {
			r := bytes.NewReader(b.Bytes())
			got, err := Read(r, Float32, binary.LittleEndian, n, trusted)
			if err != nil {
				t.Fatal(err)
			}
			for i := range src {
				if math.Float32bits(got[i]) != math.Float32bits(src[i]) {
					t.Fatalf("n %d: element %d: got %x, want %x", n, i, math.Float32bits(got[i]), math.Float32bits(src[i]))
				}
			}
			if r.Len() != 4 {
				t.Errorf("n %d: %d bytes left in the reader, want 4", n, r.Len())
			}
		}
	}
}

// A count that promises far more than there is must fail without taking
// memory for it.
func TestReadLyingCount(t *testing.T) {
	data := make([]byte, 9)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Read(bytes.NewReader(data), Float32, binary.LittleEndian, 1<<31-1, false)
	if want := "data ends after 2 of 2147483647 elements: unexpected EOF"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v does not wrap io.ErrUnexpectedEOF", err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("allocates %d bytes", n)
	}
}

func TestReadMisuse(t *testing.T) {
	if _, err := Read(nil, 0, binary.LittleEndian, 1, false); err == nil {
		t.Error("an unknown kind gives no error")
	}
	if _, err := Read(nil, Bool, binary.LittleEndian, -1, false); err == nil {
		t.Error("a negative count gives no error")
	}
}

func ExampleRead() {
	file := bytes.NewReader([]byte{1, 0, 254, 255, 0, 1})
	values, err := Read(file, Int16, binary.LittleEndian, 3, false)
	fmt.Println(values, err)
	// Output: [1 -2 256] <nil>
}
