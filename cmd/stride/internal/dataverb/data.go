// Package dataverb is the verb data: it lists, downloads, shows and checks datasets.
package dataverb

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/internal/rng"
)

// Command returns the command data.
func Command(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List, download, show and check datasets",
		Example: `  stride data list
  stride data get fashion-mnist
  stride data show --count 60 --out sheet.png
  stride data check photos
  stride data index photos`,
		RunE: command.VerbRequired,
	}
	cmd.AddCommand(dataListCommand(a), dataGetCommand(a), dataShowCommand(a), dataCheckCommand(a), dataIndexCommand(a))
	return cmd
}

// datasetInfo is a dataset as JSON.
type datasetInfo struct {
	Name        string   `json:"name"`
	TrainImages int      `json:"train_images"`
	TestImages  int      `json:"test_images"`
	Shape       []int    `json:"shape"`
	Classes     []string `json:"classes"`
	Source      string   `json:"source"`
	Sample      bool     `json:"sample"`
}

func dataListCommand(a *command.App) *cobra.Command {
	asJSON, dir := false, ""
	cmd := &cobra.Command{
		Use:   "list [folder]",
		Short: "List the datasets and where their files are, or the images of a folder by class",
		Long: `List the datasets and where their files are. With a folder, list how many images of
each class it has for training, validation and test, and what is left out: photos in
a folder for each class, in train/val/test or not; a CSV file with the columns path,
label and, if wanted, split; or the files of MNIST or CIFAR.`,
		Example: "  stride data list\n  stride data list photos\n  stride data list --json",
		Args:    command.AtMostOne("folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if cmd.Flags().Changed("data") {
					return command.Misuse("--data cannot be combined with the folder %s", terminal.QuoteIfNeeded(args[0]))
				}
				return listFolder(a, cmd.Context(), args[0], asJSON)
			}
			var lines []string
			set, err := fashionmnist.Load(cmd.Context(), fashionmnist.Options{Dir: dir, Log: func(line string) { lines = append(lines, line) }})
			if err != nil {
				return err
			}
			for _, line := range lines {
				if !set.Sample { // of which the table tells
					a.Notice(line)
				}
			}
			info := datasetInfo{
				set.Name, set.Train.Len(), set.Test.Len(), set.Train.ImageShape(), set.Train.Classes(), set.Source, set.Sample,
			}
			if asJSON {
				return terminal.WriteJSON(a.Stdout, info)
			}
			t := terminal.NewTable(0, 3, 5)
			t.Add("dataset", "training", "test", "images", "classes", "where")
			t.Add(info.Name, terminal.Thousands(info.TrainImages), terminal.Thousands(info.TestImages), set.Train.ImageShape().String(), fmt.Sprint(len(info.Classes)), info.Source)
			if err := t.Write(a.Stdout); err != nil || !set.Sample {
				return err
			}
			_, err = fmt.Fprintf(a.Stdout, "\nThis is a part of it; all 70,000 images come with: %s data get %s\n", terminal.Program(), source.FashionMNIST)
			return err
		},
	}
	source.AddData(cmd, &dir, "`folder` with the dataset's files, or \"sample\" for the embedded sample; by default they are searched for")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a dataset")
	return cmd
}

func dataGetCommand(a *command.App) *cobra.Command {
	asJSON, dir := false, ""
	cmd := &cobra.Command{
		Use:   "get <dataset>",
		Short: "Download a dataset and check it",
		Long: `Fetch those files of a dataset that are not there yet, check their sizes and hashes,
and keep them in the user's cache folder, where train and eval look. What an
interrupted transfer left is used.

Datasets: ` + strings.Join(source.Datasets, ", "),
		Example:           "  stride data get fashion-mnist\n  stride data get fashion-mnist --dir ~/datasets/fashion-mnist",
		Args:              command.OneArg("the name of a dataset: " + terminal.OrList(source.Datasets)),
		ValidArgsFunction: cobra.FixedCompletions(source.Datasets, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownDataset(args[0]); err != nil {
				return err
			}
			where := dir
			if where == "" {
				var err error
				if where, err = fashionmnist.CacheDir(); err != nil {
					return fmt.Errorf("%w: name a folder with --dir", err)
				}
			}
			if err := fashionmnist.Download(cmd.Context(), where, source.DownloadProgress(a)); err != nil {
				return fmt.Errorf("get %s: %w", args[0], err)
			}
			a.Live.Clear()
			if asJSON {
				return terminal.WriteJSON(a.Stdout, map[string]string{"name": args[0], "source": where})
			}
			_, err := fmt.Fprintf(a.Stdout, "%s is in %s\n", source.FashionMNISTTitle, printable.Line(where))
			return err
		},
	}
	command.AddPlace(cmd.Flags(), &dir, "dir", "`folder` to put the files into (default: the user's cache folder)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func knownDataset(name string) error {
	for _, known := range source.Datasets {
		if name == known {
			return nil
		}
	}
	hint := command.DidYouMean(name, source.Datasets)
	if hint == "" {
		hint = " (known: " + strings.Join(source.Datasets, ", ") + ")"
	}
	return command.Misuse("unknown dataset %s%s", terminal.QuoteIfNeeded(name), hint)
}

type showVerb struct {
	*command.App
	data, split, out string
	count, columns   int
	versions         int
	augment          command.AugmentFlag
	seed             uint64
	json             bool
}

func dataShowCommand(a *command.App) *cobra.Command {
	s := &showVerb{App: a, split: "train", count: 60, versions: 7}
	cmd := &cobra.Command{
		Use:   "show [dataset|folder]",
		Short: "Draw a contact sheet of a dataset's images",
		Long: `Draw images of a dataset with their classes into a PNG file: the first ones, or
with --seed some that are drawn at random. With --augment there is a row for each
image: as it is, and as training sees it in one epoch after the other (stride help
train says what words there are).

Of a folder, such as stride data list reads, the first images of each class are drawn.`,
		Example: `  stride data show photos --split validation
  stride data show --out sheet.png
  stride data show fashion-mnist --split test --count 100 --seed 1
  stride data show --augment hflip,crop=28:4,jitter=0.3 --count 6 --versions 9
  stride data show photos --augment strong`,
		Args:              command.AtMostOne("dataset"),
		ValidArgsFunction: cobra.FixedCompletions(source.Datasets, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			folder := ""
			if len(args) > 0 && !slices.Contains(source.Datasets, args[0]) {
				if !source.LooksLikePath(args[0]) {
					return knownDataset(args[0])
				}
				folder = args[0]
			}
			augmented := len(s.augment.Pipeline) > 0
			switch {
			case folder != "" && given("data"):
				return command.Misuse("--data cannot be combined with the folder %s", terminal.QuoteIfNeeded(folder))
			case folder == "" && s.split == "validation":
				return command.Misuse("--split validation is for folders: %s has training and test images", source.FashionMNIST)
			case given("versions") && !augmented:
				return command.Misuse("--versions is for --augment")
			case given("columns") && augmented:
				return command.Misuse("--columns cannot be combined with --augment: --versions says how long a row is")
			case augmented && !given("count"):
				s.count = 8
			}
			if !strings.EqualFold(filepath.Ext(s.out), ".png") {
				return command.Misuse("--out %s: want the name of a .png file", terminal.QuoteIfNeeded(s.out))
			}
			if folder != "" {
				if !given("out") {
					s.out = "photos.png"
				}
				return s.showFolder(cmd.Context(), folder, given("seed"))
			}
			return s.run(cmd.Context(), given("seed"))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	s.out = source.FashionMNIST + ".png"
	command.AddPlace(flags, &s.out, "out", "PNG `file` to write; photos.png for a folder")
	source.AddData(cmd, &s.data, "`folder` with the dataset's files, or \"sample\" for the embedded sample")
	command.AddChoice(cmd, &s.split, "split", "`part` of the images: train, test or, of a folder, validation", "train", "validation", "test")
	flags.Var(command.Count(&s.count, 1, 5000), "count", "how many images; 8 with --augment")
	flags.Var(command.Count(&s.columns, 0, 1000), "columns", "images in a row; 0 chooses a number")
	flags.Var(&s.augment, "augment", "show augmented versions of the images: `words` such as hflip,crop=28:4")
	flags.Var(command.Count(&s.versions, 1, 100), "versions", "how many versions of an image to show with --augment")
	command.AddSeed(flags, &s.seed, "random seed with which images are drawn (default: the first ones)")
	flags.BoolVar(&s.json, "json", false, "print one JSON object")
	return cmd
}

func (s *showVerb) run(ctx context.Context, random bool) error {
	set, err := source.LoadData(s.App, ctx, s.data)
	if err != nil {
		return err
	}
	images := source.Part(set, s.split)
	items := make([]int, min(s.count, images.Len()))
	for i := range items {
		items[i] = i
	}
	if random {
		copy(items, rng.New(s.seed, "data show").Perm(images.Len()))
	}
	sheet, err := s.sheet(images, items)
	if err != nil {
		return err
	}
	return s.write(sheet, len(items), source.DataName(set), source.DataTitle(set))
}

// write writes the sheet, and says what it shows.
func (s *showVerb) write(sheet image.Image, images int, name, title string) error {
	if err := atomicfile.WriteFile(s.out, func(w io.Writer) error { return png.Encode(w, sheet) }); err != nil {
		return err
	}
	if s.json {
		return terminal.WriteJSON(s.Stdout, map[string]any{"file": s.out, "images": images, "split": s.split, "data": name})
	}
	_, err := fmt.Fprintf(s.Stdout, "%s shows %s of %s\n", printable.Line(s.out), terminal.Plural(images, source.SplitName(s.split)+" image"), printable.Line(title))
	return err
}

// sheet draws the images.
func (s *showVerb) sheet(images data.Dataset, items []int) (image.Image, error) {
	if p := s.augment.Pipeline; len(p) > 0 {
		if err := p.Check(images.ImageShape()); err != nil {
			return nil, fmt.Errorf("--augment %v: images of %v: %w", p, images.ImageShape(), err)
		}
		return augment.Sheet(images, items, p, s.versions, s.seed)
	}
	pictures, titles := make([]image.Image, len(items)), make([]string, len(items))
	for i, item := range items {
		picture, label, err := data.Picture(images, item)
		if err != nil {
			return nil, err
		}
		pictures[i], titles[i] = picture, images.Classes()[label]
	}
	return data.ContactSheet(pictures, titles, data.SheetConfig{Columns: s.columns})
}
