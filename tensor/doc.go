// Package tensor provides dense arrays of float32 values and the file format
// that NumPy keeps them in.
//
// A [Tensor] is a [Shape] and a slice of elements in row-major order without
// gaps. There is no other layout: [Tensor.Data] is the whole content,
// [Tensor.Reshape] and [Tensor.Index] share memory with their tensor, and
// [Tensor.Transpose] and [Tensor.Slice] copy. Images are stored as N×C×H×W:
// batch, channels, rows, columns.
//
// The elements of a network's weights may be in the memory of a GPU while it trains. They are
// then fetched by the first method that needs them: see [Tensor.Defer]. A slice that
// [Tensor.Data] returned before the training step has the old elements.
//
// # Arithmetic
//
// There is as much arithmetic as a formula on paper needs: elementwise
// operators that broadcast as NumPy's do ([Tensor.Add], [Tensor.Mul], …),
// sums, means and maxima over axes ([Tensor.Sum]), and [Tensor.MatMul]. They
// are plain loops that return new tensors:
//
//	normal := x.Sub(x.MeanKeep(0)).Div(variance.AddScalar(1e-5).Sqrt())
//
// Networks do not use them. Engines run those, fast and with gradients, from a
// graph whose operators have the same names.
//
// # Errors and panics
//
// Operations whose arguments may come from a file or a user return errors.
// [New], [Full], [Arange], [Rand], [Randn], [Tensor.At], [Tensor.Set] and the
// arithmetic panic on arguments that can only be mistakes in the program, like
// indexing a slice does. [Must] turns the first kind into the second.
//
// # NumPy files
//
// [ReadNPY] reads files of versions 1 to 3, in either byte order and in C or
// Fortran order, of floats, integers and booleans, and converts them to
// float32. [Tensor.WriteNPY] writes exactly the bytes that numpy.save writes
// for a float32 array. Structured types, strings, complex numbers and pickled
// objects are refused.
package tensor
