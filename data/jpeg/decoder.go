package jpeg

import (
	"fmt"
	"image"

	"github.com/strideml/stride/data/raster"
)

// A Decoder decodes JPEG files and keeps its memory for the next one: in steady
// state it allocates nothing. The zero value is ready. It is not for concurrent
// use.
type Decoder struct {
	in bitReader

	// What the file says.
	width, height   int
	progressive     bool
	components      []component
	jfif            bool
	adobe           int // −1 if there is no such segment
	orientation     int // 0 if there is none
	space           ColorSpace
	quants          [4]quantTable
	tables          [2][4]huffmanTable // of DC and AC
	restartInterval int
	maxH, maxV      int // the largest sampling factors
	mcuRows         int // rows of MCUs, if a scan has all components

	// Where decoding is.
	scan         scan
	scans        int            // scan headers so far
	done         bool           // the end of the image was read
	restartsToGo int            // MCUs before the next restart marker
	nextRestart  int            // its number
	predictions  [4]int32       // DC coefficients of the blocks before
	endOfBand    int            // progressive: blocks without further coefficients
	insufficient bool           // the data of the scan, or up to the next restart, have ended
	lastGood     int            // the row of MCUs that was begun last with data there
	work         int64          // blocks that may be visited yet, which bounds the time
	lost         TruncatedError // the first MCU without data, if there was one
	truncated    TruncatedError // the same if it was the file that ended

	options             Options
	dctSize             int // 8 / Options.Scale
	outWidth, outHeight int
	out                 output
	smooth              struct {
		coefficients []int16
		last         []uint8
	}

	memory     [4]component
	mcu        []mcuBlock
	mcuMemory  [10]mcuBlock
	scanMemory [4]*component
	described  [4]Component
}

type quantTable struct {
	values  [64]uint16 // in natural order
	defined bool
}

// Decode decodes a file into dst, of which it keeps the memory if it is large
// enough: one channel or three, as Options.Color says. It does not turn the
// picture; Info has the orientation. A *TruncatedError says that dst holds what
// there was of the picture. After any other error dst is undefined.
func (d *Decoder) Decode(dst *raster.Raster, file []byte, options Options) error {
	defer d.release()
	if err := d.begin(file, options); err != nil {
		return err
	}
	dst.Reset(d.out.channels, d.outHeight, d.outWidth)
	for i := range d.out.channels {
		d.out.planes[i] = dst.Plane(i)
	}
	return d.decode()
}

// decodeImage decodes a file to an image of package image.
func (d *Decoder) decodeImage(file []byte, options Options) (image.Image, error) {
	defer d.release()
	if err := d.begin(file, options); err != nil {
		return nil, err
	}
	var picture image.Image
	bounds := image.Rect(0, 0, d.outWidth, d.outHeight)
	if d.out.channels == 1 {
		grey := image.NewGray(bounds)
		d.out.planes[0], picture = grey.Pix, grey
	} else {
		rgba := image.NewRGBA(bounds)
		d.out.rgba, picture = rgba.Pix, rgba
	}
	err := d.decode()
	if _, partly := err.(*TruncatedError); err != nil && !partly {
		return nil, err
	}
	return picture, err
}

// ReadInfo reads what a file says before its first scan. The components that it
// returns are valid until the decoder reads another file.
func (d *Decoder) ReadInfo(file []byte) (Info, error) {
	defer d.release()
	if err := d.readHeader(file); err != nil {
		return Info{}, err
	}
	return d.Info(), nil
}

// Info is what the file says that was decoded last. Its components are valid until
// the decoder reads another file. After an error that is no *TruncatedError it is
// undefined.
func (d *Decoder) Info() Info {
	for i, c := range d.components {
		d.described[i] = Component{c.id, c.h, c.v}
	}
	return Info{
		Width: d.width, Height: d.height,
		Components:  d.described[:len(d.components)],
		Progressive: d.progressive, ColorSpace: d.space,
		Orientation: max(1, d.orientation), AdobeTransform: d.adobe,
	}
}

// reset forgets the file before.
func (d *Decoder) reset(file []byte) {
	d.in.file, d.in.at, d.in.marker, d.in.ended, d.in.cut = file, 0, 0, false, false
	d.components = nil
	d.jfif, d.adobe, d.orientation = false, -1, 0
	for i := range 4 {
		d.quants[i].defined = false
		d.tables[0][i].defined, d.tables[1][i].defined = false, false
	}
	d.restartInterval, d.scans, d.done, d.lastGood = 0, 0, false, 0
	d.lost, d.truncated = TruncatedError{}, TruncatedError{}
}

// release drops what belongs to the caller.
func (d *Decoder) release() {
	d.in.file, d.out.planes, d.out.rgba = nil, [3][]uint8{}, nil
}

// begin reads the header and checks it and the options.
func (d *Decoder) begin(file []byte, options Options) error {
	if options.MaxPixels <= 0 {
		options.MaxPixels = DefaultMaxPixels
	}
	switch options.Scale {
	case 0:
		options.Scale = 1
	case 1, 2, 4, 8:
	default:
		return fmt.Errorf("jpeg: Scale is %d: want 1, 2, 4 or 8", options.Scale)
	}
	if options.Color < Stored || options.Color > Luma {
		return fmt.Errorf("jpeg: unknown Color %d", options.Color)
	}
	d.options = options
	if err := d.readHeader(file); err != nil {
		return err
	}
	if d.height > options.MaxPixels/d.width {
		return &SizeError{d.width, d.height, options.MaxPixels}
	}
	d.setScale(options.Scale)
	return d.startOutput()
}

// decode decodes the scans.
func (d *Decoder) decode() error {
	if err := d.startScan(); err != nil {
		return err
	}
	var err error
	if !d.progressive && len(d.scan.components) == len(d.components) {
		err = d.decodeOneScan()
	} else {
		err = d.decodeScans()
	}
	switch {
	case err != nil:
		return err
	case d.truncated.Height != 0:
		short := d.truncated
		return &short
	case d.lost.Height != 0 && d.in.cut:
		short := d.lost
		return &short
	}
	return nil
}

// decodeOneScan decodes a sequential picture whose first scan has all of it, row of
// MCUs by row of MCUs. It does not look at what follows the scan unless a marker in
// it has cut it short: one that libjpeg refuses, too, is then an error.
func (d *Decoder) decodeOneScan() error {
	for i := range d.components {
		c := &d.components[i]
		c.takeBlocks(c.v*c.paddedWide, false)
	}
	for row := range d.mcuRows {
		for i := range d.components {
			c := &d.components[i]
			clear(c.coefficients)
			clear(c.last)
		}
		d.sequentialRow(row, 0)
		for i := range d.components {
			if c := &d.components[i]; c.needed {
				d.transform(c, row, c.coefficients, c.last)
			}
		}
		d.emit(row)
	}
	if d.lost.Height == 0 {
		return nil
	}
	if err := d.readSegments(markerSOS); err != nil || d.done {
		return err
	}
	return FormatError("a scan follows that of all components")
}

// decodeScans decodes a picture of several scans: first all coefficients, then the
// samples.
func (d *Decoder) decodeScans() error {
	total := 0
	for i := range d.components {
		c := &d.components[i]
		c.takeBlocks(c.paddedWide*c.paddedHigh, d.progressive)
		clear(c.coefficients)
		clear(c.last)
		clear(c.nonzero)
		total += c.paddedWide * c.paddedHigh
	}
	d.work = workPerBlock*int64(total) + workPerByte*int64(len(d.in.file))
	for {
		if d.progressive {
			if err := d.progressiveScan(); err != nil {
				return err
			}
		} else {
			for row := range d.mcuRows {
				d.sequentialRow(row, row)
			}
			for i := range d.scan.components {
				d.scan.components[i].approximation = [64]int8{}
			}
		}
		if d.work < 0 {
			return FormatError("the picture has too many scans")
		}
		if err := d.readSegments(markerSOS); err != nil {
			return err
		}
		if d.done {
			break
		}
		if err := d.startScan(); err != nil {
			return err
		}
	}
	if d.in.ended && d.truncated.Height == 0 && !d.complete() {
		d.truncated = TruncatedError{Row: d.height, Height: d.height, Scan: d.scans, Detail: d.progressive && d.allBegun()}
	}
	smooth := d.smoothingHelps()
	for row := range d.mcuRows {
		for i := range d.components {
			c := &d.components[i]
			if !c.needed {
				continue
			}
			from := row * c.v * c.paddedWide
			if d.progressive {
				c.findLast(from, c.v*c.paddedWide)
			}
			if smooth {
				d.transformSmooth(c, row)
			} else {
				d.transform(c, row, c.coefficients[from*64:], c.last[from:])
			}
		}
		d.emit(row)
	}
	return nil
}

// Decoding visits each block at most this often, and for each byte of the file some
// blocks more: a file of a few bytes a scan cannot take more time than that.
const (
	workPerBlock = 100
	workPerByte  = 64
)

// complete says that all coefficients are there to the last bit.
func (d *Decoder) complete() bool {
	for i := range d.components {
		if d.components[i].approximation != [64]int8{} {
			return false
		}
	}
	return true
}

// allBegun says that the DC coefficients of all components are there, at least in
// part.
func (d *Decoder) allBegun() bool {
	for i := range d.components {
		if d.components[i].approximation[0] < 0 {
			return false
		}
	}
	return true
}

// takeBlocks provides memory for n blocks.
func (c *component) takeBlocks(n int, progressive bool) {
	c.coefficients, c.last = grow(c.coefficients, 64*n), grow(c.last, n)
	if progressive {
		c.nonzero = grow(c.nonzero, n)
	}
}

// grow returns a slice of length n, reusing s where it can hold that.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// beginMCU reads the restart marker before an MCU, if there is one, and says whether
// there are data of it.
func (d *Decoder) beginMCU() bool {
	if d.restartInterval > 0 {
		if d.restartsToGo == 0 {
			d.restart()
		}
		d.restartsToGo--
	}
	if d.insufficient {
		return false
	}
	d.in.ready()
	return true
}

// exhausted says that there is nothing more in the scan.
func (d *Decoder) exhausted() bool { return d.insufficient && d.restartInterval == 0 }

// endMCU notes when the data were not enough for an MCU in a row of MCUs. Those
// behind it are left as they are.
func (d *Decoder) endMCU(row int) {
	if !d.in.overrun() {
		return
	}
	d.insufficient = true
	if d.lost.Height == 0 {
		d.lost = TruncatedError{Row: min(d.height, row*8*d.maxV), Height: d.height}
		if d.progressive || len(d.scan.components) < len(d.components) || d.scans > 1 {
			d.lost.Scan = d.scans
			d.lost.Detail = d.progressive && (d.scan.first > 0 || d.scan.high > 0)
		}
	}
	if d.in.marker == markerEOI && d.truncated.Height == 0 {
		d.truncated = d.lost
	}
}

// restart reads a restart marker. If another marker is there it does what libjpeg
// does, which cannot go back either (jpeg_resync_to_restart).
func (d *Decoder) restart() {
	if d.in.marker == 0 {
		d.in.nextMarker()
	}
	for want := d.nextRestart; d.in.marker != 0; {
		marker := d.in.marker
		ahead := (int(marker) - markerRST0 - want) & 7
		switch {
		case marker < markerSOF0, marker >= markerRST0 && marker <= markerRST7 && ahead >= 6:
			d.in.nextMarker() // not one that can be here, or one of the last two: read on
			continue
		case marker < markerRST0 || marker > markerRST7 || ahead == 1 || ahead == 2:
			// The data of this interval are missing: the marker belongs to a later one.
		default:
			d.in.marker = 0 // the right one, or one too far from it to be believed
		}
		break
	}
	d.nextRestart = (d.nextRestart + 1) & 7
	d.predictions = [4]int32{}
	d.endOfBand = 0
	d.restartsToGo = d.restartInterval
	if d.in.marker == 0 {
		d.insufficient = false
	}
	d.in.start()
}
