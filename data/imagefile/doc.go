// Package imagefile reads picture files and makes tensors of pictures.
//
// [Open] and [Decode] read PNG, JPEG, GIF (its first frame), BMP and WebP. The
// size that a file claims is checked before memory is taken for it, and a JPEG
// whose EXIF data says that the camera was turned comes upright. [ToTensor]
// makes a 1×C×H×W tensor of a picture as the datasets have them: grey or RGB,
// resized with the bytes of Pillow's bilinear filter, divided by 255.
//
// Caveats. Transparent parts become white. Colour profiles are ignored. Pictures
// of Fashion-MNIST are white on black, so a photo of a shirt on a white table
// needs [TensorOptions].Invert; nothing guesses that.
package imagefile
