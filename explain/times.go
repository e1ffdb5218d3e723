package explain

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// Times measures how many seconds each of Nodes takes for one picture on this machine: the mean of some runs on all
// threads of the Model's device. The engine computes some layers together, such as a convolution and the
// batch normalization and the ReLU after it: the time counts for the convolution, the last one of several, and the
// others have 0. It is measured at the
// first call and kept. It fails if the engine cannot be profiled.
func (m *Model) Times(ctx context.Context) (seconds []float64, err error) {
	defer runtime.KeepAlive(m)
	s := m.state
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	if s.times != nil {
		return slices.Clone(s.times), nil
	}
	p, err := m.build(key{task: scoring, batch: 1})
	if err != nil {
		return nil, err
	}
	if p.program, err = s.device.Compile(p.outputs[0].Graph(), p.outputs...); err != nil {
		return nil, fmt.Errorf("explain: compile: %w", err)
	}
	defer func() { err = errors.Join(err, p.program.Close()) }()
	profile, err := measure(ctx, p)
	if err != nil {
		return nil, err
	}
	seconds = make([]float64, len(m.outline.rows)+1)
	nodes := m.outline.trace.Graph.Nodes()
	for _, stage := range profile.Stages {
		if id, ok := idOf(stage.Node); ok && id < len(nodes) {
			if row, ok := m.outline.owner[nodes[id]]; ok {
				seconds[m.outline.costly(row, stage.FLOPs)+1] += stage.Seconds
			}
		}
	}
	s.times = seconds
	return slices.Clone(seconds), nil
}

// costly returns the row that a stage of some FLOPs which ends in a row belongs to: a convolution whose batch
// normalization and activation are computed with it, the last one of several.
func (o *outline) costly(row int, flops int64) int {
	at := row
	for flops > 0 && at >= 0 && o.rows[at].MultiplyAdds == 0 {
		if len(o.rows[at].inputs) == 0 {
			return row
		}
		at = slices.Max(o.rows[at].inputs)
	}
	return max(at, -1)
}

// measure profiles some runs of a program with an input of random numbers.
func measure(ctx context.Context, p *program) (*engine.Profile, error) {
	x := tensor.Rand(rng.New(1, "explain/times", 0), p.x.Shape()...)
	feeds, results := engine.Feeds{p.x: x}, []*tensor.Tensor{tensor.New(p.outputs[0].Shape()...)}
	run := func() error { return p.program.Run(feeds, results) }
	for range 2 {
		if err := run(); err != nil {
			return nil, fmt.Errorf("explain: %w", err)
		}
	}
	stop, err := engine.StartProfile(p.program)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	begin := time.Now()
	for i := 0; i < 3 || i < 50 && time.Since(begin) < 300*time.Millisecond; i++ {
		if err = run(); err != nil || ctx.Err() != nil {
			break
		}
	}
	profile := stop()
	switch {
	case err != nil:
		return nil, fmt.Errorf("explain: %w", err)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return profile, nil
}

// idOf reads the ID of a node in what graph.Node.String says of it, which begins with "%12 ".
func idOf(text string) (id int, ok bool) {
	digits, ok := strings.CutPrefix(text, "%")
	if !ok {
		return 0, false
	}
	digits, _, ok = strings.Cut(digits, " ")
	if !ok {
		return 0, false
	}
	id, err := strconv.Atoi(digits)
	return id, err == nil
}
