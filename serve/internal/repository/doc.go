// Package repository keeps the models of a server: it finds them in a folder, loads and
// unloads them, and replaces them while requests are under way.
//
// A model has a name and one or more versions, which are numbers; a request that names no
// version gets the highest. A folder of models has
//
//	NAME.onnx, NAME.safetensors, NAME.pth, …     a model file: version 1
//	NAME/config.json, …                           a run folder or a model folder: version 1
//	NAME/model.onnx, …                            a folder with one model file: version 1
//	NAME/3/…                                      version 3, which is one of the latter two
//
// Names that begin with a dot are ignored. A model is loaded by modelfolder.Load; a file of
// weights that does not say its network is recognized by its weights.
//
// A request acquires a version and releases it when it is answered. Replacing a version
// changes which one is found; the old one is closed when the last request that has it is
// answered. Every request is therefore computed by one version from its beginning to its
// end, and none fails because of a replacement.
package repository
