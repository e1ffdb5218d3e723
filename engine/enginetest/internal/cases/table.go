package cases

import "github.com/strideml/stride/graph"

// An Operator is what the suite has on an operator, or on a family of them that
// share a file.
type Operator struct {
	// File is the name that the operator's file has in every package, without
	// ".go".
	File string
	// Cases makes the cases, in the file of that name here.
	Cases func() []Case
	// Golden builds what the golden files hold results of, by PyTorch's name of
	// the function.
	Golden map[string]GoldenFunc
}

// Operators is the whole table.
var Operators = []Operator{
	{"unary", unaryCases, unaryGolden},
	{"binary", binaryCases, binaryGolden},
	{"broadcast", broadcastCases, nil},
	{"reduce", reduceCases, reduceGolden},
	{"argmax", argMaxCases, nil},
	{"softmax", softmaxCases, softmaxGolden},
	{"crossentropy", crossEntropyCases, crossEntropyGolden},
	{"conv", convCases, convGolden},
	{"matmul", matMulCases, matMulGolden},
	{"maxpool", maxPoolCases, maxPoolGolden},
	{"avgpool", avgPoolCases, avgPoolGolden},
	{"adaptivepool", adaptivePoolCases, adaptivePoolGolden},
	{"reshape", reshapeCases, reshapeGolden},
	{"transpose", transposeCases, transposeGolden},
	{"concat", concatCases, concatGolden},
	{"slice", sliceCases, sliceGolden},
	{"pad", padCases, padGolden},
	{"batchnorm", batchNormCases, batchNormGolden},
	{"dropout", dropoutCases, nil},
	{"special", specialCases, nil}, // no operator: infinities and NaN
}

// A Golden is what a golden file says about a case: a function of PyTorch, its
// arguments by name and its attributes. Attributes that the function does not
// have are zero.
type Golden struct {
	Op                                string
	Args                              []string
	Kernel, Stride, Padding, Dilation [2]int
	Groups                            int
	Ceil, Include, Keep, Mean         bool
	Axis, Start, Stop                 int
	Axes, Perm, Shape, Before, After  []int
	Value, Eps                        float32
}

func (c Golden) window() graph.Window {
	return graph.Window{Stride: c.Stride, Pad: c.Padding, Dilation: c.Dilation}
}

// A GoldenFunc adds the operator that computes what PyTorch's function does.
// x holds the arguments by PyTorch's names; those that a case does not have are
// nil.
type GoldenFunc func(c Golden, x map[string]*graph.Node) *graph.Node

// BuildGolden adds what the case computes. It returns nil for a function that no
// operator of the table has.
func BuildGolden(c Golden, x map[string]*graph.Node) *graph.Node {
	for _, o := range Operators {
		if f, ok := o.Golden[c.Op]; ok {
			return f(c, x)
		}
	}
	return nil
}

// goldenOf makes a GoldenFunc of a function of the argument x.
func goldenOf(f func(x *graph.Node) *graph.Node) GoldenFunc {
	return func(_ Golden, x map[string]*graph.Node) *graph.Node { return f(x["x"]) }
}

// goldenOf2 makes a GoldenFunc of a function of the arguments a and b.
func goldenOf2(f func(a, b *graph.Node) *graph.Node) GoldenFunc {
	return func(_ Golden, x map[string]*graph.Node) *graph.Node { return f(x["a"], x["b"]) }
}
