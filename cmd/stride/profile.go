package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/pflag"
)

// A profile is where to write profiles of this program itself; the flags are
// hidden, for they are for those who work on it.
type profile struct{ cpu, memory string }

func (p *profile) addFlags(flags *pflag.FlagSet) {
	addPlace(flags, &p.cpu, "cpuprofile", "write a profile of the processor's time to this `file`")
	addPlace(flags, &p.memory, "memprofile", "write a profile of the heap to this `file`")
	for _, name := range []string{"cpuprofile", "memprofile"} {
		if err := flags.MarkHidden(name); err != nil {
			panic(err) // there is no such flag: a mistake in this program
		}
	}
}

// around does work and writes the profiles of it that are wanted.
func (p *profile) around(work func() error) (err error) {
	if p.memory != "" { // before the work
		if err := checkParent(p.memory); err != nil {
			return err
		}
	}
	if p.cpu != "" {
		f, err := os.Create(p.cpu)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if err := work(); err != nil || p.memory == "" {
		return err
	}
	f, err := os.Create(p.memory)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
