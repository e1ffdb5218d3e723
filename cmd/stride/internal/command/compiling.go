package command

import (
	"fmt"
	"sync"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
)

// A timedDevice tells how long it compiles, which on a GPU may be minutes.
type timedDevice struct {
	engine.Device
	app *App
	mu  sync.Mutex // of those who compile at once, one tells
}

// longCompile is what is worth a line.
const longCompile = time.Second

// Compile implements engine.Device.
func (d *timedDevice) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	began, done, ended := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				d.app.Live.Clear()
				return
			case <-tick.C:
				d.app.Live.Draw(func() terminal.Progress {
					return terminal.Progress{Head: "compiling for " + d.Name(), Open: true, Fields: []string{terminal.Clock(time.Since(began))}}
				})
			}
		}
	}()
	p, err := d.Device.Compile(g, outputs...)
	close(done)
	<-ended
	if took := time.Since(began); err == nil && took > longCompile {
		d.app.Notice(fmt.Sprintf("compiled a graph of %d nodes for %s in %.1f s", len(g.Nodes()), d.Name(), took.Seconds()))
	}
	return p, err
}
