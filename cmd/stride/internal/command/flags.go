package command

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/augment"
)

// count is a flag for a whole number between two bounds.
type count struct {
	value       *int
	least, most int
}

// Count is a flag for a whole number from least to most.
func Count(value *int, least, most int) pflag.Value { return &count{value, least, most} }

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
		return fmt.Errorf("want a whole number from %s to %s", terminal.Thousands(c.least), terminal.Thousands(c.most))
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

// Number is a flag for a number that passes a check; want says in words which ones do.
func Number(value *float32, check func(float64) bool, want string) pflag.Value {
	return &number{value, check, want}
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

// Size is a flag for a number of bytes, such as 800MB or 1.5GiB.
func Size(bytes *int64) pflag.Value { return &size{bytes} }

// AddMemoryBudget adds the flag that limits the memory of a training step.
func AddMemoryBudget(flags *pflag.FlagSet, bytes *int64) {
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
		return fmt.Errorf("want %s%s", terminal.OrList(c.of), DidYouMean(s, c.of))
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

// AddPlace adds a flag for the path of a file or folder.
func AddPlace(flags *pflag.FlagSet, value *string, name, usage string) {
	flags.Var(&place{value}, name, usage)
}

// seed is a flag for a seed.
type seed struct{ value *uint64 }

// Seed is a flag for a random seed.
func Seed(value *uint64) pflag.Value { return &seed{value} }

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

// AddChoice adds a choice that the shell can complete.
func AddChoice(cmd *cobra.Command, value *string, name, usage string, of ...string) {
	cmd.Flags().Var(&choice{value, of}, name, usage)
	completeFlag(cmd, name, of)
}

func completeFlag(cmd *cobra.Command, name string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

// AddBatch adds the flag --batch.
func AddBatch(flags *pflag.FlagSet, value *int, usage string) {
	flags.Var(&count{value, 1, 1 << 16}, "batch", usage)
}

// AddSeed adds the flag --seed.
func AddSeed(flags *pflag.FlagSet, value *uint64, usage string) {
	flags.Var(&seed{value}, "seed", usage)
}

// AugmentFlag is a flag for an augmentation: nil without the flag, and empty with the
// word none.
type AugmentFlag struct{ Pipeline augment.Pipeline }

// String, Type and Set are those of a pflag.Value.
func (f *AugmentFlag) String() string {
	if f.Pipeline == nil {
		return ""
	}
	return AugmentText(f.Pipeline)
}

// AugmentText is an augmentation as its flag has it.
func AugmentText(p augment.Pipeline) string { return cmp.Or(p.String(), "none") }

func (f *AugmentFlag) Type() string { return "words" }

func (f *AugmentFlag) Set(s string) (err error) {
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
	f.Pipeline = append(augment.Pipeline{}, p...)
	return nil
}

// MaxSide is the greatest height and width of an image, in pixels, that flags allow.
const MaxSide = 2048
