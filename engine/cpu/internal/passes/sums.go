package passes

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Sums splits sums over rows, which are those of statistics, of the gradients of
// a batch normalization's parameters and of biases, in two: partial results
// (ir.RowSums), which the epilogue pass can move to where the rows are made, and
// their totals. The statistics of a concatenation are put together from those of
// its parts: those of a dense block's first channels serve all its layers.
func Sums(f *ir.Func) error {
	s := &sums{f: f, statistics: map[*ir.Value]*ir.Value{}, deviations: map[deviation]*ir.Value{}}
	for _, o := range f.Ops {
		switch op := o.Do.(type) {
		case graph.BatchStatsOp:
			s.batchStats(o)
		case graph.BatchNormParamGradOp:
			x, stats, dy := o.Args[0], o.Args[1], o.Args[2]
			partial := s.partial(o, ir.SumBatchNorm, 2*dy.Shape[1], dy, x, stats)
			inv := s.deviation(o, stats, op.Eps)
			s.totals(o, ir.SumBatchNorm, partial, inv)
		case graph.BatchNormInputGradOp:
			inv := s.deviation(o, o.Args[1], op.BatchNorm.Eps)
			o.Args, o.Needs = append(o.Args, inv), append(o.Needs, ir.Need{Layout: ir.Plain})
			s.ops = append(s.ops, o)
		default:
			if lower.IsColumnSum(o) {
				s.totals(o, ir.SumRows, s.partial(o, ir.SumRows, o.Args[0].Shape[1], o.Args[0]))
				continue
			}
			s.ops = append(s.ops, o)
		}
	}
	f.Ops = s.ops
	return nil
}

type sums struct {
	f          *ir.Func
	ops        []*ir.Op
	statistics map[*ir.Value]*ir.Value // by value: its mean and variance of each channel
	deviations map[deviation]*ir.Value
}

// A deviation is what 1/√(variance+eps) depends on.
type deviation struct {
	stats *ir.Value
	eps   float32
}

// partial adds the partial sums over the rows of the first argument.
func (s *sums) partial(o *ir.Op, of ir.Sum, size int, args ...*ir.Value) *ir.Value {
	p := s.f.NewOp(ir.RowSums{Of: of}, o.Node, tensor.Shape{size}, args...)
	p.Out().Layout = ir.Plain
	p.Out().Vars, p.Out().Fixed = variablesOf(args...) // or else Hoist keeps these, but not their totals
	for _, a := range args {
		p.Needs = append(p.Needs, ir.Need{Layout: a.Layout, Pitched: a.Image()})
	}
	s.ops = append(s.ops, p)
	return p.Out()
}

// totals makes an operation the totals of partial sums.
func (s *sums) totals(o *ir.Op, of ir.Sum, partial *ir.Value, others ...*ir.Value) {
	o.Do, o.Args = ir.Totals{Of: of}, append([]*ir.Value{partial}, others...)
	o.Anywhere = of == ir.SumRows
	o.Needs = make([]ir.Need, len(o.Args))
	for i := range o.Needs {
		o.Needs[i].Layout = ir.Plain
	}
	s.ops = append(s.ops, o)
}

// batchStats replaces an operation that computes statistics.
func (s *sums) batchStats(o *ir.Op) {
	parts := channelParts(o.Args[0])
	if len(parts) == 1 {
		if known := s.statistics[parts[0]]; known != nil {
			o.Do, o.Args, o.Needs = ir.View{}, []*ir.Value{known}, []ir.Need{{Layout: ir.Plain}}
			s.ops = append(s.ops, o)
			return
		}
		s.totals(o, ir.SumMoments, s.partial(o, ir.SumMoments, 2*parts[0].Shape[1], parts[0]))
		s.statistics[parts[0]] = o.Out()
		return
	}
	o.Do, o.Args, o.Needs = ir.JoinStatistics{}, nil, nil
	for _, p := range parts {
		stats := s.statistics[p]
		if stats == nil {
			total := s.f.NewOp(nil, o.Node, tensor.Shape{2, p.Shape[1]})
			stats = total.Out()
			stats.Layout, stats.Vars, stats.Fixed = ir.Plain, p.Vars, p.Fixed
			s.totals(total, ir.SumMoments, s.partial(o, ir.SumMoments, 2*p.Shape[1], p))
			s.statistics[p] = stats
		}
		o.Args, o.Needs = append(o.Args, stats), append(o.Needs, ir.Need{Layout: ir.Plain})
	}
	s.ops = append(s.ops, o)
}

// channelParts returns the parts of a concatenation along the channels, and the parts
// of those, or x itself if it is no concatenation.
func channelParts(x *ir.Value) (parts []*ir.Value) {
	if x.Def == nil {
		return []*ir.Value{x}
	}
	if _, ok := x.Def.Do.(ir.Join); !ok {
		return []*ir.Value{x}
	}
	for _, a := range x.Def.Args {
		parts = append(parts, channelParts(a)...)
	}
	return slices.Clip(parts)
}

// deviation returns 1/√(variance+eps) of each channel, and adds the operation that
// computes it unless there is one already.
func (s *sums) deviation(o *ir.Op, stats *ir.Value, eps float32) *ir.Value {
	key := deviation{stats, eps}
	if v := s.deviations[key]; v != nil {
		return v
	}
	d := s.f.NewOp(ir.Deviation{Eps: eps}, o.Node, tensor.Shape{stats.Shape[1]}, stats)
	d.Needs = []ir.Need{{Layout: ir.Plain}}
	d.Out().Layout, d.Out().Vars, d.Out().Fixed = ir.Plain, stats.Vars, stats.Fixed
	s.ops = append(s.ops, d)
	s.deviations[key] = d.Out()
	return d.Out()
}
