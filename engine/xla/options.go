package xla

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine/xla/internal/lower"
	"github.com/strideml/stride/pjrt"
	"github.com/strideml/stride/pjrt/compilecache"
)

// A Math says how exactly convolutions and matrix products are computed.
type Math int

const (
	// Strict computes in float32 throughout.
	Strict = Math(lower.Float32)
	// Fast leaves the choice to the device: TF32 on NVIDIA's GPUs since Ampere, whose
	// products have 11 significant bits.
	Fast = Math(lower.Fast)
	// BF16 is mixed precision: convolutions, matrix products and activations in bfloat16;
	// weights, gradients of weights and their updates in float32.
	BF16 = Math(lower.BF16)
)

// Options configures a Device. The zero value is a good default.
type Options struct {
	// Plugin is the file of the PJRT plugin. "" takes the first that plugins.Find has
	// whose hardware is there: those that $STRIDE_PJRT names, then those that pip has
	// installed, accelerators before the CPU.
	Plugin string
	// Client has options of the plugin for its client, by name, such as
	// "cpu_device_count" or "memory_fraction"; see pjrt.Plugin.NewClient.
	Client pjrt.Values
	// Devices are the devices to use: their positions in what pjrt.Client.Addressable
	// returns, from 0, as "stride devices" counts them. nil means the first Count devices.
	Devices []int
	// Count is how many devices to use if Devices is nil; 0 means 1, and −1 means all.
	Count int
	// Math says how exactly convolutions and matrix products are computed.
	Math Math
	// Flags are options of XLA for the compiler, by name; see pjrt.CompileOptions.
	// Plugins refuse those that they do not know. They add to, and override, those that
	// make programs deterministic (xla_gpu_deterministic_ops; with Fast and BF16
	// xla_gpu_exclude_nondeterministic_ops) and let maxima keep NaN
	// (xla_cpu_enable_fast_min_max), which are left out where a plugin does not know them.
	Flags pjrt.Values
	// Cache keeps compiled programs on disk, so that the next process loads them in a
	// fraction of the time. nil keeps none; compilecache.Default is the user's.
	Cache *compilecache.Cache
	// Log, if not nil, is given lines for people while a program that takes long is
	// compiled. It may be called by any goroutine.
	Log func(line string)
}

// New connects to devices of a plugin. A plugin stays loaded until the process ends. Devices of one plugin
// share a client if their Options.Client are the same. The error
// says what is missing: there is no plugin, the file is not one, it has another version, or
// there are not so many devices. On platforms where plugins cannot be loaded it
// wraps errors.ErrUnsupported.
func New(o Options) (*Device, error) {
	path := o.Plugin
	if path == "" {
		found, err := FindPlugin()
		if err != nil {
			return nil, fmt.Errorf("xla: %w", err)
		}
		path = found.Path
	}
	plugin, err := pjrt.Load(path)
	if err != nil {
		return nil, fmt.Errorf("xla: %w", err)
	}
	shared, err := connect(plugin, o.Client)
	if err != nil {
		return nil, fmt.Errorf("xla: %w", err)
	}
	c := shared.Client
	devices, err := choose(c, o)
	if err != nil {
		shared.close()
		return nil, fmt.Errorf("xla: %w", err)
	}
	b := &client{connection: shared, devices: devices, cache: o.Cache, log: o.Log}
	b.options, b.ours = compileOptions(c, devices, o)
	d := newDevice(b)
	d.client, d.log = c, o.Log
	d.lowering = lower.Options{Math: lower.Math(o.Math), Partitions: len(devices)}
	d.description, d.platform = describe(c, devices), c.Platform()
	d.identity = fmt.Sprintf("%s %v %d %d", d.description, c.PlatformVersion(), o.Math, len(devices))
	return d, nil
}

// choose returns the devices that the options ask for.
func choose(c *pjrt.Client, o Options) ([]*pjrt.Device, error) {
	all := c.Addressable()
	if len(all) == 0 {
		return nil, fmt.Errorf("the plugin %s has no devices", c.Plugin().Path())
	}
	if o.Devices == nil {
		n := o.Count
		switch {
		case n == 0:
			n = 1
		case n == -1:
			n = len(all)
		}
		if n < 1 || n > len(all) {
			return nil, fmt.Errorf("%d devices are wanted, the plugin %s has %d", n, c.Plugin().Path(), len(all))
		}
		return all[:n], nil
	}
	var chosen []*pjrt.Device
	for i, n := range o.Devices {
		switch {
		case n < 0 || n >= len(all):
			return nil, fmt.Errorf("there is no device %d: the plugin %s has %d, counted from 0", n, c.Plugin().Path(), len(all))
		case slices.Contains(o.Devices[:i], n):
			return nil, fmt.Errorf("device %d is wanted twice", n)
		}
		chosen = append(chosen, all[n])
	}
	if len(chosen) == 0 {
		return nil, errors.New("an empty list of devices")
	}
	return chosen, nil
}

// compileOptions are those of all programs for the devices. ours has the names of the flags
// that the caller has not asked for.
func compileOptions(c *pjrt.Client, devices []*pjrt.Device, o Options) (options pjrt.CompileOptions, ours map[string]bool) {
	options = pjrt.CompileOptions{Partitions: len(devices), SPMD: len(devices) > 1}
	for _, d := range devices {
		options.Devices = append(options.Devices, d.ID)
	}
	options.Flags, ours = defaultFlags(c.Platform(), o.Math), map[string]bool{}
	for name := range options.Flags {
		ours[name] = true
	}
	for name, value := range o.Flags {
		options.Flags[name] = value
		delete(ours, name)
	}
	return options, ours
}

// defaultFlags are XLA's options for a platform.
func defaultFlags(platform string, m Math) pjrt.Values {
	switch {
	case platform == "cpu": // maxima of NaN are NaN, as on other devices
		return pjrt.Values{"xla_cpu_enable_fast_min_max": false}
	case platform != "cuda" && platform != "rocm":
		return pjrt.Values{}
	case m == Strict: // algorithms are not chosen by measuring them
		return pjrt.Values{"xla_gpu_deterministic_ops": true}
	}
	return pjrt.Values{"xla_gpu_exclude_nondeterministic_ops": true}
}

// describe names devices for people.
func describe(c *pjrt.Client, devices []*pjrt.Device) string {
	s := devices[0].Kind
	if n := len(devices); n > 1 {
		s = fmt.Sprintf("%d × %s", n, s)
	}
	return fmt.Sprintf("%s, %s plugin, PJRT %v", s, c.Platform(), c.Plugin().Version())
}
