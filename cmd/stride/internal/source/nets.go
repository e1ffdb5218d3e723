package source

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train/runfolder"
	_ "github.com/strideml/stride/weights/efficientnetlite0" // registers its network and the weights
	"github.com/strideml/stride/zoo"
	_ "github.com/strideml/stride/zoo/torchvision" // registers its networks
)

// GetNet finds a network for somebody who typed its name.
func GetNet(name string) (zoo.Spec, error) {
	spec, err := zoo.Get(name)
	if err == nil {
		return spec, nil
	}
	return zoo.Spec{}, unknownNet(name)
}

// SuggestedNet is a network whose name is much like this one, or "".
func SuggestedNet(name string) string {
	return zoo.Similar(name)
}

func unknownNet(name string) error {
	if near := SuggestedNet(name); near != "" {
		return command.Misuse("unknown network %s: did you mean %s?", terminal.QuoteIfNeeded(name), near)
	}
	own, _ := NetNames()
	return command.Misuse("unknown network %s (there are %s and, as torchvision/NAME, those of torchvision)", terminal.QuoteIfNeeded(name), strings.Join(own, ", "))
}

// NetNames returns the names of our networks, and those of torchvision's
// without the word torchvision.
func NetNames() (own, foreign []string) {
	for _, name := range zoo.Names() {
		if rest, ok := strings.CutPrefix(name, "torchvision/"); ok {
			foreign = append(foreign, rest)
		} else {
			own = append(own, name)
		}
	}
	return own, foreign
}

// NetList lists the networks for help texts.
func NetList() string {
	const width = 80
	own, foreign := NetNames()
	return terminal.Wrap("Networks: "+strings.Join(own, ", "), width) + "\n" +
		terminal.Wrap("Those of torchvision, as torchvision/NAME: "+strings.Join(foreign, ", "), width)
}

// CompleteNets offers the networks' names, and files where those may stand too.
func CompleteNets(most int, files bool) cobra.CompletionFunc {
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

// NewestRun is the run in the folder runs that was written to last, one of the
// network if that is not ""; "" if there is none.
func NewestRun(net string) (newest string) {
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

// A netFlag is a flag for the name of a network.
type netFlag struct{ value *string }

// NetFlag is a flag for the name of a network.
func NetFlag(value *string) pflag.Value { return &netFlag{value} }

func (f *netFlag) String() string {
	if f.value == nil {
		return ""
	}
	return *f.value
}

func (f *netFlag) Type() string { return "network" }

func (f *netFlag) Set(s string) error {
	spec, err := GetNet(s)
	if err != nil {
		return err
	}
	*f.value = spec.Name
	return nil
}

// AddModel adds the flags of a model: its network and the size of its input.
func AddModel(cmd *cobra.Command, o *modelfolder.Options) {
	AddNet(cmd, &o.Net)
	cmd.Flags().Var(command.Count(&o.Size, 1, command.MaxSide), "size", "height and width of the input in `pixels` (default: the model's; 224 for an ONNX file that leaves them open)")
}

// AddNet adds the flag for the network of a model file. A file that names another
// one is refused.
func AddNet(cmd *cobra.Command, value *string) {
	cmd.Flags().Var(&netFlag{value}, "net", "`network` of a model file that does not name its own")
	if err := cmd.RegisterFlagCompletionFunc("net", CompleteNets(0, false)); err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}
