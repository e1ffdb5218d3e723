// Package modelfile saves the parameters and buffers of a network in a file and
// loads them again. Package nn itself knows no file format.
//
//	err = modelfile.Save(model, "lenet.safetensors")
//	…
//	err = modelfile.Load(model, "lenet.safetensors")
//
// Files that are read may be of several kinds, which their content tells apart:
//
//   - safetensors, Hugging Face's format, and model.safetensors.index.json for models in
//     several files; see package safetensors;
//   - checkpoints of PyTorch (.pth, .pt, .bin), of which nothing is run; see package
//     torchfile;
//   - a folder that has one of these under the usual names; see [Find].
//
// The extension of a file that is written says which format it gets, upper or lower
// case; so far it must be .safetensors.
//
// Names may be those of PyTorch's state dict, with a common prefix such as "module.",
// or, with Options.Spec, those of timm or Hugging Face's transformers.
//
// A file holds tensors under the names of PyTorch's state dict, not the network:
// the one that loads it must have the same layers. Package modelfolder saves and
// loads a network with its weights, its classes and how pictures become its
// input.
package modelfile
