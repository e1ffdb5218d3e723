package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/strideml/stride/bench/internal/pyworker"
	"github.com/strideml/stride/bench/internal/stats"
	"github.com/strideml/stride/internal/subprocess"
)

// pause is how long both wait before a turn.
const pause = 20 * time.Millisecond

// A row of the table: what is done to pictures.
type row struct {
	name string
	// open prepares the work of both.
	open func(b *bench) (work, error)
	// goRival says that the rival is Go's package of the same purpose, not Pillow.
	goRival bool
}

// work is what is timed.
type work struct {
	// run does it to all pictures.
	run func() error
	// pixels returns the last result: red, green and blue of each pixel.
	pixels func() []uint8
	// tolerance is by how many levels the values of both may differ.
	tolerance int
	pictures  int     // in a run
	theirs    request // for worker.py, which has a method row_NAME: "row" is NAME
	// goRival is what is timed beside it in rows of this kind, in this process. Its
	// pixels are not compared.
	goRival func() error
}

// A bench is what rows need.
type bench struct {
	dir    string   // for temporary files
	files  []string // the pictures
	pillow *subprocess.Process
}

func measure(out, log io.Writer, folder string, s settings) error {
	dir, err := os.MkdirTemp("", "bench-pictures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir}
	if folder != "" {
		if b.files, err = pictures(folder, s.pictures); err != nil {
			return err
		}
	}
	var results []result
	for _, r := range rows {
		if !s.chosen(r.name) {
			continue
		}
		measured, err := b.measure(r, s)
		if err != nil {
			measured.why = err.Error()
		}
		fmt.Fprintf(log, "%s: %.0f and %.0f pictures/s, %.2f ×%s\n", r.name, measured.stride, measured.rival, measured.ratio, measured.why)
		results = append(results, measured)
	}
	return print(out, results)
}

// pictures returns up to most files of a folder that may be pictures.
func pictures(folder string, most int) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".JPEG", ".jpeg", ".jpg", ".JPG":
			if len(files) < most {
				files = append(files, filepath.Join(folder, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no JPEG files", folder)
	}
	return files, nil
}

func (b *bench) measure(r row, s settings) (result, error) {
	measured := result{row: r.name, goRival: r.goRival}
	repository, err := pyworker.Repository()
	if err != nil {
		return measured, err
	}
	c := pyworker.Command(repository, s.python, "bench/pictures/worker.py")
	c.Stderr = os.Stderr
	if b.pillow, err = c.Start(context.Background()); err != nil {
		return measured, err
	}
	defer b.pillow.Close()
	w, err := r.open(b)
	if err != nil {
		return measured, err
	}
	rival, err := b.rival(r, w, s, &measured)
	if err != nil {
		return measured, err
	}
	var ours, theirs, ratios []float64
	for range s.rounds {
		time.Sleep(pause)
		other, err := rival()
		if err != nil {
			return measured, err
		}
		time.Sleep(pause)
		own, err := turn(w.run, s.slice)
		if err != nil {
			return measured, err
		}
		n := float64(w.pictures)
		p, q := n/stats.Median(own), n/stats.Median(other)
		ours, theirs, ratios = append(ours, p), append(theirs, q), append(ratios, p/q)
	}
	measured.stride, measured.rival, measured.ratio = stats.Median(ours), stats.Median(theirs), stats.Median(ratios)
	return measured, nil
}

// rival prepares what the row is timed beside, and returns its turn.
func (b *bench) rival(r row, w work, s settings, measured *result) (turnOf func() ([]float64, error), err error) {
	if r.goRival {
		measured.version = runtime.Version()
		return func() ([]float64, error) { return turn(w.goRival, s.slice) }, nil
	}
	w.theirs["op"] = "open"
	opened, err := ask(b.pillow, w.theirs)
	if err != nil {
		return nil, err
	}
	measured.version = opened.Version
	if err := b.compare(w); err != nil {
		return nil, err
	}
	return func() ([]float64, error) {
		timed, err := ask(b.pillow, request{"op": "time", "slice": s.slice.Seconds()})
		return timed.Seconds, err
	}, nil
}

// compare checks that the pixels of both are equal.
func (b *bench) compare(w work) error {
	if err := w.run(); err != nil {
		return err
	}
	path := filepath.Join(b.dir, "output")
	if _, err := ask(b.pillow, request{"op": "output", "path": path}); err != nil {
		return err
	}
	want, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	got, far := w.pixels(), 0
	for i := range min(len(got), len(want)) {
		far = max(far, int(got[i])-int(want[i]), int(want[i])-int(got[i]))
	}
	if len(got) != len(want) || far > w.tolerance {
		return fmt.Errorf("the pixels differ by up to %d levels", far)
	}
	return nil
}

// turn returns the seconds of the runs of a turn.
func turn(run func() error, slice time.Duration) (seconds []float64, err error) {
	for began := time.Now(); len(seconds) < 3 || time.Since(began) < slice; {
		start := time.Now()
		if err := run(); err != nil {
			return nil, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	return seconds, nil
}
