// Package work cuts work into tasks and holds the limits by which plans do so.
//
// Tasks and partial sums depend on the shapes and on [Limit] alone, never on
// the number of workers, so that results have the same bits on any number of
// threads. Tests shrink [Limit], so that small shapes are cut up like large
// ones.
package work
