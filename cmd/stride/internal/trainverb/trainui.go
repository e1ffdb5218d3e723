package trainverb

import (
	"context"
	"image"
	"net"
	"path/filepath"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/uiverb"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/live"
	"github.com/strideml/stride/train/observe"
)

// A trainUI is the page of --ui, from which a training can be watched and stopped. All of its methods
// do nothing if it is nil.
type trainUI struct {
	server     *uiverb.Server
	recorder   *observe.Recorder
	controller *live.Controller
}

// A pageListener is the address of a page; without --ui there is none.
type pageListener struct{ net.Listener }

func (l pageListener) close() {
	if l.Listener != nil {
		_ = l.Close() // once more where the server has done it
	}
}

// listen takes the address of --ui, before other work is done.
func (t *trainVerb) listen() (l pageListener, err error) {
	if t.ui != "" {
		l.Listener, err = t.ui.Listen()
	}
	return l, err
}

// startUI begins to observe the training and to show it; nil without --ui. The context that it returns also ends when
// the page stops the training.
func (t *trainVerb) startUI(ctx context.Context, l pageListener, config *train.Config, job *trainJob) (context.Context, *trainUI, error) {
	if l.Listener == nil {
		return ctx, nil, nil
	}
	var o observe.Options
	if photos, ok := job.test.(*imagefolder.Images); ok {
		o.Picture = func(item int) (image.Image, error) {
			r := &raster.Raster{}
			err := photos.Resized(item, r)
			return r.Image(), err
		}
		o.Name = func(item int) string {
			path := photos.Path(item)
			if short, err := filepath.Rel(t.photos.path, path); err == nil && filepath.IsLocal(short) {
				return short
			}
			return path
		}
	}
	u := &trainUI{}
	var err error
	if u.recorder, err = observe.Attach(config, job.model, job.train, job.test, o); err != nil {
		return nil, nil, err
	}
	ctx, u.controller = live.Control(ctx, config, command.ErrInterrupted)
	folder := t.out
	if parent := filepath.Dir(filepath.Clean(t.out)); filepath.Base(parent) == runsFolder { // with the runs beside it
		folder = parent
	}
	u.server, err = uiverb.Start(t.App, l, "Training live", live.Options{Folder: folder, Recorder: u.recorder, Controller: u.controller})
	return ctx, u, err
}

// ended says that Fit has returned.
func (u *trainUI) ended() {
	if u != nil {
		u.controller.Close()
		_ = u.recorder.Close() // it has told what went wrong
	}
}

// close ends the page, when those who look at it have seen the end.
func (u *trainUI) close() {
	if u != nil {
		u.server.Close(true)
	}
}
