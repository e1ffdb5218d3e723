// Package zoo holds the networks of Dive into Deep Learning by name.
//
// [Get] returns the [Spec] of a network: how to make it, and the
// hyper-parameters it is trained with by default. [Names] lists them. Each
// network is one short file that registers a Spec; the layers are named as in
// the book's PyTorch code, so that weights can be exchanged.
package zoo
