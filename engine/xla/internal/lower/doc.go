// Package lower translates graphs to StableHLO, which package stablehlo writes.
//
// [Lower] makes one function of a graph. It has a rule for each type of operator, in
// a file that is named as the operator's file in package graph; rules.go has the
// table. A rule adds the operations that compute the operator and returns their
// result: a value of float32 with the shape of the node. It computes what
// engine/reference computes, at the edges too: NaN, infinities, ties, padding.
//
// Rules prefer forms that XLA fuses into few passes over memory and that need no
// atomic additions, so that results do not depend on timing: comparisons with an
// index instead of a scatter, sums of padded parts instead of a
// select_and_scatter. Where a rule cannot do without, it says so.
package lower
