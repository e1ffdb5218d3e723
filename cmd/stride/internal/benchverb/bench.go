// Package benchverb is the verb bench.
package benchverb

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

type benchVerb struct {
	*command.App
	mode                string
	batch, resolution   int
	width               int // of the networks' names
	time                time.Duration
	seed                uint64
	json, peak, kernels bool
	budget              int64
	inside              inside
	compute             command.Compute
	profiles            command.Profile
}

// Command returns the command bench.
func Command(a *command.App) *cobra.Command {
	b := &benchVerb{App: a, mode: "both", time: 2 * time.Second}
	cmd := &cobra.Command{
		Use:   "bench [net|model…]",
		Short: "Measure the speed of this machine",
		Long: `Measure how fast networks train and predict on this machine: programs run on random
images in memory, so that reading data does not count. The speed is that of the
median step after some warm-up steps. Without a network it measures lenet; "all" is
all of them. A path names a model: an ONNX file, a run folder and so on.

--peak measures the processor's peak of multiply-adds, --kernels which share of it the
kernels of the cpu engine reach.

--profile prints each stage of a step: time, GFLOP/s (those of a direct sum), share
of the peak, bytes read and written, memory in use and the algorithm chosen; and
what each kind of stage takes together. --memory prints what holds the memory where
a step needs most. --trace records which thread did what when in one step. --plan
prints the intermediate form of the compiler after each of its passes: operations
with their layouts, places, algorithms and epilogues.

` + source.NetList(),
		Example: `  stride bench
  stride bench lenet --mode infer --batch 1 --threads 1
  stride bench all --json
  stride bench model.onnx --batch 16
  stride bench --peak --kernels
  stride bench lenet --mode train --profile
  stride bench resnet18 --mode train --batch 64 --memory
  stride bench lenet --trace step.json          open it in ui.perfetto.dev
  stride bench lenet --mode infer --plan | less`,
		ValidArgsFunction: source.CompleteNets(0, true),
		RunE: func(cmd *cobra.Command, args []string) error {
			return b.profiles.Around(func() error { return b.run(cmd.Context(), args, cmd.Flags().Changed) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	command.AddChoice(cmd, &b.mode, "mode", "`mode` to measure: train, infer or both", "train", "infer", "both")
	command.AddBatch(flags, &b.batch, "images in a step (default: the network's)")
	flags.Var(command.Count(&b.resolution, 1, command.MaxSide), "resolution", "height and width of the images in `pixels` (default: the network's)")
	flags.DurationVar(&b.time, "time", b.time, "how long to measure each")
	flags.BoolVar(&b.peak, "peak", false, "measure the processor's peak")
	flags.BoolVar(&b.kernels, "kernels", false, "measure the kernels against the peak")
	command.AddMemoryBudget(flags, &b.budget)
	b.inside.addFlags(flags)
	command.AddSeed(flags, &b.seed, "random seed of the images and weights")
	b.compute.AddFlags(b.App, cmd)
	flags.BoolVar(&b.json, "json", false, "print one JSON object a measurement")
	b.profiles.AddFlags(flags)
	return cmd
}

func (b *benchVerb) run(ctx context.Context, nets []string, given func(flag string) bool) error {
	specs, err := b.networks(nets)
	if err != nil {
		return err
	}
	if err := b.checkFlags(specs, given); err != nil {
		return err
	}
	if path := b.inside.trace; path != "" { // before minutes of measuring
		if err := command.CheckParent(path); err != nil {
			return err
		}
	}
	if b.peak {
		if err := b.measurePeak(ctx); err != nil {
			return err
		}
	}
	if b.kernels {
		if err := b.measureKernels(ctx); err != nil {
			return err
		}
	}
	if len(specs) == 0 {
		return nil
	}
	return b.measureNets(ctx, specs)
}

// networks finds the networks to measure.
func (b *benchVerb) networks(names []string) (specs []zoo.Spec, err error) {
	if len(names) == 0 && !b.peak && !b.kernels {
		names = []string{"lenet"}
	}
	all := false
	for _, name := range names {
		if name == "all" {
			all = true
			continue
		}
		spec, err := b.network(name)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	if !all {
		return specs, nil
	}
	specs = nil
	for _, name := range zoo.Names() {
		spec, err := zoo.Get(name)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// network finds a network by its name, or by the path of a model.
func (b *benchVerb) network(name string) (zoo.Spec, error) {
	spec, unknown := source.GetNet(name)
	if unknown == nil || !source.LooksLikePath(name) {
		return spec, unknown
	}
	model, err := source.OpenNetwork(b.App, name, modelfolder.Options{Size: b.resolution})
	if err != nil {
		return zoo.Spec{}, err
	}
	spec = model.Spec
	spec.Input, spec.Classes = model.Net.Input(), len(model.Classes)
	return spec, nil
}

// benchResult is the speed of a network as JSON.
type benchResult struct {
	Net                 string  `json:"net"`
	Mode                string  `json:"mode"`
	Batch               int     `json:"batch"`
	Resolution          int     `json:"resolution"`
	Threads             int     `json:"threads"`
	ImagesPerSecond     float64 `json:"images_per_second"`
	BestImagesPerSecond float64 `json:"best_images_per_second"`
	StepSeconds         float64 `json:"step_seconds"`
	PeakRSSBytes        int64   `json:"peak_rss_bytes"`
	AllocsPerStep       float64 `json:"allocs_per_step"`
	insideResult
}

// The columns of the table for people, with their widths.
const benchRow = "%-*s  %-5s  %5v  %6v  %7v  %12s  %12s  %10s  %9s  %6s\n"

func (b *benchVerb) measureNets(ctx context.Context, specs []zoo.Spec) error {
	device, release, err := b.compute.Open(ctx)
	if err != nil {
		return err
	}
	defer release()
	for _, spec := range specs {
		b.width = max(b.width, len(spec.Name))
	}
	head := fmt.Sprintf(benchRow, b.width, "net", "mode", "batch", "pixels", "threads", "images/s", "best", "step", "memory", "allocs")
	for _, spec := range specs {
		for _, mode := range []string{"train", "infer"} {
			if b.mode != "both" && b.mode != mode {
				continue
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if b.inside.plan {
				if err := b.compileOnly(spec, mode, device); err != nil {
					return fmt.Errorf("%s, %s: %w", spec.Name, mode, err)
				}
				continue
			}
			result, err := b.measure(ctx, spec, mode, device)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", spec.Name, mode, err)
			}
			if err := b.report(head, result); err != nil {
				return err
			}
			head = ""
		}
	}
	return nil
}

func (b *benchVerb) report(head string, r benchResult) error {
	if b.json {
		return terminal.WriteJSON(b.Stdout, r)
	}
	memory := "·"
	if r.PeakRSSBytes > 0 {
		memory = terminal.BytesText(r.PeakRSSBytes)
	}
	row := fmt.Sprintf(benchRow, b.width, r.Net, r.Mode, r.Batch, r.Resolution, r.Threads,
		terminal.Thousands(int(r.ImagesPerSecond)), terminal.Thousands(int(r.BestImagesPerSecond)), terminal.Milliseconds(r.StepSeconds), memory,
		fmt.Sprintf("%.1f", r.AllocsPerStep))
	if _, err := io.WriteString(b.Stdout, head+row); err != nil {
		return err
	}
	return r.insideResult.write(b.Stdout)
}

// A benchProgram is one step of a network, ready to run.
type benchProgram struct {
	step    func() error
	program engine.Program
	release func()
	input   tensor.Shape
	batch   int
}

// prepare makes the network and compiles its step.
func (b *benchVerb) prepare(spec zoo.Spec, mode string, device engine.Device) (p benchProgram, err error) {
	p.input, p.batch = spec.Input, b.batch
	if b.resolution > 0 {
		p.input = tensor.Shape{p.input[0], b.resolution, b.resolution}
	}
	if p.batch == 0 {
		p.batch = spec.Batch
	}
	model, err := nn.New(spec.New(spec.Classes), p.input, nn.Options{Seed: b.seed, Init: spec.Init})
	if err != nil && b.resolution > 0 {
		err = command.AsMisuse(err)
	}
	if err != nil {
		return p, err
	}
	images, labels := madeUp(b.seed, p.batch, spec.Classes, p.input)
	p.step, p.program, p.release, err = benchStep(model, mode, device, images, labels, b.budget)
	return p, err
}

// compileOnly compiles the step of a network, which prints it.
func (b *benchVerb) compileOnly(spec zoo.Spec, mode string, device engine.Device) error {
	p, err := b.prepare(spec, mode, device)
	if err == nil {
		p.release()
	}
	return err
}

// measure times the steps of a network.
func (b *benchVerb) measure(ctx context.Context, spec zoo.Spec, mode string, device engine.Device) (benchResult, error) {
	threads := 1
	if d, ok := device.(*cpu.Device); ok {
		threads = d.Threads()
	}
	debug.FreeOSMemory() // what the last network left
	resetPeakRSS()
	what := fmt.Sprintf("%s, %s", spec.Name, mode)
	b.Live.Draw(func() terminal.Progress { return terminal.Progress{Head: what + ": preparing"} })
	defer b.Live.Clear()
	p, err := b.prepare(spec, mode, device)
	if err != nil {
		return benchResult{}, err
	}
	defer p.release()
	steps := benchSteps{live: b.Live, what: what, step: p.step}
	times, allocs, err := steps.time(ctx, b.time)
	if err != nil {
		return benchResult{}, err
	}
	slices.Sort(times)
	median := times[len(times)/2].Seconds()
	result := benchResult{
		Net: spec.Name, Mode: mode, Batch: p.batch, Resolution: p.input[1], Threads: threads,
		ImagesPerSecond: float64(p.batch) / median, BestImagesPerSecond: float64(p.batch) / times[0].Seconds(),
		StepSeconds: median, AllocsPerStep: allocs, PeakRSSBytes: peakRSS(),
	}
	result.insideResult, err = b.inside.look(ctx, p.program, &steps, threads, min(len(times), 100))
	return result, err
}

// madeUp makes random images and labels.
func madeUp(seed uint64, batch, classes int, input tensor.Shape) (images, labels *tensor.Tensor) {
	images, labels = tensor.New(append([]int{batch}, input...)...), tensor.New(batch)
	r := rng.New(seed, "bench")
	for i := range images.Data() {
		images.Data()[i] = r.Float32()
	}
	for i := range labels.Data() {
		labels.Data()[i] = float32(r.IntN(classes))
	}
	return images, labels
}

// benchStep returns a function that does one step, and its program.
func benchStep(model *nn.Model, mode string, device engine.Device, images, labels *tensor.Tensor, budget int64) (step func() error, program engine.Program, release func(), err error) {
	batch := labels.Size()
	if mode == "train" {
		s := train.NewStepper(model, device, optim.SGD{})
		s.SetMemoryBudget(budget)
		program, err := s.Program(batch)
		if err != nil {
			return nil, nil, nil, err
		}
		b, at := &data.Batch{Images: images, Labels: labels}, uint64(0)
		return func() error {
			_, _, err := s.Run(b, at, 1e-3)
			at++
			return err
		}, program, s.Close, nil
	}
	trace, err := model.Trace(batch, nn.Eval)
	if err != nil {
		return nil, nil, nil, err
	}
	program, err = device.Compile(trace.Graph, trace.Output)
	if err != nil {
		return nil, nil, nil, err
	}
	feeds, outputs := engine.Feeds{trace.Input: images}, []*tensor.Tensor{tensor.New(trace.Output.Shape()...)}
	return func() error { return program.Run(feeds, outputs) }, program, func() { program.Close() }, nil
}
