package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// bookNets are the networks of Dive into Deep Learning.
var bookNets = []string{"lenet", "lenet-bn", "alexnet", "vgg", "nin", "googlenet", "resnet18", "densenet"}

// A plan says what to measure.
type plan struct {
	nets    []string // names that both builds know
	modes   []string // "train", "infer"
	batches []int    // none: those of batchesOf
}

func (p plan) validate() error {
	if len(p.nets) == 0 || slices.Contains(p.nets, "") {
		return fmt.Errorf("--nets %s: want names of networks with commas between them", strings.Join(p.nets, ","))
	}
	for _, name := range p.nets {
		if strings.HasPrefix(name, "-") {
			return fmt.Errorf("--nets %s: that is no name of a network", name)
		}
	}
	if len(p.modes) == 0 {
		return fmt.Errorf("--modes: want train, infer or both")
	}
	for _, mode := range p.modes {
		if mode != "train" && mode != "infer" {
			return fmt.Errorf("--modes %s: want train, infer or both", mode)
		}
	}
	for _, n := range p.batches {
		if n < 1 {
			return fmt.Errorf("--batches %d: want at least 1", n)
		}
	}
	return nil
}

// A benchCase is a network in a mode with a batch size.
type benchCase struct {
	net, mode string
	batch     int
}

func (c benchCase) String() string {
	return c.net + " " + c.mode + " " + strconv.Itoa(c.batch)
}

// cases lists what is measured, network by network.
func (p plan) cases() (cases []benchCase) {
	for _, net := range p.nets {
		for _, mode := range p.modes {
			batches := p.batches
			if len(batches) == 0 {
				batches = batchesOf(net, mode)
			}
			for _, batch := range batches {
				cases = append(cases, benchCase{net, mode, batch})
			}
		}
	}
	return cases
}

// batchesOf are the batch sizes of bench/compare.
func batchesOf(net, mode string) []int {
	large := 64
	if strings.HasPrefix(net, "lenet") {
		large = 256
	}
	if mode == "train" {
		return []int{large}
	}
	return []int{1, large}
}
