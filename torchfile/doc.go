// Package torchfile reads the files that torch.save writes: .pth, .pt, .bin and
// .ckpt, as a ZIP archive (since PyTorch 1.6) or in the older format. It runs
// nothing that is in them.
//
//	f, err := torchfile.Open("resnet18.pth")
//	…
//	defer f.Close()
//	for _, t := range f.Tensors {
//		x, err := t.Read() // float32
//		…
//	}
//
// [Open] reads names, types and shapes; a tensor's values are read by
// [Tensor.Read], from the file to where they are needed. [File.State] reads all.
//
// # What is found
//
// A checkpoint may be a state dict, or a dict that has one beside other things. The
// weights are the first that is there of state_dict_ema, model_ema, ema, state_dict
// and model, as timm and ultralytics choose; otherwise the dict itself, if it has
// tensors; otherwise the only entry that is a dict of tensors. A whole module that
// was pickled, as ultralytics does, has the names that its state_dict() would give.
// File.Key says what was taken. Names are those of the file, with prefixes such as
// "module.".
//
// File.Values has what else is in the file, as far as it is numbers, strings, and
// lists and dicts of these: the epoch, the arguments of the training. File.Classes
// has the names of the classes, if the file has some.
//
// All types of numbers become float32: float64, float16, bfloat16, integers, bool.
// Strides are honoured, storages may be shared, and the bytes may have either order.
// Complex, quantized, sparse and 8-bit floating-point tensors are listed, and Read
// refuses them.
//
// # Untrusted files
//
// A checkpoint is a pickle, which Python runs as a program. Here a name in it is only
// a name: functions of torch that rebuild tensors are recognised, and anything else
// becomes an object that does nothing. All sizes are checked against those of the
// file before memory is allocated. Memory is limited to 64 MB and four times the size of
// the file, and time is proportional to its size.
//
// A file must be one thing only. ZIP archives must consist of stored entries, one
// after the other from the first byte to the last, each name once; the older format
// must end with its last storage. Refused with advice: TorchScript, compressed
// archives, and the tar format of versions before 0.1.10.
package torchfile
