package benchverb

import (
	"context"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/atomicfile"
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
	command.AddPlace(flags, &v.trace, "trace", "write the tasks of one step to this `file` as Chrome trace events; of training unless --mode says otherwise")
}

// checkFlags reports flags that contradict each other or would have no effect.
func (b *benchVerb) checkFlags(specs []zoo.Spec, given func(flag string) bool) error {
	if b.time < time.Millisecond || b.time > time.Hour {
		return command.Misuse("--time %v: want 1ms to 1h", b.time)
	}
	if len(specs) == 0 { // --peak or --kernels alone
		for _, flag := range []string{"mode", "batch", "resolution", "memory-budget", "seed", "profile", "memory", "plan", "trace", "device", "math", "tune"} {
			if given(flag) {
				return command.Misuse("--%s is for networks, and --peak and --kernels measure none: name one", flag)
			}
		}
		if !b.peak && given("threads") {
			return command.Misuse("--threads is not for --kernels, which measures one thread")
		}
	}
	for _, flag := range []string{"profile", "memory", "plan", "trace"} {
		if !given(flag) {
			continue
		}
		if b.compute.Device == "reference" || b.compute.Accelerated() {
			return command.Misuse("--%s is for the cpu engine only", flag)
		}
		b.compute.ForCPU()
	}
	if err := b.compute.CheckBudget(b.budget); err != nil {
		return err
	}
	if b.budget > 0 && b.mode == "infer" {
		return command.Misuse("--memory-budget is for training: it cannot be combined with --mode infer")
	}
	if err := b.checkOneProgram(specs, given); err != nil {
		return err
	}
	return b.compute.Check()
}

// checkOneProgram settles --plan and --trace, which are of one program.
func (b *benchVerb) checkOneProgram(specs []zoo.Spec, given func(flag string) bool) error {
	flag, does := "trace", "records"
	if b.inside.plan {
		flag, does = "plan", "prints"
		b.compute.Dump = b.Stdout
	}
	switch {
	case b.inside.plan && b.json:
		return command.Misuse("--plan prints text: it cannot be combined with --json")
	case b.inside.plan && (b.inside.profile || b.inside.memory || b.inside.trace != "" || b.peak || b.kernels || given("time")):
		return command.Misuse("--plan measures nothing: it cannot be combined with --profile, --memory, --trace, --peak, --kernels or --time")
	case !b.inside.plan && b.inside.trace == "":
		return nil
	case len(specs) != 1:
		return command.Misuse("--%s %s one network, found %d", flag, does, len(specs))
	case given("mode") && b.mode == "both":
		return command.Misuse("--%s %s one program: want --mode train or --mode infer", flag, does)
	case b.mode == "both":
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
func (v *inside) look(ctx context.Context, p engine.Program, steps *benchSteps, threads, runs int) (r insideResult, err error) {
	if v.profile {
		if r.Profile, err = stageProfile(ctx, p, steps, threads, runs); err != nil {
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
		return r, writeTrace(v.trace, p, steps.step)
	}
	return r, nil
}

// stageProfile runs some steps between two measurements of the peak.
func stageProfile(ctx context.Context, p engine.Program, steps *benchSteps, threads, runs int) (*profileReport, error) {
	const moment = 100 * time.Millisecond
	peak := cpu.MeasurePeak(threads, moment)
	stop, err := engine.StartProfile(p)
	if err != nil {
		return nil, err
	}
	if err := steps.repeat(ctx, "profiling", runs); err != nil {
		return nil, err
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
	return atomicfile.WriteFile(path, func(w io.Writer) error { return stop(w) })
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
