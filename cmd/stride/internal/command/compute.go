package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/accelerate"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
)

// A Compute is where to compute.
type Compute struct {
	Device  string // auto, cpu, reference, or xla with the devices that count
	Plugin  string // the file of a plugin; "" finds one
	Threads int
	Math    string
	Tune    bool
	Tuning  *cpu.Tuning    // where choices come from and go to, if not to memory alone
	Reducer engine.Reducer // adds up over the processes of a training; nil if there is one
	Dump    io.Writer      // gets what the compiler makes of programs, pass by pass, if it is not nil
	app     *App
}

// Engines, and kinds of arithmetic.
const (
	autoDevice      = "auto"
	cpuDevice       = "cpu"
	referenceDevice = "reference"
	xlaDevice       = "xla"

	mathAuto   = "auto"
	mathFast   = "fast"
	mathStrict = "strict"
	mathBF16   = "bf16"
)

// AddFlags adds the flags that say where and how to compute.
func (c *Compute) AddFlags(a *App, cmd *cobra.Command) {
	c.app, c.Device, c.Math = a, autoDevice, mathAuto
	flags := cmd.Flags()
	flags.Var(&deviceFlag{&c.Device}, "device", "`engine` that computes: cpu; reference; xla, which is a GPU or TPU by its plugin (xla:1 is its second device, xla:0,1 two, xla:all all); auto is a GPU or TPU that works, or else cpu")
	words := []string{autoDevice, cpuDevice, referenceDevice}
	if accelerate.Built() == nil {
		words = append(words, xlaDevice, xlaDevice+":0", xlaDevice+":all")
	}
	completeFlag(cmd, "device", words)
	AddPlace(flags, &c.Plugin, "plugin", "with --device xla: `file` of the PJRT plugin (default: what stride devices lists first)")
	flags.Var(&count{&c.Threads, 0, 1024}, "threads", "threads that compute; 0 means one for each core. The number never changes results")
	AddChoice(cmd, &c.Math, "math", "`kind` of arithmetic: fast; strict for about half the rounding error: direct sums only, and on GPUs no TF32; bf16 for mixed precision, on processors with AVX512_BF16 and with --device xla; auto is fast on the cpu engine and strict on xla",
		mathAuto, mathFast, mathStrict, mathBF16)
	flags.BoolVar(&c.Tune, "tune", false, "choose the algorithm of each convolution by measuring, not by a cost model of its shape")
}

// A deviceFlag is a flag for an engine, with the numbers of its devices.
type deviceFlag struct{ value *string }

func (f *deviceFlag) String() string {
	if f.value == nil {
		return ""
	}
	return *f.value
}

func (f *deviceFlag) Type() string { return "word" }

func (f *deviceFlag) Set(s string) error {
	engines := []string{autoDevice, cpuDevice, referenceDevice, xlaDevice}
	if name, devices, numbered := strings.Cut(s, ":"); numbered && name == xlaDevice {
		if _, _, err := devicesOf(devices); err != nil {
			return err
		}
	} else if !slices.Contains(engines, s) {
		return fmt.Errorf("want %s%s", terminal.OrList(engines), DidYouMean(s, engines))
	}
	*f.value = s
	return nil
}

// devicesOf reads the numbers of devices, or the word all.
func devicesOf(text string) (numbers []int, all bool, err error) {
	if text == "all" {
		return nil, true, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 || n > 1<<16 || slices.Contains(numbers, n) {
			return nil, false, errors.New("want the numbers of devices, such as xla:1 or xla:0,1, or xla:all")
		}
		numbers = append(numbers, n)
	}
	return numbers, false, nil
}

// Accelerated reports whether --device asks for xla.
func (c *Compute) Accelerated() bool {
	name, _, _ := strings.Cut(c.Device, ":")
	return name == xlaDevice
}

// Arithmetic is the kind that --math stands for on the engine.
func (c *Compute) Arithmetic(math string) string {
	switch {
	case math != mathAuto && math != "":
		return math
	case c.Accelerated():
		return mathStrict
	}
	return mathFast
}

// ForCPU says that something is asked for that only the cpu engine has: auto is that then.
func (c *Compute) ForCPU() {
	if c.Device == autoDevice {
		c.Device = cpuDevice
	}
}

// Check reports flags that exclude each other.
func (c *Compute) Check() error {
	if c.Threads > 0 || c.Tune || c.Math != mathAuto {
		c.ForCPU()
	}
	switch {
	case c.Accelerated() && c.Threads > 0:
		return Misuse("--threads is for the cpu engine: with --device xla the plugin has threads of its own")
	case c.Accelerated() && c.Tune:
		return Misuse("--tune is for the cpu engine: with --device xla the compiler chooses algorithms")
	case c.Accelerated():
		return AsMisuse(accelerate.Built())
	case c.Plugin != "":
		return Misuse("--plugin is for --device xla")
	case c.Math == mathBF16 && c.Device == referenceDevice:
		return Misuse("--math bf16 is for other engines: the reference engine computes in float64")
	case c.Tune && c.Math == mathStrict:
		return Misuse("--tune chooses among fast algorithms: it cannot be combined with --math strict")
	case c.Device == referenceDevice && (c.Tune || c.Math == mathStrict):
		return Misuse("--tune and --math are for other engines: the reference engine has one algorithm, in float64")
	case c.Device == referenceDevice && c.Threads > 1:
		return Misuse("--threads is for the cpu engine: the reference engine has one thread")
	}
	return nil
}

// CheckBudget reports a memory budget for an engine that does not keep it.
func (c *Compute) CheckBudget(bytes int64) error {
	switch {
	case bytes == 0:
	case c.Device == referenceDevice:
		return Misuse("--memory-budget is for the cpu engine: the reference engine does not plan its memory")
	case c.Accelerated():
		return Misuse("--memory-budget is for the cpu engine: with --device xla the compiler plans the memory")
	default:
		c.ForCPU()
	}
	return nil
}

// Open returns the engine and a function that releases it.
func (c *Compute) Open(ctx context.Context) (engine.Device, func(), error) {
	device, release, err := c.OpenOther(ctx)
	if device != nil || err != nil {
		return device, release, err
	}
	if err := cpu.KernelsError(); err != nil {
		return nil, nil, err
	}
	if c.Math == mathBF16 {
		if err := cpu.BF16Error(); err != nil {
			return nil, nil, fmt.Errorf("--math bf16 would be slower than --math fast: %w", err)
		}
	}
	own := cpu.New(c.CPU())
	return own, func() { own.Close() }, nil
}

// OpenOther is Open, except that it returns nil where the cpu engine is to compute.
func (c *Compute) OpenOther(ctx context.Context) (engine.Device, func(), error) {
	if err := c.Check(); err != nil {
		return nil, nil, err
	}
	var device accelerate.Device
	var err error
	switch {
	case c.Device == referenceDevice:
		return reference.New(), func() {}, nil
	case c.Accelerated():
		if device, err = c.openXLA(ctx); err != nil {
			return nil, nil, err
		}
	case c.Device == autoDevice:
		device, err = accelerate.Auto(ctx, accelerate.Options{Math: mathStrict, Notice: c.app.Notice})
		if err != nil && ctx.Err() != nil {
			return nil, nil, err
		}
		if err != nil {
			c.app.Notice("computing on the CPU, for the accelerator does not work: " + OneLine(err))
		} else if device != nil {
			c.app.Notice(fmt.Sprintf("computing on xla (%s); with --device cpu on the CPU", device.Description()))
		}
	}
	if device == nil {
		return nil, nil, nil
	}
	return &timedDevice{Device: device, app: c.app}, func() { _ = device.Close() }, nil // the results are there
}

func (c *Compute) openXLA(ctx context.Context) (accelerate.Device, error) {
	o := accelerate.Options{Plugin: c.Plugin, Math: c.Arithmetic(c.Math), Notice: c.app.Notice}
	if _, devices, numbered := strings.Cut(c.Device, ":"); numbered {
		var err error
		if o.Devices, o.All, err = devicesOf(devices); err != nil {
			return nil, err
		}
	}
	return accelerate.Open(ctx, o)
}

// CPU returns the options of the cpu engine.
func (c *Compute) CPU() cpu.Options {
	if c.Tune && c.Tuning == nil {
		c.Tuning = cpu.NewTuning(nil, nil)
	}
	o := cpu.Options{Threads: c.Threads, Strict: c.Math == mathStrict, Tuning: c.Tuning, Dump: c.Dump, Reducer: c.Reducer}
	if c.Math == mathBF16 {
		o.Math = cpu.BF16
	}
	return o
}
