package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
)

// count is a flag for a whole number between two bounds.
type count struct {
	value       *int
	least, most int
}

func (c *count) String() string {
	if c.value == nil {
		return "0"
	}
	return strconv.Itoa(*c.value)
}

func (c *count) Type() string { return "n" }

func (c *count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < c.least || n > c.most {
		return fmt.Errorf("want a whole number from %s to %s", thousands(c.least), thousands(c.most))
	}
	*c.value = n
	return nil
}

// number is a flag for a number that passes a check.
type number struct {
	value *float32
	check func(float64) bool
	want  string
}

func (n *number) String() string {
	if n.value == nil {
		return "0"
	}
	return strconv.FormatFloat(float64(*n.value), 'g', -1, 32)
}

func (n *number) Type() string { return "number" }

func (n *number) Set(s string) error {
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || !n.check(v) {
		return errors.New("want " + n.want)
	}
	*n.value = float32(v)
	return nil
}

// size is a flag for a number of bytes, such as 800MB or 1.5GiB.
type size struct{ bytes *int64 }

var sizeUnits = map[string]float64{
	"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

func (s *size) String() string {
	if s.bytes == nil || *s.bytes == 0 {
		return ""
	}
	return strconv.FormatInt(*s.bytes, 10) + "B"
}

func (s *size) Type() string { return "size" }

func (s *size) Set(text string) error {
	number := strings.TrimRightFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
	unit, known := sizeUnits[strings.TrimSpace(text[len(number):])]
	n, err := strconv.ParseFloat(number, 64)
	if bytes := n * unit; err == nil && known && bytes >= 1 && bytes < 1<<60 {
		*s.bytes = int64(bytes)
		return nil
	}
	return errors.New("want a size such as 800MB or 1.5GB")
}

// addMemoryBudget adds the flag that limits the memory of a training step.
func addMemoryBudget(flags *pflag.FlagSet, bytes *int64) {
	flags.Var(&size{bytes}, "memory-budget", "most memory that a training step may take, such as 800MB; to fit, cheap values are computed again in the backward pass, which changes no result")
}

// choice is a flag for one of a few words.
type choice struct {
	value *string
	of    []string
}

func (c *choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

func (c *choice) Type() string { return "word" }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("want %s%s", orList(c.of), didYouMean(s, c.of))
	}
	*c.value = s
	return nil
}

// A place is a flag for the path of a file or folder, or for another word that
// cannot be empty: an empty one is usually a variable of the shell that is not set.
type place struct{ value *string }

func (p *place) String() string {
	if p.value == nil {
		return ""
	}
	return *p.value
}

func (p *place) Type() string { return "path" }

func (p *place) Set(s string) error {
	if s == "" {
		return errors.New("want the name of a file or folder")
	}
	*p.value = s
	return nil
}

func addPlace(flags *pflag.FlagSet, value *string, name, usage string) {
	flags.Var(&place{value}, name, usage)
}

// A netFlag is a flag for the name of a network.
type netFlag struct{ value *string }

func (f *netFlag) String() string {
	if f.value == nil {
		return ""
	}
	return *f.value
}

func (f *netFlag) Type() string { return "network" }

func (f *netFlag) Set(s string) error {
	spec, err := getNet(s)
	if err != nil {
		return err
	}
	*f.value = spec.Name
	return nil
}

// seed is a flag for a seed.
type seed struct{ value *uint64 }

func (s *seed) String() string {
	if s.value == nil {
		return "0"
	}
	return strconv.FormatUint(*s.value, 10)
}

func (s *seed) Type() string { return "n" }

func (s *seed) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("want a whole number from 0 to %d", uint64(math.MaxUint64))
	}
	*s.value = n
	return nil
}

// addChoice adds a choice that the shell can complete.
func addChoice(cmd *cobra.Command, value *string, name, usage string, of ...string) {
	cmd.Flags().Var(&choice{value, of}, name, usage)
	completeFlag(cmd, name, of)
}

func completeFlag(cmd *cobra.Command, name string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

// A compute is where to compute.
type compute struct {
	device  string
	threads int
	math    string
	tune    bool
	tuning  *cpu.Tuning // where choices come from and go to, if not to memory alone
	dump    io.Writer   // gets what the compiler makes of programs, pass by pass, if it is not nil
}

const (
	mathFast   = "fast"
	mathStrict = "strict"
)

func (c *compute) addFlags(cmd *cobra.Command) {
	c.device = "auto"
	addChoice(cmd, &c.device, "device", "`engine` that computes: auto, cpu or reference", "auto", "cpu", "reference")
	cmd.Flags().Var(&count{&c.threads, 0, 1024}, "threads", "threads that compute; 0 means one for each core. The number never changes results")
	c.math = mathFast
	addChoice(cmd, &c.math, "math", "`kind` of arithmetic: fast, or strict for direct sums only, with about half the rounding error", mathFast, mathStrict)
	cmd.Flags().BoolVar(&c.tune, "tune", false, "choose the algorithm of each convolution by measuring, not by a cost model of its shape")
}

// check reports flags that exclude each other.
func (c *compute) check() error {
	if c.tune && c.math == mathStrict {
		return misuse("--tune chooses among fast algorithms: it cannot be combined with --math strict")
	}
	if c.device == "reference" && (c.tune || c.math == mathStrict) {
		return misuse("--tune and --math are for the cpu engine: the reference engine has one algorithm, in float64")
	}
	if c.device == "reference" && c.threads > 1 {
		return misuse("--threads is for the cpu engine: the reference engine has one thread")
	}
	return nil
}

// checkBudget reports a memory budget for an engine that does not plan its memory.
func (c *compute) checkBudget(bytes int64) error {
	if c.device == "reference" && bytes > 0 {
		return misuse("--memory-budget is for the cpu engine: the reference engine does not plan its memory")
	}
	return nil
}

// open returns the engine and a function that releases it.
func (c *compute) open() (engine.Device, func(), error) {
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if c.device == "reference" {
		return reference.New(), func() {}, nil
	}
	if err := cpu.KernelsError(); err != nil {
		return nil, nil, err
	}
	if c.tune && c.tuning == nil {
		c.tuning = cpu.NewTuning(nil, nil)
	}
	device := cpu.New(cpu.Options{Threads: c.threads, Strict: c.math == mathStrict, Tuning: c.tuning, Dump: c.dump})
	return device, func() { device.Close() }, nil
}

func addBatch(flags *pflag.FlagSet, value *int, usage string) {
	flags.Var(&count{value, 1, 1 << 16}, "batch", usage)
}

func addSeed(flags *pflag.FlagSet, value *uint64, usage string) {
	flags.Var(&seed{value}, "seed", usage)
}

// orList is "a, b or c".
func orList(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

// augmentFlag is a flag for an augmentation: nil without the flag, and empty with the
// word none.
type augmentFlag struct{ pipeline augment.Pipeline }

func (f *augmentFlag) String() string {
	if f.pipeline == nil {
		return ""
	}
	return augmentText(f.pipeline)
}

func augmentText(p augment.Pipeline) string { return cmp.Or(p.String(), "none") }

func (f *augmentFlag) Type() string { return "words" }

func (f *augmentFlag) Set(s string) (err error) {
	p, err := augment.Parse(s)
	if err != nil {
		return err
	}
	if len(p) == 0 && s != "none" {
		return errors.New("want words such as hflip,crop=28:4")
	}
	if len(p.Fixed()) > 0 {
		return errors.New("normalize would have to be applied to test images and to all later predictions, too: leave it out")
	}
	f.pipeline = append(augment.Pipeline{}, p...)
	return nil
}
