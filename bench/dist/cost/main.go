//go:build linux || darwin

// Command cost measures what --dist-exact and --sync-bn of "stride train" cost: the time of a
// training step with them and without, with 1, 2 and 4 ranks of a thread each, in turn.
//
//	go build -o cost ./bench/dist/cost
//	./cost -net resnet18 -batch 64
//
// It starts itself by mpirun and prints a row of a Markdown table for each number of ranks:
// the medians of all steps. Images are random and none is read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/dist/mpi"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// The ways to train, in the order of the columns.
const (
	plain = "plain"
	exact = "exact"
	sync  = "sync-bn"
)

type options struct {
	net                     string
	batch, steps, rounds    int
	ranks, launcher, worker string
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.net, "net", "resnet18", "the `network`")
	flag.IntVar(&o.batch, "batch", 64, "`images` in the batch of all ranks")
	flag.IntVar(&o.steps, "steps", 5, "`steps` that are measured in each process")
	flag.IntVar(&o.rounds, "rounds", 3, "how `often` each way is measured")
	flag.StringVar(&o.ranks, "ranks", "1,2,4", "`numbers` of ranks")
	flag.StringVar(&o.launcher, "launcher", "mpirun --bind-to none --oversubscribe", "the `command` that starts ranks")
	flag.StringVar(&o.worker, "worker", "", "for the program itself: measure one `way` as a rank")
	flag.Parse()
	err := o.measureAll
	if o.worker != "" {
		err = o.work
	}
	if err := err(); err != nil {
		log.Fatal(err)
	}
}

// measureAll prints the table.
func (o options) measureAll() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Println("| network, batch | ranks | step | `--dist-exact` | | `--sync-bn` | |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for word := range strings.SplitSeq(o.ranks, ",") {
		times := map[string][]float64{}
		for range o.rounds {
			for _, way := range []string{plain, exact, sync} {
				launcher := strings.Fields(o.launcher)
				args := append(launcher[1:], "-n", word, self, "-worker", way, "-net", o.net, "-batch", strconv.Itoa(o.batch), "-steps", strconv.Itoa(o.steps))
				cmd := exec.Command(launcher[0], args...)
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					return fmt.Errorf("%s with %s ranks: %w", way, word, err)
				}
				for _, text := range strings.Fields(string(out)) {
					seconds, err := strconv.ParseFloat(text, 64)
					if err != nil {
						return err
					}
					times[way] = append(times[way], seconds)
				}
			}
		}
		row := fmt.Sprintf("| %s, %d | %s | %s |", o.net, o.batch, word, milliseconds(median(times[plain])))
		for _, way := range []string{exact, sync} {
			row += fmt.Sprintf(" %s | %+.0f %% |", milliseconds(median(times[way])), 100*(median(times[way])/median(times[plain])-1))
		}
		fmt.Println(row)
	}
	return nil
}

func median(times []float64) float64 {
	slices.Sort(times)
	return times[len(times)/2]
}

func milliseconds(seconds float64) string {
	if ms := 1000 * seconds; ms < 100 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", 1000*seconds)
}

// work is a rank; rank 0 prints the seconds of its steps.
func (o options) work() error {
	runtime.GOMAXPROCS(2) // one computes, one speaks to the others
	comm, err := mpi.Open(mpi.Options{Timeout: time.Minute})
	if err != nil {
		return err
	}
	if err := o.train(comm); err != nil {
		log.Print(err)
		comm.Abort(1)
		return err
	}
	return comm.Close()
}

func (o options) train(comm dist.Comm) error {
	spec, err := zoo.Get(o.net)
	if err != nil {
		return err
	}
	model, err := nn.New(spec.New(spec.Classes), spec.Input, nn.Options{Seed: 1, Init: spec.Init})
	if err != nil {
		return err
	}
	const warm = 2
	group := dist.NewGroup(comm, dist.Float32)
	device := cpu.Options{Threads: 1, Reducer: group}
	config := train.Config{Epochs: 1, BatchSize: o.batch, LearningRate: .01, Optimizer: optim.SGD{Momentum: .9}, Dist: &train.Dist{Comm: comm, Reducer: group}}
	switch o.worker {
	case exact:
		config.Dist.Shards, device.Reducer = 8, nil
	case sync:
		config.Dist.SyncBatchNorm = true
	case plain:
	default:
		return errors.New("no such way to train")
	}
	config.Device = cpu.New(device)
	last, done := time.Time{}, 0
	if comm.Rank() == 0 {
		config.Callbacks.OnStep = func(train.StepInfo) {
			if done++; done > warm {
				fmt.Println(time.Since(last).Seconds())
			}
			last = time.Now()
		}
	}
	_, err = train.Fit(context.Background(), model, newNoise(spec, (warm+o.steps)*o.batch), nil, config)
	return err
}

// newNoise is a dataset of random images.
func newNoise(spec zoo.Spec, n int) data.Dataset {
	s := noise{classes: make([]string, spec.Classes), shape: spec.Input, n: n, pixels: make([]float32, spec.Input.Size())}
	for i := range s.classes {
		s.classes[i] = strconv.Itoa(i)
	}
	rng.Normal(rng.New(1, "images"), s.pixels, 0, 1)
	return s
}

type noise struct {
	classes []string
	shape   tensor.Shape
	n       int
	pixels  []float32
}

func (s noise) Len() int                 { return s.n }
func (s noise) ImageShape() tensor.Shape { return s.shape }
func (s noise) Classes() []string        { return s.classes }

func (s noise) Read(i int, pixels []float32) (label int, err error) {
	copy(pixels, s.pixels)
	pixels[i%len(pixels)] = 1 // no two are alike
	return i % len(s.classes), nil
}
