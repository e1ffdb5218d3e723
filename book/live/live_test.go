package live

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// session returns one whose files are those of the repository.
func session(t testing.TB) *Session {
	t.Helper()
	return New(Host{Fetch: func(_ context.Context, name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("..", "..", "data", "fashionmnist", "sample", name))
	}})
}

func TestCrossCorrelate(t *testing.T) {
	// Two input channels, as in Dive into Deep Learning: 56 = 19 + 37.
	x := Array{[]int{2, 3, 3}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
	k := Array{[]int{2, 2, 2}, []float32{0, 1, 2, 3, 1, 2, 3, 4}}
	one := Pair{1, 1}
	r, err := session(t).CrossCorrelate(CrossCorrelateArgs{X: x, Kernel: k, Stride: one, Dilation: one})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got, want []float32) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s %v, want %v", what, got, want)
		}
	}
	check("output", r.Output.Data, []float32{56, 72, 104, 120})
	check("partial sums", r.Partial.Data, []float32{19, 25, 37, 43, 37, 47, 67, 77})
	check("sums of the window", r.Window.Sums, []float32{19, 37})
	check("window", r.Window.Values.Data, []float32{0, 1, 3, 4, 1, 2, 4, 5})
	check("products", r.Window.Products.Data, []float32{0, 1, 6, 12, 1, 4, 12, 20})
	if r.Window.Sum != 56 || !slices.Equal(r.Partial.Shape, []int{1, 2, 2, 2}) {
		t.Errorf("sum %v, partial sums of shape %v", r.Window.Sum, r.Partial.Shape)
	}
}

func TestCrossCorrelateMoves(t *testing.T) {
	x := Array{Shape: []int{8, 8}, Data: make([]float32, 64)}
	for i := range x.Data {
		x.Data[i] = float32(i)
	}
	k := Array{[]int{3, 5}, []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}
	r, err := session(t).CrossCorrelate(CrossCorrelateArgs{X: x, Kernel: k, Padding: Pair{0, 1}, Stride: Pair{3, 4}, Dilation: Pair{1, 1}, At: [2]int{1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Side{8, 5, 4, 1, 1, 2}); r.Sides[1] != want || !slices.Equal(r.Output.Shape, []int{1, 2, 2}) {
		t.Errorf("output %v, %+v, want %+v", r.Output.Shape, r.Sides[1], want)
	}
	if !slices.Equal(r.Window.Rows, []int{3, 4, 5}) || !slices.Equal(r.Window.Columns, []int{-1, 0, 1, 2, 3}) || r.Window.Top != 3 || r.Window.Left != -1 {
		t.Errorf("taps %v, %v at %d, %d", r.Window.Rows, r.Window.Columns, r.Window.Top, r.Window.Left)
	}
	if want := float32(3*(0+1+2+3) + 8*(3+4+5)*4); r.Window.Sum != want || r.Output.Data[2] != want || r.Window.Values.Data[0] != 0 {
		t.Errorf("sum %v, output %v, want %v", r.Window.Sum, r.Output.Data, want)
	}
}

func TestCrossCorrelateErrors(t *testing.T) {
	x, k := Array{[]int{3, 3}, make([]float32, 9)}, Array{[]int{2, 2}, make([]float32, 4)}
	one := Pair{1, 1}
	for want, args := range map[string]CrossCorrelateArgs{
		"x is missing":                  {Kernel: k, Stride: one, Dilation: one},
		"smaller than the kernel":       {X: x, Kernel: Array{[]int{5, 5}, make([]float32, 25)}, Stride: one, Dilation: one},
		"at is 2: want 0 to 1":          {X: x, Kernel: k, Stride: one, Dilation: one, At: [2]int{2, 0}},
		"channel is 1: want 0 to 0":     {X: x, Kernel: k, Stride: one, Dilation: one, Channel: 1},
		"must be at least 1":            {X: x, Kernel: k, Stride: Pair{0, 1}, Dilation: one},
		"2 input channels, the picture": {X: x, Kernel: Array{[]int{2, 2, 2}, make([]float32, 8)}, Stride: one, Dilation: one},
		"the slice has 3":               {X: Array{[]int{2, 2}, make([]float32, 3)}, Kernel: k, Stride: one, Dilation: one},
	} {
		if _, err := session(t).CrossCorrelate(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestLookup(t *testing.T) {
	if f, err := Lookup("info"); err != nil || f.Name != "info" {
		t.Error(f.Name, err)
	}
	if _, err := Lookup("crosscorrelate"); err == nil || !strings.Contains(err.Error(), `did you mean "crossCorrelate"`) {
		t.Error(err)
	}
}

func TestLearnKernel(t *testing.T) {
	args := defaultLearnKernel
	args.Steps = 40
	var steps []LearnKernelStep
	r, err := session(t).LearnKernel(t.Context(), args, func(e any) { steps = append(steps, e.(LearnKernelStep)) })
	if err != nil {
		t.Fatal(err)
	}
	if k := r.Kernel.Data; math.Abs(float64(k[0]-1)) > 0.01 || math.Abs(float64(k[1]+1)) > 0.01 || len(steps) != 40 || !slices.Equal(steps[39].Kernel.Data, k) {
		t.Errorf("kernel %v after %d steps", k, len(steps))
	}
	if !slices.Equal(r.Target.Shape, []int{6, 7}) || r.Target.Data[1] != 1 || r.Target.Data[5] != -1 || r.Losses[39] > r.Losses[0]/100 {
		t.Errorf("target %v, losses %v", r.Target.Data[:7], r.Losses)
	}
	args.LearningRate = 10
	if _, err := session(t).LearnKernel(t.Context(), args, func(any) {}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	args = defaultLearnKernel
	n := 0
	if _, err := session(t).LearnKernel(ctx, args, func(any) { n++; cancel() }); err == nil || n != 1 {
		t.Errorf("stopped after %d steps, error %v", n, err)
	}
}

func TestAugment(t *testing.T) {
	s := session(t)
	args := defaultAugment
	args.List = []Augmentation{{"rotate", 0.5}, {"hflip", 1}}
	r, err := s.Augment(t.Context(), args, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := r.Picture; len(p.RGBA) != 4*p.Width*p.Height || p.Width < 4*28 || r.Pipeline != "rotate=22.5,hflip=1" {
		t.Errorf("%d×%d, %d bytes, %s", p.Width, p.Height, len(p.RGBA), r.Pipeline)
	}
	picture := Picture{Width: 8, Height: 8, RGBA: make([]uint8, 4*64)}
	for i := range picture.RGBA {
		picture.RGBA[i] = uint8(i)
	}
	plain, err := s.Augment(t.Context(), AugmentArgs{Picture: picture, Count: 1, Columns: 2, Scale: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	flipped, err := s.Augment(t.Context(), AugmentArgs{Picture: picture, Pipeline: "hflip=1", Count: 1, Columns: 2, Scale: 1}, nil)
	if err != nil || slices.Equal(plain.Picture.RGBA, flipped.Picture.RGBA) {
		t.Errorf("hflip changes nothing, error %v", err)
	}
	for want, args := range map[string]AugmentArgs{
		`did you mean "rotate"`: {List: []Augmentation{{"rotat", 1}}, Count: 1, Columns: 1},
		"want 0 to 1":           {List: []Augmentation{{"blur", 2}}, Count: 1, Columns: 1},
		"there is only one":     {Pipeline: "mixup", Count: 1, Columns: 1},
		"has 3 bytes":           {Picture: Picture{2, 2, make([]uint8, 3)}, Count: 1, Columns: 1},
	} {
		if _, err := s.Augment(t.Context(), args, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for _, a := range augmentations {
		if _, err := s.Augment(t.Context(), AugmentArgs{Picture: picture, List: []Augmentation{{a.name, 1}}, Count: 1, Columns: 1}, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestSamplePictures(t *testing.T) {
	r, err := session(t).SamplePictures(t.Context(), SamplePicturesArgs{Count: 3, Label: 9}, nil)
	if err != nil || len(r.Pictures) != 3 || r.Pictures[2].Label != 9 || len(r.Pictures[0].Image.Data) != 784 {
		t.Errorf("%d pictures, error %v", len(r.Pictures), err)
	}
}

func TestMachine(t *testing.T) {
	events := 0
	r, err := session(t).Machine(t.Context(), MachineArgs{Channels: 16, Side: 12, Kernel: 3, Batch: 1, Seconds: 0.001}, func(any) { events++ })
	if err != nil {
		t.Fatal(err)
	}
	if events != len(r.Rows) || len(r.Rows) < 4 || r.Rows[0].Engine != "reference" || r.Rows[0].Error != 0 || !strings.HasPrefix(r.Rows[len(r.Rows)-1].Algorithm, "Winograd") {
		t.Errorf("%d events, rows %+v", events, r.Rows)
	}
	for _, row := range r.Rows {
		if row.Error > 1e-4 || row.GFLOPS <= 0 || row.Algorithm == "" {
			t.Errorf("%+v", row)
		}
	}
}

func TestPool(t *testing.T) {
	s := session(t)
	x := Array{[]int{3, 3}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8}}
	r, err := s.Pool(PoolArgs{X: x, Kernel: Pair{2, 2}, Stride: Pair{1, 1}, At: [2]int{1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Max.Data, []float32{4, 5, 7, 8}) || !slices.Equal(r.Avg.Data, []float32{2, 3, 5, 6}) || r.Window.Max[0] != 7 || r.Window.Avg[0] != 5 || !slices.Equal(r.Window.Rows, []int{1, 2}) {
		t.Errorf("%+v", r)
	}
	x = Array{Shape: []int{4, 4}}
	for i := range 16 {
		x.Data = append(x.Data, float32(i))
	}
	if r, err = s.Pool(PoolArgs{X: x, Kernel: Pair{3, 3}, Stride: Pair{2, 2}, Padding: Pair{1, 1}}); err != nil || !slices.Equal(r.Max.Data, []float32{5, 7, 13, 15}) {
		t.Errorf("%v, error %v", r.Max.Data, err)
	}
	if r, err = s.Pool(PoolArgs{X: x, Kernel: Pair{2, 2}}); err != nil || r.Sides[0].Stride != 2 || !slices.Equal(r.Max.Data, []float32{5, 7, 13, 15}) {
		t.Errorf("%v, error %v", r.Max.Data, err)
	}
	if _, err := s.Pool(PoolArgs{X: x, Kernel: Pair{5, 5}}); err == nil {
		t.Error("a window larger than the picture: no error")
	}
}
