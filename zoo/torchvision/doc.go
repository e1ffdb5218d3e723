// Package torchvision holds the standard image classifiers that people have
// weights for, in the architectures of PyTorch's torchvision and with the
// names of its state dicts. Importing it registers them with package zoo as
// "torchvision/resnet18" and so on; [AlexNet], [VGG], [GoogLeNet], [ResNet18]
// and the others make the networks themselves.
//
//	spec, err := zoo.Get("torchvision/resnet18")
//	…
//	model, err := spec.Model(0)
//	…
//	err = modelfile.Load(model, "resnet18.safetensors")
//
// Inputs are 3×224×224 by default, larger for Inception v3 and EfficientNet-B1 to B4,
// and all networks take other sizes that are large enough for their depth. The number
// of classes is 1000 unless asked for otherwise. Weights from torchvision expect images
// scaled to 0…1 and normalised with mean 0.485, 0.456, 0.406 and standard deviation
// 0.229, 0.224, 0.225 (red, green, blue); those of GoogLeNet and Inception v3 are an
// exception, see there. zoo.Spec.Preprocessing has these numbers, with the size to resize
// to and to cut out and the interpolation, for the first weights that torchvision
// published for a network.
//
// A network and its weights must agree in every name and shape. These rules
// are the only exceptions, each for files that torchvision itself publishes:
// num_batches_tracked of batch normalizations is ignored; so are the auxiliary
// classifiers of GoogLeNet (names that begin with aux1. or aux2.) and of Inception v3
// (AuxLogits.); and the DenseNets take the names of its first release (norm.1.weight for
// norm1.weight).
//
// Initial weights are drawn from a normal distribution after He et al., those of
// ConvNeXt from one with standard deviation 0.02; this is not always what torchvision
// does, and makes no difference once weights are loaded.
package torchvision
