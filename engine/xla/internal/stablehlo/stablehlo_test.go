package stablehlo_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
)

// A function with an argument, a constant and a reduction.
func Example() {
	b := stablehlo.New()
	x := b.Argument(stablehlo.Of(stablehlo.F32, 2, 3))
	y := b.Mul(x, b.Fill(x.Type, 0.5))
	sum := b.Reduce(y, b.Fill(stablehlo.Scalar(stablehlo.F32), 0), (*stablehlo.Builder).Add, 1)
	fmt.Print(b.Module(stablehlo.Main{Name: "example", Results: []stablehlo.Result{{Value: sum}}}))
	// Output:
	// module @example attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
	//   func.func public @main(%arg0: tensor<2x3xf32>) -> (tensor<2xf32>) {
	//     %0 = stablehlo.constant dense<5.0e-01> : tensor<2x3xf32>
	//     %1 = stablehlo.multiply %arg0, %0 : tensor<2x3xf32>
	//     %2 = stablehlo.constant dense<0.0e+00> : tensor<f32>
	//     %3 = "stablehlo.reduce"(%1, %2) <{dimensions = array<i64: 1>}> ({
	//     ^bb0(%4: tensor<f32>, %5: tensor<f32>):
	//       %6 = stablehlo.add %4, %5 : tensor<f32>
	//       stablehlo.return %6 : tensor<f32>
	//     }) : (tensor<2x3xf32>, tensor<f32>) -> (tensor<2xf32>)
	//     return %3 : tensor<2xf32>
	//   }
	// }
}

// body returns the lines of the operations that build adds.
func body(build func(b *stablehlo.Builder)) string {
	b := stablehlo.New()
	build(b)
	text := b.Module(stablehlo.Main{Name: "m"})
	lines := strings.Split(text, "\n")
	return strings.Join(lines[2:len(lines)-4], "\n")
}

func TestConstants(t *testing.T) {
	f32 := func(shape ...int) stablehlo.Type { return stablehlo.Of(stablehlo.F32, shape...) }
	ramp := make([]float32, 20)
	for i := range ramp {
		ramp[i] = float32(i) / 3
	}
	for want, build := range map[string]func(b *stablehlo.Builder){
		"dense<1.0e-01> : tensor<f32>":          func(b *stablehlo.Builder) { b.Fill(f32(), float64(float32(0.1))) },
		"dense<1.7014118e+38> : tensor<f32>":    func(b *stablehlo.Builder) { b.Fill(f32(), 0x1p127) },
		"dense<1.0e-45> : tensor<f32>":          func(b *stablehlo.Builder) { b.Fill(f32(), math.SmallestNonzeroFloat32) },
		"dense<-0.0e+00> : tensor<f32>":         func(b *stablehlo.Builder) { b.Fill(f32(), math.Copysign(0, -1)) },
		"dense<0x7F800000> : tensor<f32>":       func(b *stablehlo.Builder) { b.Fill(f32(), math.Inf(1)) },
		"dense<0xFF80> : tensor<bf16>":          func(b *stablehlo.Builder) { b.Fill(stablehlo.Scalar(stablehlo.BF16), math.Inf(-1)) },
		"dense<true> : tensor<2xi1>":            func(b *stablehlo.Builder) { b.Fill(stablehlo.Of(stablehlo.Bool, 2), 1) },
		"dense<-7> : tensor<2xi32>":             func(b *stablehlo.Builder) { b.Fill(stablehlo.Of(stablehlo.I32, 2), -7) },
		"dense<18446744073709551615>":           func(b *stablehlo.Builder) { b.FillU64(stablehlo.Scalar(stablehlo.U64), math.MaxUint64) },
		"dense<[[1, 2], [3, 4]]>":               func(b *stablehlo.Builder) { b.Ints(stablehlo.Of(stablehlo.I32, 2, 2), []int{1, 2, 3, 4}) },
		"dense<[1.0e+00, -2.0e+00]>":            func(b *stablehlo.Builder) { b.Floats([]int{2}, []float32{1, -2}) },
		"dense<3.0e+00> : tensor<100xf32>":      func(b *stablehlo.Builder) { b.Floats([]int{100}, repeated(3, 100)) },
		`dense<"0x00000000ABAAAA3EABAA2A3F0000`: func(b *stablehlo.Builder) { b.Floats([]int{4, 5}, ramp) },
	} {
		if got := body(build); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// A body has each constant once.
	twice := body(func(b *stablehlo.Builder) { b.Fill(f32(2), 1); b.Fill(f32(2), 1); b.Fill(f32(3), 1) })
	if n := strings.Count(twice, "constant"); n != 2 {
		t.Errorf("%d constants in\n%s", n, twice)
	}
}

func repeated(v float32, n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = v
	}
	return list
}

// Each operation's result has the type that StableHLO infers.
func TestTypes(t *testing.T) {
	b := stablehlo.New()
	x := b.Argument(stablehlo.Of(stablehlo.F32, 2, 4, 9, 7))
	w := b.Argument(stablehlo.Of(stablehlo.F32, 6, 2, 3, 3))
	zero := b.Fill(stablehlo.Scalar(stablehlo.F32), 0)
	add := (*stablehlo.Builder).Add
	for _, test := range []struct {
		got  stablehlo.Value
		want string
	}{
		{b.Convolution(x, w, stablehlo.Conv{
			Input: "bf01", Kernel: "oi01", Output: "bf01", Groups: 2, Element: stablehlo.F32, Precision: stablehlo.Highest,
			Stride: [2]int{2, 1}, InputDilation: [2]int{1, 1}, KernelDilation: [2]int{1, 2}, Pad: [2][2]int{{1, 1}, {0, -1}},
		}), "tensor<2x6x5x2xf32>"},
		{b.DotGeneral(x, w, [2][]int{{0}, {1}}, [2][]int{}, stablehlo.BF16, stablehlo.Default), "tensor<2x4x9x7x6x3x3xbf16>"},
		{b.Reduce(x, zero, add, 0, 2), "tensor<4x7xf32>"},
		{b.ReduceWindow(x, zero, add, stablehlo.Window{Size: []int{1, 1, 3, 2}, Stride: []int{1, 1, 2, 1}, Dilation: []int{1, 1, 2, 1}, Pad: [][2]int{{}, {}, {1, 0}, {}}}), "tensor<2x4x3x6xf32>"},
		{b.Pad(x, zero, []int{0, 0, -1, 1}, []int{0, 0, 2, 0}, []int{0, 0, 1, 0}), "tensor<2x4x18x8xf32>"},
		{b.Slice(x, []int{0, 1, 0, 0}, []int{2, 3, 9, 7}, []int{1, 1, 2, 3}), "tensor<2x2x5x3xf32>"},
		{b.Transpose(x, 3, 0, 2, 1), "tensor<7x2x9x4xf32>"},
		{b.Concatenate(1, x, x, x), "tensor<2x12x9x7xf32>"},
		{b.Compare(stablehlo.LT, x, x), "tensor<2x4x9x7xi1>"},
		{b.Reshape(x, 8, 63), "tensor<8x63xf32>"},
		{b.Reshape(x, 2, 4, 9, 7), x.Type.String()},
	} {
		if got := test.got.Type.String(); got != test.want {
			t.Errorf("%v has type %s, want %s", test.got, got, test.want)
		}
	}
}

// What StableHLO does not allow is an error that names the operation.
func TestErrors(t *testing.T) {
	for op, build := range map[string]func(b *stablehlo.Builder, x, y stablehlo.Value){
		"add":              func(b *stablehlo.Builder, x, y stablehlo.Value) { b.Add(x, y) },
		"exponential":      func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Exp(b.Convert(x, stablehlo.I32)) },
		"reshape":          func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Reshape(x, 7) },
		"broadcast_in_dim": func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.BroadcastInDim(x, []int{3, 2}, []int{0, 1}) },
		"transpose":        func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Transpose(x, 1, 1) },
		"slice":            func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Slice(x, []int{0, 0}, []int{2, 4}, nil) },
		"concatenate":      func(b *stablehlo.Builder, x, y stablehlo.Value) { b.Concatenate(0, x, y) },
		"pad":              func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Pad(x, x, []int{0, 0}, []int{0, 0}, nil) },
		"select":           func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Select(x, x, x) },
		"reduce":           func(b *stablehlo.Builder, x, _ stablehlo.Value) { b.Reduce(x, x, (*stablehlo.Builder).Add, 0) },
		"dot_general": func(b *stablehlo.Builder, x, y stablehlo.Value) {
			b.DotGeneral(x, y, [2][]int{}, [2][]int{{0}, {1}}, stablehlo.F32, stablehlo.Highest)
		},
	} {
		b := stablehlo.New()
		x, y := b.Argument(stablehlo.Of(stablehlo.F32, 2, 3)), b.Argument(stablehlo.Of(stablehlo.F32, 2, 4))
		err := func() (err error) {
			defer stablehlo.Catch(&err)
			build(b, x, y)
			return nil
		}()
		var fault *stablehlo.Error
		if !errors.As(err, &fault) || fault.Op != op {
			t.Errorf("%s: error %v", op, err)
		}
	}
}

// Loops have two bodies, which may use values from outside; several results of one
// operation have numbers.
func TestLoop(t *testing.T) {
	got := body(func(b *stablehlo.Builder) {
		i := stablehlo.Scalar(stablehlo.I32)
		ten := b.Fill(i, 10)
		results := b.While([]stablehlo.Value{b.Fill(i, 0), b.Fill(i, 1)},
			func(b *stablehlo.Builder, args []stablehlo.Value) stablehlo.Value {
				return b.Compare(stablehlo.LT, args[0], ten)
			},
			func(b *stablehlo.Builder, args []stablehlo.Value) []stablehlo.Value {
				return []stablehlo.Value{b.Add(args[0], b.Fill(i, 1)), b.Add(args[1], args[1])}
			})
		b.Neg(results[1])
	})
	want := `    %0 = stablehlo.constant dense<10> : tensor<i32>
    %1 = stablehlo.constant dense<0> : tensor<i32>
    %2 = stablehlo.constant dense<1> : tensor<i32>
    %3:2 = "stablehlo.while"(%1, %2) ({
    ^bb0(%4: tensor<i32>, %5: tensor<i32>):
      %6 = stablehlo.compare LT, %4, %0 : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %6 : tensor<i1>
    }, {
    ^bb0(%7: tensor<i32>, %8: tensor<i32>):
      %9 = stablehlo.constant dense<1> : tensor<i32>
      %10 = stablehlo.add %7, %9 : tensor<i32>
      %11 = stablehlo.add %8, %8 : tensor<i32>
      stablehlo.return %10, %11 : tensor<i32>, tensor<i32>
    }) : (tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
    %12 = stablehlo.negate %3#1 : tensor<i32>`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
