package compiled

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
)

// Devices are what all networks of a server compute on: a device with all threads, for a
// batch that is alone, and several that share the threads evenly, for batches that are
// computed side by side. Batches that overlap are computed sooner on a share each: a network
// that is divided among threads waits for the slowest of them after each layer.
//
// There is a permit for each share. A batch on all threads holds all of them, one on a share
// holds one, so that there are never more threads at work than there should be. Whoever
// comes first goes first.
type Devices struct {
	all     []engine.Device // the first has all threads, the others share them
	own     bool            // Close closes them
	permits *semaphore.Weighted
	free    chan int // the shares that nobody uses
}

// NewDevices makes devices of the cpu engine for so many batches side by side; 0 stands for
// one on each thread. There are never more than threads. With 1, all batches are computed on all threads.
func NewDevices(o cpu.Options, lanes int) *Devices {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if lanes <= 0 || lanes > o.Threads {
		lanes = o.Threads
	}
	devices := []engine.Device{cpu.New(o)}
	if lanes > 1 {
		o.Threads /= lanes
		for range lanes {
			devices = append(devices, cpu.New(o))
		}
	}
	d := newDevices(devices)
	d.own = true
	return d
}

// SingleDevice is a device of any engine, which computes one batch at a time. Close does not
// close it.
func SingleDevice(d engine.Device) *Devices { return newDevices([]engine.Device{d}) }

func newDevices(all []engine.Device) *Devices {
	d := &Devices{all: all}
	d.permits = semaphore.NewWeighted(int64(d.Lanes()))
	d.free = make(chan int, len(all))
	for lane := 1; lane < len(all); lane++ {
		d.free <- lane
	}
	return d
}

// Lanes is how many batches are computed side by side at most.
func (d *Devices) Lanes() int { return max(1, len(d.all)-1) }

// acquire waits for a device that nobody uses, with all threads or with a share of them, and returns its index.
func (d *Devices) acquire(alone bool) int {
	permits := int64(1)
	if alone {
		permits = int64(d.Lanes())
	}
	// This cannot fail: the context does not end, and there are so many permits.
	_ = d.permits.Acquire(context.Background(), permits)
	if alone || len(d.all) == 1 {
		return 0
	}
	return <-d.free
}

// release gives a device back.
func (d *Devices) release(lane int) {
	permits := int64(1)
	if lane == 0 {
		permits = int64(d.Lanes())
	} else {
		d.free <- lane
	}
	d.permits.Release(permits)
}

// Close ends the devices' threads.
func (d *Devices) Close() (err error) {
	for _, device := range d.all {
		if own, ok := device.(*cpu.Device); ok && d.own {
			err = errors.Join(err, own.Close())
		}
	}
	return err
}
