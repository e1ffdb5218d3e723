package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/train"
)

type evalVerb struct {
	*app
	data, net, split string
	batch, limit     int
	confusion, json  bool
	report           reportFlag
	compute          compute
}

func (a *app) evalCommand() *cobra.Command {
	e := &evalVerb{app: a, batch: 256, split: "test"}
	cmd := &cobra.Command{
		Use:   "eval <run|model>",
		Short: "Measure a trained network: accuracy, loss, a report for each class",
		Long: `Measure a trained network on the test images: accuracy, mean loss, and for each class
precision (which share of the images predicted as this class belong to it), recall
(which share of its images were predicted as it) and F1 (the harmonic mean of both).

A page with all numbers, curves and the worst mistakes as pictures is written into the
run folder as report.html, or wherever --report says; it replaces the page before. The
page of a model that is no run is only written with --report.

The data are those that the run was trained with unless --data names others.`,
		Example: `  stride eval runs/20260501-120000-lenet
  stride eval runs/quick --confusion
  stride eval runs/quick --split train --report training.html
  stride eval model.safetensors --net lenet --data sample --json`,
		Args:              oneArg("a run folder or a model file"),
		ValidArgsFunction: nil, // files
		RunE:              func(cmd *cobra.Command, args []string) error { return e.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	addData(cmd, &e.data, "`folder` with the dataset's files, or \"sample\" for the embedded sample (default: the run's)")
	addChoice(cmd, &e.split, "split", "`part` of the images: test or train", "test", "train")
	flags.Var(&count{&e.limit, 0, 1 << 30}, "limit", "use only the first `n` images")
	flags.BoolVar(&e.confusion, "confusion", false, "print the confusion matrix: which classes are predicted as which")
	flags.Var(&e.report, "report", "HTML `file` to write the report to, or none (default: report.html in the run folder)")
	addNet(cmd, &e.net)
	addBatch(flags, &e.batch, "images computed at once")
	e.compute.addFlags(cmd)
	flags.BoolVar(&e.json, "json", false, "print one JSON object")
	return cmd
}

// addNet adds the flag for the network of a model file. A file that names another
// one is refused.
func addNet(cmd *cobra.Command, value *string) {
	cmd.Flags().Var(&netFlag{value}, "net", "`network` of a model file that does not name its own")
	if err := cmd.RegisterFlagCompletionFunc("net", completeNets(0, false)); err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

func (e *evalVerb) run(ctx context.Context, path string) error {
	if err := e.compute.check(); err != nil {
		return err
	}
	model, err := e.openModel(path, e.net)
	if err != nil {
		return err
	}
	e.noticeUnfinished(model.Run)
	if e.data == "" && model.Run != nil {
		e.data = model.Run.Settings.Options["data"]
	}
	images, err := e.loadData(ctx, e.data)
	if err != nil {
		return err
	}
	set, err := view(part(images, e.split), model.Net.Input(), e.limit)
	if err != nil {
		return err
	}
	if !model.Preprocessing.Equal(preprocess.Plain(model.Net.Input())) {
		set = prepared{set, model.Preprocessing}
	}
	device, release, err := e.compute.open()
	if err != nil {
		return err
	}
	defer release()
	collector, err := metrics.NewCollector(set.Classes(), metrics.CollectorConfig{})
	if err != nil {
		return err
	}
	result, err := train.Evaluate(ctx, model.Net, set, train.EvalConfig{
		BatchSize: e.batch, Device: device, OnScores: collector.AddLogits, OnBatch: func(done, total int) {
			e.live.draw(func() progress {
				return progress{"testing", float64(done) / float64(total), []string{fmt.Sprintf("%s of %s images", thousands(done), thousands(total))}}
			})
		},
	})
	e.live.clear()
	if err != nil {
		return err
	}
	summary := collector.Summary()
	written, unwritten := e.writeReport(model, images, summary)
	if e.json {
		return errors.Join(writeJSON(e.stdout, newEvalReport(model, dataName(images), e.split, result, summary, written)), unwritten)
	}
	_, err = fmt.Fprintf(e.stdout, "%s from %s on %s %s images of %s\naccuracy %.4f   loss %.4f   %s images/s\n%s\n\n%s",
		printable.Line(model.Spec.Title), printable.Line(filepath.Clean(path)), thousands(result.Images), splitName(e.split), printable.Line(dataTitle(images)),
		result.Accuracy, result.Loss, thousands(int(result.ImagesPerSecond)), summaryLine(summary), result.Confusion.Report())
	if err == nil && e.confusion {
		_, err = fmt.Fprintf(e.stdout, "\n%s", result.Confusion)
	}
	if err == nil && written != "" {
		_, err = fmt.Fprintf(e.stdout, "\nThe report is %s\n", printable.Line(written))
	}
	return errors.Join(err, unwritten)
}

func splitName(split string) string {
	if split == "train" {
		return "training"
	}
	return split
}
