// Package register makes the devices of engine/xla known to package
// engine/accelerator, for programs that import it for that alone:
//
//	import _ "github.com/strideml/stride/engine/xla/register"
//
// It takes the plugin that xla.FindPlugin returns. One for CPUs counts only if
// $STRIDE_PJRT names it: as an accelerator the CPU is for tests, since engine/cpu is
// faster there.
package register

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/accelerator"
	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/pjrt/plugins"
)

func init() { accelerator.Register("xla", &driver{find: xla.FindPlugin}) }

// A driver knows the devices of a plugin.
type driver struct {
	find  func() (plugins.Plugin, error)
	path  string
	first *xla.Device // keeps the client, which all devices share
	count int         // of devices
}

// Count implements accelerator.Driver.
func (d *driver) Count() (int, error) {
	found, err := d.find()
	switch {
	case errors.Is(err, xla.ErrNoPlugin):
		return 0, nil
	case err != nil:
		return 0, err
	case found.Platform == plugins.CPU && !found.Named:
		return 0, nil
	}
	first, err := xla.New(xla.Options{Plugin: found.Path})
	if err != nil {
		return 0, err
	}
	if first.Platform() == plugins.CPU && !found.Named { // the name of the file did not say so
		return 0, first.Close()
	}
	d.path, d.first, d.count = found.Path, first, len(first.Client().Addressable())
	return d.count, nil
}

// Open implements accelerator.Driver.
func (d *driver) Open(i int) (engine.Device, error) {
	if i < 0 || i >= d.count {
		return nil, fmt.Errorf("device %d of %d", i, d.count)
	}
	if i == 0 {
		return d.first, nil
	}
	return xla.New(xla.Options{Plugin: d.path, Devices: []int{i}})
}
