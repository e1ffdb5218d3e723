// Package weightsverb is the verb weights: it lists and downloads pretrained weights.
package weightsverb

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/weights/hub"
	"github.com/strideml/stride/zoo"
)

// Command returns the command weights.
func Command(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "weights",
		Short:   "List and download pretrained weights",
		Example: "  stride weights list\n  stride weights get torchvision/resnet18",
		RunE:    command.VerbRequired,
	}
	cmd.AddCommand(weightsListCommand(a), weightsGetCommand(a))
	return cmd
}

// weightsInfo is a set of weights as JSON.
type weightsInfo struct {
	Net        string `json:"net"`
	Parameters int    `json:"parameters,omitempty"`
	Data       string `json:"data"`
	License    string `json:"license,omitempty"`
	Source     string `json:"source"`
	Embedded   bool   `json:"embedded"`
	Folder     string `json:"folder,omitempty"` // where they are, if they have been downloaded
}

// allWeights lists the weights that are part of the program, and those on the hub.
func allWeights() (list []weightsInfo) {
	for _, name := range zoo.PretrainedNames() {
		p, _ := zoo.PretrainedFor(name)
		list = append(list, weightsInfo{Net: name, Data: p.Data, Source: p.Source, Embedded: true})
	}
	for _, w := range hub.Known() {
		list = append(list, weightsInfo{
			Net: w.Net, Parameters: w.Parameters, Data: "imagenet-1k", License: w.License, Source: w.Repo, Folder: w.Cached(),
		})
	}
	return list
}

func weightsListCommand(a *command.App) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the pretrained weights and where they are",
		Long: `List the weights that are part of the program and those that stride weights get can
download from the Hugging Face hub. All were trained with ImageNet-1k. A network by
name stands for its weights: stride predict efficientnet-lite0 cat.jpg.`,
		Example: "  stride weights list\n  stride weights list --json",
		Args:    command.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			t := terminal.NewTable(0, 2, 3)
			t.Add("network", "size", "source", "where")
			for _, w := range allWeights() {
				if asJSON {
					if err := terminal.WriteJSON(a.Stdout, w); err != nil {
						return err
					}
					continue
				}
				size, where := "", w.Folder
				if w.Embedded {
					where = "in this program"
				} else {
					size = terminal.BytesText(4 * int64(w.Parameters))
				}
				t.Add(w.Net, size, w.Source, where)
			}
			if asJSON {
				return nil
			}
			return t.Write(a.Stdout)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// hubNames are the networks of which the hub has weights.
func hubNames() (names []string) {
	for _, w := range hub.Known() {
		names = append(names, w.Net)
	}
	return names
}

func weightsGetCommand(a *command.App) *cobra.Command {
	asJSON, dir := false, ""
	cmd := &cobra.Command{
		Use:   "get <network>",
		Short: "Download pretrained weights and check them",
		Long: `Fetch the weights of a network from the Hugging Face hub, check their size, their
SHA-256 and that they fit the network, and keep them in the user's cache folder,
where the network's name finds them. What an interrupted transfer left is used. $HF_ENDPOINT
names a mirror of the hub.

` + terminal.Wrap("Networks: "+strings.Join(hubNames(), ", "), 80),
		Example: `  stride weights get torchvision/resnet18
  stride predict torchvision/resnet18 cat.jpg
  HF_ENDPOINT=https://hf-mirror.com stride weights get efficientnet-lite4 --dir models/lite4`,
		Args:              command.OneArg("the name of a network (stride weights list shows them)"),
		ValidArgsFunction: cobra.FixedCompletions(hubNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			weights, ok := hub.Find(args[0])
			if !ok {
				return unknownWeights(args[0])
			}
			folder, err := weights.Get(cmd.Context(), hub.Options{Dir: dir, Progress: hubProgress(a, weights.Net)})
			if err != nil {
				return fmt.Errorf("get %s: %w", weights.Net, err)
			}
			a.Live.Clear()
			if _, err := source.LoadDownloaded(folder, modelfolder.Options{Net: weights.Net}); err != nil {
				return errors.Join(fmt.Errorf("what the hub has for %s does not fit it: %w", weights.Net, err), hub.Remove(folder))
			}
			if asJSON {
				return terminal.WriteJSON(a.Stdout, weightsInfo{
					Net: weights.Net, Parameters: weights.Parameters, Data: "imagenet-1k", License: weights.License, Source: weights.Repo, Folder: folder,
				})
			}
			_, err = fmt.Fprintf(a.Stdout, "The weights of %s (%s, %s) are in %s\n", weights.Net, weights.Repo, weights.License, printable.Line(folder))
			return err
		},
	}
	command.AddPlace(cmd.Flags(), &dir, "dir", "`folder` to make (default: one in the user's cache folder)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func unknownWeights(name string) error {
	if w, ok := hub.Find("torchvision/" + name); ok {
		return command.Misuse("no weights are known for %s, but for %s", name, w.Net)
	}
	if hint := command.DidYouMean(name, hubNames()); hint != "" {
		return command.Misuse("no weights are known for %s%s", terminal.QuoteIfNeeded(name), hint)
	}
	if spec, err := zoo.Get(name); err == nil {
		return command.Misuse("no weights are known for %s; train it with %s train %s", name, terminal.Program(), spec.Name)
	}
	return command.Misuse("no weights are known for %s (%s weights list prints the networks that there are some for)", terminal.QuoteIfNeeded(name), terminal.Program())
}

func hubProgress(a *command.App, net string) func(done, total int64) {
	began, first := time.Now(), int64(-1)
	return func(done, total int64) {
		if first < 0 {
			first = done
		}
		a.Live.Draw(func() terminal.Progress {
			rate := float64(done-first) / max(time.Since(began).Seconds(), 1e-3)
			return terminal.Progress{Head: "fetching " + filepath.Base(net), Share: float64(done) / float64(max(total, 1)),
				Fields: []string{fmt.Sprintf("%s of %s", terminal.BytesText(done), terminal.BytesText(total)), terminal.BytesText(int64(rate)) + "/s"}}
		})
	}
}
