// Command model says how long a training step takes on many machines: a model, fitted on a
// few measurements, compared with others, and drawn.
//
//	go run ./bench/dist/model -results bench/dist/results -out docs/scaling
//
// prints tables in Markdown and writes scaling.svg and scaling.png.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	results := flag.String("results", "bench/dist/results", "the `folder` with steps.jsonl, test.jsonl, large.jsonl and scaling.jsonl")
	out := flag.String("out", "", "the `file` of the drawing, without .svg and .png")
	flag.Parse()
	m, err := load(*results)
	if err != nil {
		log.Fatal(err)
	}
	m.tables(os.Stdout)
	if *out == "" {
		return
	}
	for _, extension := range []string{".svg", ".png"} {
		if err := m.draw(*out + extension); err != nil {
			log.Fatal(err)
		}
	}
}

// A study is everything: the measurements, and the model.
type study struct {
	transport   transport
	comparisons []comparison // the runs that the model was made with
	test        []comparison // those that it was not changed for
	scaling     []run        // on one machine
	large       computation  // ResNet-18, 32 images, one thread
}

func load(folder string) (*study, error) {
	steps, err := readRuns(filepath.Join(folder, "steps.jsonl"))
	if err != nil {
		return nil, err
	}
	m := &study{}
	if m.scaling, err = readRuns(filepath.Join(folder, "scaling.jsonl")); err != nil {
		return nil, err
	}
	test, err := readRuns(filepath.Join(folder, "test.jsonl"))
	if err != nil {
		return nil, err
	}
	m.transport = overTCP
	alone := costs(steps)
	if m.comparisons, err = compare(steps, m.transport, alone); err != nil {
		return nil, err
	}
	if m.test, err = compare(test, m.transport, alone); err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "large.jsonl")
	large, err := readRuns(file)
	if err != nil {
		return nil, err
	}
	if len(large) != 1 || large[0].Ranks != 2 {
		return nil, fmt.Errorf("%s has not the step of two ranks", file)
	}
	m.large = computation{large[0].Step - large[0].Wait, large[0].Buckets}
	return m, nil
}

// of returns the runs on one machine with so many ranks, the fastest first.
func (m *study) of(ranks int) []run {
	var list []run
	for _, r := range m.scaling {
		if r.Ranks == ranks {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b run) int {
		if a.Step < b.Step {
			return -1
		}
		return 1
	})
	return list
}

// What is predicted: the machines, the networks, and what a machine is.
var (
	machines = []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
	networks = []struct {
		name string
		network
	}{
		{"10 Gbit/s", network{Bits: 10e9, Delay: 50e-6, Frame: 90}},
		{"25 Gbit/s", network{Bits: 25e9, Delay: 50e-6, Frame: 90}},
	}
	// kinds of machines: how many times faster than the measured one, which is one
	// thread and 32 images, their step is.
	kinds = []struct {
		name   string
		faster float64
	}{
		{"1 core, 32 images", 1},
		{"16 cores, 128 images", 16.0 * 32 / 128},
		{"16 cores, 32 images", 16},
	}
)

// efficiency is the speed on so many machines, for each machine, beside that of one.
func (m *study) efficiency(speed float64, ranks int, n network) float64 {
	c := m.large.faster(speed)
	return c.Time / m.transport.step(c, ranks, n)
}

func (m *study) tables(w io.Writer) {
	one, two := m.of(1), m.of(2)
	if len(one) > 0 {
		a, b := one[len(one)/2].Step, two[len(two)/2].Step
		fmt.Fprintf(w, "%s, batch %d: 1 rank × 2 threads %.0f ms, 2 ranks × 1 thread %.0f ms: %.1f %% (medians of %d); fastest steps %.0f ms, %.0f ms: %.1f %%\n\n",
			one[0].Net, one[0].Batch, 1e3*a, 1e3*b, 100*a/b, len(one), 1e3*fastest(one), 1e3*fastest(two), 100*fastest(one)/fastest(two))
	}
	fmt.Fprintln(w, "The runs that the model was made with:")
	table(w, m.comparisons)
	fmt.Fprintln(w, "\nThe test:")
	table(w, m.test)
	fmt.Fprintf(w, "\n| machines |")
	for _, kind := range kinds {
		for _, n := range networks {
			fmt.Fprintf(w, " %s, %s |", kind.name, n.name)
		}
	}
	fmt.Fprintf(w, "\n|---|---|---|---|---|---|---|\n")
	for _, k := range machines[3:] {
		fmt.Fprintf(w, "| %d |", k)
		for _, kind := range kinds {
			for _, n := range networks {
				fmt.Fprintf(w, " %.0f %% |", 100*m.efficiency(kind.faster, k, n.network))
			}
		}
		fmt.Fprintln(w)
	}
}

// table compares runs with the model.
func table(w io.Writer, list []comparison) {
	fmt.Fprintf(w, "\n| bandwidth | delay | network, sums | ranks | measured | model | difference |\n|---|---|---|---|---|---|---|\n")
	for _, c := range list {
		rate, delay := strings.Replace(c.Rate, "mbit", " Mbit/s", 1), strings.NewReplacer("us", " µs", "ms", " ms").Replace(c.Delay)
		if !c.lossless() {
			delay += ", " + strings.Replace(c.Loss, "%", " % lost", 1)
		}
		sums := fmt.Sprintf("%d sums", len(c.Buckets))
		if len(c.Buckets) == 1 {
			sums = "1 sum"
		}
		fmt.Fprintf(w, "| %s | %s | %s, %s | %d | %.1f ms | %.1f ms | %+.0f %% |\n", rate, delay, c.Net, sums, c.Ranks, 1e3*c.Step, 1e3*c.predicted, 100*c.off())
	}
}

func fastest(runs []run) float64 {
	best := runs[0].Fastest
	for _, r := range runs {
		best = min(best, r.Fastest)
	}
	return best
}
