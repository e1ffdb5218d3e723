// Package cifar reads CIFAR-10 and CIFAR-100: 50,000 training and 10,000 test
// pictures in colour, 32×32, in 10 or 100 classes (Krizhevsky, 2009).
//
// [Load] reads a folder that has one of these, or has in it a folder cifar-10-batches-bin,
// cifar-100-binary, cifar10, cifar100, cifar-10 or cifar-100 that does:
//
//   - the binary version of CIFAR-10: data_batch_1.bin … data_batch_5.bin and
//     test_batch.bin
//   - the binary version of CIFAR-100: train.bin and test.bin, which hold a fine
//     label (100 classes) and a coarse one (20) for each picture
//   - PNG files of 32×32 pixels in train/CLASS and test/CLASS
//
// The version for Python is a pickle, which is refused. Nothing is downloaded.
//
// All pictures are in memory as bytes: 184 MB for the whole dataset.
package cifar
