package live

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train/observe"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/train/runs"
)

// gone is the state of a run whose folder has been removed.
const gone runs.State = "gone"

// A view is a run as it is at a moment. It is not changed once others have it.
type view struct {
	name     string
	state    runs.State
	err      string
	writer   string // the process that writes it
	settings runfolder.Settings
	rows     []runfolder.Row
	done     int // epochs
	best     int
	points   observe.Points
	started  int64 // with every, while both are the same, points are only added
	every    int
	batches  int
	now      *observe.Progress
	epochs   []int // observed
	probes   []int
	stopping string // of the training of this program; see Controller
	ended    bool   // it is the training of this program, which has ended
}

// readView reads a run from its files. What cannot be read for a moment, because it is being
// replaced, comes with the next view.
func readView(name, dir string) *view {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return &view{name: name, state: gone}
	}
	r := runs.Read(dir)
	v := &view{name: name, state: r.State, settings: r.Settings, rows: thinRows(r.History.Rows), done: len(r.History.Rows), best: r.History.BestEpoch, every: 1, batches: batchesOf(r.Settings)}
	if r.Err != nil {
		v.err = printable.Line(r.Err.Error())
	}
	if r.Writer != nil {
		v.writer = printable.Line(r.Writer.String())
	}
	v.observed(dir)
	steps, err := observe.ReadSteps(dir)
	switch {
	case err == nil && steps.Batches == v.batches:
		v.points, v.started, v.every = steps.Points, steps.Started, steps.Every
		if v.state == runs.Running {
			v.now = steps.Now
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist) && v.err == "":
		v.err = printable.Line(err.Error())
	}
	if v.points.Len() == 0 {
		v.points = pointsOf(r.History, v.batches)
	}
	return v
}

// maxRows is how many rows of epochs a view has at most.
const maxRows = 4096

// thinRows returns the rows of every epoch or, of very many, of each second, fourth and so on: rows are only added while
// their number stays in between.
func thinRows(rows []runfolder.Row) []runfolder.Row {
	every := 1
	for len(rows)/every > maxRows {
		every *= 2
	}
	if every == 1 {
		return rows
	}
	kept := make([]runfolder.Row, 0, len(rows)/every)
	for i := every - 1; i < len(rows); i += every {
		kept = append(kept, rows[i])
	}
	return kept
}

// observed lists what was observed.
func (v *view) observed(dir string) {
	var failed [2]error
	v.epochs, failed[0] = observe.Epochs(dir)
	v.probes, failed[1] = observe.Probes(dir)
	if err := errors.Join(failed[:]...); err != nil && v.err == "" {
		v.err = printable.Line(err.Error())
	}
}

// batchesOf is the number of steps in an epoch; 1 for a run that cannot be read.
func batchesOf(s runfolder.Settings) int {
	if s.BatchSize < 1 {
		return 1
	}
	return max((s.TrainImages-1)/s.BatchSize+1, 1)
}

// pointsOf makes points of those that every short run has within its epochs.
func pointsOf(h *runfolder.History, batches int) (p observe.Points) {
	nan := observe.Number(math.NaN())
	for _, at := range h.Points {
		step := int(math.Round(at.Epochs * float64(batches)))
		if n := p.Len(); n > 0 && step <= p.Step[n-1] || step > math.MaxInt32 {
			continue
		}
		p.Step, p.Loss, p.Accuracy = append(p.Step, step), append(p.Loss, observe.Number(at.Loss)), append(p.Accuracy, observe.Number(at.Accuracy))
		p.Rate, p.Speed = append(p.Rate, nan), append(p.Speed, nan)
	}
	return p
}

// liveView is the view of the training of this program.
func liveView(name string, settings runfolder.Settings, r *observe.Recorder, c *Controller, s observe.State) *view {
	v := &view{
		name: name, state: runs.Running, settings: settings, rows: thinRows(s.Rows), done: len(s.Rows), points: s.Steps.Points, started: s.Steps.Started, every: max(s.Steps.Every, 1),
		batches: max(s.Steps.Batches, 1), now: &s.Now, best: settings.Best.Best(s.Rows, 0),
	}
	if c != nil {
		v.stopping = c.state()
	}
	v.observed(r.Dir())
	return v
}

// A cursor says what of a run a client has.
type cursor struct {
	Started        int64
	Every          int
	Points, Rows   int
	Last, Settings uint32 // checksums of the last row and of the settings
}

func (v *view) cursor() cursor {
	c := cursor{Started: v.started, Every: v.every, Points: v.points.Len(), Rows: len(v.rows), Settings: crc32.ChecksumIEEE(fmt.Append(nil, v.settings.Net, v.settings.Epochs, v.settings.TrainHash))}
	if c.Rows > 0 {
		c.Last = checksum(v.rows[c.Rows-1])
	}
	return c
}

func checksum(r runfolder.Row) uint32 { return crc32.ChecksumIEEE(fmt.Append(nil, r)) }

// String is what stands in the id of an event.
func (c cursor) String() string {
	return fmt.Sprintf("%d.%d.%d.%d.%d.%d", c.Started, c.Every, c.Points, c.Rows, c.Last, c.Settings)
}

// parseCursor reads a String; ok is false for anything else.
func parseCursor(text string) (c cursor, ok bool) {
	n, err := fmt.Sscanf(text, "%d.%d.%d.%d.%d.%d", &c.Started, &c.Every, &c.Points, &c.Rows, &c.Last, &c.Settings)
	return c, err == nil && n == 6 && c.Points >= 0 && c.Rows >= 0
}

// continues reports whether what a client has is the beginning of the view.
func (v *view) continues(c cursor) bool {
	now := v.cursor()
	return c.Started == now.Started && c.Every == now.Every && c.Points <= now.Points && c.Rows <= now.Rows && c.Settings == now.Settings &&
		(c.Rows == 0 || c.Last == checksum(v.rows[c.Rows-1]))
}

// A message is a view, or what has been added to the one that the client has.
type message struct {
	Run      string            `json:"run"`
	Reset    bool              `json:"reset,omitempty"` // rows and points are all there are
	State    runs.State        `json:"state"`
	Error    string            `json:"error,omitempty"`
	Writer   string            `json:"writer,omitempty"`
	Net      string            `json:"net"`
	Data     string            `json:"data"`
	Of       int               `json:"of"` // epochs in all
	Done     int               `json:"done"`
	Batches  int               `json:"batches"`
	Best     int               `json:"best,omitempty"`
	Rows     []runfolder.Row   `json:"rows"`
	Points   observe.Points    `json:"points"`
	Now      *observe.Progress `json:"now,omitempty"`
	Epochs   []int             `json:"epochs"`
	Probes   []int             `json:"probes"`
	Stopping string            `json:"stopping,omitempty"`
	Ended    bool              `json:"ended,omitempty"`
}

// since returns the message for a client that has c; nil is one that has nothing.
func (v *view) since(c *cursor) message {
	m := message{
		Run: v.name, Reset: c == nil || !v.continues(*c), State: v.state, Error: v.err, Writer: v.writer, Best: v.best, Now: v.now, Stopping: v.stopping, Ended: v.ended,
		Net: printable.Line(v.settings.Net), Data: printable.Line(v.settings.Data), Of: v.settings.Epochs, Done: v.done, Batches: v.batches, Epochs: nonNil(v.epochs), Probes: nonNil(v.probes),
		Rows: []runfolder.Row{}, Points: v.points.From(v.points.Len()),
	}
	switch {
	case m.Reset:
		m.Rows, m.Points = append(m.Rows, v.rows...), v.points
	default:
		m.Rows, m.Points = append(m.Rows, v.rows[c.Rows:]...), v.points.From(c.Points)
	}
	if m.Points.Step == nil {
		m.Points.Step = []int{}
	}
	return m
}

func nonNil(list []int) []int {
	if list == nil {
		return []int{}
	}
	return list
}

// signature changes when the files of a run do.
func signature(dir string) string {
	var b strings.Builder
	for _, name := range []string{"", "config.json", "state.json", observe.Folder, filepath.Join(observe.Folder, "steps.json")} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			b.WriteString("-;")
			continue
		}
		fmt.Fprintf(&b, "%d %d;", info.ModTime().UnixNano(), info.Size())
	}
	if p := runfolder.WrittenBy(dir); p != nil {
		fmt.Fprint(&b, p.PID, p.Since)
	}
	return b.String()
}

// Times of followers.
const (
	pollEvery = time.Second
	// liveEvery is the time between two views of the training of this program.
	liveEvery = 250 * time.Millisecond
)

// follow calls show with views of a run, until the context ends: the first one at once, and then
// whenever something has changed.
func (h *handler) follow(ctx context.Context, name, dir string, show func(*view)) {
	if r := h.options.Recorder; r != nil && dir == h.own {
		h.followOwn(ctx, name, dir, show)
		return
	}
	before := ""
	for {
		if now := signature(dir); now != before {
			before = now
			show(readView(name, dir))
		}
		if !sleep(ctx, pollEvery) {
			return
		}
	}
}

// followOwn follows the training of this program. When it has ended, its files say how.
func (h *handler) followOwn(ctx context.Context, name, dir string, show func(*view)) {
	settings, err := runfolder.ReadSettings(dir)
	for version := -1; ctx.Err() == nil; {
		s := h.options.Recorder.State(ctx, version)
		version = s.Version
		if s.Finished {
			v := readView(name, dir)
			v.ended = true
			show(v)
			<-ctx.Done()
			return
		}
		if err != nil { // the run folder is made a moment later
			settings, err = runfolder.ReadSettings(dir)
		}
		if err == nil {
			show(liveView(name, settings, h.options.Recorder, h.options.Controller, s))
		}
		if !sleep(ctx, liveEvery) {
			return
		}
	}
}

// sleep reports false if the context ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
