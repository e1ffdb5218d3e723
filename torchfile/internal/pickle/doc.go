// Package pickle reads Python's pickles without running anything that is in
// them.
//
// A pickle is a program for a small stack machine. Python's own machine imports
// the functions that a pickle names and calls them. This one makes a value of
// each name ([Global]) and of each call ([Object]), and leaves it to the caller
// what they mean. Only a few names that stand for plain containers and bytes
// have a meaning here: collections.OrderedDict, Counter and defaultdict become a
// [Dict], set and frozenset a [Set], bytes, bytearray and _codecs.encode become [Bytes].
//
// A [Decoder] reads one pickle after the other from a reader. It knows the binary
// opcodes of protocols 2 to 5. The time that it takes is proportional to the
// length of the pickle. The memory is limited by [Decoder.Budget], which all that
// is allocated counts against, and no length in a pickle makes it allocate memory
// for data that is not there.
//
// What it returns may contain itself, and may contain the same value in many
// places: code that walks it must count its steps.
package pickle
