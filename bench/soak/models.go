package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	_ "github.com/strideml/stride/weights/efficientnetlite0" // is served
	"github.com/strideml/stride/zoo"
)

// A sample is the state of the server at a time.
type sample struct {
	at             time.Duration
	resident, peak int64 // bytes
	goroutines     int   // −1 if the server does not say
}

// measure notes the memory of the server and its goroutines.
func (s *soak) measure(at time.Duration) {
	found := sample{at: at, goroutines: -1}
	found.resident, found.peak = s.server.Memory()
	if n, ok := s.server.Metric("go_goroutines"); ok {
		found.goroutines = int(n)
	}
	s.samples = append(s.samples, found)
}

// makeModels makes the folder of models and says what they answer.
func makeModels(dir string, lite bool) (targets []*model, err error) {
	a, err := lenet(1)
	if err != nil {
		return nil, err
	}
	b, err := lenet(2)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(a.Save(filepath.Join(dir, "lenet")), b.Save(filepath.Join(dir, ".other"))); err != nil {
		return nil, err
	}
	target, err := newModel("lenet", 16, a, b)
	if err != nil {
		return nil, err
	}
	targets = append(targets, target)
	if lite {
		m, err := modelfolder.Load("efficientnet-lite0", modelfolder.Options{})
		if err != nil {
			return nil, err
		}
		if err := m.Save(filepath.Join(dir, "lite0")); err != nil {
			return nil, err
		}
		if target, err = newModel("lite0", 4, m); err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// lenet returns a LeNet with random weights.
func lenet(seed uint64) (*modelfolder.Model, error) {
	spec, err := zoo.Get("lenet")
	if err != nil {
		return nil, err
	}
	net, err := nn.New(spec.New(10), spec.Input, nn.Options{Seed: seed, Init: spec.Init})
	if err != nil {
		return nil, err
	}
	m := &modelfolder.Model{Path: "lenet", Spec: spec, Net: net, Preprocessing: preprocess.Plain(spec.Input)}
	for i := range 10 {
		m.Classes = append(m.Classes, fmt.Sprintf("class %d", i))
	}
	return m, nil
}
