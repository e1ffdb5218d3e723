package observe

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/strideml/stride/internal/thumbnail"
)

const (
	// queued is how many files wait to be written before others are left out.
	queued = 8
	// patience is how long the last ones wait for a place.
	patience = 2 * time.Second
	// flushEvery is how often steps.json is written.
	flushEvery = 2 * time.Second
	// imageSize is the longer side of a picture, in pixels.
	imageSize = 112
	// keptPictures is how many pictures are kept in memory, for the next epochs.
	keptPictures = 256
)

// A writer writes files in a goroutine of its own.
type writer struct {
	r    *Recorder
	jobs chan func() error
	done chan struct{}

	// Of the goroutine alone.
	epochs, probes []int          // there are files of, ascending
	pictures       map[int]string // as data URIs
	chosen         bool           // chosen.json is written
	flushed        int            // Version of the steps that were written last
}

// newWriter starts the goroutine. Files of epochs after those that are done are removed: a resumed run
// does them again.
func newWriter(r *Recorder, done int) *writer {
	w := &writer{r: r, jobs: make(chan func() error, queued), done: make(chan struct{}), pictures: map[int]string{}}
	go w.run(done)
	return w
}

func (w *writer) run(done int) {
	defer close(w.done)
	w.do(func() error { return w.takeUp(done) })
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case job, more := <-w.jobs:
			if !more {
				w.do(func() error { return w.flush(true) })
				return
			}
			w.do(job)
		case <-tick.C:
			w.do(func() error { return w.flush(false) })
		}
	}
}

// do does a job, whose time counts.
func (w *writer) do(job func() error) {
	began := time.Now()
	if err := job(); err != nil {
		w.r.tell(err)
	}
	w.r.spent.Add(int64(time.Since(began)))
}

// takeUp makes the folder, or takes up what an earlier part of the run has left.
func (w *writer) takeUp(done int) error {
	dir := filepath.Join(w.r.dir, Folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the observations: %w", err)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") { // of a process that was killed
			err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
		}
	}
	take := func(found []int, failed error, name func(int) string) (kept []int) {
		err = errors.Join(err, failed)
		for _, n := range found {
			if n > done {
				err = errors.Join(err, os.Remove(file(w.r.dir, name(n))))
				continue
			}
			kept = append(kept, n)
		}
		return kept
	}
	found, failed := Epochs(w.r.dir)
	w.epochs = take(found, failed, epochFile)
	found, failed = Probes(w.r.dir)
	w.probes = take(found, failed, probeFile)
	return err
}

// submit queues a job, if there is room; that of the last epoch waits for it.
func (w *writer) submit(job func() error, last bool) {
	select {
	case w.jobs <- job:
		return
	default:
	}
	if last {
		select {
		case w.jobs <- job:
			return
		case <-time.After(patience):
		}
	}
	w.r.tell(errors.New("files are written too slowly: some are left out"))
}

// epoch queues what was seen after an epoch, with the chosen images, which have no pictures yet.
func (w *writer) epoch(e *Epoch, chosen []Image, last bool) {
	w.submit(func() error {
		var err error
		for i := range e.Worst {
			err = errors.Join(err, w.show(e.Worst[i].Item, &e.Worst[i].Picture))
		}
		if !w.chosen && len(chosen) > 0 {
			for i := range chosen {
				err = errors.Join(err, w.show(chosen[i].Item, &chosen[i].Picture))
			}
			w.chosen = true
			err = errors.Join(err, writeJSON(file(w.r.dir, chosenFile), chosen))
		}
		if err := writeJSON(file(w.r.dir, epochFile(e.Epoch)), e); err != nil {
			return err
		}
		w.epochs = w.thin(append(w.epochs, e.Epoch), epochFile)
		w.tellReaders()
		return err
	}, last)
}

// probe queues a probe.
func (w *writer) probe(p *Probe, last bool) {
	w.submit(func() error {
		if err := writeJSON(file(w.r.dir, probeFile(p.Epoch)), p); err != nil {
			return err
		}
		w.probes = w.thin(append(w.probes, p.Epoch), probeFile)
		w.tellReaders()
		return nil
	}, last)
}

// tellReaders tells those who wait for a State that there are new files.
func (w *writer) tellReaders() {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	w.r.change()
}

// thin removes files if there are too many: then one is kept of as many epochs in a row as it
// takes, a power of two, so that those that stay are evenly spread. The last one stays, too.
func (w *writer) thin(numbers []int, name func(int) string) []int {
	if len(numbers) <= maxFiles {
		return numbers
	}
	var kept []int
	for spacing := 2; len(kept) == 0 || len(kept) > maxFiles/2+1; spacing *= 2 {
		kept = kept[:0]
		for i, n := range numbers {
			if i == 0 || i == len(numbers)-1 || n/spacing != kept[len(kept)-1]/spacing {
				kept = append(kept, n)
			}
		}
	}
	for _, n := range numbers {
		if _, stays := slices.BinarySearch(kept, n); !stays {
			_ = os.Remove(file(w.r.dir, name(n))) // then there is one more
		}
	}
	return kept
}

// show sets the picture of an image. One that cannot be read is not tried again.
func (w *writer) show(item int, into *string) error {
	if uri, ok := w.pictures[item]; ok {
		*into = uri
		return nil
	}
	if len(w.pictures) >= keptPictures {
		clear(w.pictures)
	}
	w.pictures[item] = ""
	picture, err := w.r.options.Picture(item)
	if err == nil {
		var small *thumbnail.Thumbnail
		if small, err = thumbnail.Encode(picture, imageSize); err == nil {
			w.pictures[item] = "data:" + small.Type + ";base64," + base64.StdEncoding.EncodeToString(small.Data)
		}
	}
	*into = w.pictures[item]
	if err != nil {
		return fmt.Errorf("image %d: %w", item, err)
	}
	return nil
}

// flush writes the steps, if there are new ones, or if they are the last.
func (w *writer) flush(last bool) error {
	w.r.mu.Lock()
	if w.r.version == w.flushed && !last {
		w.r.mu.Unlock()
		return nil
	}
	w.flushed = w.r.version
	steps := w.r.steps
	steps.Points = w.r.steps.clone()
	if now := w.r.now; !last {
		steps.Now = &now
	}
	w.r.mu.Unlock()
	return writeJSON(file(w.r.dir, stepsFile), &steps)
}

// close writes what waits and ends the goroutine.
func (w *writer) close() {
	close(w.jobs)
	<-w.done
}
