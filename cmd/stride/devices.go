package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/accelerate"
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
	asJSON, probe := false, ""
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List the engines, and the GPUs and TPUs that plugins find",
		Long: `List the engines and, in a program that was built with XLA, the PJRT plugins of this
machine with their devices: GPUs, TPUs, or the CPU by XLA. Plugins are the files that
$STRIDE_PJRT names, and those that pip has installed. Each is loaded by a process of
its own, which also sees whether its first device computes right.`,
		Example: "  stride devices\n  stride devices --json\n  STRIDE_PJRT=plugin.so stride devices",
		Args:    command.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if probe != "" {
				return terminal.WriteJSON(a.Stdout, accelerate.Probe(probe))
			}
			return listDevices(cmd.Context(), a, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object an engine, and one a plugin")
	command.AddPlace(cmd.Flags(), &probe, accelerate.ProbeFlag, "load the plugin in this `file` and print what it has, as JSON")
	if err := cmd.Flags().MarkHidden(accelerate.ProbeFlag); err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
	return cmd
}

func listDevices(ctx context.Context, a *command.App, asJSON bool) error {
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
	if !asJSON {
		if err := t.Write(a.Stdout); err != nil {
			return err
		}
	}
	plugins, none := accelerate.List(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if asJSON {
		for _, p := range plugins {
			if err := terminal.WriteJSON(a.Stdout, pluginInfo{"xla", p}); err != nil {
				return err
			}
		}
		return nil
	}
	if none != nil {
		_, err := fmt.Fprintf(a.Stdout, "\nxla: %s\n", command.OneLine(none))
		return err
	}
	for _, p := range plugins {
		if err := writePlugin(a.Stdout, p); err != nil {
			return err
		}
	}
	return nil
}

// pluginInfo is a plugin as JSON.
type pluginInfo struct {
	Name string `json:"name"`
	accelerate.Plugin
}

// writePlugin prints a plugin with its devices.
func writePlugin(w io.Writer, p accelerate.Plugin) error {
	head := "\nxla: " + p.Path
	if p.Source != "" {
		head += " (" + p.Source + ")"
	}
	if p.Version != "" {
		head += ", PJRT " + p.Version
	}
	if p.Platform != "" {
		head += ", " + p.Platform
	}
	if _, err := fmt.Fprintln(w, head); err != nil {
		return err
	}
	t := terminal.NewTable(0, 1, 2)
	for _, d := range p.Devices {
		memory := ""
		if d.TotalBytes > 0 {
			memory = fmt.Sprintf("%s free of %s", terminal.BytesText(d.FreeBytes), terminal.BytesText(d.TotalBytes))
		}
		t.Add(fmt.Sprintf("  xla:%d", d.Number), d.Kind, memory)
	}
	if err := t.Write(w); err != nil {
		return err
	}
	if p.Error != "" {
		_, err := fmt.Fprintf(w, "  of no use: %s\n", p.Error)
		return err
	}
	return nil
}
