// Package modelfile saves the parameters and buffers of a network in a file and
// loads them again. Package nn itself knows no file format.
//
//	err = modelfile.Save(model, "lenet.safetensors")
//	…
//	err = modelfile.Load(model, "lenet.safetensors")
//
// The extension of the name says which format the file has, upper or lower
// case. There is one so far:
//
//	.safetensors    Hugging Face's format, read and written by package safetensors
//
// A file holds tensors under the names of PyTorch's state dict, not the network:
// the one that loads it must have the same layers. Package modelfolder saves and
// loads a network with its weights, its classes and how pictures become its
// input.
package modelfile
