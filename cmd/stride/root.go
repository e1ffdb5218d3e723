package main

import (
	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/benchverb"
	"github.com/strideml/stride/cmd/stride/internal/bookverb"
	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/convertverb"
	"github.com/strideml/stride/cmd/stride/internal/dataverb"
	"github.com/strideml/stride/cmd/stride/internal/evalverb"
	"github.com/strideml/stride/cmd/stride/internal/explainverb"
	"github.com/strideml/stride/cmd/stride/internal/predictverb"
	"github.com/strideml/stride/cmd/stride/internal/runsverb"
	"github.com/strideml/stride/cmd/stride/internal/serveverb"
	"github.com/strideml/stride/cmd/stride/internal/summaryverb"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/cmd/stride/internal/trainverb"
	"github.com/strideml/stride/cmd/stride/internal/uiverb"
	"github.com/strideml/stride/cmd/stride/internal/weightsverb"
)

func newRoot(a *command.App) *cobra.Command {
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
				return printVersion(a, false)
			}
			return command.VerbRequired(cmd, args)
		},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version, as the command version does")
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(command.FlagError)
	root.AddCommand(
		trainverb.Command(a), evalverb.Command(a), predictverb.Command(a), explainverb.Command(a), explainverb.LookCommand(a), serveverb.Command(a), summaryverb.Command(a),
		benchverb.Command(a), dataverb.Command(a), weightsverb.Command(a), runsverb.Command(a), uiverb.Command(a), bookverb.Command(a), convertverb.Command(a), devicesCommand(a), versionCommand(a),
	)
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	finishCompletion(root)
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 { // "stride tarin --help"
			a.HelpError = command.VerbRequired(cmd, words)
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
	cmd.Args, cmd.RunE = cobra.ArbitraryArgs, command.VerbRequired
	for _, shell := range cmd.Commands() {
		shell.Args = command.NoArgs
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
				return command.VerbRequired(root, args)
			case len(rest) > 0 && cmd.HasSubCommands():
				return command.VerbRequired(cmd, rest)
			case len(rest) > 0:
				return command.Misuse("stride help accepts the name of a command, found %s after %s", terminal.QuoteIfNeeded(rest[0]), cmd.CommandPath())
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
