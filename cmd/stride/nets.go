package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/internal/suggest"
	"github.com/strideml/stride/train/runfolder"
	_ "github.com/strideml/stride/weights/efficientnetlite0" // registers its network and the weights
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision" // registers its networks
)

// getNet finds a network for somebody who typed its name.
func getNet(name string) (zoo.Spec, error) {
	spec, err := zoo.Get(name)
	if err == nil {
		return spec, nil
	}
	return zoo.Spec{}, unknownNet(name)
}

// suggestedNet is a network whose name is much like this one, or "".
func suggestedNet(name string) string {
	return suggest.Nearest(strings.ToLower(name), zoo.Names())
}

func unknownNet(name string) error {
	if near := suggestedNet(name); near != "" {
		return misuse("unknown network %s: did you mean %s?", quoteIfNeeded(name), near)
	}
	own, _ := netNames()
	return misuse("unknown network %s (there are %s and, as torchvision/NAME, those of torchvision)", quoteIfNeeded(name), strings.Join(own, ", "))
}

// netNames returns the names of our networks, and those of torchvision's
// without the word torchvision.
func netNames() (own, foreign []string) {
	for _, name := range zoo.Names() {
		if rest, ok := strings.CutPrefix(name, "torchvision/"); ok {
			foreign = append(foreign, rest)
		} else {
			own = append(own, name)
		}
	}
	return own, foreign
}

// netList lists the networks for help texts.
func netList() string {
	const width = 80
	own, foreign := netNames()
	return wrap("Networks: "+strings.Join(own, ", "), width) + "\n" +
		wrap("Those of torchvision, as torchvision/NAME: "+strings.Join(foreign, ", "), width)
}

// wrap breaks a text at spaces into lines of at most width letters, where its
// words allow.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// completeNets offers the networks' names, and files where those may stand too.
func completeNets(most int, files bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for _, name := range zoo.Names() {
			spec, _ := zoo.Get(name)
			names = append(names, cobra.CompletionWithDesc(name, spec.Title))
		}
		if files {
			return names, cobra.ShellCompDirectiveDefault
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// newestRun is the run in the folder runs that was written to last, one of the
// network if that is not ""; "" if there is none.
func newestRun(net string) (newest string) {
	entries, err := os.ReadDir("runs")
	if err != nil {
		return ""
	}
	var last time.Time
	for _, entry := range entries {
		dir := filepath.Join("runs", entry.Name())
		s, err := runfolder.ReadSettings(dir)
		if err != nil || net != "" && s.Net != net {
			continue
		}
		if at, err := runfolder.LastWritten(dir); err == nil && !at.Before(last) {
			newest, last = dir, at
		}
	}
	return newest
}
