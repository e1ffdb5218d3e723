package pjrt

import "unsafe"

// A Device is one of the devices of a [Client].
type Device struct {
	client *Client
	ptr    uintptr // lives as long as the client

	ID           int    // unique over all processes; device assignments use it
	LocalID      int    // the number of the hardware in this machine, -1 if unknown
	ProcessIndex int    // the process that may use it
	Addressable  bool   // whether that is this process
	Kind         string // the model, such as "NVIDIA H100 80GB HBM3" or "cpu"
	Description  string // the plugin's text on this device
	Attributes   Values // what else the plugin says, such as core counts
}

func (c *Client) newDevice(ptr uintptr) (*Device, error) {
	p := c.plugin
	d := &Device{client: c, ptr: ptr, LocalID: -1}
	description, err := p.word(deviceGetDescription, ptr)
	if err != nil {
		return nil, err
	}
	if d.ID, err = p.number(deviceDescriptionId, description); err != nil {
		return nil, err
	}
	if d.ProcessIndex, err = p.number(deviceDescriptionProcessIndex, description); err != nil {
		return nil, err
	}
	if d.Addressable, err = p.truth(deviceIsAddressable, ptr); err != nil {
		return nil, err
	}
	if d.Kind, err = p.text(deviceDescriptionKind, description); err != nil {
		return nil, err
	}
	// What follows is missing in some plugins.
	if d.Description, err = p.text(deviceDescriptionDebugString, description); err != nil {
		d.Description = d.Kind
	}
	if id, err := p.number(deviceLocalHardwareId, ptr); err == nil && d.Addressable {
		d.LocalID = id
	}
	if r, err := p.words(deviceDescriptionAttributes, description, 2, resultWord); err == nil {
		d.Attributes = values(r[1], r[0])
	}
	return d, nil
}

// Client is the client of the device.
func (d *Device) Client() *Client { return d.client }

// String is the device's description.
func (d *Device) String() string { return d.Description }

// MemoryStats is the use of a device's memory, in bytes. What a plugin does not know
// is -1.
type MemoryStats struct {
	InUse            int64
	PeakInUse        int64
	Allocations      int64 // their number
	Largest          int64 // the largest allocation so far
	Limit            int64 // what may be used
	Reserved         int64
	PeakReserved     int64
	ReservableLimit  int64
	LargestFreeBlock int64
	Pool             int64 // what the plugin's allocator has taken from the device
	PeakPool         int64
}

// MemoryStats returns the use of the device's memory. CPU plugins do not implement it:
// the error has the code [Unimplemented] or wraps [errors.ErrUnsupported].
func (d *Device) MemoryStats() (MemoryStats, error) {
	args := &memoryStatsArgs{device: d.ptr}
	args.size = unsafe.Offsetof(args.stats) + unsafe.Sizeof(args.stats) - 7 // without padding
	err := d.client.h.with(func(uintptr) error {
		return d.client.plugin.invoke(deviceMemoryStats, unsafe.Pointer(args))
	})
	if err != nil {
		return MemoryStats{}, err
	}
	m := MemoryStats{InUse: args.inUse}
	for i, to := range []*int64{
		&m.PeakInUse, &m.Allocations, &m.Largest, &m.Limit, &m.Reserved, &m.PeakReserved,
		&m.ReservableLimit, &m.LargestFreeBlock, &m.Pool, &m.PeakPool,
	} {
		*to = -1
		if args.stats[i].isSet {
			*to = args.stats[i].value
		}
	}
	return m, nil
}
