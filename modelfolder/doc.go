// Package modelfolder reads a trained model with all that its use needs: the
// network, its weights, the names of its classes and how pictures become its
// input.
//
// [Load] takes
//
//   - a run folder, as package train leaves it, see train/runfolder;
//   - a model folder: config.json and model.safetensors in the layout of timm,
//     which [Model.Save] writes and docs/model-folder.md describes, or such a
//     folder that timm has written;
//   - a model file: .safetensors, the index of several, or a checkpoint of PyTorch
//     (.pth, .pt, .bin), as modelfile.Read takes them. Files that Stride has written say
//     in their metadata which network they are for; for others, Options.Net does;
//   - an ONNX file, which has the network and its weights: see below;
//   - the name of a network, such as "efficientnet-lite0", whose pretrained
//     weights are part of the program because it imports the package that has
//     them, such as weights/efficientnetlite0.
//
// The network is found by its name in package zoo, where those of zoo,
// zoo/torchvision and zoo/efficientnetlite are registered already. A network of your own can be loaded
// once zoo.Register knows it:
//
//	zoo.Register(zoo.Spec{Name: "tiny", Input: tensor.Shape{3, 64, 64}, Classes: 2, New: newTiny})
//	model, err := modelfolder.Load("tiny.safetensors", modelfolder.Options{})
//
// # ONNX files
//
// The network of an ONNX file must take pictures, 1×H×W or 3×H×W, and give a score for each
// class. Its height and width are 224 where the file leaves them open, or Options.Size. A
// softmax at its end is left out, so that the model gives logits as all others. The names of the classes are those
// in the file's metadata or those of labels.txt beside it; a file with 1,000 outputs and no
// names gets ImageNet's. Preprocessing that nothing says is that of
// torchvision's networks, for colour pictures. Model.Assumed and
// Model.AssumedPreprocessing say what was assumed.
//
// A run folder or a model folder of such a network has a copy of the file under the name
// that config.json has as the network's. Its last layer is for other classes than the
// file's, and its weights are in model.safetensors. [Model.SaveNetwork] writes the copy.
//
// # The weights of a run
//
// A run that chooses a best epoch (train.Config.Best) keeps two sets of weights:
// those of the best epoch so far, and the last ones. Load takes those of the best
// epoch where the run has them, and the last ones otherwise; Options.Weights insists
// on one or the other. Model.Choice and Model.Epoch say what was taken. [SaveRun]
// goes by the same rule.
//
// # Preprocessing
//
// It is that of the folder's config.json or of the file's metadata. Where the metadata of
// a model file have none, and Stride has not trained its weights, it is that of a file beside
// it: one of the same name that ends in .json, config.json of timm, or
// preprocessor_config.json of transformers, as docs/model-files.md describes. The names of
// classes may come from there, too. Options.Preprocessing takes the place of all of these.
//
// Otherwise it depends on who trained the weights. Those that Stride has
// trained, before it recorded the preprocessing, take pictures as
// [preprocess.Plain] makes them. Those of other origin take what the network's
// published weights take, if zoo.Spec says so: for the networks of torchvision,
// the shorter side resized to 256 pixels, the middle 224×224 of it, and
// ImageNet's mean and standard deviation.
//
// # Names
//
// Weights may have the names and shapes that timm or Hugging Face's transformers have
// for them, where zoo.Spec says how they differ; [Model.Save] writes timm's. Which names
// they are is found out from the names; Model.Library says it. In memory, and in run folders, names
// are always the network's own.
//
// Names of tensors that all begin with what a wrapper of the network has added,
// such as "module." or "_orig_mod.", are taken without it; Model.Prefix says so.
// Weights that are NaN or infinite are an error.
//
// # Classes
//
// Weights without class names take those that their checkpoint has, or those of
// labels.txt in their folder; otherwise
// they get "class 0", "class 1" and so on, as many as the last layer has.
package modelfolder
