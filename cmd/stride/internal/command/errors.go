package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/internal/suggest"
)

var (
	// ErrInterrupted is why the context ends when a signal comes.
	ErrInterrupted = errors.New("interrupted")
	// ErrReported is for failures that were already told, one by one.
	ErrReported = errors.New("reported")
)

// UsageError is a fault of the command line itself, whatever files, data and
// machine there are; see docs/cli.md.
type UsageError struct{ error }

func (e *UsageError) Unwrap() error { return e.error }

// Misuse returns an error of the command line itself.
func Misuse(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// AsMisuse marks an error as one of the command line.
func AsMisuse(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{err}
}

// Report prints an error as the program does before it ends.
func Report(a *App, err error) {
	a.Live.Clear()
	fmt.Fprintf(a.Stderr, "stride: %v\n", OneLine(err))
}

// OneLine is an error's text as one line of visible characters. Errors that were
// joined are separated by semicolons.
func OneLine(err error) string {
	return printable.Line(separated(err))
}

// separated is an error's text with semicolons, not line breaks, between errors
// that were joined.
func separated(err error) string {
	text := err.Error()
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			text = strings.Replace(text, inner.Error(), separated(inner), 1)
		}
	case interface{ Unwrap() []error }:
		var raw, parts []string
		for _, inner := range err.Unwrap() {
			raw, parts = append(raw, inner.Error()), append(parts, separated(inner))
		}
		if text == strings.Join(raw, "\n") {
			return strings.Join(parts, "; ")
		}
	}
	return text
}

// DidYouMean is a question to append to an error, or "".
func DidYouMean(typed string, known []string) string {
	if near := suggest.Nearest(typed, known); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return ""
}

// FlagError turns what pflag says into a sentence.
func FlagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		bad     *pflag.InvalidValueError
		lacking *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown):
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			return Misuse("%s has no flag -%s (see %s --help)", cmd.CommandPath(), unknown.GetSpecifiedName(), cmd.CommandPath())
		}
		name := unknown.GetSpecifiedName()
		hint := fmt.Sprintf(" (see %s --help)", cmd.CommandPath())
		if near := suggest.Nearest(name, flagNames(cmd)); near != "" {
			hint = fmt.Sprintf(": did you mean --%s?", near)
		}
		return Misuse("%s has no flag --%s%s", cmd.CommandPath(), name, hint)
	case errors.As(err, &bad):
		cause := errors.Unwrap(bad)
		if bad.GetFlag().Value.Type() == "bool" {
			cause = errors.New("want true or false")
		}
		if bad.GetFlag().Value.Type() == "network" { // the cause names it
			return Misuse("--%s: %w", bad.GetFlag().Name, cause)
		}
		return Misuse("--%s %s: %w", bad.GetFlag().Name, terminal.QuoteIfNeeded(bad.GetValue()), cause)
	case errors.As(err, &lacking):
		return Misuse("--%s needs a value", lacking.GetFlag().Name)
	}
	return AsMisuse(err)
}

func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}
