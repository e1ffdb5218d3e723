// Command xla times the training of ResNet-50 on an accelerator.
//
//	go run ./bench/xla -math bf16 -batch 256 -steps 50
//
// It prints one line of JSON: {"framework", "device", "math", "images_per_second", "loss",
// "first_step_seconds"}. The images are random; each step copies its batch to
// the device, as training does, and the loss is read when the next step has been
// started. run.sh beside it runs the same in JAX and PyTorch and makes a table.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/pjrt/plugins"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "xla:", err)
		os.Exit(1)
	}
}

var maths = map[string]xla.Math{"float32": xla.Strict, "tf32": xla.Fast, "bf16": xla.BF16}

func run(out io.Writer, args []string) error {
	flags := flag.NewFlagSet("xla", flag.ContinueOnError)
	plugin := flags.String("plugin", "", "file of the PJRT plugin (default: the first that is found)")
	find := flags.Bool("find", false, "print the plugin's file and do nothing else")
	math := flags.String("math", "float32", "float32, tf32 or bf16")
	batch := flags.Int("batch", 256, "images in a batch")
	size := flags.Int("size", 224, "width and height of an image")
	warmup := flags.Int("warmup", 10, "steps before the clock starts")
	steps := flags.Int("steps", 50, "steps that are timed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	kind, known := maths[*math]
	if !known || *batch < 1 || *size < 32 || *warmup < 1 || *steps < 1 {
		return fmt.Errorf("-math %s -batch %d -size %d -warmup %d -steps %d", *math, *batch, *size, *warmup, *steps)
	}
	if *plugin == "" {
		found := plugins.Find()
		if len(found) == 0 {
			return fmt.Errorf("no plugin: set STRIDE_PJRT, or see go doc ./pjrt/plugins")
		}
		*plugin = found[0].Path
	}
	if *find {
		_, err := fmt.Fprintln(out, *plugin)
		return err
	}
	device, err := xla.New(xla.Options{Plugin: *plugin, Math: kind, Log: func(line string) { fmt.Fprintln(os.Stderr, line) }})
	if err != nil {
		return err
	}
	defer func() { _ = device.Close() }() // the program ends
	result, err := measure(device, *batch, *size, *warmup, *steps)
	if err != nil {
		return err
	}
	result.Framework, result.Device, result.Math = "Stride", device.Description(), *math
	return json.NewEncoder(out).Encode(result)
}

type result struct {
	Framework string  `json:"framework"`
	Device    string  `json:"device"`
	Math      string  `json:"math"`
	Rate      float64 `json:"images_per_second"`
	Loss      float64 `json:"loss"`
	First     float64 `json:"first_step_seconds"`
}

// measure trains on the same four batches again and again.
func measure(device *xla.Device, batch, size, warmup, steps int) (r result, err error) {
	const classes, rate = 1000, 0.001
	network, err := zoo.Get("torchvision/resnet50")
	if err != nil {
		return r, err
	}
	model, err := nn.New(network.New(classes), tensor.Shape{3, size, size}, nn.Options{Seed: 1, Init: network.Init})
	if err != nil {
		return r, err
	}
	step := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, model.Parameters(), func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(model.Forward(x, nn.Train), y)
	})
	defer step.Close()

	random := rand.New(rand.NewPCG(1, 2))
	var images, labels [4]*tensor.Tensor
	for i := range images {
		images[i], labels[i] = tensor.New(batch, 3, size, size), tensor.New(batch)
		for j := range images[i].Data() {
			images[i].Data()[j] = float32(random.NormFloat64())
		}
		for j := range labels[i].Data() {
			labels[i].Data()[j] = float32(random.IntN(classes))
		}
	}
	begin := time.Now()
	if _, err := step.Run(rate, images[0], labels[0]); err != nil {
		return r, err
	}
	r.First = time.Since(begin).Seconds()
	// The loss of a step is waited for when the next one has been started.
	wait := func() (float64, error) { return 0, nil }
	advance := func(n int) error {
		for i := range n {
			next, err := step.Start(rate, images[i%4], labels[i%4])
			if err != nil {
				return err
			}
			if r.Loss, err = wait(); err != nil {
				return err
			}
			wait = next
		}
		r.Loss, err = wait()
		wait = func() (float64, error) { return r.Loss, nil }
		return err
	}
	if err := advance(warmup); err != nil {
		return r, err
	}
	begin = time.Now()
	if err := advance(steps); err != nil {
		return r, err
	}
	r.Rate = float64(steps*batch) / time.Since(begin).Seconds()
	return r, nil
}
