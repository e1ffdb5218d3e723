package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// app is what the verbs share.
type app struct {
	stdout, stderr io.Writer
	live           *liveLine // nil in most tests
	helpError      error     // of a help text that was asked for
}

func newRoot(a *app) *cobra.Command {
	version := false
	root := &cobra.Command{
		Use:   "stride",
		Short: "Train convolutional networks, measure them and use them",
		Long: `Stride trains convolutional networks, measures them and uses them: one program,
nothing else to install.

  stride train lenet

trains LeNet on Fashion-MNIST and leaves a folder under runs/ that eval, predict
and summary take. Results go to standard output, as JSON with --json; errors and
progress go to standard error. The exit status is 0 when all is done, 1 when
something failed, 2 when the command line itself is wrong and 130 when it was
interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if version && len(args) == 0 {
				return a.printVersion(false)
			}
			return verbRequired(cmd, args)
		},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version, as the command version does")
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.trainCommand(), a.evalCommand(), a.predictCommand(), a.summaryCommand(),
		a.benchCommand(), a.dataCommand(), a.weightsCommand(), a.runsCommand(), a.devicesCommand(), a.versionCommand(),
	)
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	finishCompletion(root)
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 { // "stride tarin --help"
			a.helpError = verbRequired(cmd, words)
			return
		}
		help(cmd, args)
	})
	return root
}

// finishCompletion makes cobra's command for the shells as strict as the others.
func finishCompletion(root *cobra.Command) {
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err) // cobra has no such command: a mistake in this program
	}
	cmd.Short = "Print a script with which a shell completes command lines"
	cmd.Args, cmd.RunE = cobra.ArbitraryArgs, verbRequired
	for _, shell := range cmd.Commands() {
		shell.Args = noArgs
	}
}

// helpCommand is cobra's, except that it does not take any word for a verb.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [verb]",
		Short:   "Help about a command",
		Example: "  stride help train\n  stride help data show",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var verbs []cobra.Completion
			if cmd, rest, err := root.Find(args); err == nil && len(rest) == 0 {
				for _, c := range cmd.Commands() {
					if c.IsAvailableCommand() {
						verbs = append(verbs, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return verbs, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			switch {
			case err != nil || cmd == root && len(rest) > 0:
				return verbRequired(root, args)
			case len(rest) > 0 && cmd.HasSubCommands():
				return verbRequired(cmd, rest)
			case len(rest) > 0:
				return misuse("stride help accepts the name of a command, found %s after %s", quoteIfNeeded(rest[0]), cmd.CommandPath())
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// verbRequired is what a command with verbs does without a known one.
func verbRequired(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	hint := didYouMean(args[0], verbs)
	if hint == "" {
		hint = " (there are " + strings.Join(verbs, ", ") + ")"
	}
	return misuse("%s has no command %s%s", cmd.CommandPath(), quoteIfNeeded(args[0]), hint)
}

// noArgs is for verbs that take none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("%s accepts no arguments, found %s", cmd.CommandPath(), quoteIfNeeded(args[0]))
	}
	return nil
}

// oneArg is for verbs that take one thing.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return misuse("%s needs %s (see %s --help)", cmd.CommandPath(), what, cmd.CommandPath())
		case len(args) > 1:
			return misuse("%s accepts one argument, found %s and %s", cmd.CommandPath(), quoteIfNeeded(args[0]), quoteIfNeeded(args[1]))
		}
		return nil
	}
}
