// Package fashionmnist finds and reads Fashion-MNIST: 60,000 training and 10,000
// test pictures of clothes, grey, 28×28, white on black, in ten classes (Xiao,
// Rasul and Vollgraf, 2017, published by Zalando under the MIT licence).
//
// [Load] looks in this order and takes the first that has the four files,
// gzipped or not, under their published names:
//
//  1. the folder in [Options].Dir, or else in $STRIDE_DATA
//  2. the user's cache folder, [CacheDir]
//  3. /usr/share/datasets/fashion-mnist
//  4. a download into the cache folder, where Options.Download allows it
//  5. the sample that is embedded in the program
//
// Files may have a dot before idx in their names, and a named folder may have
// them in fashion-mnist, FashionMNIST/raw, FashionMNIST or raw below it.
//
// Fashion-MNIST is known by a SHA-256 of its first images. MNIST and its other
// relatives come in files of the same names: [Set].Name is then the name of the
// folder, and the classes are "0" to "9".
//
// A folder that was named must have good files: nothing else is tried. Damaged
// files are an error wherever they are. The sample is 10,000 training and 2,000
// test images, the first 1,000 and 200 of each class; Options.Dir "sample" asks
// for it. [Download] is for fetching on purpose.
//
// Caveats. Without a network the download gives up after three seconds. Loading
// everything decompresses 55 MB, which takes about 0.2 s and is bound by the
// largest file; the sample takes 0.1 s. The embedded sample makes a program that
// imports this package 4.3 MB larger.
package fashionmnist
