// Command machine is the chapter on what the machine does: the same convolution as
// plain loops, as a matrix product and by Winograd's algorithm; fusion, memory,
// threads, rounding.
package main

import (
	"fmt"
	"time"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

var page = &chapter.Chapter{Name: "machine"}

func init() {
	page.Sections = []chapter.Section{
		{Name: "ways", Run: ways, Long: true},
		{Name: "im2col", Run: showIm2col},
		{Name: "winograd", Run: showWinograd},
		{Name: "counts", Run: counts},
		{Name: "copy", Run: copying, Long: true},
		{Name: "intensity", Run: intensity},
		{Name: "stages", Run: stages, Long: true},
		{Name: "memory", Run: memory},
		{Name: "threads", Run: threads, Long: true},
		{Name: "rounding", Run: rounding},
		{Name: "ex-order", Run: exerciseOrder, Long: true},
		{Name: "ex-im2col", Run: exerciseIm2col},
		{Name: "ex-fold", Run: exerciseFold},
		{Name: "ex-batch", Run: exerciseBatch, Long: true},
	}
	page.Figures = figures
}

func main() { chapter.Main(page) }

//region conv

// conv computes a convolution of images x, C×H×W with a border of zeros around them, with
// weights w, O×C×K×K, as its definition says.
func conv(x, w *tensor.Tensor) *tensor.Tensor {
	channels, height, width := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	outputs, k := w.Shape()[0], w.Shape()[2]
	y := tensor.New(outputs, height-k+1, width-k+1)
	xs, ws, ys := x.Data(), w.Data(), y.Data()
	at := 0
	for o := range outputs {
		for i := range height - k + 1 {
			for j := range width - k + 1 {
				var sum float32
				for c := range channels {
					for a := range k {
						for b := range k {
							sum += xs[(c*height+i+a)*width+j+b] * ws[((o*channels+c)*k+a)*k+b]
						}
					}
				}
				ys[at] = sum
				at++
			}
		}
	}
	return y
}

//endregion

// The layer that is measured: 64 channels of 24×24 pixels, with a border of zeros, to
// 64 channels.
const (
	side  = 24
	flops = 2 * 64 * 64 * 9 * side * side
)

func layer() (x, w *tensor.Tensor) {
	r := tensor.Seed(0)
	x, w = tensor.New(64, side+2, side+2), tensor.Randn(r, 64, 64, 3, 3)
	for c := range 64 {
		for i := range side {
			for j := range side {
				x.Set(r.Float32(), c, i+1, j+1)
			}
		}
	}
	return x, w
}

//region best

// best returns the time of the fastest of several runs.
func best(runs int, f func() error) (time.Duration, error) {
	fastest := time.Hour
	for range runs {
		began := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		fastest = min(fastest, time.Since(began))
	}
	return fastest, nil
}

//endregion

//region compile

// compile returns a function that runs the layer on a device, and its result.
func compile(device engine.Device, x, w *tensor.Tensor) (run func() error, y *tensor.Tensor, err error) {
	defer graph.Catch(&err)
	batch, err := x.Reshape(1, 64, side+2, side+2)
	if err != nil {
		return nil, nil, err
	}
	g := graph.New()
	in := g.Input("x", batch.Shape()...)
	out := graph.Conv2D(in, g.Constant(w), nil, graph.Window{}, 1)
	program, err := device.Compile(g, out)
	if err != nil {
		return nil, nil, err
	}
	y = tensor.New(1, 64, side, side)
	return func() error { return program.Run(engine.Feeds{in: batch}, []*tensor.Tensor{y}) }, y, nil
}

//endregion

func ways() error {
	//region ways
	x, w := layer()
	want := conv(x, w)
	report := func(name string, took time.Duration) {
		fmt.Printf("%-36s %6.1f GFLOP/s\n", name, flops/took.Seconds()/1e9)
	}
	took, err := best(3, func() error { conv(x, w); return nil })
	if err != nil {
		return err
	}
	report("loops in Go", took)
	for _, way := range []struct {
		name   string
		device engine.Device
		runs   int
	}{
		{"engine/reference", reference.New(), 1},
		{"engine/cpu, 1 thread, direct sums", cpu.New(cpu.Options{Threads: 1, Strict: true}), 100},
		{"engine/cpu, 1 thread, any algorithm", cpu.New(cpu.Options{Threads: 1}), 100},
		{"engine/cpu, all threads", cpu.Default(), 100},
	} {
		run, y, err := compile(way.device, x, w)
		if err != nil {
			return err
		}
		if took, err = best(way.runs, run); err != nil {
			return err
		}
		report(way.name, took)
		if got := tensor.Must(y.Reshape(want.Shape()...)); !got.AllClose(want, 1e-3, 1e-3) {
			return fmt.Errorf("%s computes something else", way.name)
		}
	}
	fmt.Printf("%-36s %6.1f GFLOP/s\n",
		"peak of 1 thread", cpu.MeasurePeak(1, 50*time.Millisecond))
	//endregion
	return nil
}
