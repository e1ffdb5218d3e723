package imagefolder

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/imagecache"
	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/tensor"
)

// Reading says how the pictures of a Split are read. Preprocess must be given.
type Reading struct {
	// Preprocess is how a picture becomes the network's input; it is recorded with the
	// model.
	Preprocess preprocess.Config
	// Cache, if Dir is set, keeps resized pictures on disk. It changes no value.
	Cache imagecache.Options
	// Strict makes a picture that cannot be read, and one that changes or vanishes, an
	// error. Otherwise it is left out (data.ErrSkip).
	Strict bool
	// Log, if not nil, is given a line for each picture that is left out or damaged.
	// It is called from several goroutines, not at once.
	Log func(line string)
}

// Images are the pictures of a Split as a network is given them. It is a
// data.Dataset and safe for concurrent use.
//
// A picture is decoded, turned upright and resized as Preprocess says, so that its
// shorter side has the side to resize to: 256 pixels for an input of 224 and a
// crop_pct of 0.875. That is what the cache keeps. Read cuts out its middle, as
// prediction does; training with Augmented cuts its windows out of the same picture,
// with the cache or without it.
type Images struct {
	split  *Split
	config preprocess.Config
	shape  tensor.Shape
	cache  *imagecache.Cache
	strict bool

	decoded atomic.Int64
	rasters sync.Pool // *raster.Raster

	mu   sync.Mutex
	log  func(string)
	told map[int]bool // items of which a line was logged
}

// Images returns the pictures of the split as a dataset. It is an error when
// Preprocess is not valid; a cache that cannot be used is only logged.
func (s *Split) Images(r Reading) (*Images, error) {
	if s == nil {
		return nil, fmt.Errorf("there are no pictures")
	}
	if err := r.Preprocess.Check(); err != nil {
		return nil, fmt.Errorf("preprocessing: %w", err)
	}
	d := &Images{split: s, config: r.Preprocess.WithDefaults(), strict: r.Strict, log: r.Log, told: map[int]bool{}}
	if d.log == nil {
		d.log = func(string) {}
	}
	d.shape = d.config.InputSize
	d.rasters.New = func() any { return &raster.Raster{} }
	root, err := filepath.Abs(s.sets.Root)
	if err == nil {
		d.cache, err = imagecache.Open(imagecache.Options{Dir: r.Cache.Dir, Limit: r.Cache.Limit, Log: d.say}, root, d.settings())
	}
	if err != nil {
		d.say(fmt.Sprintf("There is no picture cache, and pictures are decoded in each epoch: %v", err))
	}
	return d, nil
}

// settings is what the values of a resized picture depend on: the channels, and how
// it is resized.
func (d *Images) settings() string {
	c := d.config
	draft := ""
	if c.Draft {
		draft = ", draft"
	}
	return fmt.Sprintf("%d channels, %s, %s, %v of %v, at most %d pixels%s", d.shape[0], c.CropMode, c.Interpolation, c.CropPct, c.InputSize, d.split.max, draft)
}

// Len implements data.Dataset.
func (d *Images) Len() int { return len(d.split.Items) }

// ImageShape returns Preprocess.InputSize.
func (d *Images) ImageShape() tensor.Shape { return d.shape.Clone() }

// Classes implements data.Dataset.
func (d *Images) Classes() []string { return d.split.sets.Classes }

// Label returns the label of picture i, an index into Classes.
func (d *Images) Label(i int) int { return d.split.Items[i].Label }

// Path returns the path of picture i's file.
func (d *Images) Path(i int) string { return filePath(d.split.sets.Root, d.split.Items[i].Path) }

// Stats says where pictures came from.
type Stats struct {
	// Decoded is how many picture files were decoded, Cached how many pictures came
	// from the cache.
	Decoded, Cached int
}

// Stats returns what was read so far. It may be called at any time.
func (d *Images) Stats() Stats { return Stats{int(d.decoded.Load()), d.cache.Stats().Found} }

// Read implements data.Dataset: the input that prediction makes of picture i.
func (d *Images) Read(i int, pixels []float32) (int, error) {
	if d.cache == nil { // nothing but the input is needed
		err := d.read(i, func(path string, options imagefile.Options) (string, bool, error) {
			from, err := d.config.OpenInput(pixels, path, options)
			return from.Warning, true, err
		})
		if err != nil {
			return 0, err
		}
		return d.Label(i), nil
	}
	r := d.rasters.Get().(*raster.Raster)
	defer d.rasters.Put(r)
	if err := d.Resized(i, r); err != nil {
		return 0, err
	}
	return d.Label(i), d.config.Cut(pixels, r)
}

// Resized reads picture i, decoded and resized, into r, whose memory it uses again.
func (d *Images) Resized(i int, r *raster.Raster) error {
	return d.read(i, func(path string, options imagefile.Options) (string, bool, error) {
		item := d.split.Items[i]
		key := imagecache.Key{Path: item.Path, Size: item.Size, ModTime: time.Unix(0, item.ModTime)}
		if warning, ok := d.cache.Get(key, r); ok {
			return warning, false, nil
		}
		picture := preprocess.Picture{Raster: r}
		if err := d.config.OpenInto(&picture, path, options); err != nil {
			return "", true, err
		}
		d.cache.Put(key, r, picture.Warning)
		return picture.Warning, true, nil
	})
}

// read checks the file of picture i and reads it, and counts and logs what comes of
// that. decode returns the picture's warning, and whether its file was decoded.
func (d *Images) read(i int, decode func(path string, options imagefile.Options) (warning string, decoded bool, err error)) error {
	if i < 0 || i >= d.Len() {
		return fmt.Errorf("no picture %d in a dataset of %d", i, d.Len())
	}
	item, path := d.split.Items[i], d.Path(i)
	info, err := os.Stat(path)
	if err != nil {
		return d.leaveOut(i, err)
	}
	if info.Size() != item.Size || info.ModTime().UnixNano() != item.ModTime {
		return d.leaveOut(i, fmt.Errorf("%s has changed since the pictures were listed", path))
	}
	warning, decoded, err := decode(path, imagefile.Options{MaxPixels: d.split.max})
	if err != nil {
		return d.leaveOut(i, err)
	}
	if decoded {
		d.decoded.Add(1)
	}
	if warning != "" {
		if d.strict {
			return fmt.Errorf("%s", warning)
		}
		d.tell(i, "warning: "+warning)
	}
	return nil
}

// leaveOut is the error for a picture that cannot be used.
func (d *Images) leaveOut(i int, why error) error {
	if d.strict {
		return why
	}
	d.tell(i, "warning: left out: "+why.Error())
	return fmt.Errorf("%w: %w", why, data.ErrSkip)
}

// tell logs a line about picture i, once.
func (d *Images) tell(i int, line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.told[i] {
		d.told[i] = true
		d.log(printable.Line(line))
	}
}

func (d *Images) say(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log(printable.Line(line))
}

// A Draw makes an image of shape C×H×W, values of 0..1, of a picture of any size: it
// cuts out a window, resizes it, and changes colours. All that is random comes from
// r. It must not keep or change the picture, and is called from several goroutines at
// once.
type Draw func(r *rand.Rand, pixels []float32, shape tensor.Shape, picture *raster.Raster) error

// Augmented returns a dataset of the same pictures that a data.Loader is given a new
// version of in each epoch: what draw makes of the resized picture, inverted and
// normalised as Preprocess says.
func (d *Images) Augmented(draw Draw) data.Randomized { return &augmented{d, draw} }

type augmented struct {
	*Images
	draw Draw
}

func (d *augmented) ReadRandom(r *rand.Rand, i int, pixels []float32) (int, error) {
	picture := d.rasters.Get().(*raster.Raster)
	defer d.rasters.Put(picture)
	if err := d.Resized(i, picture); err != nil {
		return 0, err
	}
	if err := d.draw(r, pixels, d.shape, picture); err != nil {
		return 0, fmt.Errorf("%s: %w", d.Path(i), err)
	}
	d.config.Apply(pixels)
	return d.Label(i), nil
}
