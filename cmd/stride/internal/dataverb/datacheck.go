package dataverb

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data/check"
	"github.com/strideml/stride/data/imagefolder"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/weights/efficientnetlite0"
)

type checkVerb struct {
	*command.App
	model        string
	examples     int
	strict, json bool
}

func dataCheckCommand(a *command.App) *cobra.Command {
	c := &checkVerb{App: a, examples: 5, model: efficientnetlite0.Name}
	cmd := &cobra.Command{
		Use:   "check <folder>",
		Short: "Find what is wrong with a folder of photos",
		Long: `Read a folder of photos with a folder for each class, or a CSV file with the columns
path, label and split, and say what may be wrong with it and what to do: pictures that
cannot be read, copies and near copies, also in several classes or in training and test,
classes with few pictures or none in a split, blank, small and misnamed pictures.

Labels that may be wrong are found, too: pictures that a network finds most similar to
pictures of another class. It is EfficientNet-Lite0, trained with ImageNet, unless
--model names a run or a model; --model none leaves this out, which is quicker.

Findings are no failure: the exit status is 0 unless --strict is given.`,
		Example: `  stride data check photos
  stride data check photos --model runs/birds --examples 20
  stride data check photos.csv --model none --strict --json`,
		Args:              command.OneArg("a folder of photos or a CSV file"),
		ValidArgsFunction: nil, // files
		RunE:              func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	command.AddPlace(flags, &c.model, "model", "run folder, model file or `network` that compares labels, or none")
	flags.Var(command.Count(&c.examples, 0, 1<<30), "examples", "how many pictures or groups of each finding to list")
	flags.BoolVar(&c.strict, "strict", false, "exit with status 1 if anything is found")
	flags.BoolVar(&c.json, "json", false, "print one JSON object, with all pictures")
	return cmd
}

// checkReport is a check as JSON.
type checkReport struct {
	Data    string         `json:"data"`
	Skipped map[string]int `json:"skipped"`
	*check.Result
}

func (c *checkVerb) run(ctx context.Context, path string) error {
	features, release, err := c.features()
	if err != nil {
		return err
	}
	defer release()
	// No picture is put aside for validation: copies on both sides of a random split
	// are copies within the training pictures.
	sets, err := imagefolder.Open(ctx, path, imagefolder.Options{Validation: -1, NoIndex: true, Progress: func(found, checked int) {
		c.Live.Draw(func() terminal.Progress {
			return terminal.Progress{Head: "looking", Share: float64(checked) / float64(max(found, 1)), Fields: []string{terminal.Thousands(found) + " pictures"}}
		})
	}})
	if err != nil {
		return err
	}
	result, err := check.Run(ctx, checkInput(sets), check.Config{Features: features, Progress: func(stage string, done, total int) {
		c.Live.Draw(func() terminal.Progress {
			return terminal.Progress{Head: map[string]string{"pictures": "reading", "labels": "comparing"}[stage], Share: float64(done) / float64(total),
				Fields: []string{fmt.Sprintf("%s of %s pictures", terminal.Thousands(done), terminal.Thousands(total))}}
		})
	}})
	c.Live.Clear()
	if err != nil {
		return err
	}
	if c.json {
		err = terminal.WriteJSON(c.Stdout, checkReport{path, skippedOf(sets), result})
	} else {
		err = c.print(path, sets, result)
	}
	if n := len(result.Findings); err == nil && c.strict && n > 0 {
		return fmt.Errorf("%s: %s", path, terminal.Plural(n, "finding"))
	}
	return err
}

// noModel is the word in place of a model that leaves out the comparison of labels.
const noModel = "none"

// features returns what describes pictures by the network of --model; nil for none.
func (c *checkVerb) features() (features func(*raster.Raster) ([]float32, error), release func(), err error) {
	if c.model == noModel {
		return nil, func() {}, nil
	}
	model, err := source.OpenModel(c.App, c.model, "")
	if err != nil {
		return nil, nil, err
	}
	features, closeNetwork, err := check.NetworkFeatures(model.Net, model.Preprocessing, nil)
	if err != nil {
		return nil, nil, err
	}
	return features, func() { _ = closeNetwork() }, nil // the program ends with it
}

// checkInput lists the pictures of a folder.
func checkInput(sets *imagefolder.Sets) check.Input {
	input := check.Input{Root: sets.Root, Classes: sets.Classes}
	split := func(s *imagefolder.Split) string {
		if sets.Validation == nil && sets.Test == nil {
			return "" // there is one part only
		}
		return s.Name
	}
	for _, s := range []*imagefolder.Split{sets.Train, sets.Validation, sets.Test} {
		if s == nil {
			continue
		}
		for _, item := range s.Items {
			input.Items = append(input.Items, check.Item{Path: item.Path, Label: item.Label, Split: split(s)})
		}
	}
	for _, u := range sets.Summary.Unreadable {
		input.Unreadable = append(input.Unreadable, check.Problem{Picture: check.Picture{Path: u.Path, Class: u.Label}, Reason: u.Reason})
	}
	return input
}

// skippedOf are the files that are no pictures. Unreadable ones are a finding.
func skippedOf(sets *imagefolder.Sets) map[string]int {
	skipped := maps.Clone(sets.Summary.Skipped)
	if skipped == nil {
		skipped = map[string]int{}
	}
	delete(skipped, "unreadable")
	return skipped
}

func (c *checkVerb) print(path string, sets *imagefolder.Sets, r *check.Result) error {
	words := []string{terminal.Plural(r.Pictures, "picture") + " in " + printable.Line(filepath.Clean(path))}
	for _, format := range slices.Sorted(maps.Keys(r.Formats)) {
		words = append(words, fmt.Sprintf("%s %s", terminal.Thousands(r.Formats[format]), format))
	}
	fmt.Fprintln(c.Stdout, strings.Join(words, ", "))
	if r.Pictures > 0 {
		s := r.Sizes
		fmt.Fprintf(c.Stdout, "shorter side %d to %d pixels (median %d), longer side %d to %d (median %d)\n", s.Shorter[0], s.Shorter[2], s.Shorter[1], s.Longer[0], s.Longer[2], s.Longer[1])
	}
	skipped := skippedOf(sets)
	for _, why := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(c.Stdout, "skipped: %s %s\n", terminal.Thousands(skipped[why]), why)
	}
	fmt.Fprintln(c.Stdout)
	if err := c.printClasses(r); err != nil {
		return err
	}
	fmt.Fprintln(c.Stdout)
	if len(r.Findings) == 0 {
		fmt.Fprintln(c.Stdout, "Nothing is wrong with these pictures as far as this check can tell.")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(c.Stdout, "%s\n  %s\n", printable.Line(f.Text), f.Advice)
		c.printExamples(examplesOf(r, f.Kind))
	}
	if r.NearIncomplete {
		fmt.Fprintln(c.Stdout, "These pictures are so similar that not all were compared with each other: there may be more near duplicates.")
	}
	if c.model != noModel && r.Compared < r.Pictures {
		fmt.Fprintf(c.Stdout, "The labels of %s pictures were compared.\n", terminal.Thousands(r.Compared))
	}
	return nil
}

// mostClasses is how many classes are listed.
const mostClasses = 50

func (c *checkVerb) printClasses(r *check.Result) error {
	classes := slices.Clone(r.Classes)
	if len(classes) > mostClasses {
		slices.SortStableFunc(classes, func(a, b check.ClassCount) int { return cmp.Compare(a.Pictures, b.Pictures) })
		fmt.Fprintf(c.Stdout, "Of %s classes, these are the %d smallest:\n", terminal.Thousands(len(classes)), mostClasses)
		classes = classes[:mostClasses]
	}
	t := terminal.NewTable(0)
	head := []string{"class", "pictures"}
	if len(r.Splits) > 1 {
		head = append(head, r.Splits...)
	}
	t.Add(head...)
	for _, class := range classes {
		row := []string{class.Class, terminal.Thousands(class.Pictures)}
		for _, n := range class.BySplit[:len(head)-2] {
			row = append(row, terminal.Thousands(n))
		}
		t.Add(row...)
	}
	return t.Write(c.Stdout)
}

// printExamples lists the first lines.
func (c *checkVerb) printExamples(lines []string) {
	n := min(len(lines), c.examples)
	for _, line := range lines[:n] {
		fmt.Fprintf(c.Stdout, "    %s\n", printable.Line(line))
	}
	if more := len(lines) - n; more > 0 && n > 0 {
		fmt.Fprintf(c.Stdout, "    and %s more\n", terminal.Thousands(more))
	}
}

// examplesOf returns a line for each picture or group of a finding.
func examplesOf(r *check.Result, kind check.Kind) (lines []string) {
	problems := func(list []check.Problem) {
		for _, p := range list {
			line := p.Reason
			if !strings.Contains(line, filepath.Base(p.Path)) {
				line = p.Path + " " + line
			}
			lines = append(lines, line)
		}
	}
	pictures := func(list []check.Picture) {
		for _, p := range list {
			lines = append(lines, p.Path)
		}
	}
	groups := func(list []check.Group, wanted func(g check.Group) bool) {
		for _, g := range list {
			if wanted(g) {
				lines = append(lines, groupLine(g))
			}
		}
	}
	splits := func(g check.Group) bool { return g.AcrossSplits }
	classes := func(g check.Group) bool { return g.AcrossClasses }
	neither := func(g check.Group) bool { return !g.AcrossSplits && !g.AcrossClasses }
	switch kind {
	case check.KindUnreadable:
		problems(r.Unreadable)
	case check.KindDamaged:
		problems(r.Damaged)
	case check.KindMisnamed:
		problems(r.Misnamed)
	case check.KindBlank:
		pictures(r.Blank)
	case check.KindSmall:
		pictures(r.Small)
	case check.KindLeak:
		groups(r.Duplicates, splits)
	case check.KindConflict:
		groups(r.Duplicates, classes)
	case check.KindDuplicate:
		groups(r.Duplicates, neither)
	case check.KindNearLeak:
		groups(r.NearDuplicates, splits)
	case check.KindNearConflict:
		groups(r.NearDuplicates, classes)
	case check.KindNearDuplicate:
		groups(r.NearDuplicates, neither)
	case check.KindSuspect:
		for _, s := range r.Suspects {
			lines = append(lines, fmt.Sprintf("%s: %s, or %s? %.0f %% of its neighbours are, such as %s", s.Path, s.Class, s.Suggested, 100*s.Agreement, s.Neighbours[0]))
		}
	}
	return lines
}

// groupLine lists the first pictures of a group.
func groupLine(g check.Group) string {
	const most = 4
	var paths []string
	for _, p := range g.Pictures[:min(len(g.Pictures), most)] {
		paths = append(paths, p.Path)
	}
	line := strings.Join(paths, " = ")
	if more := len(g.Pictures) - most; more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	return line
}
