package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"sync"

	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/tensor"
)

// Dataset is an indexable set of labelled images of one shape. Implementations
// must be safe for concurrent reads: a Loader reads from several goroutines.
type Dataset interface {
	// Len returns the number of images.
	Len() int
	// ImageShape returns the shape C×H×W of every image.
	ImageShape() tensor.Shape
	// Classes returns the class names; a label is an index into it. The caller
	// must not change it.
	Classes() []string
	// Read writes image i, 0 ≤ i < Len(), into pixels, which holds exactly
	// C·H·W values in 0..1 (byte/255), row by row and channel by channel, and
	// returns its label.
	Read(i int, pixels []float32) (label int, err error)
}

// Targeted is a Dataset whose images have targets other than class labels: a
// number or several to be estimated, a picture, a mask. Labels are not used
// then, and there need not be classes.
type Targeted interface {
	Dataset
	// TargetShape returns the shape of every target; the empty shape is that of a
	// single number.
	TargetShape() tensor.Shape
	// ReadTarget writes the target of image i, 0 ≤ i < Len(), into target, which
	// holds exactly TargetShape().Size() values. Like Read it must be safe for
	// concurrent use.
	ReadTarget(i int, target []float32) error
}

// Randomized is a Dataset whose images can be drawn at random, again in each epoch:
// windows of photos that are larger than the network's input, for example. A
// Loader reads them with ReadRandom; Read gives each image as it is.
type Randomized interface {
	Dataset
	// ReadRandom is Read of a version of image i that depends on i and on what r
	// gives. The Loader's r depends on the seed, the epoch and i alone, and its
	// Transform draws from it afterwards.
	ReadRandom(r *rand.Rand, i int, pixels []float32) (label int, err error)
}

// ErrSkip is what the error of a dataset's Read wraps for an image that can be left
// out, such as a photo that was deleted during training: a Loader goes on without it.
var ErrSkip = errors.New("the image is left out")

// WithTargets returns a dataset with targets of the given shape, which read reads
// as Targeted.ReadTarget does. The target of an autoencoder is the image itself:
//
//	data.WithTargets(d, d.ImageShape(), func(i int, target []float32) error {
//		_, err := d.Read(i, target)
//		return err
//	})
func WithTargets(d Dataset, shape tensor.Shape, read func(i int, target []float32) error) Targeted {
	return &withTargets{d, shape.Clone(), read}
}

type withTargets struct {
	Dataset
	shape tensor.Shape
	read  func(i int, target []float32) error
}

func (d *withTargets) TargetShape() tensor.Shape { return d.shape.Clone() }

func (d *withTargets) ReadTarget(i int, target []float32) error {
	if err := checkRead(i, d.Len(), len(target), d.shape.Size()); err != nil {
		return err
	}
	return d.read(i, target)
}

// unit[b] is b/255 as a float32.
var unit = func() (table [256]float32) {
	for i := range table {
		table[i] = float32(i) / 255
	}
	return
}()

// Images is a Dataset held in memory as bytes.
type Images struct {
	pixels  []uint8 // N×C×H×W
	labels  []int
	shape   tensor.Shape
	classes []string
}

// NewImages makes a dataset of len(labels) images of shape C×H×W out of their
// bytes, N×C×H×W, and their labels, indices into classes. It keeps the slices
// without copying. It is an error if the shape is not C×H×W, pixels are not N·C·H·W
// bytes, or a label is not the index of a class.
func NewImages(pixels []uint8, labels []int, shape tensor.Shape, classes []string) (*Images, error) {
	if err := checkImageShape(shape); err != nil {
		return nil, err
	}
	if size := shape.Size(); len(pixels)%size != 0 || len(pixels)/size != len(labels) {
		return nil, fmt.Errorf("%d labels need %d×%d bytes of pixels, found %d", len(labels), len(labels), size, len(pixels))
	}
	for i, label := range labels {
		if label < 0 || label >= len(classes) {
			return nil, fmt.Errorf("image %d has label %d: want 0 to %d", i, label, len(classes)-1)
		}
	}
	return &Images{pixels, labels, shape.Clone(), classes}, nil
}

func checkImageShape(shape tensor.Shape) error {
	if len(shape) != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] < 1 {
		return fmt.Errorf("image shape %v: want C×H×W, each at least 1", shape)
	}
	return nil
}

// Len returns the number of images.
func (d *Images) Len() int { return len(d.labels) }

// ImageShape returns C×H×W.
func (d *Images) ImageShape() tensor.Shape { return d.shape.Clone() }

// Classes returns the class names.
func (d *Images) Classes() []string { return d.classes }

// Label returns the label of image i, an index into Classes. It panics if there is
// no image i.
func (d *Images) Label(i int) int { return d.labels[i] }

// Bytes returns the bytes of image i, C×H×W, which the caller must not change. It
// panics if there is no image i.
func (d *Images) Bytes(i int) []uint8 {
	size := d.shape.Size()
	return d.pixels[i*size : (i+1)*size : (i+1)*size]
}

// Read implements Dataset.
func (d *Images) Read(i int, pixels []float32) (int, error) {
	if err := checkRead(i, d.Len(), len(pixels), d.shape.Size()); err != nil {
		return 0, err
	}
	source := d.Bytes(i)
	pixels = pixels[:len(source)]
	for j, b := range source {
		pixels[j] = unit[b]
	}
	return d.labels[i], nil
}

// checkRead checks the arguments of Read: image i of count, and room for
// exactly size values.
func checkRead(i, count, room, size int) error {
	if i < 0 || i >= count {
		return fmt.Errorf("no image %d in a dataset of %d", i, count)
	}
	if room != size {
		return fmt.Errorf("image %d has %d values, found room for %d", i, size, room)
	}
	return nil
}

// Resize returns a view of the dataset with images of h×w pixels. Each image is
// resized when it is read, so a view costs no memory: 60,000 images of 224×224
// would be 3 GB. The bytes are those of the bilinear resize of Pillow 13
// (antialiased when shrinking), as the book's transforms.Resize has them; package
// raster says which other versions give the same. It is an error if h or w is
// below 1.
func (d *Images) Resize(h, w int) (Dataset, error) {
	if h == d.shape[1] && w == d.shape[2] {
		return d, nil
	}
	if h < 1 || w < 1 {
		return nil, fmt.Errorf("cannot resize to %d×%d pixels: both must be at least 1", h, w)
	}
	view := &resized{images: d, shape: tensor.Shape{d.shape[0], h, w}}
	view.resizers.New = func() any { return new(imageResizer) }
	return view, nil
}

type resized struct {
	images   *Images
	shape    tensor.Shape
	resizers sync.Pool // *imageResizer
}

// An imageResizer has the memory that one image needs.
type imageResizer struct {
	resizer raster.Resizer
	out     raster.Raster
}

func (d *resized) Len() int                 { return d.images.Len() }
func (d *resized) ImageShape() tensor.Shape { return d.shape.Clone() }
func (d *resized) Classes() []string        { return d.images.classes }

func (d *resized) Read(i int, pixels []float32) (int, error) {
	if err := checkRead(i, d.Len(), len(pixels), d.shape.Size()); err != nil {
		return 0, err
	}
	r := d.resizers.Get().(*imageResizer)
	defer d.resizers.Put(r)
	shape := d.images.shape
	source := raster.Raster{Channels: shape[0], Height: shape[1], Width: shape[2], Pix: d.images.Bytes(i)}
	r.resizer.Resize(&r.out, &source, d.shape[1], d.shape[2], raster.Bilinear)
	for j, b := range r.out.Pix {
		pixels[j] = unit[b]
	}
	return d.images.labels[i], nil
}

// Subset returns the images of the given indices of a dataset, in that order; an
// index may occur several times. It is an error if one is not from 0 to d.Len()−1.
func Subset(d Dataset, indices []int) (Dataset, error) {
	for _, i := range indices {
		if i < 0 || i >= d.Len() {
			return nil, fmt.Errorf("subset names image %d of a dataset of %d", i, d.Len())
		}
	}
	return newSubset(d, indices), nil
}

// Limit returns the first n images of a dataset, or all where it has no more or
// n is not positive.
func Limit(d Dataset, n int) Dataset {
	if n <= 0 || n >= d.Len() {
		return d
	}
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return newSubset(d, indices)
}

// newSubset keeps the targets or the random versions, if there are any.
func newSubset(d Dataset, indices []int) Dataset {
	s := &subset{d, indices}
	switch d := d.(type) {
	case Targeted:
		return WithTargets(s, d.TargetShape(), func(i int, target []float32) error { return d.ReadTarget(indices[i], target) })
	case Randomized:
		return &randomSubset{subset: s, random: d}
	}
	return s
}

type subset struct {
	Dataset
	indices []int
}

func (d *subset) Len() int { return len(d.indices) }

func (d *subset) Read(i int, pixels []float32) (int, error) {
	if i < 0 || i >= len(d.indices) {
		return 0, fmt.Errorf("no image %d in a dataset of %d", i, len(d.indices))
	}
	return d.Dataset.Read(d.indices[i], pixels)
}

type randomSubset struct {
	*subset
	random Randomized
}

func (d *randomSubset) ReadRandom(r *rand.Rand, i int, pixels []float32) (int, error) {
	if i < 0 || i >= len(d.indices) {
		return 0, fmt.Errorf("no image %d in a dataset of %d", i, len(d.indices))
	}
	return d.random.ReadRandom(r, d.indices[i], pixels)
}

// Picture returns image i of a dataset as an 8-bit picture, grey for one
// channel and RGB for three, and its label. Values below 0 and above 1 become black
// and white. It is an error if there are two or more than three channels, or the
// image cannot be read.
func Picture(d Dataset, i int) (image.Image, int, error) {
	shape := d.ImageShape()
	if err := checkImageShape(shape); err != nil {
		return nil, 0, err
	}
	c, h, w := shape[0], shape[1], shape[2]
	if c != 1 && c != 3 {
		return nil, 0, fmt.Errorf("an image of %d channels is no picture: want 1 or 3", c)
	}
	pixels := make([]float32, shape.Size())
	label, err := d.Read(i, pixels)
	if err != nil {
		return nil, 0, err
	}
	level := func(v float32) uint8 { return uint8(min(max(v, 0), 1)*255 + 0.5) }
	if c == 1 {
		picture := image.NewGray(image.Rect(0, 0, w, h))
		for j, v := range pixels {
			picture.Pix[j] = level(v)
		}
		return picture, label, nil
	}
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			at := y*w + x
			picture.SetNRGBA(x, y, color.NRGBA{level(pixels[at]), level(pixels[h*w+at]), level(pixels[2*h*w+at]), 255})
		}
	}
	return picture, label, nil
}
