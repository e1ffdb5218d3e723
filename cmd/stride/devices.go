package main

import (
	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
)

// deviceInfo is an engine as JSON.
type deviceInfo struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Default     bool   `json:"default"`
}

func devicesCommand(a *command.App) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "devices",
		Short:   "List the engines",
		Example: "  stride devices\n  stride devices --json",
		Args:    command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fast := cpu.New(cpu.Options{})
			defer fast.Close()
			t := terminal.NewTable(0, 1, 2)
			for i, device := range []engine.Device{fast, reference.New()} {
				info := deviceInfo{device.Name(), device.Description(), i == 0}
				if asJSON {
					if err := terminal.WriteJSON(a.Stdout, info); err != nil {
						return err
					}
					continue
				}
				mark := ""
				if info.Default {
					mark = "default"
				}
				t.Add(info.Name, info.Description, mark)
			}
			return t.Write(a.Stdout)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object an engine")
	return cmd
}
