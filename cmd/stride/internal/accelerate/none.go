//go:build !xla

package accelerate

import "context"

// Built is nil if the program has an engine for accelerators.
func Built() error { return ErrNotBuilt }

// Open opens devices.
func Open(context.Context, Options) (Device, error) { return nil, ErrNotBuilt }

// Auto opens an accelerator if there is one that works. Otherwise it returns nil, and why
// if that is no matter of course.
func Auto(context.Context, Options) (Device, error) { return nil, nil }

// List inspects the plugins of this machine, or says why there are none.
func List(context.Context) ([]Plugin, error) { return nil, ErrNotBuilt }

// Probe loads a plugin and says what is known of it.
func Probe(string) Plugin { return Plugin{Error: ErrNotBuilt.Error()} }
