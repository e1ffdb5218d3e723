// Package randgraph draws random graphs and compares engines on them: with
// engine/reference, with themselves for other numbers of threads, and from run
// to run.
//
// It looks for errors in structure rather than in operators: concatenations of
// concatenations and slices, shared nodes and weights, outputs that are leaves,
// derivatives, updates, several programs that share variables, values that are
// rematerialized to save memory, batches that are computed in parts, infinities
// and NaN. Package enginetest tests single operators.
//
// An engine's test calls [Test] with one or more [Target]s. [Generate] makes a
// [Case] of a seed: a list of small descriptions of nodes, from which the
// graphs are built. A case that fails is made as small as possible
// ([Case.Shrink]) and printed as Go code ([Case.Code]) to be pasted into a
// test.
//
// A new operator gets a line in one of the tables in the files ops*.go. If it
// is a function of single numbers, that line is all; otherwise its entry says
// how its other arguments and attributes are drawn.
package randgraph
