// Package stride is the root of a toolkit for convolutional networks; it holds no
// code. The packages to begin with are:
//
//   - classify: what a picture shows, by a trained network
//   - finetune: a network trained on a folder of photos
//   - nn, zoo and train: networks by layers or by name, and their training
//   - onnx, torchfile and safetensors: model files of other tools
//   - serve: models behind HTTP and gRPC
//   - explain: why a network decides as it does
//   - graph and engine: computations, and what runs them
//   - d2l: the helper functions of the book Dive into Deep Learning
//
// The command line is cmd/stride, a book with programs is in book, and
// docs/architecture.md says what all packages are for.
package stride
