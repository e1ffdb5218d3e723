package explain

import (
	"context"
	"fmt"

	"github.com/strideml/stride/tensor"
)

// inBatches runs a program on n inputs, some at a time: fill writes input i, and take gets the results of
// a batch and the index of its first input. All batches have the same size, for which one program is
// compiled; the last one may have inputs of zeros at its end.
func (m *Model) inBatches(ctx context.Context, k key, n, class int, fill func(i int, x []float32), take func(first, count int, results []*tensor.Tensor) error) error {
	batches := (n + m.batch - 1) / m.batch
	size := (n + batches - 1) / batches
	one := m.net.Input().Size()
	x := tensor.New(append([]int{size}, m.net.Input()...)...)
	weights := m.oneHot(size, class)
	for first := 0; first < n; first += size {
		count := min(size, n-first)
		for i := range count {
			fill(first+i, x.Data()[i*one:][:one])
		}
		clear(x.Data()[count*one:])
		results, err := m.run(ctx, k, x, weights)
		if err != nil {
			return err
		}
		if err := take(first, count, results); err != nil {
			return err
		}
	}
	return nil
}

// channelValues returns a value for each channel of the input: those given, one for all, or 0.
func (m *Model) channelValues(what string, values []float32) ([]float32, error) {
	channels := m.net.Input()[0]
	for _, v := range values {
		if v-v != 0 {
			return nil, fmt.Errorf("explain: %s %v: want finite numbers", what, v)
		}
	}
	switch len(values) {
	case 0:
		return make([]float32, channels), nil
	case 1:
		all := make([]float32, channels)
		for i := range all {
			all[i] = values[0]
		}
		return all, nil
	case channels:
		return values, nil
	}
	return nil, fmt.Errorf("explain: %s %v: want a value for each of %d channels, or one for all", what, values, channels)
}

// plane returns an input that has one value in each channel.
func (m *Model) plane(values []float32) []float32 {
	s := m.net.Input()
	x := make([]float32, s.Size())
	size := s[1] * s[2]
	for i := range x {
		x[i] = values[i/size]
	}
	return x
}
