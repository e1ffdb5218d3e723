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
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/pjrt/plugins"
)

func init() { accelerator.Register("xla", &driver{find: xla.FindPlugin}) }

// A driver knows the devices of a plugin.
type driver struct {
	find func() (plugins.Plugin, error)
	path string
	ids  []int // of the devices
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
	plugin, err := pjrt.Load(found.Path)
	if err != nil {
		return 0, err
	}
	client, err := plugin.NewClient(nil)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	if client.Platform() == plugins.CPU && !found.Named { // the name of the file did not say so
		return 0, nil
	}
	d.path = found.Path
	for _, device := range client.Addressable() {
		d.ids = append(d.ids, device.ID)
	}
	return len(d.ids), nil
}

// Open implements accelerator.Driver.
func (d *driver) Open(i int) (engine.Device, error) {
	if i < 0 || i >= len(d.ids) {
		return nil, fmt.Errorf("device %d of %d", i, len(d.ids))
	}
	return xla.New(xla.Options{Plugin: d.path, Devices: []int{d.ids[i]}})
}
