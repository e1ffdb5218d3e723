// Package accelerator has the devices that compute beside the CPU, such as GPUs, for
// programs that do not name the engine that drives them. An engine makes its devices
// known when a package is imported for it:
//
//	import _ "github.com/strideml/stride/engine/xla/register"
//
// After that a program opens them by number:
//
//	device, err := accelerator.Open(0)
//	if err != nil {
//		device = cpu.Default()
//	}
//
// Without such an import there are none, and the program links none of what drives
// them.
package accelerator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/strideml/stride/engine"
)

// ErrNone says that there is no accelerator of a number.
var ErrNone = errors.New("there is no such accelerator")

// A Driver knows the devices of an engine. Its methods are never called by two
// goroutines at once.
type Driver interface {
	// Count returns how many devices there are. An error says why that is not known,
	// as where a library cannot be loaded; no device and no error means that there
	// is nothing to drive.
	Count() (int, error)
	// Open connects to device i, from 0. It need not check that the device computes.
	Open(i int) (engine.Device, error)
}

// drivers are in the order of their names.
var drivers struct {
	sync.Mutex
	all  []*driver
	open map[int]*opened
}

type driver struct {
	name string
	Driver
	counted bool
	count   int
	err     error // of Count
}

type opened struct {
	device engine.Device
	err    error
}

// Register makes the devices of an engine known, for the init function of a package.
// It panics if d is nil or the name is taken.
func Register(name string, d Driver) {
	drivers.Lock()
	defer drivers.Unlock()
	if d == nil {
		panic("accelerator: Register of a nil driver for " + name)
	}
	at, taken := slices.BinarySearchFunc(drivers.all, name, func(d *driver, name string) int { return cmp.Compare(d.name, name) })
	if taken {
		panic("accelerator: Register was called twice for " + name)
	}
	drivers.all = slices.Insert(drivers.all, at, &driver{name: name, Driver: d})
	drivers.open = nil
}

// Count returns how many accelerators there are, and what kept others from being found.
func Count() (int, error) {
	drivers.Lock()
	defer drivers.Unlock()
	return total()
}

func total() (n int, err error) {
	var all []error
	for _, d := range drivers.all {
		if !d.counted {
			d.counted = true
			d.count, d.err = d.Count()
		}
		n += d.count
		if d.err != nil {
			all = append(all, fmt.Errorf("%s: %w", d.name, d.err))
		}
	}
	return n, errors.Join(all...)
}

// Open returns accelerator i, counted from 0 over all engines in the order of their
// names. It was seen to compute right (Check). All callers share one device, which
// stays open; what failed once is not tried again. An error where there are not so many
// wraps ErrNone.
func Open(i int) (engine.Device, error) {
	drivers.Lock()
	defer drivers.Unlock()
	n, err := total()
	if i < 0 || i >= n {
		return nil, errors.Join(fmt.Errorf("accelerator %d of %d: %w", i, n, ErrNone), err)
	}
	if o, ok := drivers.open[i]; ok {
		return o.device, o.err
	}
	o := &opened{}
	o.device, o.err = connect(i)
	if drivers.open == nil {
		drivers.open = map[int]*opened{}
	}
	drivers.open[i] = o
	return o.device, o.err
}

// connect opens and checks a device.
func connect(i int) (engine.Device, error) {
	own := i
	for _, d := range drivers.all {
		if own >= d.count {
			own -= d.count
			continue
		}
		device, err := d.Open(own)
		if err == nil {
			err = Check(device)
		}
		if err != nil {
			return nil, fmt.Errorf("accelerator %d (%s): %w", i, d.name, err)
		}
		return device, nil
	}
	return nil, ErrNone
}
