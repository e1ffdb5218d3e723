package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
)

func versionCommand(a *command.App) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print version, revision, Go version and instruction set",
		Example: "  stride version\n  stride version --json",
		Args:    command.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return printVersion(a, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func printVersion(a *command.App, asJSON bool) error {
	v := command.NewVersion()
	if asJSON {
		return terminal.WriteJSON(a.Stdout, v)
	}
	_, err := fmt.Fprintln(a.Stdout, v)
	return err
}
