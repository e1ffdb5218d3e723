// Package rng makes every random number in the program reproducible.
//
// There is no global generator and none that is passed from one function to the
// next. Code that needs random numbers names a stream: the user's seed, a purpose
// such as "init" or "shuffle", and numbers such as the layer or the epoch.
//
//	r := rng.New(seed, "augment", epoch, sample)
//
// Since a stream depends on its name alone, the result does not depend on how
// many workers share the work, in which order they finish, or whether a run
// was interrupted and continued.
//
// The streams are part of the program's behaviour: tests pin their first
// values. They are the same on all platforms, with one exception: about one
// value of [Normal] in a hundred depends on math.Exp or math.Log, whose last
// bit is up to the platform, so that in principle its streams can differ
// between platforms. On one platform they never do.
//
// The generator is a good one, but the seed is short: do not use it for
// secrets.
package rng
