// Package imagefolder reads folders of photos: a folder for each class.
//
// [Open] finds the pictures, looks at the beginning of each, and divides them into
// those to train with, to validate with and to test with:
//
//	sets, err := imagefolder.Open(ctx, "photos", imagefolder.Options{Log: log})
//	…
//	images, err := sets.Train.Images(imagefolder.Reading{Preprocess: config, Cache: cache})
//
// [Images] is a data.Dataset. [Images.Augmented] is one whose pictures are drawn at
// random in each epoch, from more than the network's input shows at a time.
//
// # What a dataset looks like
//
//   - ROOT/CLASS/…/picture.jpg. All below a class belongs to it.
//   - ROOT/train/CLASS/…, and beside train a folder val, valid or validation, a
//     folder test, or both.
//   - A CSV file with a header and the columns path, label and, if wanted, split
//     (train, val or test). Paths are relative to the file. A byte order mark, quotes,
//     CRLF, and semicolons or tabs in place of commas are read.
//
// Where nothing says which pictures are for validation, a share of each class is: see
// [Options].
//
// Classes are sorted by the bytes of their folders' names, as torchvision sorts them
// ("10" < "2", "Zebra" < "ant"). timm sorts them naturally ("2" < "10"), so that the
// index of a class may differ between tools: the names, in order, belong to a
// model's weights. Where all folders are ImageNet's (n01440764, …) and there is a file
// synsets.txt, synset_words.txt, words.txt or LOC_synset_mapping.txt, classes have
// readable names.
//
// # What is left out
//
// Hidden files and folders, those that operating systems leave behind (Thumbs.db,
// desktop.ini, __MACOSX) and files that are no pictures by their names are counted
// in [Summary].Skipped. A picture that cannot be read is left out, too, and named; with
// Options.Strict it is an error. Links to folders are followed, but within a class
// each folder is read once, so that a loop of links ends.
//
// A photo that changes or vanishes after Open is left out, with a warning that names
// it: data.Loader puts the next one in its place. What a run computes therefore
// depends on the photos as they were at its start, with the cache or without it.
package imagefolder
