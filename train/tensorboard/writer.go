package tensorboard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Writer writes an event file. It is not safe for concurrent use. After an error all
// methods return it: it names the file.
type Writer struct {
	path string
	file *os.File
	out  *bufio.Writer
	now  func() time.Time
	err  error
}

const prefix = "events.out.tfevents."

// Create begins a new event file in a folder, which it makes if need be. The name
// of the file, which Path returns, sorts after those of all event files in the
// folder, as TensorBoard reads them in this order.
func Create(dir string) (*Writer, error) { return create(dir, time.Now) }

func create(dir string, now func() time.Time) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of event files: %w", err)
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	host = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, host)
	last, err := lastFile(dir)
	if err != nil {
		return nil, err
	}
	for at := max(now().Unix(), last+1); ; at++ {
		path := filepath.Join(dir, fmt.Sprintf("%s%010d.%s.%d", prefix, at, host, os.Getpid()))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("create an event file: %w", err)
		}
		w := &Writer{path: path, file: f, out: bufio.NewWriter(f), now: now}
		_ = w.write(event(now(), 0, fileVersion, []byte("brain.Event:2"))) // Flush has its error, too
		if err := w.Flush(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return w, nil
	}
}

// lastFile returns the time in the name of a folder's last event file; 0 if it has
// none, or is not there.
func lastFile(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the folder of event files: %w", err)
	}
	last := int64(0)
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok {
			continue
		}
		seconds, _, _ := strings.Cut(rest, ".")
		if at, err := strconv.ParseInt(seconds, 10, 64); err == nil && at < 1e10-1 {
			last = max(last, at)
		}
	}
	return last, nil
}

// Path returns the path of the file.
func (w *Writer) Path() string { return w.path }

// Scalar writes a number. Tags such as "train/loss" are drawn in groups. step is the
// number of training steps done. The number is kept as a float32.
func (w *Writer) Scalar(tag string, step int, value float64) error {
	return w.write(event(w.now(), step, summary, scalarValue(valid(tag), value)))
}

// Image writes a picture.
func (w *Writer) Image(tag string, step int, picture image.Image) error {
	bounds := picture.Bounds()
	if bounds.Empty() {
		return fmt.Errorf("event file %s: the picture %q is empty", w.path, tag)
	}
	opaque := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	draw.Draw(opaque, opaque.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(opaque, opaque.Rect, picture, bounds.Min, draw.Over)
	var b bytes.Buffer
	if err := png.Encode(&b, opaque); err != nil {
		return fmt.Errorf("event file %s: %w", w.path, err)
	}
	return w.write(event(w.now(), step, summary, imageValue(valid(tag), bounds.Dx(), bounds.Dy(), b.Bytes())))
}

// Text writes a text, which is shown as Markdown.
func (w *Writer) Text(tag string, step int, markdown string) error {
	return w.write(event(w.now(), step, summary, textValue(valid(tag), valid(markdown))))
}

// Restart says that what earlier files have of this step and of later ones is void:
// a run that was killed does these steps again.
func (w *Writer) Restart(step int) error {
	return w.write(event(w.now(), step, sessionLog, sessionStart()))
}

// valid makes a text UTF-8, as protocol buffers want it.
func valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func (w *Writer) write(e message) error {
	if w.err == nil {
		_, err := w.out.Write(appendRecord(nil, e))
		w.fail(err)
	}
	return w.err
}

func (w *Writer) fail(err error) {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("write event file %s: %w", w.path, err)
	}
}

// Flush hands all events to the operating system, for TensorBoard to see.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.fail(w.out.Flush())
	}
	return w.err
}

// Close flushes and closes the file. A second Close does nothing.
func (w *Writer) Close() error {
	if w.file == nil {
		return w.err
	}
	err := w.Flush()
	closed := w.file.Close()
	w.file = nil
	if err == nil {
		w.fail(closed)
		err = w.err
	}
	if w.err == nil {
		w.err = fmt.Errorf("write event file %s: %w", w.path, fs.ErrClosed)
	}
	return err
}
