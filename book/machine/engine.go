package main

import (
	"context"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

//region small

func small() nn.Layer {
	return nn.Sequential(
		nn.Conv2D(64, 3).Pad(1), nn.BatchNorm(), nn.ReLU(),
		nn.Conv2D(64, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(128, 1), nn.BatchNorm(), nn.ReLU(),
		nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
}

//endregion

func stages() error {
	//region stages
	model, err := nn.New(small(), tensor.Shape{16, 24, 24}, nn.Options{})
	if err != nil {
		return err
	}
	trace, err := model.Trace(8, nn.Eval)
	if err != nil {
		return err
	}
	program, err := cpu.Default().Compile(trace.Graph, trace.Output)
	if err != nil {
		return err
	}
	defer program.Close()
	feeds := engine.Feeds{trace.Input: tensor.New(8, 16, 24, 24)}
	output := []*tensor.Tensor{tensor.New(8, 10)}
	if err := program.Run(feeds, output); err != nil { // packs the weights
		return err
	}
	stop, err := engine.StartProfile(program)
	if err != nil {
		return err
	}
	for range 50 {
		if err := program.Run(feeds, output); err != nil {
			return err
		}
	}
	count := 0
	for _, s := range stop().Stages {
		if s.Kind == "packing" || s.Kind == "copies" {
			continue // nothing to do after the first run
		}
		count++
		fmt.Printf("%7.1f µs  %6.1f GFLOP/s  %s\n",
			1e6*s.Seconds, float64(s.FLOPs)/s.Seconds/1e9, s.Kind)
	}
	fmt.Println(count, "stages for a network of 13 layers")
	//endregion
	return nil
}

// plan is what section memory finds, for the figure: megabytes.
var plan struct{ values, arena, training, kept float64 }

func memory() error {
	//region memory
	model, err := nn.New(zoo.ResNet(10, zoo.ResNetConfig{}), tensor.Shape{1, 96, 96}, nn.Options{})
	if err != nil {
		return err
	}
	trace, err := model.Trace(8, nn.Eval)
	if err != nil {
		return err
	}
	var values int64 // of all operators, if each had memory of its own
	for _, n := range trace.Graph.Nodes() {
		if len(n.Inputs()) > 0 && n.Shape()[0] == 8 {
			values += 4 * int64(n.Shape().Size())
		}
	}
	program, err := cpu.New(cpu.Options{Threads: 2}).Compile(trace.Graph, trace.Output)
	if err != nil {
		return err
	}
	defer program.Close()
	use := program.(engine.MemoryPlanner)
	step := train.NewStepper(model, cpu.New(cpu.Options{Threads: 2}), nil)
	defer step.Close()
	training, err := step.Memory(8)
	if err != nil {
		return err
	}
	plan.values = float64(values) / 1e6
	plan.arena = float64(use.MemoryBytes()-use.KeptBytes()) / 1e6
	plan.kept = float64(use.KeptBytes()) / 1e6
	plan.training = float64(training.Program) / 1e6
	fmt.Printf("results of all operators:           %4.0f MB\n", plan.values)
	fmt.Printf("memory of the inference program:    %4.0f MB, and %.0f MB of packed weights\n",
		plan.arena, plan.kept)
	fmt.Printf("memory of the training program:     %4.0f MB\n", plan.training)
	//endregion
	return nil
}

//region train-once

// trainOnce trains LeNet for an epoch of 2,000 images on so many threads. It returns
// the speed and the weights.
func trainOnce(set data.Dataset, threads int) (imagesPerSecond float64, weights []tensor.Named, err error) {
	model, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		return 0, nil, err
	}
	device := cpu.New(cpu.Options{Threads: threads})
	defer device.Close()
	history, err := train.Fit(context.Background(), model, set, nil,
		train.Config{Epochs: 1, BatchSize: 64, LearningRate: 0.5, Device: device})
	if err != nil {
		return 0, nil, err
	}
	return history.ImagesPerSecond, model.State(), nil
}

//endregion

func threads() error {
	//region threads
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{})
	if err != nil {
		return err
	}
	images := data.Limit(set.Train, 2000)
	var first []tensor.Named
	for _, n := range []int{1, 2, 3} {
		speed, weights, err := trainOnce(images, n)
		if err != nil {
			return err
		}
		if first == nil {
			first = weights
		}
		same := true
		for i := range first {
			same = same && first[i].Tensor.Equal(weights[i].Tensor)
		}
		fmt.Printf("threads: %d  %8.0f images/s  same weights: %v\n", n, speed, same)
	}
	//endregion
	return nil
}

func rounding() error {
	//region rounding
	big, small := float32(1<<24), float32(1)
	fmt.Println((big+small)+small-big, big+(small+small)-big)
	//endregion
	return nil
}

//region throughput

// throughput returns how many images a second a network classifies in batches of a size.
func throughput(net nn.Layer, input tensor.Shape, batch int) (float64, error) {
	model, err := nn.New(net, input, nn.Options{})
	if err != nil {
		return 0, err
	}
	trace, err := model.Trace(batch, nn.Eval)
	if err != nil {
		return 0, err
	}
	program, err := cpu.Default().Compile(trace.Graph, trace.Output)
	if err != nil {
		return 0, err
	}
	defer program.Close()
	feeds := engine.Feeds{trace.Input: tensor.New(append([]int{batch}, input...)...)}
	output := []*tensor.Tensor{tensor.New(trace.Output.Shape()...)}
	took, err := best(20, func() error { return program.Run(feeds, output) })
	return float64(batch) / took.Seconds(), err
}

//endregion
