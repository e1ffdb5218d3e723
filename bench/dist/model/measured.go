package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// A run is a line that bench/dist/step has printed.
type run struct {
	Net     string   `json:"net"`
	Rate    string   `json:"rate"`  // as tc writes it; empty on one machine
	Delay   string   `json:"delay"` // from one machine to another
	Loss    string   `json:"loss"`  // the share of frames
	Ranks   int      `json:"ranks"`
	Threads int      `json:"threads"`
	Batch   int      `json:"batch"`
	Step    float64  `json:"step_seconds"`
	Fastest float64  `json:"fastest_step_seconds"`
	Wait    float64  `json:"wait_seconds"` // for sums
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
	// Headers of Ethernet, IP and TCP, and a frame of these alone that confirms two others;
	// the kernel sends frames as one where it can, and few to confirm them.
	n := network{Bits: bits * unit, Delay: delay.Seconds(), Frame: headers, Confirm: headers / 2}
	if r.byKernel() {
		n.Burst, n.Confirm = 131072, 0 // the first is of the testbed's token bucket filter
	}
	return n, nil
}

// headers are the bytes of a frame before those of a message.
const headers = 66

// byKernel says that the links are those of the kernel, and not of bench/dist/link.
func (r run) byKernel() bool { return r.Delay == "0" && r.lossless() }

func (r run) lossless() bool { return r.Loss == "" || r.Loss == "0" }

// processors is how many the testbed shares among its machines.
const processors = 2

// A cost is what a step without other ranks takes: a fixed time and one for each image.
type cost struct{ fixed, image float64 }

// costs are those of the networks of the runs.
func costs(runs []run) map[string]cost {
	all := map[string]cost{}
	for _, r := range runs {
		if _, ok := all[r.Net]; !ok {
			all[r.Net] = fitCost(runs, r.Net)
		}
	}
	return all
}

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

// overTCP are the constants of dist/mpi over Open MPI's TCP transport. A short message goes
// at once, for a long one the receiver must first be asked. A rank that waits looks every
// 100 µs. Host is from sums of 46 MB between two ranks in shared memory (32 ms), Message from
// sums of 4 bytes.
var overTCP = transport{Eager: 1, Rendezvous: 3, Look: 50e-6, Message: 10e-6, Host: 0.7e-9}

// A comparison is a run beside what the model says.
type comparison struct {
	run
	predicted float64
}

// off is by how much of the measured time the model differs.
func (c comparison) off() float64 { return c.predicted/c.Step - 1 }

func compare(runs []run, t transport, alone map[string]cost) ([]comparison, error) {
	var list []comparison
	for _, r := range runs {
		if r.Rate == "" {
			continue
		}
		n, err := r.network()
		if err != nil {
			return nil, err
		}
		c, ok := alone[r.Net]
		if !ok || math.IsNaN(c.image) {
			return nil, fmt.Errorf("no two steps of one rank say what %s costs", r.Net)
		}
		list = append(list, comparison{r, t.shared(r.Ranks, processors).step(c.computation(r), r.Ranks, n)})
	}
	return list, nil
}
