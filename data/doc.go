// Package data feeds images to networks.
//
// A [Dataset] is an indexable set of labelled images of one shape; [Images]
// holds one in memory as bytes, and [Images.Resize] gives a view of it at
// another size. A [Loader] cuts a dataset into batches, in the dataset's order
// or shuffled, and prepares them ahead in the background:
//
//	loader, err := data.NewLoader(images, data.LoaderConfig{BatchSize: 256, Shuffle: true})
//	…
//	for batch, err := range loader.Epoch(ctx, epoch, 0) {
//		…
//	}
//
// [ContactSheet] draws images with their titles, to look at. The datasets
// themselves are in the packages below this one, such as fashionmnist; pictures
// in files are read by imagefile.
//
// Pixels are bytes divided by 255, as in the book: no mean is subtracted, nothing
// is divided by a deviation. Resizing works on the bytes before that division, and
// gives the bytes that the bilinear filter of Pillow 13 gives.
//
// Caveats. What a batch holds depends on the dataset, the seed and the epoch,
// never on the number of workers or on timing. A batch's memory is reused:
// copy what is needed after an iteration of the loop. A loader's goroutines end
// before the loop over an epoch does, even when it is left early or its context is
// cancelled; so a Read that hangs makes the loop hang.
package data
