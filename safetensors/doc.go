// Package safetensors reads and writes model weights in the safetensors
// format of Hugging Face.
//
// A file is a list of named tensors with, optionally, a map of strings. It
// holds an 8-byte little-endian length, a JSON header of that length which
// gives each tensor's type, shape and place, and then the bytes of all
// tensors without gaps. Nothing in it can be executed, unlike in a pickle.
//
// A [File] is the content of such a file in memory, and an [Entry] one of its
// tensors. [Load] and [Read] accept float64, float32, float16, bfloat16,
// integers and booleans and convert them to float32; a value that float32
// does not hold is rounded. The eight-bit and smaller float types are
// refused. [File.Save] and [File.Write] write float32, or 16-bit numbers if
// File.DType says so. The bytes depend only on the content, so equal files have equal
// checksums.
//
// [Open] reads names, types and shapes only, and [Tensor.Read] the values of one
// tensor, however large the file is. It also opens models in several files, by their
// index, model.safetensors.index.json.
//
// # Untrusted files
//
// Reading checks all that the format promises: the header's length, strict
// JSON without duplicate names, types and shapes that match the number of
// bytes, and tensors that cover the data exactly, without overlap, hole or
// rest. No claim in a file makes the reader allocate memory for data that is not
// there.
package safetensors
