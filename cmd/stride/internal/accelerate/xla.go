//go:build xla

package accelerate

import (
	"context"
	"errors"
	"fmt"

	"github.com/strideml/stride/engine/accelerator"
	"github.com/strideml/stride/engine/xla"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/pjrt/compilecache"
	"github.com/strideml/stride/pjrt/plugins"
)

// Built is nil if the program has an engine for accelerators.
func Built() error { return nil }

// maths are the kinds of arithmetic.
var maths = map[string]xla.Math{"strict": xla.Strict, "fast": xla.Fast, "bf16": xla.BF16}

// Open opens devices.
func Open(o Options) (Device, error) {
	settings := xla.Options{Plugin: o.Plugin, Math: maths[o.Math]}
	settings.Cache, _ = compilecache.Default() // without a folder for it, programs are compiled each time
	if o.All {
		settings.Count = -1
	}
	if o.Plugin == "" {
		found, err := xla.FindPlugin()
		if err != nil {
			return nil, err
		}
		settings.Plugin = found.Path
	}
	if len(o.Devices) > 0 {
		ids, err := idsOf(settings.Plugin, o.Devices)
		if err != nil {
			return nil, err
		}
		settings.Devices = ids
	}
	d, err := xla.New(settings)
	if err != nil { // not a nil *xla.Device in an interface
		return nil, err
	}
	return d, nil
}

// idsOf returns what the plugin calls devices of some numbers.
func idsOf(path string, numbers []int) (ids []int, err error) {
	client, err := connect(path)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	all := client.Addressable()
	for _, n := range numbers {
		if n >= len(all) {
			return nil, fmt.Errorf("there is no device %d: the plugin %s has %d, counted from 0", n, path, len(all))
		}
		ids = append(ids, all[n].ID)
	}
	return ids, nil
}

func connect(path string) (*pjrt.Client, error) {
	plugin, err := pjrt.Load(path)
	if err != nil {
		return nil, err
	}
	return plugin.NewClient(nil)
}

// Auto opens an accelerator if there is one that works. Otherwise it returns nil, and why
// if that is no matter of course. XLA for the CPU is no accelerator.
func Auto(ctx context.Context, o Options) (Device, error) {
	found, err := xla.FindPlugin()
	if errors.Is(err, xla.ErrNoPlugin) || err == nil && found.Platform == plugins.CPU {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := Inspect(ctx, found.Path, found.Source)
	switch {
	case p.Error != "":
		return nil, fmt.Errorf("the plugin %s: %s", p.Path, p.Error)
	case p.Platform == plugins.CPU:
		return nil, nil
	}
	o.Plugin = found.Path
	return Open(o)
}

// List inspects the plugins of this machine, or says why there are none.
func List(ctx context.Context) (list []Plugin, err error) {
	for _, found := range plugins.Find() {
		if !found.Named && !found.Hardware() {
			list = append(list, Plugin{Path: found.Path, Source: found.Source, Platform: found.Platform, Error: "this machine has no such device"})
			continue
		}
		list = append(list, Inspect(ctx, found.Path, found.Source))
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	if len(list) == 0 {
		_, err = xla.FindPlugin()
	}
	return list, err
}

// Probe loads a plugin and says what is known of it.
func Probe(path string) Plugin {
	p := Plugin{Path: path}
	if err := p.load(); err != nil {
		p.Error = err.Error()
	}
	return p
}

func (p *Plugin) load() error {
	plugin, err := pjrt.Load(p.Path)
	if err != nil {
		return err
	}
	p.Version = plugin.Version().String()
	client, err := plugin.NewClient(nil)
	if err != nil {
		return err
	}
	defer client.Close()
	p.Platform, p.PlatformVersion = client.Platform(), firstLine(client.PlatformVersion())
	for i, d := range client.Addressable() {
		found := Found{Number: i, Kind: d.Kind}
		if memory, err := d.MemoryStats(); err == nil && memory.Limit > 0 { // plugins for CPUs do not know
			found.TotalBytes, found.FreeBytes = memory.Limit, memory.Limit-max(memory.InUse, 0)
		}
		p.Devices = append(p.Devices, found)
	}
	if len(p.Devices) == 0 {
		return errors.New("the plugin has no devices")
	}
	d, err := xla.New(xla.Options{Plugin: p.Path})
	if err != nil {
		return err
	}
	return errors.Join(accelerator.Check(d), d.Close())
}
