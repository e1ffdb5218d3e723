// Package uiverb is the verb ui, and the page of train --ui.
package uiverb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/train/live"
)

// quiet is the log of connections that fail: nobody needs it.
var quiet = log.New(io.Discard, "", 0)

// runsFolder is where train puts run folders by default.
const runsFolder = "runs"

// Command returns the command ui.
func Command(a *command.App) *cobra.Command {
	addr := Address(Auto)
	cmd := &cobra.Command{
		Use:   "ui [folder]",
		Short: "Show runs in a browser: those that are over, and those under way",
		Long: `Show the runs in a folder (default: runs) in a browser, until a signal asks to stop: curves, learning
rate, speed and settings, and several runs over each other. Of runs that were trained with --ui there are
also, epoch by epoch, the confusion matrix, the worst mistakes, predictions for eight images, the distributions of weights
and gradients, and dead ReLU units.

A run that another process is training is followed by its files. Nothing is changed, and no training is disturbed.
Nobody but this machine is answered unless --addr says so.`,
		Example: `  stride ui
  stride ui runs/lenet
  stride ui experiments --addr 127.0.0.1:9000`,
		Args: command.AtMostOne("folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := runsFolder
			if len(args) == 1 {
				folder = args[0]
			}
			return show(cmd.Context(), a, folder, addr)
		},
	}
	cmd.Flags().Var(&addr, "addr", "`host:port` to listen at; port 0 takes any that is free, and auto is "+usual+" or, if it is taken, any")
	return cmd
}

func show(ctx context.Context, a *command.App, folder string, addr Address) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s: %w", terminal.QuoteIfNeeded(folder), fs.ErrNotExist)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", terminal.QuoteIfNeeded(folder))
	}
	l, err := addr.Listen()
	if err != nil {
		return err
	}
	s, err := Start(a, l, "Runs in "+folder, live.Options{Folder: folder})
	if err != nil {
		_ = l.Close() // the first error counts
		return err
	}
	defer s.Close(false)
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}
