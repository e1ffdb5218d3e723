// Package zoo holds the networks of Dive into Deep Learning by name.
//
// [Get] returns the [Spec] of a network: how to make it, and the
// hyper-parameters it is trained with by default. [Names] lists them. Each
// network is one short file that registers a Spec; the layers are named as in
// the book's PyTorch code, so that weights can be exchanged.
//
// The functions that make the networks, such as [VGG] and [DenseNet], take a
// config whose zero value is the book's network and that varies depth and
// width. Their blocks are layers for networks of your own: [VGGBlock],
// [NiNBlock], [Inception], [Residual], [Bottleneck], [DenseBlock] and
// [Transition].
//
// Input channels are those of the images. The size of the images is free as
// long as it is large enough, which nn.New checks, except that linear layers
// after a Flatten (AlexNet, VGG, LeNet) have weights for one size only.
package zoo
