package train

import (
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
)

// defaultDevice is what a nil Device means: the fast engine with all
// threads.
func defaultDevice() engine.Device { return cpu.New(cpu.Options{}) }
