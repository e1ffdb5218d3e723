package live

import "github.com/strideml/stride/nn"

// DescribeArgs are the arguments of Describe.
type DescribeArgs struct {
	NetworkArgs
	Batch int `json:"batch"`
}

// DescribeResult is the result of Describe.
type DescribeResult struct {
	Input           []int      `json:"input"`
	Output          []int      `json:"output"`
	Parameters      int        `json:"parameters"`
	MultiplyAdds    int64      `json:"multiplyAdds"`
	ActivationBytes int64      `json:"activationBytes"`
	ParameterBytes  int64      `json:"parameterBytes"`
	Layers          []LayerRow `json:"layers"`
}

// A LayerRow describes a layer.
type LayerRow struct {
	Path           string `json:"path"`
	Index          int    `json:"index"`
	Block          string `json:"block"`
	Kind           string `json:"kind"`
	Output         []int  `json:"output"`
	Parameters     int    `json:"parameters"`
	MultiplyAdds   int64  `json:"multiplyAdds"`
	ReceptiveField int    `json:"receptiveField"`
	Bytes          int64  `json:"bytes"`
	Operator       bool   `json:"operator"`
}

// Describe tells the shapes, parameters, multiply-adds and receptive fields of a
// network's layers.
func (s *Session) Describe(args DescribeArgs) (r DescribeResult, err error) {
	net, input, err := args.network()
	if err != nil {
		return r, err
	}
	if err := within("batch", args.Batch, 1, 4096); err != nil {
		return r, err
	}
	t, err := nn.Outline(net, input, args.Batch)
	if err != nil {
		return r, args.explained(err)
	}
	r = DescribeResult{Input: input, Output: t.Output.Shape()[1:]}
	for _, row := range t.Rows() {
		l := LayerRow{
			Path: row.Path, Index: topIndex(row.Path), Kind: row.Kind, Output: row.Output[1:], Parameters: row.Parameters,
			MultiplyAdds: row.MultiplyAdds, ReceptiveField: row.ReceptiveField, Bytes: 4 * int64(row.Output.Size()), Operator: row.Operator,
		}
		if l.Index >= 0 && l.Index < len(args.Layers) {
			l.Block = args.Layers[l.Index].Kind
		}
		r.Layers = append(r.Layers, l)
		r.Parameters += l.Parameters
		r.MultiplyAdds += l.MultiplyAdds
		r.ActivationBytes += l.Bytes
	}
	r.ParameterBytes = 4 * int64(r.Parameters)
	return r, nil
}
