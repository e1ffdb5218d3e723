//go:build xla

package accelerate

import (
	"context"
	"errors"
	"time"

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

// namedTime is how long a plugin that somebody has asked for may take to load: the libraries for a GPU, gigabytes
// on a slow disk, take a minute.
const namedTime = 10 * time.Minute

// Open opens devices. A plugin that is new to this program, or has changed, is loaded by another
// process first, which sees whether it works: one that crashes is an error then.
func Open(ctx context.Context, o Options) (Device, error) {
	if o.Plugin == "" {
		found, err := xla.FindPlugin()
		if err != nil {
			return nil, err
		}
		o.Plugin = found.Path
	}
	if _, err := try(ctx, o.Plugin, namedTime, o.Notice); err != nil {
		return nil, err
	}
	return open(o)
}

// open opens devices of a plugin that works.
func open(o Options) (Device, error) {
	settings := xla.Options{Plugin: o.Plugin, Devices: o.Devices, Math: maths[o.Math]}
	settings.Cache, _ = compilecache.Default() // without a folder for it, programs are compiled each time
	if o.All {
		settings.Count = -1
	}
	defer userMemory().begin(o.Plugin)()
	d, err := xla.New(settings)
	if err != nil { // not a nil *xla.Device in an interface
		return nil, err
	}
	return d, nil
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
	platform, err := try(ctx, found.Path, probeTime, o.Notice)
	if err != nil || platform == plugins.CPU {
		return nil, err
	}
	o.Plugin = found.Path
	return open(o)
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
	device, err := xla.New(xla.Options{Plugin: p.Path})
	if err != nil {
		return err
	}
	client := device.Client()
	p.Platform, p.PlatformVersion = client.Platform(), firstLine(client.PlatformVersion())
	for i, d := range client.Addressable() {
		found := Found{Number: i, Kind: d.Kind}
		if memory, err := d.MemoryStats(); err == nil && memory.Limit > 0 { // plugins for CPUs do not know
			found.TotalBytes, found.FreeBytes = memory.Limit, memory.Limit-max(memory.InUse, 0)
		}
		p.Devices = append(p.Devices, found)
	}
	return errors.Join(accelerator.Check(device), device.Close())
}
