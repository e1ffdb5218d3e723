package xla

import "sync/atomic"

// Traffic counts what was copied between the host and the devices, in bytes.
type Traffic struct {
	ToDevices, FromDevices int64
}

// A meter counts Traffic.
type meter struct{ to, from atomic.Int64 }

func (m *meter) toDevice(floats int)   { m.to.Add(4 * int64(floats)) }
func (m *meter) fromDevice(floats int) { m.from.Add(4 * int64(floats)) }

// Traffic returns what was copied since the Device was made. What is the same on
// several devices counts for each.
func (d *Device) Traffic() Traffic { return Traffic{d.meter.to.Load(), d.meter.from.Load()} }
