// Package passes is the compiler of engine/cpu: a list of passes over the
// intermediate form of package ir, one file a pass, which [List] has in order.
// After them package lower turns each operation into steps.
//
// A pass takes a Func that package ir's Check accepts and leaves one.
package passes
