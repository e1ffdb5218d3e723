// Package evalverb is the verb eval.
package evalverb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/runfolder"
)

type evalVerb struct {
	*command.App
	data, split, weights string
	model                modelfolder.Options
	batch, limit         int
	batchGiven           bool
	confusion, json      bool
	report               reportFlag
	compute              command.Compute

	mu sync.Mutex // for the live line and notices while pictures are read
}

// photoBatch is how many photos are computed at once unless --batch says otherwise.
const photoBatch = 32

// Command returns the command eval.
func Command(a *command.App) *cobra.Command {
	e := &evalVerb{App: a, batch: 256}
	cmd := &cobra.Command{
		Use:   "eval <run|model|network>",
		Short: "Measure a trained network: accuracy, loss, a report for each class",
		Long: `Measure a trained network: accuracy, mean loss, and for each class precision (which
share of the images predicted as this class belong to it), recall (which share of its
images were predicted as it) and F1 (the harmonic mean of both).

A page with all numbers, curves and the worst mistakes as pictures is written into the
run folder as report.html, or wherever --report says; it replaces the page before. The
page of a model that is no run is only written with --report.

The data are those that the run was trained with unless --data names others: a folder
of photos with a folder for each class, a CSV file with the columns path and label, or
the files of a dataset. The classes of photos must be among those of the model. The
images measured are those of the test split, of photos without one those of the
validation split, and otherwise all. Of a run that has chosen a best epoch, the weights
are those of that epoch.`,
		Example: `  stride eval runs/20260501-120000-lenet
  stride eval runs/quick --confusion
  stride eval runs/birds --data more-birds --split all
  stride eval efficientnet-lite0 --data imagenet/val --report report.html
  stride eval runs/quick --split train --report training.html
  stride eval model.safetensors --net lenet --data sample --json`,
		Args:              command.OneArg("a run folder, a model file or a network"),
		ValidArgsFunction: nil, // files
		RunE: func(cmd *cobra.Command, args []string) error {
			e.batchGiven = cmd.Flags().Changed("batch")
			return e.run(cmd.Context(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	source.AddData(cmd, &e.data, "`folder` with photos or a dataset's files, a CSV file, or \"sample\" for the embedded sample (default: the run's)")
	command.AddChoice(cmd, &e.split, "split", "`part` of the images: train, validation, test or all (default: see above)", source.TrainSplit, source.ValidationSplit, source.TestSplit, source.AllSplits)
	command.AddChoice(cmd, &e.weights, "weights", "`weights` of a run: best or last (default: best, where a run has chosen a best epoch)", string(modelfolder.Best), string(modelfolder.Last))
	flags.Var(command.Count(&e.limit, 0, 1<<30), "limit", "use only the first `n` images, of photos n from all classes")
	flags.BoolVar(&e.confusion, "confusion", false, "print the confusion matrix: which classes are predicted as which")
	flags.Var(&e.report, "report", "HTML `file` to write the report to, or none (default: report.html in the run folder)")
	source.AddModel(cmd, &e.model)
	source.AddPictures(cmd, &e.model.Preprocessing, "")
	command.AddBatch(flags, &e.batch, fmt.Sprintf("images computed at once; photos: %d unless given", photoBatch))
	e.compute.AddFlags(e.App, cmd)
	flags.BoolVar(&e.json, "json", false, "print one JSON object")
	return cmd
}

func (e *evalVerb) run(ctx context.Context, path string) error {
	if err := e.compute.Check(); err != nil {
		return err
	}
	e.model.Weights = modelfolder.Choice(e.weights)
	model, err := source.OpenModelWith(e.App, path, e.model)
	if err != nil {
		return err
	}
	source.NoticeUnfinished(e.App, model.Run)
	images, err := e.openData(ctx, model)
	if err != nil {
		return err
	}
	result, summary, err := e.measure(ctx, model, images)
	if err != nil {
		return err
	}
	written, unwritten := e.writeReport(model, images, summary)
	if e.json {
		return errors.Join(terminal.WriteJSON(e.Stdout, newEvalReport(model, images, result, summary, written)), unwritten)
	}
	return errors.Join(e.print(model, images, result, summary, written), unwritten)
}

// measure computes the scores of all images. Where an image cannot be read the loader
// puts another one in its place, which must not count twice.
func (e *evalVerb) measure(ctx context.Context, model *modelfolder.Model, images *evalData) (*train.Evaluation, *metrics.Summary, error) {
	device, release, err := e.compute.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	collector, err := metrics.NewCollector(images.set.Classes(), metrics.CollectorConfig{})
	if err != nil {
		return nil, nil, err
	}
	batch := e.batch
	if images.photos && !e.batchGiven {
		batch = photoBatch
	}
	seen := make([]bool, images.set.Len())
	result, err := train.Evaluate(ctx, model.Net, images.set, train.EvalConfig{
		BatchSize: batch, Device: device,
		OnScores: func(item int, logits []float32, label int) error {
			if seen[item] {
				return nil
			}
			seen[item] = true
			return collector.AddLogits(item, logits, label)
		},
		OnBatch: func(done, total int) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.Live.Draw(func() terminal.Progress {
				return terminal.Progress{Head: "testing", Share: float64(done) / float64(total), Fields: []string{fmt.Sprintf("%s of %s images", terminal.Thousands(done), terminal.Thousands(total))}}
			})
		},
	})
	e.Live.Clear()
	if err != nil {
		return nil, nil, err
	}
	summary := collector.Summary()
	if summary.Images < result.Images {
		result.Images, result.Accuracy, result.Loss, result.Confusion = summary.Images, summary.Accuracy, summary.LogLoss, summary.Confusion
	}
	return result, summary, nil
}

// note is notice, for goroutines that read pictures.
func (e *evalVerb) note(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Notice(line)
}

func (e *evalVerb) print(model *modelfolder.Model, images *evalData, result *train.Evaluation, summary *metrics.Summary, written string) error {
	weights := weightsText(model)
	if weights != "" {
		weights = "weights of " + weights + "\n"
	}
	_, err := fmt.Fprintf(e.Stdout, "%s from %s on %s %s of %s\n%saccuracy %.4f   loss %.4f   %s images/s\n%s\n\n%s",
		printable.Line(model.Spec.Title), printable.Line(filepath.Clean(model.Path)), terminal.Thousands(result.Images), images.measured(), printable.Line(images.title), weights,
		result.Accuracy, result.Loss, terminal.Thousands(int(result.ImagesPerSecond)), summaryLine(summary), result.Confusion.Report())
	if err == nil && e.confusion {
		_, err = fmt.Fprintf(e.Stdout, "\n%s", result.Confusion)
	}
	if err == nil && written != "" {
		_, err = fmt.Fprintf(e.Stdout, "\nThe report is %s\n", printable.Line(written))
	}
	return err
}

// weightsText says which weights of a run that has chosen a best epoch were measured;
// "" for other models.
func weightsText(model *modelfolder.Model) string {
	run := model.Run
	switch {
	case run == nil || run.History.BestEpoch == 0:
		return ""
	case model.Choice == modelfolder.Best:
		return fmt.Sprintf("epoch %d of %d, the best by %s", model.Epoch, len(run.History.Rows), bestBy(run.Settings))
	}
	return fmt.Sprintf("epoch %d, the last; the best by %s is %d", model.Epoch, bestBy(run.Settings), run.History.BestEpoch)
}

// bestBy is the metric that the best epoch is chosen by. A training on photos is tested
// with the validation images.
func bestBy(s runfolder.Settings) string {
	return validated(s, string(s.Best))
}

// validated calls the images validation images that a run calls test images, in a text
// that begins with a metric.
func validated(s runfolder.Settings, text string) string {
	if rest, ok := strings.CutPrefix(text, "test "); ok && s.Options["photos"] != "" {
		return "validation " + rest
	}
	return text
}
