package xla

import (
	"fmt"
	"sync"

	"github.com/strideml/stride/pjrt"
)

// A connection is a client that several Devices share: on GPUs a client takes most of the memory, and making one
// takes seconds.
type connection struct {
	*pjrt.Client
	key   string
	users int // guarded by connections
}

// connections has those in use, by plugin and options.
var connections struct {
	sync.Mutex
	all map[string]*connection
}

// connect returns a client of the plugin with the options: one that another Device uses, or a
// new one. The caller must close it.
func connect(plugin *pjrt.Plugin, options pjrt.Values) (*connection, error) {
	key := fmt.Sprintf("%s %v", plugin.Path(), map[string]any(options)) // fmt sorts the names
	connections.Lock()
	defer connections.Unlock()
	c := connections.all[key]
	if c == nil {
		client, err := plugin.NewClient(options)
		if err != nil {
			return nil, err
		}
		c = &connection{Client: client, key: key}
		if connections.all == nil {
			connections.all = map[string]*connection{}
		}
		connections.all[key] = c
	}
	c.users++
	return c, nil
}

// close gives the client up. It is closed when nobody uses it any more.
func (c *connection) close() {
	connections.Lock()
	defer connections.Unlock()
	if c.users--; c.users == 0 {
		delete(connections.all, c.key)
		c.Close()
	}
}
