// Package mnist finds and reads MNIST: 60,000 training and 10,000 test pictures of
// handwritten digits, grey, 28×28, white on black (LeCun, Cortes and Burges, 1998).
//
// [Load] reads the four files, gzipped or not, under their published names:
// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
// t10k-labels-idx1-ubyte. It looks in the folder that is named, or in mnist,
// MNIST/raw, MNIST or raw in it; where none is named, in the user's cache folder and
// in /usr/share/datasets/mnist. It downloads nothing.
//
// Files of these names with other characters in them, such as those of KMNIST,
// are read too, and called by the name of their folder: [Set].Name. Fashion-MNIST is
// refused, since its classes are no digits: package fashionmnist reads it.
package mnist
