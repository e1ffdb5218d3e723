package xla

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/strideml/stride/engine/xla/internal/lower"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/pjrt/compilecache"
)

// A client is the backend of a plugin.
type client struct {
	*connection
	devices []*pjrt.Device
	ours    map[string]bool     // the names of flags that may be left out
	cache   *compilecache.Cache // may be nil
	log     func(line string)   // may be nil

	mu      sync.Mutex
	options pjrt.CompileOptions // of the next program; what it refers to does not change
}

// buffers is an array: a buffer on each device.
type buffers struct {
	parts []*pjrt.Buffer
}

func (c *client) put(data []float32, shape []int, split bool) (array, error) {
	b := buffers{make([]*pjrt.Buffer, len(c.devices))}
	if split {
		dims := append([]int{shape[0] / len(c.devices)}, shape[1:]...)
		shape = dims
	}
	part := pjrt.Shape{Type: pjrt.F32, Dims: shape}
	for i, d := range c.devices {
		from := data
		if split {
			n := len(data) / len(c.devices)
			from = data[i*n : (i+1)*n]
		}
		var err error
		if b.parts[i], err = d.FromHost(pjrt.Bytes(from), part); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

// get copies from the first device: all have the same.
func (b buffers) get(into []float32) (event, error) {
	e, err := b.parts[0].ToHost(pjrt.Bytes(into))
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (b buffers) deleted() bool { return b.parts[0].Deleted() }

func (b buffers) close() {
	for _, p := range b.parts {
		if p != nil {
			p.Close()
		}
	}
}

func (c *client) compile(m *lower.Module) (executable, error) {
	c.mu.Lock()
	options := c.options
	c.mu.Unlock()
	e, result, err := c.cache.Compile(c.Client, m.Text, options)
	if err != nil && c.leaveOut(err, options) {
		return c.compile(m)
	}
	if err != nil {
		return nil, err
	}
	if result.Err != nil && !errors.Is(result.Err, errors.ErrUnsupported) && c.log != nil {
		c.log(fmt.Sprintf("xla: the compiled program is not kept for the next time: %v", result.Err))
	}
	x := &compiled{Executable: e, arguments: make([][]*pjrt.Buffer, len(c.devices))}
	for i := range x.arguments {
		x.arguments[i] = make([]*pjrt.Buffer, len(m.Arguments))
	}
	return x, nil
}

// leaveOut reports whether err says that the plugin does not know a flag which may be left
// out; programs are compiled without it from now on.
func (c *client) leaveOut(err error, options pjrt.CompileOptions) bool {
	if pjrt.CodeOf(err) != pjrt.InvalidArgument {
		return false
	}
	for name := range options.Flags {
		if !c.ours[name] || !strings.Contains(err.Error(), "'"+name+"'") {
			continue
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if _, there := c.options.Flags[name]; there {
			c.options.Flags = maps.Clone(c.options.Flags)
			delete(c.options.Flags, name)
			if c.log != nil {
				c.log(fmt.Sprintf("xla: the plugin %s does not know the option %s, which is left out", c.Plugin().Path(), name))
			}
		}
		return true
	}
	return false
}

// A compiled is an executable of a plugin.
type compiled struct {
	*pjrt.Executable
	arguments [][]*pjrt.Buffer // of an execution, by device
}

func (c *compiled) execute(arguments []array) (results []array, done event, err error) {
	for i, a := range arguments {
		for k, part := range a.(buffers).parts {
			c.arguments[k][i] = part
		}
	}
	byDevice, ended, err := c.Execute(c.arguments, pjrt.ExecuteOptions{})
	for _, list := range c.arguments {
		clear(list)
	}
	if err != nil {
		return nil, nil, err
	}
	results = make([]array, len(byDevice[0]))
	for i := range results {
		parts := make([]*pjrt.Buffer, len(byDevice))
		for k, list := range byDevice {
			parts[k] = list[i]
		}
		results[i] = buffers{parts}
	}
	return results, events(ended), nil
}

func (c *compiled) temporary() (int64, bool) {
	m, err := c.Memory()
	if err != nil {
		return 0, false
	}
	return m.Temporary, true
}

func (c *compiled) close() { c.Close() }

// events are what happens on all devices.
type events []*pjrt.Event

func (e events) Await() (err error) {
	for _, one := range e {
		if failed := one.Await(); failed != nil && err == nil {
			err = failed
		}
	}
	return err
}
