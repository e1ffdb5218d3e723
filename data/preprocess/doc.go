// Package preprocess turns pictures into the input of a network.
//
// A [Config] says how: the size of the input, grey or colour, how a picture of
// other proportions is fitted, the filter that resizes it, and the mean and
// standard deviation of the pixels. It is data: it is read and written as JSON,
// with the names of timm's pretrained_cfg where it has them, and stands in the
// config.json of run folders and model folders.
//
//	{
//	  "input_size": [3, 224, 224],
//	  "interpolation": "bilinear",
//	  "crop_mode": "center",
//	  "crop_pct": 0.875,
//	  "mean": [0.485, 0.456, 0.406],
//	  "std": [0.229, 0.224, 0.225]
//	}
//
// [Config.Tensor] carries it out. The steps, in this order:
//
//  1. Transparent pixels are put on white. An input of one channel takes the
//     luma of ITU-R 601, as Pillow rounds it; one of three takes red, green and
//     blue.
//  2. The picture is resized (crop_mode, crop_pct, interpolation), on 8-bit
//     values, with the bytes that Pillow 13 gives, and its middle is cut
//     out.
//  3. With invert, each byte v becomes 255−v.
//  4. Each value becomes (v/255 − mean) / std of its channel.
//
// Caveat. Nothing guesses that a picture needs inverting: Fashion-MNIST, for
// example, is white on black, so a network that has learnt from it needs Invert
// for a photo of a shirt on a white table.
package preprocess
