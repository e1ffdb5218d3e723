package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

// bucket is the sum of some gradients over a group.
func bucket(grads ...*graph.Node) (sums []*graph.Node) {
	var flat []*graph.Node
	for _, d := range grads {
		flat = append(flat, graph.Reshape(d, d.Shape().Size()))
	}
	sum, at := graph.AllReduce(graph.Concat(0, flat...)), 0
	for i, d := range grads {
		n := flat[i].Shape()[0]
		sums = append(sums, graph.Reshape(graph.Slice(sum, 0, at, at+n), d.Shape()...))
		at += n
	}
	return sums
}

func TestOverlap(t *testing.T) {
	testPass(t, "direct", []passCase{
		{
			name: "gradients of two layers",
			build: func(g testGraph) []*graph.Node {
				x := g.Input("x", 2, 8, 5, 4)
				a, b := g.variable(8, 8, 3, 3), g.variable(8, 8, 3, 3)
				window := graph.Window{Pad: [2]int{1, 1}}
				loss := graph.Sum(graph.Conv2D(graph.Sigmoid(graph.Conv2D(x, a, nil, window, 1)), b, nil, window, 1))
				grads := graph.Gradients(loss, a, b)
				grads[1] = bucket(grads[1])[0]
				grads[0] = bucket(grads[0])[0]
				for i, w := range list(a, b) {
					g.Assign(w, graph.Sub(w, grads[i]))
				}
				return list(loss)
			},
			want: `
				v8 1×1×1×1 in v7+0 = view(v7)
				v22 2×8×5×4 NHWC = Copy(v0)
				v4 2×8×5×4 NHWC = Conv2D(v22, v1), then Sigmoid(v4)
				v5 2×8×5×4 NHWC = Conv2D(v4, v2)
				v6 scalar = Sum(v5)
				v9 2×8×5×4 = BroadcastTo(v8)
				v23 2×8×5×4 NHWC = Copy(v9)
				v12 2×8×5×4 NHWC = Conv2DInputGrad(v2, v23), then SigmoidGrad(v4, v12)
				v11 8×8×3×3 = Conv2DWeightGrad(v4, v23)
				v14 576 in v11+0 = view(v11)
				v24 576 = BeginAllReduce(v14)
				v13 8×8×3×3 = Conv2DWeightGrad(v22, v12)
				v17 576 in v13+0 = view(v13)
				v25 576 = BeginAllReduce(v17)
				v15 576 = WaitAllReduce(v24)
				v16 8×8×3×3 in v15+0 = view(v15)
				v18 576 = WaitAllReduce(v25)
				v19 8×8×3×3 in v18+0 = view(v18)
				v20 8×8×3×3 = Sub(v1, v19)
				v21 8×8×3×3 = Sub(v2, v16)
				output 0 = v6
				w0 ← v20 (in place)
				w1 ← v21 (in place)`,
		},
		{
			name: "parts of a bucket",
			build: func(g testGraph) []*graph.Node {
				x, y := g.Input("x", 3, 4), g.Input("y", 2)
				return bucket(graph.Neg(x), y, graph.Mul(g.Input("z", 5), g.Scalar(2)))
			},
			want: `
				v2 3×4 in v7+0 = Neg(v0)
				v6 12 in v2+0 = view(v2)
				v14 2 in v7+12 = Copy(v1)
				v5 5 in v7+14 = Mul(v3, v4)
				v7 19 = Bucket(v6, v14, v5)
				v13 19 = BeginAllReduce(v7)
				v8 19 = WaitAllReduce(v13)
				v9 12 in v8+0 = view(v8)
				v10 3×4 in v9+0 = view(v9)
				v11 2 in v8+12 = view from element 12(v8)
				v12 5 in v8+14 = view from element 14(v8)
				output 0 = v10
				output 1 = v11
				output 2 = v12`,
		},
		{
			name: "a part of two buckets is copied to the second",
			build: func(g testGraph) []*graph.Node {
				x, y := graph.Neg(g.Input("x", 3)), g.Input("y", 2)
				return list(bucket(x, graph.Neg(y))[0], bucket(graph.Abs(y), x)[1])
			},
			want: `
				v1 3 in v4+0 = Neg(v0)
				v3 2 in v4+3 = Neg(v2)
				v4 5 = Bucket(v1, v3)
				v11 5 = BeginAllReduce(v4)
				v7 2 in v8+0 = Abs(v2)
				v13 3 in v8+2 = Copy(v1)
				v8 5 = Bucket(v7, v13)
				v12 5 = BeginAllReduce(v8)
				v5 5 = WaitAllReduce(v11)
				v6 3 in v5+0 = view(v5)
				v9 5 = WaitAllReduce(v12)
				v10 3 in v9+2 = view from element 2(v9)
				output 0 = v6
				output 1 = v10`,
		},
		{
			name: "the sum whose argument is made first begins first",
			build: func(g testGraph) []*graph.Node {
				a := graph.MatMul(g.Input("x", 3, 3), g.variable(3, 3))
				b := graph.MatMul(a, g.variable(3, 3))
				late := graph.AllReduce(graph.Mul(b, g.Scalar(2)))
				early := graph.AllReduce(graph.Mul(a, g.Scalar(3)))
				return list(graph.Add(graph.Softmax(late, 1), early))
			},
			want: `
				v2 3×3 = MatMul(v0, v1)
				v9 3×3 = Mul(v2, v8)
				v14 3×3 = BeginAllReduce(v9)
				v6 3×3 = MatMul(v2, v3), then Mul(v6, v5)
				v13 3×3 = BeginAllReduce(v6)
				v10 3×3 = WaitAllReduce(v14)
				v7 3×3 = WaitAllReduce(v13)
				v11 3×3 = Softmax(v7)
				v12 3×3 = Add(v11, v10)
				output 0 = v12`,
		},
		{
			name: "what needs a sum is no epilogue of what it goes on beside",
			build: func(g testGraph) []*graph.Node {
				x := g.image()
				s := graph.AllReduce(graph.BatchStats(x))
				y := g.conv(x, 8, 3, false)
				return list(graph.BatchNormInference(x, s, g.variable(8), g.variable(8), 1), graph.Mul(y, graph.Reshape(graph.Slice(s, 0, 0, 1), 1, 8, 1, 1)), graph.AllReduce(graph.Sum(x, 0, 2, 3)))
			},
			want: `
				v13 2×8×5×4 NHWC = Copy(v0)
				v18 16 = sums of moments(v13)
				v1 2×8 = total of moments(v18)
				v14 2×8 = BeginAllReduce(v1)
				v4 2×8×5×4 NHWC = Conv2D(v13, v3)
				v2 2×8 = WaitAllReduce(v14)
				v7 2×8×5×4 NHWC = BatchNorm(v13, v2, v5, v6)
				v8 1×8 = Slice(v2)
				v9 1×8×1×1 in v8+0 = view(v8)
				v10 2×8×5×4 NHWC = Mul(v4, v9)
				v19 8 = sums of rows(v13)
				v11 8 = total of rows(v19)
				v15 8 = BeginAllReduce(v11)
				v16 2×8×5×4 = Copy(v7)
				v17 2×8×5×4 = Copy(v10)
				v12 8 = WaitAllReduce(v15)
				output 0 = v16
				output 1 = v17
				output 2 = v12`,
		},
	})
}
