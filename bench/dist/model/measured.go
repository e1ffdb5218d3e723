package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A run is a line that bench/dist/step has printed.
type run struct {
	Net     string   `json:"net"`
	Rate    string   `json:"rate"`  // as tc writes it; empty on one machine
	Delay   string   `json:"delay"` // from one machine to another
	Ranks   int      `json:"ranks"`
	Threads int      `json:"threads"`
	Batch   int      `json:"batch"`
	Step    float64  `json:"step_seconds"`
	Fastest float64  `json:"fastest_step_seconds"`
	Buckets []bucket `json:"buckets"`
}

func readRuns(file string) ([]run, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var runs []run
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var r run
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, n, err)
		}
		runs = append(runs, r)
	}
	return runs, lines.Err()
}

// network is that of a run in the testbed.
func (r run) network() (network, error) {
	digits := strings.TrimRight(r.Rate, "abcdefghijklmnopqrstuvwxyz")
	unit := map[string]float64{"gbit": 1e9, "mbit": 1e6, "kbit": 1e3}[strings.TrimPrefix(r.Rate, digits)]
	bits, err := strconv.ParseFloat(digits, 64)
	if err != nil || unit == 0 {
		return network{}, fmt.Errorf("a rate of %q", r.Rate)
	}
	delay := time.Duration(0)
	if r.Delay != "0" {
		if delay, err = time.ParseDuration(r.Delay); err != nil {
			return network{}, err
		}
	}
	n := network{Bits: bits * unit, Delay: delay.Seconds(), Frame: 1514}
	if delay == 0 {
		n.Burst = 131072 // of the testbed's token bucket filter
	}
	return n, nil
}

// longDelay says that a run is where the model is no more than a lower bound: with
// milliseconds between machines the windows of TCP decide, which it leaves out.
func (r run) longDelay() bool { return r.Delay != "0" }

// processors is how many the testbed shares among its machines.
const processors = 2

// A cost is what a step without other ranks takes: a fixed time and one for each image.
type cost struct{ fixed, image float64 }

// fitCost is the line through the steps of one rank, by least squares.
func fitCost(runs []run, net string) cost {
	var n, x, y, xx, xy float64
	for _, r := range runs {
		if r.Net == net && r.Ranks == 1 {
			b := float64(r.Batch)
			n, x, y, xx, xy = n+1, x+b, y+r.Step, xx+b*b, xy+b*r.Step
		}
	}
	image := (n*xy - x*y) / (n*xx - x*x)
	return cost{(y - image*x) / n, image}
}

// computation is the step of a rank of a run, by its cost.
func (c cost) computation(r run) computation {
	one := computation{Time: max(0, c.fixed) + c.image*float64(r.Batch/r.Ranks)}
	for _, b := range r.Buckets { // nothing is left to do beside the last sum of a small network
		one.Buckets = append(one.Buckets, bucket{b.Bytes, one.Time})
	}
	return one.shared(r.Ranks, processors)
}

// overTCP are the constants of dist/mpi over Open MPI's TCP transport: a short message
// arrives after one delay, for a long one the receiver must first be asked. Host is from
// sums of 46 MB between two ranks in shared memory (32 ms), Message from sums of 4 bytes.
var overTCP = transport{Eager: 1, Rendezvous: 3, Message: 10e-6, Host: 0.7e-9}

// A comparison is a run beside what the model says.
type comparison struct {
	run
	predicted float64
}

func compare(runs []run, t transport, c cost) ([]comparison, error) {
	var list []comparison
	for _, r := range runs {
		if r.Rate == "" {
			continue
		}
		n, err := r.network()
		if err != nil {
			return nil, err
		}
		list = append(list, comparison{r, t.step(c.computation(r), r.Ranks, n)})
	}
	slices.SortStableFunc(list, func(a, b comparison) int { return strings.Compare(a.Rate+" "+a.Delay, b.Rate+" "+b.Delay) })
	return list, nil
}
