package traintest

import (
	"sync"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// An Async is a device that works on its own: its programs are engine.Starter. It does
// what another device does, after a delay, and may be told to fail.
type Async struct {
	engine.Device
	// Delay is how long each run takes at least.
	Delay time.Duration
	// StartError and RunError, if not nil, return the error of a run, counted from 0, when it
	// is started and when it is waited for.
	StartError, RunError func(run int) error

	once  sync.Once
	queue chan func()

	mu             sync.Mutex
	started, ended int // runs, and those that were waited for
	most           int // under way at once
}

// Started returns the number of runs that were started.
func (d *Async) Started() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.started
}

// UnderWay returns how many runs were not waited for, now and at most.
func (d *Async) UnderWay() (now, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.started - d.ended, d.most
}

// Compile returns a program that is an engine.Starter.
func (d *Async) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	d.once.Do(func() {
		d.queue = make(chan func(), 16)
		go func() {
			for run := range d.queue {
				run()
			}
		}()
	})
	p, err := d.Device.Compile(g, outputs...)
	if err != nil {
		return nil, err
	}
	return &asyncProgram{device: d, program: p, inputs: g.Inputs()}, nil
}

type asyncProgram struct {
	device  *Async
	program engine.Program
	inputs  []*graph.Node
	under   sync.WaitGroup
}

func (p *asyncProgram) Start(feeds engine.Feeds, outputs []*tensor.Tensor) (func() error, error) {
	if err := feeds.Arrange(p.inputs, make([]*tensor.Tensor, len(p.inputs))); err != nil {
		return nil, err
	}
	d := p.device
	d.mu.Lock()
	run := d.started
	d.mu.Unlock()
	if d.StartError != nil {
		if err := d.StartError(run); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.started++
	d.most = max(d.most, d.started-d.ended)
	d.mu.Unlock()
	own := engine.Feeds{}
	for n, t := range feeds {
		own[n] = t.Clone()
	}
	done := make(chan error, 1)
	p.under.Add(1)
	d.queue <- func() {
		defer p.under.Done()
		time.Sleep(d.Delay)
		if d.RunError != nil {
			if err := d.RunError(run); err != nil {
				done <- err
				return
			}
		}
		done <- p.program.Run(own, outputs)
	}
	return func() error {
		err := <-done
		d.mu.Lock()
		d.ended++
		d.mu.Unlock()
		return err
	}, nil
}

func (p *asyncProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	wait, err := p.Start(feeds, outputs)
	if err != nil {
		return err
	}
	return wait()
}

func (p *asyncProgram) Close() error {
	p.under.Wait()
	return p.program.Close()
}
