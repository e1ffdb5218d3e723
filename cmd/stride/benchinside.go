package main

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/zoo"
)

// An inside is what of the inside of a program is to be shown.
type inside struct {
	profile, memory, plan bool
	trace                 string
}

func (v *inside) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&v.profile, "profile", false, "print the time, work and algorithm of each stage of a step")
	flags.BoolVar(&v.memory, "memory", false, "print the buffers in use where a step needs most memory")
	flags.BoolVar(&v.plan, "plan", false, "print the compiler's intermediate form of a step after each of its passes, and measure nothing; of training unless --mode says otherwise")
	flags.StringVar(&v.trace, "trace", "", "write the tasks of one step to this `file` as Chrome trace events; of training unless --mode says otherwise")
}

// checkInside rejects what cannot be shown. A trace and a plan are of one program.
func (b *benchVerb) checkInside(specs []zoo.Spec) error {
	if b.compute.device == "reference" {
		switch {
		case b.inside.profile:
			return misuse("--profile is for the cpu engine only")
		case b.inside.memory:
			return misuse("--memory is for the cpu engine only")
		case b.inside.plan:
			return misuse("--plan is for the cpu engine only")
		case b.inside.trace != "":
			return misuse("--trace is for the cpu engine only")
		}
	}
	switch {
	case b.inside.plan && b.json:
		return misuse("--plan prints text: it cannot be combined with --json")
	case b.inside.plan && (b.inside.profile || b.inside.memory || b.inside.trace != ""):
		return misuse("--plan measures nothing: it cannot be combined with --profile, --memory or --trace")
	case b.inside.plan && len(specs) != 1:
		return misuse("--plan prints one network, found %d", len(specs))
	case b.inside.plan:
		b.compute.dump = b.stdout
	case b.inside.trace == "":
		return nil
	case len(specs) != 1:
		return misuse("--trace records one network, found %d", len(specs))
	}
	if b.mode == "both" {
		b.mode = "train"
	}
	return nil
}

// insideResult is what was seen.
type insideResult struct {
	Profile *profileReport    `json:"profile,omitempty"`
	Memory  *engine.MemoryUse `json:"memory,omitempty"`
	Trace   string            `json:"trace,omitempty"`
}

// profileReport is a profile with its totals.
type profileReport struct {
	*engine.Profile
	Kinds []engine.KindTotal `json:"kinds"`
}

// look runs some more steps of a program to see inside it.
func (v *inside) look(p engine.Program, step func() error, threads, runs int) (r insideResult, err error) {
	if v.profile {
		if r.Profile, err = stageProfile(p, step, threads, runs); err != nil {
			return r, err
		}
	}
	if v.memory {
		if r.Memory, err = engine.Memory(p); err != nil {
			return r, err
		}
	}
	if v.trace != "" {
		r.Trace = v.trace
		return r, writeTrace(v.trace, p, step)
	}
	return r, nil
}

// stageProfile runs some steps between two measurements of the peak.
func stageProfile(p engine.Program, step func() error, threads, runs int) (*profileReport, error) {
	const moment = 100 * time.Millisecond
	peak := cpu.MeasurePeak(threads, moment)
	stop, err := engine.StartProfile(p)
	if err != nil {
		return nil, err
	}
	for range runs {
		if err := step(); err != nil {
			return nil, err
		}
	}
	profile := stop()
	profile.PeakGFLOPS = max(peak, cpu.MeasurePeak(threads, moment))
	return &profileReport{profile, profile.Kinds()}, nil
}

// writeTrace records one step.
func writeTrace(path string, p engine.Program, step func() error) error {
	stop, err := engine.StartTrace(p)
	if err != nil {
		return err
	}
	if err := step(); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(stop(f), f.Close())
}

func (r insideResult) write(w io.Writer) error {
	if r.Profile != nil {
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
		if err := r.Profile.Write(w); err != nil {
			return err
		}
	}
	if r.Memory != nil {
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
		if err := r.Memory.Write(w); err != nil {
			return err
		}
	}
	if r.Profile != nil || r.Memory != nil {
		_, err := io.WriteString(w, "\n")
		return err
	}
	return nil
}
