package check

import (
	"image"
	"math"
	"math/bits"
	"slices"

	"github.com/strideml/stride/data/raster"
)

// What makes two pictures near duplicates; see the package comment.
const (
	// HashDistance is in how many of 64 bits their perceptual hashes may differ.
	HashDistance = 7
	// ThumbnailDistance is how much their thumbnails may differ, in levels of 255.
	ThumbnailDistance = 12.0
	// blankDeviation is the standard deviation of a thumbnail, in levels of 255, below
	// which a picture counts as blank.
	blankDeviation = 2.5
)

const (
	hashSize  = 32
	thumbSize = 16
)

// PHash returns the perceptual hash of a picture, as phash of the Python package
// ImageHash defines it, but for the filter: the picture becomes grey and 32×32
// pixels (mean of each area), and of the lowest 8×8 coefficients of its cosine
// transform, row by row from the highest bit down, each has a 1 if it is above their
// median.
func PHash(picture image.Image) uint64 {
	var resizer raster.Resizer
	var small raster.Raster
	resizer.Resize(&small, raster.FromImage(picture, 3), hashSize, hashSize, raster.Box)
	return phash(&small)
}

// cosines[u][x] is that of the cosine transform of type II.
var cosines = func() (table [8][hashSize]float64) {
	for u := range table {
		for x := range table[u] {
			table[u][x] = math.Cos(math.Pi * float64(u) * (2*float64(x) + 1) / (2 * hashSize))
		}
	}
	return
}()

// phash is PHash of a picture of 32×32 pixels and three channels.
func phash(small *raster.Raster) uint64 {
	var rows [hashSize][8]float64
	red, green, blue := small.Plane(0), small.Plane(1), small.Plane(2)
	for y := range hashSize {
		for x := range hashSize {
			at := y*hashSize + x
			// ITU-R 601, as Pillow converts to grey.
			grey := math.Round((299*float64(red[at]) + 587*float64(green[at]) + 114*float64(blue[at])) / 1000)
			for u := range 8 {
				rows[y][u] += grey * cosines[u][x]
			}
		}
	}
	var low [64]float64
	for v := range 8 {
		for u := range 8 {
			sum := 0.0
			for y := range hashSize {
				sum += rows[y][u] * cosines[v][y]
			}
			low[8*v+u] = sum
		}
	}
	sorted := slices.Sorted(slices.Values(low[:]))
	median := (sorted[31] + sorted[32]) / 2
	hash := uint64(0)
	for _, c := range low {
		hash <<= 1
		if c > median {
			hash |= 1
		}
	}
	return hash
}

// A thumbnail is a picture of 16×16 pixels: red, green and blue, one after the other.
type thumbnail [3 * thumbSize * thumbSize]uint8

// blank says that almost all pixels have the same colour.
func (t *thumbnail) blank() bool {
	const n = thumbSize * thumbSize
	for c := range 3 {
		sum, squares := 0.0, 0.0
		for _, v := range t[c*n : (c+1)*n] {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		if squares/n-sum/n*sum/n > blankDeviation*blankDeviation {
			return false
		}
	}
	return true
}

// distance returns the root mean square difference of two thumbnails, in levels,
// after the mean of each channel is subtracted.
func (t *thumbnail) distance(u *thumbnail) float64 {
	const n = thumbSize * thumbSize
	total := 0.0
	for c := range 3 {
		sum, squares := 0, 0
		for i := c * n; i < (c+1)*n; i++ {
			d := int(t[i]) - int(u[i])
			sum += d
			squares += d * d
		}
		total += float64(squares) - float64(sum)*float64(sum)/n
	}
	return math.Sqrt(total / (3 * n))
}

// An index finds hashes that differ from one in at most HashDistance bits.
type index struct {
	hashes []uint64
	// Of each of the four parts of 16 bits: sorted has the hashes by that part and order
	// their numbers; those with part k are sorted[start[k]:start[k+1]].
	start  [4][]int32
	order  [4][]int32
	sorted [4][]uint64
	mark   []int32 // the last query + 1 that found a hash
}

func newIndex(hashes []uint64) *index {
	x := &index{hashes: hashes, mark: make([]int32, len(hashes))}
	for part := range 4 {
		start, order, sorted := make([]int32, 1<<16+1), make([]int32, len(hashes)), make([]uint64, len(hashes))
		for _, h := range hashes {
			start[h>>(16*part)&0xffff+1]++
		}
		for k := range 1 << 16 {
			start[k+1] += start[k]
		}
		next := slices.Clone(start)
		for i, h := range hashes {
			k := h >> (16 * part) & 0xffff
			order[next[k]], sorted[next[k]] = int32(i), h
			next[k]++
		}
		x.start[part], x.order[part], x.sorted[part] = start, order, sorted
	}
	return x
}

// maxCandidates bounds how many comparisons are made for a hash, for sets of very
// similar pictures. Of 100,000 random hashes one is compared with about 50.
const maxCandidates = 20_000

// near calls found for each hash before number i that differs from it in at most
// HashDistance bits. It returns false if there were too many to compare with.
func (x *index) near(i int, found func(j int)) bool {
	h := x.hashes[i]
	compared := 0
	for part := range 4 {
		key := h >> (16 * part) & 0xffff
		for probe := range 17 {
			k := key
			if probe > 0 {
				k ^= 1 << (probe - 1)
			}
			for at := x.start[part][k]; at < x.start[part][k+1]; at++ {
				j := int(x.order[part][at])
				if j >= i {
					break // they are in order
				}
				if compared++; compared > maxCandidates {
					return false
				}
				if bits.OnesCount64(h^x.sorted[part][at]) <= HashDistance && x.mark[j] != int32(i)+1 {
					x.mark[j] = int32(i) + 1
					found(j)
				}
			}
		}
	}
	return true
}
