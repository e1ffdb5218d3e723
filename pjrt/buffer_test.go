package pjrt_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/pjrt"
)

// The first argument is donated to the result.
const updateModule = `module @update {
  func.func public @main(%x: tensor<1000xf32> {tf.aliasing_output = 0 : i32}, %y: tensor<1000xf32>) -> tensor<1000xf32> {
    %z = stablehlo.add %x, %y : tensor<1000xf32>
    return %z : tensor<1000xf32>
  }
}`

func ones(n int) []float32 {
	return slices.Repeat([]float32{1}, n)
}

func TestDonation(t *testing.T) {
	client := testClient(t, nil)
	program, err := client.Compile(updateModule, pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := program.Devices()[0]
	x, err := pjrt.BufferOf(d, ones(1000))
	if err != nil {
		t.Fatal(err)
	}
	y, err := pjrt.BufferOf(d, ones(1000))
	if err != nil {
		t.Fatal(err)
	}
	kept, _, err := program.Execute([][]*pjrt.Buffer{{x, y}}, pjrt.ExecuteOptions{Keep: []int{0}})
	if err != nil || x.Deleted() {
		t.Fatalf("kept argument: deleted %v, %v", x.Deleted(), err)
	}
	// A hundred updates in place, none of which is waited for.
	for range 100 {
		results, err := program.Run(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if !x.Deleted() {
			t.Fatal("the argument was not donated")
		}
		x.Close()
		x = results[0]
	}
	got, err := pjrt.Read[float32](x)
	if err != nil || got[0] != 101 || got[999] != 101 {
		t.Errorf("%v, %v after 100 updates, want 101", got[0], err)
	}
	if got, err := pjrt.Read[float32](kept[0][0]); err != nil || got[5] != 2 {
		t.Errorf("%v, %v without donation, want 2", got[5], err)
	}
	results, err := program.Run(x, y)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := program.Run(x, y); err == nil || !strings.Contains(err.Error(), "donated") && !strings.Contains(err.Error(), "deleted") {
		t.Errorf("a donated argument: %v", err)
	}
	if _, err := pjrt.Read[float32](x); err == nil {
		t.Error("a donated buffer was read")
	}
	results[0].Close()
	if _, err := program.Run(results[0], y); !errors.Is(err, pjrt.ErrClosed) || !strings.HasPrefix(err.Error(), "argument 0: ") {
		t.Errorf("a closed argument: %v", err)
	}
}

func TestBufferTypes(t *testing.T) {
	d := testClient(t, nil).Devices()[0]
	roundTrip(t, d, []bool{true, false, true, true})
	roundTrip(t, d, []int8{-1, 2, 3, -128})
	roundTrip(t, d, []uint8{1, 2, 3, 255})
	roundTrip(t, d, []int32{-1, 2, 3, 1 << 30})
	roundTrip(t, d, []int64{-1, 2, 3, 1 << 60})
	roundTrip(t, d, []uint64{1, 2, 3, 1 << 63})
	roundTrip(t, d, []float32{-1, 2.5, 3, 1e30})
	roundTrip(t, d, []float64{-1, 2.5, 3, 1e300})
	roundTrip(t, d, []complex64{1 + 2i, 3, 4, 5i})

	half, err := d.FromHost(pjrt.Bytes([]uint16{0x3f80, 0x4000}), pjrt.Shape{Type: pjrt.BF16, Dims: []int{2}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pjrt.Read[uint16](half); err != nil || !slices.Equal(got, []uint16{0x3f80, 0x4000}) {
		t.Errorf("bf16: %x, %v", got, err)
	}
	if _, err := pjrt.Read[float32](half); err == nil {
		t.Error("bf16 was read as float32")
	}
	scalar, err := d.FromHost(pjrt.Bytes([]float32{7}), pjrt.Shape{Type: pjrt.F32})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pjrt.Read[float32](scalar); err != nil || len(scalar.Shape().Dims) != 0 || got[0] != 7 {
		t.Errorf("scalar: %v, %v", got, err)
	}
	empty, err := pjrt.BufferOf(d, []float32{}, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pjrt.Read[float32](empty); err != nil || len(got) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}

func roundTrip[T pjrt.Element](t *testing.T, d *pjrt.Device, data []T) {
	t.Helper()
	b, err := pjrt.BufferOf(d, data, 2, 2)
	if err != nil {
		t.Errorf("%T: %v", data, err)
		return
	}
	got, err := pjrt.Read[T](b)
	if err != nil || !slices.Equal(got, data) {
		t.Errorf("%T: %v, %v; want %v", data, got, err, data)
	}
	if n, err := b.DeviceBytes(); err != nil || n < len(pjrt.Bytes(data)) {
		t.Errorf("%T: %d bytes on the device, %v", data, n, err)
	}
}

// TestAsync changes the memory of a buffer as soon as it may, reads without waiting, forgets
// events and provokes garbage collections meanwhile: the memory must outlive the copies.
func TestAsync(t *testing.T) {
	d := testClient(t, nil).Devices()[0]
	const n = 1 << 20
	upload := func(round int) *pjrt.Buffer {
		data := slices.Repeat([]float32{float32(round)}, n)
		b, err := d.FromHost(pjrt.Bytes(data), pjrt.Shape{Type: pjrt.F32, Dims: []int{n}})
		if err != nil {
			t.Fatal(err)
		}
		clear(data)
		return b
	}
	for round := range 30 {
		b := upload(round)
		runtime.GC()
		got := make([]float32, n)
		copied, err := b.ToHost(pjrt.Bytes(got))
		if err != nil {
			t.Fatal(err)
		}
		result := make(chan error, 1)
		copied.OnReady(func(err error) { result <- err })
		select {
		case err = <-result:
		case <-time.After(time.Minute):
			t.Fatal("no callback")
		}
		if err != nil || got[0] != float32(round) || got[n-1] != float32(round) {
			t.Fatalf("%v, %v; want %d", got[0], err, round)
		}
		if round%3 == 0 { // a copy whose event and memory are forgotten
			_, err := b.ToHost(pjrt.Bytes(make([]float32, n)))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.GC()
}

// TestConcurrent uses one program and one buffer from many goroutines.
func TestConcurrent(t *testing.T) {
	client := testClient(t, nil)
	program, err := client.Compile(addModule, pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := pjrt.BufferOf(program.Devices()[0], ones(6), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				results, err := program.Run(x, x)
				if err != nil {
					t.Error(err)
					return
				}
				total, err := pjrt.Read[float32](results[1])
				if err != nil || total[0] != 12 {
					t.Error(total, err)
					return
				}
				results[0].Close()
				ready, err := results[1].Ready()
				if err != nil || ready.Await() != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestToHostSize(t *testing.T) {
	x, err := pjrt.BufferOf(testClient(t, nil).Devices()[0], ones(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.ToHost(make([]byte, 8)); err == nil || err.Error() != "pjrt: 8 bytes to copy a buffer of tensor<3xf32> to, which has 12" {
		t.Error(err)
	}
}
