package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/train/runfolder"
)

// A usage is a command line that each verb must answer with a status, as
// docs/cli.md says. RUN is a finished run, USED one that another process writes,
// FILE a file that is neither, DATA a folder of data, BAD one of damaged data,
// NEW a folder that does not exist, PNG a picture.
type usage struct {
	line string
	want int
}

// usages are the command lines of each verb that depend on its arguments; those of
// its flags follow from the flags.
var usages = map[string][]usage{
	"stride train": {
		{"", misused}, {"lenett", misused}, {"nope/nope", failed}, {"RUN", misused}, {"lenet vgg", misused},
		{"lenet --data DATA --out RUN", failed}, {"lenet --data DATA --out USED", failed}, {"lenet --data DATA --out FILE", failed},
		{"lenet --weights NEW --data DATA --out NEW", failed}, {"lenet --weights FILE --data DATA --out NEW", failed},
		{"--resume NEW", failed}, {"--resume nope", failed}, {"--resume FILE", failed}, {"--resume USED", failed}, {"--resume BAD", failed}, {"--resume RUN RUN", misused},
	},
	"stride eval": {
		{"", misused}, {"lenett", failed}, {"NEW", failed}, {"FILE", failed}, {"BAD", failed}, {"RUN RUN", misused}, {"USED --limit 8", done},
	},
	"stride predict": {
		{"", misused}, {"RUN", misused}, {"lenett PNG", failed}, {"NEW PNG", failed}, {"FILE PNG", failed}, {"BAD PNG", failed},
		{"lenet-bn PNG", failed}, {"efficientnet-lite0 PNG --net lenet", failed}, {"efficientnet-lite0 PNG", done}, {"RUN NEW", failed}, {"RUN FILE", failed}, {"RUN BAD", failed}, {"USED PNG", done}, {"RUN PNG", done},
	},
	"stride explain": {
		{"", misused}, {"RUN", misused}, {"lenett PNG", failed}, {"NEW PNG", failed}, {"FILE PNG", failed}, {"BAD PNG", failed}, {"RUN NEW", failed}, {"RUN FILE --out NEW", failed},
		{"RUN PNG --layer nope", failed}, {"RUN PNG --class nope", failed}, {"RUN PNG --out FILE", failed}, {"RUN PNG --method guided-backprop", failed}, {"RUN PNG PNG --out NEW.png", misused},
		{"USED PNG --out MADE-maps", done},
	},
	"stride look": {
		{"", misused}, {"lenett", failed}, {"NEW", failed}, {"FILE", failed}, {"BAD", failed}, {"RUN RUN", misused}, {"RUN --features nope --picture PNG", failed}, {"RUN --features 0 --picture NEW", failed},
		{"RUN --features 0", misused}, {"RUN --filters=nope", failed}, {"RUN --receptive-field nope", failed}, {"RUN --receptive-field 0 --unit 99,0", failed}, {"RUN --exciting 0:99 --data sample", failed},
		{"RUN --filters --out FILE", failed}, {"RUN --filters --out MADE-maps", done}, {"USED", done},
	},
	"stride serve": {
		{"", misused}, {"lenett", failed}, {"NEW", failed}, {"FILE", failed}, {"BAD", failed}, {"--models NEW", failed}, {"--models FILE", failed},
		{"RUN --addr here", misused}, {"RUN --addr 127.0.0.1:99999", failed},
	},
	"stride summary": {
		{"", misused}, {"lenett", misused}, {"nope", misused}, {"torchvision/nope", misused}, {"NEW", failed}, {"FILE", failed}, {"BAD", failed}, {"lenet vgg", misused}, {"USED", done},
	},
	"stride convert": {
		{"", misused}, {"RUN", misused}, {"RUN NEW NEW", misused}, {"NEW NEW.onnx", failed}, {"FILE NEW.onnx", failed}, {"BAD NEW.onnx", failed}, {"lenett NEW.onnx", failed},
		{"RUN NEW.pth", misused}, {"RUN FILE", failed}, {"RUN DATA", failed}, {"RUN RUN", failed}, {"RUN NEW.onnx --names timm", misused}, {"RUN NEW.safetensors --opset 17", misused},
		{"RUN NEW.safetensors --names timm", failed}, {"--check", misused}, {"--check NEW", failed},
	},
	"stride bench":                 {{"lenett", misused}, {"NEW", failed}, {"FILE", failed}, {"--plan", done}},
	"stride data list":             {{"--data DATA", done}, {"NEW", failed}, {"FILE", failed}, {"BAD", failed}, {"DATA DATA", misused}, {"DATA --data DATA", misused}},
	"stride data get":              {{"", misused}, {"mnist", misused}, {"fashion-mnist x", misused}, {"fashion-mnist --dir FILE", failed}},
	"stride data check":            {{"", misused}, {"NEW", failed}, {"FILE", failed}, {"RUN", failed}, {"DATA DATA", misused}, {"DATA --model NEW", failed}},
	"stride data index":            {{"", misused}, {"NEW", failed}, {"FILE", failed}, {"RUN", failed}, {"DATA DATA", misused}},
	"stride data show":             {{"mnist", misused}, {"nope/nope", failed}, {"FILE", failed}, {"BAD", failed}, {"fashion-mnist x", misused}, {"--data DATA --out NEW/x.png", failed}, {"--data DATA --out x.jpg", misused}},
	"stride runs":                  {{"", done}, {"NEW", failed}, {"FILE", failed}, {"nope", failed}, {"RUN", done}, {"BAD", done}, {"RUN RUN", misused}},
	"stride runs compare":          {{"", misused}, {"RUN", misused}, {"RUN NEW", failed}, {"RUN FILE", failed}, {"RUN BAD", failed}, {"RUN USED", done}},
	"stride runs curves":           {{"", misused}, {"RUN", misused}, {"RUN NEW", failed}, {"RUN BAD", failed}, {"RUN USED --out NEW/x.png", failed}, {"RUN USED --out x.jpg", misused}},
	"stride ui":                    {{"NEW", failed}, {"FILE", failed}, {"RUN RUN", misused}, {"RUN --addr here", misused}, {"RUN --addr 127.0.0.1:99999", failed}},
	"stride book":                  {{"nope", misused}, {"conv conv", misused}, {"--addr 127.0.0.1:99999 --live=false", failed}, {"--out FILE --live=false", failed}},
	"stride weights list":          {{"", done}, {"x", misused}},
	"stride weights get":           {{"", misused}, {"lenett", misused}, {"lenet", misused}, {"efficientnet-lite0 x", misused}, {"efficientnet-lite0 --dir FILE", failed}},
	"stride devices":               {{"", done}, {"x", misused}},
	"stride version":               {{"", done}, {"x", misused}},
	"stride help":                  {{"", done}, {"train", done}, {"nope", misused}, {"train nope", misused}},
	"stride completion bash":       {{"", done}, {"x", misused}},
	"stride completion zsh":        {{"", done}, {"x", misused}},
	"stride completion fish":       {{"", done}, {"x", misused}},
	"stride completion powershell": {{"", done}, {"x", misused}},
	// Those with verbs of their own.
	"stride":            {{"", done}, {"nope", misused}, {"nope --help", misused}, {"--version", done}},
	"stride weights":    {{"", done}, {"nope", misused}, {"nope --help", misused}},
	"stride data":       {{"", done}, {"nope", misused}, {"nope --help", misused}},
	"stride completion": {{"", done}, {"tcsh", misused}, {"tcsh --help", misused}},
}

// allCommands are all commands that help texts list, root first.
func allCommands(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			list = append(list, allCommands(c)...)
		}
	}
	return list
}

// flagUsages are the command lines that follow from a verb's flags.
func flagUsages(cmd *cobra.Command, args string) (list []usage) {
	list = append(list, usage{args + " --no-such-flag", misused}, usage{args + " --help", done})
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		flag := args + " --" + f.Name
		if f.Value.Type() == "bool" {
			list = append(list, usage{flag + "=maybe", misused})
			return
		}
		list = append(list, usage{flag + "=", misused})
		if f.NoOptDefVal == "" { // otherwise its value may be left out
			list = append(list, usage{flag, misused})
		}
		switch f.Value.Type() {
		case "path", "layer", "class": // anything may be one
		case "network":
			list = append(list, usage{flag + " lenett", misused}, usage{flag + " NEW", misused})
		default:
			list = append(list, usage{flag + " ?", misused})
		}
		if f.Name == "data" {
			for _, place := range []string{"NEW", "FILE", "BAD", "RUN"} {
				list = append(list, usage{flag + " " + place, failed})
			}
		}
	})
	return list
}

// lockedByOther takes the lock of a run folder, as a training does.
func lockedByOther(t *testing.T, dir string) {
	t.Helper()
	s, err := runfolder.ReadSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := runfolder.Reopen(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
}

// Every verb answers every misuse and every failure with the status of docs/cli.md.
func TestExitStatuses(t *testing.T) {
	t.Parallel()
	run, used := finishedRun(t), copyRun(t)
	lockedByOther(t, used)
	root := t.TempDir()
	bad := filepath.Join(root, "bad")
	writeFile(t, filepath.Join(bad, "config.json"), []byte("{"))
	for _, name := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		writeFile(t, filepath.Join(bad, name), []byte("no data"))
	}
	words := strings.NewReplacer("RUN", run, "USED", used, "FILE", filepath.Join(run, "metrics.csv"), "DATA", fixture.data, "BAD", bad,
		"NEW", filepath.Join(root, "new"), "MADE", filepath.Join(root, "made"), "PNG", picture(t))
	// Arguments with which a verb works, so that its flags count.
	arguments := map[string]string{
		"stride train": "lenet", "stride eval": "RUN", "stride predict": "RUN PNG", "stride explain": "RUN PNG", "stride look": "RUN --exciting 0:1", "stride convert": "RUN MADE.onnx --force", "stride summary": "RUN", "stride data get": "fashion-mnist",
		"stride runs compare": "RUN RUN", "stride runs curves": "RUN RUN", "stride ui": "RUN",
	}
	known := 0
	for _, cmd := range allCommands(newRoot(&command.App{})) {
		path := cmd.CommandPath()
		list, ok := usages[path]
		if !ok {
			t.Errorf("%s has no row in this test", path)
			continue
		}
		known++
		for _, u := range append(slices.Clip(list), flagUsages(cmd, arguments[path])...) {
			args := strings.Fields(strings.TrimPrefix(path, "stride") + " " + u.line)
			for i := range args {
				args[i] = words.Replace(args[i])
			}
			if u.want != done {
				fails(t, u.want, args)
			} else if _, stderr, status := stride(t, args...); status != done {
				t.Errorf("stride %s: status %d: %s", strings.Join(args, " "), status, stderr)
			}
		}
	}
	if known != len(usages) {
		t.Errorf("%d commands, rows for %d", known, len(usages))
	}
	if _, err := os.Lstat(filepath.Join(root, "new")); err == nil {
		t.Error("a command that failed has left a folder")
	}
}
