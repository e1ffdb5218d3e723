// Package ir is the intermediate form of the compiler of engine/cpu: what the
// passes of package passes take and return, and what package lower turns into
// steps.
//
// A [Func] is a list of operations in the order in which they run. An [Op] has
// an operator, arguments and results, and what the passes have decided about
// it: its algorithm (Plan) and the work that is done on each range of its
// result while that is in cache (Epilogue). A [Value] is the result of an
// operation, or a leaf: an input, a variable or a constant. Exactly one operation
// defines it. The passes decide its layout, and whether its memory is a part of the
// memory of another value (Base, Offset, Pitch).
//
// [Check] verifies the rules that all passes rely on; tests call it after each
// pass. [Write] prints a Func as text.
package ir
