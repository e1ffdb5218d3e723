//go:build linux || darwin

// Command step measures training steps on one or several ranks: the whole step with the
// update of the weights, on random images, without reading any.
//
//	go build -o step ./bench/dist/step
//	./step -net resnet18 -batch 64 -threads 2
//	mpirun --bind-to none -n 2 ./step -mpi -net resnet18 -batch 64 -threads 1
//
// Rank 0 prints a line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/mpi"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision" // registers its networks
)

// A result is what is printed.
type result struct {
	Net        string  `json:"net"`
	Ranks      int     `json:"ranks"`
	Threads    int     `json:"threads"`
	Batch      int     `json:"batch"` // of all ranks together
	Parameters int     `json:"parameters"`
	Step       float64 `json:"step_seconds"` // the median
	Fastest    float64 `json:"fastest_step_seconds"`
	CPU        float64 `json:"cpu_seconds"` // of rank 0, a step
	// Machine is the share of all processors of the machine that was busy, with whatever; 0
	// where the system does not say.
	Machine float64 `json:"machine_busy"`
	// Buckets are the sums of a step, in their order; Wait is how long the device waited
	// for them.
	Buckets []bucket `json:"buckets,omitempty"`
	Wait    float64  `json:"wait_seconds"`
	Busy    float64  `json:"sum_seconds"`
}

// A bucket is a sum: its size, and when it can begin, in seconds from the start of the step.
type bucket struct {
	Bytes int     `json:"bytes"`
	Ready float64 `json:"ready_seconds"`
}

// A watch is a Reducer that notes when sums begin.
type watch struct {
	*dist.Group
	start time.Time
	sums  []bucket
}

func (w *watch) AllReduce(data []float32) func() error {
	w.sums = append(w.sums, bucket{4 * len(data), time.Since(w.start).Seconds()})
	return w.Group.AllReduce(data)
}

func main() {
	log.SetFlags(0)
	net := flag.String("net", "resnet18", "the `network`; dense-N is two linear layers with N between them: many weights, little to compute")
	side := flag.Int("size", 0, "the side of the images in `pixels`; 0 for the network's own")
	batch := flag.Int("batch", 64, "`images` in the batch of all ranks")
	threads := flag.Int("threads", 1, "`threads` that compute in a rank")
	steps := flag.Int("steps", 10, "`steps` that are measured")
	bucket := flag.Int("bucket", 0, "the size of a bucket of gradients in `bytes`, also of the last one; 0 for dist's own")
	byMPI := flag.Bool("mpi", false, "ranks that mpirun has started")
	flag.Parse()

	runtime.GOMAXPROCS(*threads + 1)
	comm := dist.Single()
	if *byMPI {
		c, err := mpi.Open(mpi.Options{Timeout: time.Minute})
		if err != nil {
			log.Fatal(err)
		}
		comm = c
	}
	if err := measure(comm, *net, *side, *batch, *threads, *steps, dist.Buckets{Bytes: *bucket, LastBytes: *bucket}); err != nil {
		log.Print(err)
		comm.Abort(1)
		os.Exit(1)
	}
	if err := comm.Close(); err != nil {
		log.Fatal(err)
	}
}

// find returns a network by its name.
func find(name string) (zoo.Spec, error) {
	width, ok := strings.CutPrefix(name, "dense-")
	if !ok {
		return zoo.Get(name)
	}
	n, err := strconv.Atoi(width)
	if err != nil || n < 1 {
		return zoo.Spec{}, fmt.Errorf("%s: want dense-N with a number", name)
	}
	return zoo.Spec{
		Input: tensor.Shape{1, 28, 28}, Classes: 10, Init: nn.XavierUniform(),
		New: func(classes int) nn.Layer {
			return nn.Sequential(nn.Flatten(), nn.Linear(n), nn.Sigmoid(), nn.Linear(classes))
		},
	}, nil
}

// measure runs the steps.
func measure(comm dist.Comm, net string, side, batch, threads, steps int, buckets dist.Buckets) error {
	spec, err := find(net)
	if err != nil {
		return err
	}
	shape := spec.Input
	if side > 0 {
		shape = tensor.Shape{shape[0], side, side}
	}
	model, err := nn.New(spec.New(spec.Classes), shape, nn.Options{Seed: 1, Init: spec.Init})
	if err != nil {
		return err
	}
	watched := &watch{Group: dist.NewGroup(comm, dist.Float32)}
	images := batch / comm.Size()
	step, err := compile(cpu.New(cpu.Options{Threads: threads, Reducer: watched}), model, images, batch, buckets)
	if err != nil {
		return err
	}
	const warm = 3
	var times []float64
	var before syscall.Rusage
	var stats dist.Stats
	var machine ticks
	for i := range warm + steps {
		if i == warm {
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before) // never fails
			stats = watched.Stats()
			machine = machineTicks()
		}
		watched.start, watched.sums = time.Now(), watched.sums[:0]
		if err := step(); err != nil {
			return err
		}
		if i >= warm {
			times = append(times, time.Since(watched.start).Seconds())
		}
	}
	var after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	stats = watched.Stats().Sub(stats)
	machine = machineTicks().sub(machine)
	if comm.Rank() != 0 {
		return nil
	}
	slices.Sort(times)
	r := result{
		Net: net, Ranks: comm.Size(), Threads: threads, Batch: batch,
		Step: times[len(times)/2], Fastest: times[0], CPU: (seconds(after) - seconds(before)) / float64(steps),
		Machine: machine.busy / max(1, machine.all),
		Buckets: watched.sums, Wait: stats.Waited.Seconds() / float64(steps), Busy: stats.Busy.Seconds() / float64(steps),
	}
	for _, v := range model.Parameters() {
		r.Parameters += len(v.Value.Data())
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	return nil
}

// ticks are times of all processors together, in the unit of /proc/stat.
type ticks struct{ busy, all float64 }

func (t ticks) sub(u ticks) ticks { return ticks{t.busy - u.busy, t.all - u.all} }

// machineTicks reads what Linux has counted so far.
func machineTicks() (t ticks) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return ticks{}
	}
	line, _, _ := strings.Cut(string(data), "\n")
	for i, field := range strings.Fields(line)[1:] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil || i >= 8 { // what follows is counted in the first
			break
		}
		t.all += n
		if i != 3 && i != 4 { // idle, and waiting for disks
			t.busy += n
		}
	}
	return t
}

func seconds(u syscall.Rusage) float64 { return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9 }

// compile returns a step of a rank.
func compile(device engine.Device, model *nn.Model, images, batch int, buckets dist.Buckets) (func() error, error) {
	trace, err := model.Trace(images, nn.Train)
	if err != nil {
		return nil, err
	}
	g, state := trace.Graph, optim.State{}
	labels, rate := g.Input("labels", images), g.Input("rate")
	loss := graph.Mul(nn.CrossEntropyLoss(trace.Output, labels), g.Scalar(float32(images)/float32(batch)))
	var params []*graph.Node
	for _, v := range model.Parameters() {
		params = append(params, g.Variable(v))
	}
	grads := buckets.AllReduce(graph.Gradients(loss, params...))
	optim.SGD{Momentum: 0.9}.Update(g, rate, params, grads, &state)
	program, err := device.Compile(g, loss)
	if err != nil {
		return nil, err
	}
	feeds := engine.Feeds{trace.Input: tensor.New(trace.Input.Shape()...), labels: tensor.New(images), rate: tensor.Scalar(0.01)}
	rng.Normal(rng.New(1, "images"), feeds[trace.Input].Data(), 0, 1)
	for i := range images {
		feeds[labels].Data()[i] = float32(i % 10)
	}
	if trace.Step != nil {
		feeds[trace.Step] = tensor.New(trace.Step.Shape()...)
	}
	outputs := []*tensor.Tensor{tensor.New()}
	return func() error { return program.Run(feeds, outputs) }, nil
}
