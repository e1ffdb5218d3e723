package pjrt

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"unsafe"
)

// A Client is a connection to the devices of a plugin.
type Client struct {
	plugin   *Plugin
	h        *handle
	platform string
	version  string
	process  int
	devices  []*Device
}

// NewClient connects to the devices of the plugin. Options are the plugin's own:
//
//   - CPU plugins know cpu_device_count, the number of devices that the CPU stands for.
//   - Those for GPUs know visible_devices (an []int64 of device numbers), preallocate
//     (whether to take most of the device's memory at once), memory_fraction (the part
//     of the device's memory that may be taken) and allocator.
//
// The options are added to those of [Plugin.Found]; nil as a value leaves one of them
// out. A plugin ignores or refuses options that it does not know.
func (p *Plugin) NewClient(options Values) (*Client, error) {
	all := Values{}
	maps.Copy(all, p.found.Options)
	maps.Copy(all, options)
	var pin runtime.Pinner
	defer pin.Unpin()
	named, err := all.named(&pin)
	if err != nil {
		return nil, err
	}
	args := &clientCreateArgs{options: unsafe.SliceData(named), numOptions: uintptr(len(named))}
	args.size = unsafe.Sizeof(*args)
	if err := p.invoke(clientCreate, unsafe.Pointer(args)); err != nil {
		if len(p.found.Missing) > 0 {
			err = fmt.Errorf("%w (pip has not installed %s)", err, strings.Join(p.found.Missing, ", "))
		}
		return nil, err
	}
	c := &Client{plugin: p, h: newHandle(p, "client", clientDestroy, args.client, nil)}
	runtime.AddCleanup(c, (*handle).close, c.h)
	if err := c.describe(args.client); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// describe asks for what does not change.
func (c *Client) describe(ptr uintptr) (err error) {
	p := c.plugin
	if c.platform, err = p.text(clientPlatformName, ptr); err != nil {
		return err
	}
	if c.version, err = p.text(clientPlatformVersion, ptr); err != nil {
		return err
	}
	if c.process, err = p.number(clientProcessIndex, ptr); err != nil {
		return err
	}
	list, err := p.words(clientDevices, ptr, 2, resultWord)
	if err != nil {
		return err
	}
	for _, d := range at[uintptr](list[0], list[1]) {
		device, err := c.newDevice(d)
		if err != nil {
			return err
		}
		c.devices = append(c.devices, device)
	}
	return nil
}

// Close releases the client when its buffers, executables and events are gone.
func (c *Client) Close() { c.h.close() }

// Plugin is the plugin of the client.
func (c *Client) Plugin() *Plugin { return c.plugin }

// Platform is the kind of the devices, such as "cpu", "cuda", "rocm" or "tpu".
func (c *Client) Platform() string { return c.platform }

// PlatformVersion is the plugin's text on the version of the platform, such as that of
// CUDA.
func (c *Client) PlatformVersion() string { return c.version }

// ProcessIndex is the number of this process among those that share the devices, 0
// where there is one.
func (c *Client) ProcessIndex() int { return c.process }

// Devices returns all devices, those of other processes as well, which are not
// addressable.
func (c *Client) Devices() []*Device { return append([]*Device(nil), c.devices...) }

// Addressable returns the devices that this process may use.
func (c *Client) Addressable() []*Device {
	var list []*Device
	for _, d := range c.devices {
		if d.Addressable {
			list = append(list, d)
		}
	}
	return list
}

// device returns the Device of the plugin's pointer, or nil.
func (c *Client) device(ptr uintptr) *Device {
	for _, d := range c.devices {
		if d.ptr == ptr {
			return d
		}
	}
	return nil
}
