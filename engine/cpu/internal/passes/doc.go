// Package passes is the compiler of engine/cpu: a list of passes over the
// intermediate form of package ir, one file a pass, which [List] has in order.
// After them package lower turns each operation into steps.
//
// Before and after each pass, ir.Check accepts the Func.
package passes
