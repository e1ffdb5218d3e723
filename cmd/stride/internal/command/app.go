// Package command has what all verbs of the program share: output, errors, flags,
// signals, the engine to compute with.
package command

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
)

// App is what the verbs share.
type App struct {
	Stdout, Stderr io.Writer
	Live           *terminal.LiveLine // nil in most tests
	HelpError      error              // of a help text that was asked for
}

// VerbRequired is what a command with verbs does without a known one.
func VerbRequired(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	hint := DidYouMean(args[0], verbs)
	if hint == "" {
		hint = " (there are " + strings.Join(verbs, ", ") + ")"
	}
	return Misuse("%s has no command %s%s", cmd.CommandPath(), terminal.QuoteIfNeeded(args[0]), hint)
}

// NoArgs is for verbs that take none.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Misuse("%s accepts no arguments, found %s", cmd.CommandPath(), terminal.QuoteIfNeeded(args[0]))
	}
	return nil
}

// OneArg is for verbs that take one thing.
func OneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return Misuse("%s needs %s (see %s --help)", cmd.CommandPath(), what, cmd.CommandPath())
		case len(args) > 1:
			return Misuse("%s accepts one argument, found %s and %s", cmd.CommandPath(), terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]))
		}
		return nil
	}
}

// AtMostOne accepts an argument or none.
func AtMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return Misuse("%s takes one %s, found %s and %s", cmd.CommandPath(), what, terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]))
		}
		return nil
	}
}

// ModelAndPictures are the arguments of a command that needs a model and at least one picture,
// of which one may be "-" for standard input.
func ModelAndPictures(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return Misuse("%[1]s needs a run folder, a model file or a network, and pictures (see %[1]s --help)", cmd.CommandPath())
	case 1:
		return Misuse("%s needs at least one picture after %s", cmd.CommandPath(), terminal.QuoteIfNeeded(args[0]))
	}
	if stdin := slices.Index(args[1:], "-"); stdin >= 0 && slices.Contains(args[stdin+2:], "-") {
		return Misuse("- stands for standard input, which can be read once, not twice")
	}
	return nil
}

// Notice tells the user, in one line, something that is no result.
func (a *App) Notice(line string) {
	a.Live.Clear()
	fmt.Fprintln(a.Stderr, printable.Line(strings.ReplaceAll(line, "`stride ", "`"+terminal.Program()+" ")))
}

// Started is when the program began, as nearly as it can know.
var Started = time.Now()
