package cpu

import (
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/internal/isa"
)

// Reducer returns Options.Reducer; nil for a device that is the only member of its group.
func (d *Device) Reducer() engine.Reducer { return d.orDefault().reducer }

// Kernels returns the name of the instruction set of the kernels, such as "avx2". Between
// two of them the last bits of results differ.
func (d *Device) Kernels() string { return isa.Current() }
