// Package stablehlo writes programs in StableHLO, the operator set that XLA
// compiles, as text. https://openxla.org/stablehlo/spec defines the operators.
//
// A [Builder] collects the operations of a function: each method adds one, checks
// its arguments, and returns the [Value] that it makes, with its [Type]. Reductions
// and loops take the operations of their bodies as functions that are called with a
// builder of their own. [Builder.Module] returns the finished text.
//
//	b := stablehlo.New()
//	x := b.Argument(stablehlo.Of(stablehlo.F32, 2, 3))
//	y := b.Add(x, b.Fill(x.Type, 1))
//	text := b.Module(stablehlo.Main{Name: "step", Results: []stablehlo.Result{{Value: y}}})
//
// Methods panic with an [*Error] if their arguments break a rule of StableHLO, which
// is a fault of the program that calls them; [Catch] turns it into an error.
//
// The text is in the assembly format of StableHLO 1.0, which all PJRT plugins since
// 2024 read. Names count up from %0, so the same calls write the same text.
package stablehlo
