// Package check finds what is wrong with a set of labelled photos: pictures that
// cannot be read, exact and near duplicates within and across splits, labels that
// may be wrong, classes of very different sizes.
//
//	result, err := check.Run(ctx, check.Input{Classes: classes, Items: items}, check.Config{})
//	for _, finding := range result.Findings {
//		fmt.Println(finding.Text, finding.Advice)
//	}
//
// # Exact duplicates
//
// Files with the same SHA-256.
//
// # Near duplicates
//
// Pictures that show the same photo: saved again with another quality, size or
// format, a little brighter, or cropped by a few pixels. Two pictures are near
// duplicates if their perceptual hashes ([PHash], 64 bits) differ in at most
// [HashDistance] bits, and their thumbnails of 16×16 pixels, after the mean of each
// channel is subtracted, differ by at most [ThumbnailDistance] levels of 255 (root
// mean square). The hash alone takes different pictures of the same simple shape for
// duplicates; the thumbnail alone would have to be compared with all others. Measured
// on 396 photos of insects: found are all after JPEG at quality 40 or resizing to a
// third, 99.7 % at 1.15 times the brightness, 98 % with 1 % cut off each side, 75 %
// with 2 %; of 78,000 pairs of different photos none is. Of 3,000 pictures of clothes
// (Fashion-MNIST) 1,564 pairs have near hashes, and one of them near thumbnails.
// Mirrored and rotated pictures are not found, and pictures that are almost of one
// colour are not compared but reported as blank.
//
// Pairs of hashes are found by multi-index hashing (Norouzi et al., 2012): the hash is
// cut into four parts of 16 bits. If two hashes differ in at most 7 bits, they differ
// in at most one bit in one of the parts, so that few need to be compared.
//
// # Labels
//
// With [Config].Features, usually the pooled activations of a pretrained network
// ([NetworkFeatures]), a picture's label is doubtful if its nearest neighbours in
// cosine distance have another label: see [Suspect]. Duplicates of a picture are not
// counted among its neighbours. Of 243 photos of ants and bees, 21 of which were put
// into the wrong class, EfficientNet-Lite0 trained on ImageNet finds 15 and suspects 4
// others.
//
// # Memory
//
// About 1.1 kB for each picture, 110 MB for 100,000, and the decoded pictures that
// the goroutines work on. Features take 4 bytes for each number: 256 MB for the 50,000
// pictures with 1,280 numbers that [Config].MaxLabels allows by default. The neighbours
// of n pictures take time in n², by matrix products: at 50,000 pictures less than
// their features.
package check
