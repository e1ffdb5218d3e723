package data

import "fmt"

// A Part says which images of every batch a Loader gives: part Rank, from 0, of Ranks
// parts of nearly equal size. The zero value is the whole batch.
//
// Loaders with the same dataset, seed and batch size have the same batches, however
// many parts they are cut into: the parts in the order of their ranks are the whole
// batch, image by image and bit by bit. Where a batch has fewer images than there are
// parts, some parts have none.
type Part struct {
	Rank, Ranks int
}

// Of returns which images of a batch of so many the part has: those from first up to,
// but not including, end, ⌊Rank·images/Ranks⌋ and ⌊(Rank+1)·images/Ranks⌋.
func (p Part) Of(images int) (first, end int) {
	if p.Ranks == 0 {
		return 0, images
	}
	return p.Rank * images / p.Ranks, (p.Rank + 1) * images / p.Ranks
}

// Size returns how many images of a batch of so many the part has.
func (p Part) Size(images int) int {
	first, end := p.Of(images)
	return end - first
}

func (p Part) check() error {
	if p == (Part{}) || p.Rank >= 0 && p.Rank < p.Ranks {
		return nil
	}
	return fmt.Errorf("part %d of %d of each batch: want a part from 0 to one less than their number", p.Rank, p.Ranks)
}
