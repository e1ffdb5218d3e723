// Package runsverb is the verb runs: it lists and compares runs and draws their curves.
package runsverb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/train/curves"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/train/runs"
)

// runsFolder is where train puts run folders by default.
const runsFolder = "runs"

// Command returns the command runs.
func Command(a *command.App) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "runs [folder]",
		Short: "List the runs in a folder, compare them, draw their curves over each other",
		Long: `List the runs in a folder (default: runs), the one that was written to last first: network, data,
epochs done of those asked for, the best and the last accuracy on the test images, the last training
loss, the time that the epochs took, and the state: running (and which process writes it), finished,
interrupted (stride train --resume continues it) or damaged (and why). Without a test set the accuracy
is that on the training images. Nothing is changed, and no training is disturbed.`,
		Example: `  stride runs
  stride runs experiments --json | jq .best_accuracy
  stride runs compare first second
  stride runs curves first second --out both.png`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return command.Misuse("%s accepts one folder, found %s and %s", cmd.CommandPath(), terminal.QuoteIfNeeded(args[0]), terminal.QuoteIfNeeded(args[1]))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return listRuns(a, args, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a run")
	cmd.AddCommand(runsCompareCommand(a), runsCurvesCommand(a))
	return cmd
}

func listRuns(a *command.App, args []string, asJSON bool) error {
	dir := runsFolder
	if len(args) == 1 {
		dir = args[0]
	}
	found, err := runs.List(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(args) == 0: // nothing was trained here yet
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s%s: %w", dir, command.DidYouMean(dir, []string{"compare", "curves"}), fs.ErrNotExist)
	case err != nil:
		return err
	}
	if asJSON {
		for _, r := range found {
			if err := terminal.WriteJSON(a.Stdout, newRunReport(r)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		a.Notice(fmt.Sprintf("there are no runs in %s; %s train makes one", dir, terminal.Program()))
		return nil
	}
	t := terminal.NewTable(0, 1, 2, 8, 9)
	t.Add("run", "network", "data", "epochs", "best", "last", "loss", "time", "written", "state")
	t.Rule()
	for _, r := range found {
		t.Add(runRow(r)...)
	}
	return t.Write(a.Stdout)
}

// runRow is a run as a row of the table.
func runRow(r *runs.Run) []string {
	if r.Err != nil {
		return []string{r.Name, "", "", "", "", "", "", "", r.Written.Format("2006-01-02 15:04"), "damaged: " + command.OneLine(r.Err)}
	}
	best, last, loss := "–", "–", "–"
	if row, ok := r.Best(); ok {
		best, last, loss = accuracyText(runs.Accuracy(row)), accuracyText(runs.Accuracy(r.History.Last())), fmt.Sprintf("%.3f", r.History.Last().TrainLoss)
	}
	state := string(r.State)
	if r.Writer != nil {
		state += fmt.Sprintf(" (%v)", *r.Writer)
	}
	return []string{
		r.Name, r.Settings.Net, r.Settings.Data, fmt.Sprintf("%d/%d", len(r.History.Rows), r.Settings.Epochs), best, last, loss,
		terminal.Clock(time.Duration(r.Seconds() * float64(time.Second))), r.Written.Format("2006-01-02 15:04"), state,
	}
}

// accuracyText is an accuracy for people.
func accuracyText(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.4f", v)
}

// runReport is a run as JSON. Numbers that are not known are null.
type runReport struct {
	Run             string             `json:"run"`
	State           runs.State         `json:"state"`
	Net             string             `json:"net,omitempty"`
	Data            string             `json:"data,omitempty"`
	EpochsDone      int                `json:"epochs_done"`
	Epochs          int                `json:"epochs"`
	BestAccuracy    *float64           `json:"best_accuracy"`
	BestEpoch       *int               `json:"best_epoch"`
	LastAccuracy    *float64           `json:"last_accuracy"`
	TrainLoss       *float64           `json:"train_loss"`
	TestLoss        *float64           `json:"test_loss"`
	Seconds         float64            `json:"seconds"`
	ImagesPerSecond float64            `json:"images_per_second"`
	Written         time.Time          `json:"written"`
	Process         *runfolder.Process `json:"process,omitempty"`
	Error           string             `json:"error,omitempty"`
}

func newRunReport(r *runs.Run) runReport {
	report := runReport{
		Run: r.Dir, State: r.State, Net: r.Settings.Net, Data: r.Settings.Data, EpochsDone: len(r.History.Rows), Epochs: r.Settings.Epochs,
		Seconds: r.Seconds(), ImagesPerSecond: r.History.ImagesPerSecond, Written: r.Written, Process: r.Writer,
	}
	if r.Err != nil {
		report.Error = command.OneLine(r.Err)
	}
	if best, ok := r.Best(); ok {
		last := r.History.Last()
		report.BestAccuracy, report.BestEpoch = terminal.Finite(runs.Accuracy(best)), &best.Epoch
		report.LastAccuracy, report.TrainLoss, report.TestLoss = terminal.Finite(runs.Accuracy(last)), terminal.Finite(last.TrainLoss), terminal.Finite(last.TestLoss)
	}
	return report
}

// openRuns reads runs that are named by their path or by their name in the folder
// runs.
func openRuns(names []string) (found []*runs.Run, err error) {
	for _, name := range names {
		dir := name
		if !source.Exists(dir) {
			if within := filepath.Join(runsFolder, name); source.Exists(within) {
				dir = within
			}
		}
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("there is no run %s: %w", name, fs.ErrNotExist)
		}
		r := runs.Read(dir)
		if r.Err != nil {
			return nil, r.Err
		}
		r.Name = name
		found = append(found, r)
	}
	return found, nil
}

// twoRuns is for verbs that take two runs or more.
func twoRuns(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return command.Misuse("%s needs two runs or more (see %s --help)", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

func runsCompareCommand(a *command.App) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "compare <run> <run>…",
		Short: "Print the settings in which runs differ, and their results side by side",
		Long: `Print the settings in which runs differ, under their names in config.json, and their results side by
side. A run is named by its folder, or by its name in the folder runs.`,
		Example: "  stride runs compare runs/first runs/second\n  stride runs compare first second third --json",
		Args:    twoRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := openRuns(args)
			if err != nil {
				return err
			}
			return compareRuns(a, found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func compareRuns(a *command.App, found []*runs.Run, asJSON bool) error {
	differences, err := runs.Compare(found...)
	if err != nil {
		return err
	}
	if asJSON {
		report := struct {
			Runs        []runReport       `json:"runs"`
			Differences []runs.Difference `json:"differences"`
		}{Differences: append([]runs.Difference{}, differences...)}
		for _, r := range found {
			report.Runs = append(report.Runs, newRunReport(r))
		}
		return terminal.WriteJSON(a.Stdout, report)
	}
	t := terminal.NewTable(0)
	head := []string{"setting"}
	for _, r := range found {
		head = append(head, r.Name)
	}
	t.Add(head...)
	t.Rule()
	for _, d := range differences {
		row := []string{d.Setting}
		for _, v := range d.Values {
			if v == "" {
				v = "–"
			}
			row = append(row, v)
		}
		t.Add(row...)
	}
	if len(differences) == 0 {
		t.Add("the same in all")
	}
	t.Rule()
	for _, line := range []struct {
		name  string
		value func(r *runs.Run) string
	}{
		{"epochs done", func(r *runs.Run) string { return fmt.Sprintf("%d/%d", len(r.History.Rows), r.Settings.Epochs) }},
		{"best accuracy", func(r *runs.Run) string {
			best, ok := r.Best()
			if !ok {
				return "–"
			}
			return accuracyText(runs.Accuracy(best)) + fmt.Sprintf(" (epoch %d)", best.Epoch)
		}},
		{"last accuracy", func(r *runs.Run) string { return lastValue(r, runs.Accuracy) }},
		{"train accuracy", func(r *runs.Run) string {
			return lastValue(r, func(row runfolder.Row) float64 { return row.TrainAccuracy })
		}},
		{"train loss", func(r *runs.Run) string {
			return lastValue(r, func(row runfolder.Row) float64 { return row.TrainLoss })
		}},
		{"test loss", func(r *runs.Run) string { return lastValue(r, func(row runfolder.Row) float64 { return row.TestLoss }) }},
		{"time", func(r *runs.Run) string { return terminal.Clock(time.Duration(r.Seconds() * float64(time.Second))) }},
		{"images/s", func(r *runs.Run) string { return terminal.Thousands(int(r.History.ImagesPerSecond)) }},
		{"state", func(r *runs.Run) string { return string(r.State) }},
	} {
		row := []string{line.name}
		for _, r := range found {
			row = append(row, line.value(r))
		}
		t.Add(row...)
	}
	return t.Write(a.Stdout)
}

// lastValue is a number of a run's last epoch for people.
func lastValue(r *runs.Run, of func(runfolder.Row) float64) string {
	if len(r.History.Rows) == 0 {
		return "–"
	}
	return accuracyText(of(r.History.Last()))
}

func runsCurvesCommand(a *command.App) *cobra.Command {
	out := "runs.png"
	cmd := &cobra.Command{
		Use:   "curves <run> <run>…",
		Short: "Draw the curves of runs over each other",
		Long: `Draw the curves of runs over each other, a colour for each run: the training loss (solid) and the
accuracy on the test images (dash-dotted). A run is named by its folder, or by its name in the folder
runs.`,
		Example: "  stride runs curves runs/first runs/second --out both.png\n  stride runs curves first second --out both.svg",
		Args:    twoRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			extension := strings.ToLower(filepath.Ext(out))
			if extension != ".png" && extension != ".svg" {
				return command.Misuse("--out %s: want a name that ends in .png or .svg", terminal.QuoteIfNeeded(out))
			}
			found, err := openRuns(args)
			if err != nil {
				return err
			}
			var named []curves.Named
			for _, r := range found {
				if len(r.History.Rows) == 0 {
					return fmt.Errorf("the run in %s has no epoch yet", r.Dir)
				}
				named = append(named, curves.Named{Name: r.Name, History: r.History})
			}
			figure := curves.Compare("", named)
			write := figure.WritePNG
			if extension == ".svg" {
				write = figure.WriteSVG
			}
			if err := atomicfile.WriteFile(out, func(w io.Writer) error { return write(w) }); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Stdout, "%s: %s\n", printable.Line(out), terminal.Plural(len(found), "run"))
			return err
		},
	}
	command.AddPlace(cmd.Flags(), &out, "out", "PNG or SVG `file` to write")
	return cmd
}
