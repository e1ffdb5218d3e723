package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train"
)

type evalVerb struct {
	*app
	data, net, split string
	batch, limit     int
	confusion, json  bool
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

The data are those that the run was trained with unless --data names others.`,
		Example: `  stride eval runs/20260501-120000-lenet
  stride eval runs/quick --confusion
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
	addNet(cmd, &e.net)
	addBatch(flags, &e.batch, "images computed at once")
	e.compute.addFlags(cmd)
	flags.BoolVar(&e.json, "json", false, "print one JSON object")
	return cmd
}

func addNet(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "net", "", "`network` of a model file that does not name its own")
	if err := cmd.RegisterFlagCompletionFunc("net", completeNets(0, false)); err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

func (e *evalVerb) run(ctx context.Context, path string) error {
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
	result, err := train.Evaluate(ctx, model.Net, set, train.EvalConfig{
		BatchSize: e.batch, Device: device, OnBatch: func(done, total int) {
			e.live.draw(func(width int) string {
				return progressLine(width, "testing", float64(done)/float64(total), fmt.Sprintf("%s of %s images", thousands(done), thousands(total)))
			})
		},
	})
	e.live.clear()
	if err != nil {
		return err
	}
	if e.json {
		return writeJSON(e.stdout, newEvalReport(model, dataName(images), e.split, result))
	}
	_, err = fmt.Fprintf(e.stdout, "%s from %s on %s %s images of %s\naccuracy %.4f   loss %.4f   %s images/s\n\n%s",
		printable.Line(model.Spec.Title), printable.Line(filepath.Clean(path)), thousands(result.Images), splitName(e.split), printable.Line(dataTitle(images)),
		result.Accuracy, result.Loss, thousands(int(result.ImagesPerSecond)), result.Confusion.Report())
	if err == nil && e.confusion {
		_, err = fmt.Fprintf(e.stdout, "\n%s", result.Confusion)
	}
	return err
}

func splitName(split string) string {
	if split == "train" {
		return "training"
	}
	return split
}

// evalReport is an evaluation as JSON.
type evalReport struct {
	Model           string        `json:"model"`
	Net             string        `json:"net"`
	Data            string        `json:"data"`
	Split           string        `json:"split"`
	Images          int           `json:"images"`
	Accuracy        float64       `json:"accuracy"`
	Loss            *float64      `json:"loss"`
	ImagesPerSecond float64       `json:"images_per_second"`
	Seconds         float64       `json:"seconds"`
	Classes         []classReport `json:"classes"`
	// Confusion has a row for each label and a column for each prediction.
	Confusion [][]int `json:"confusion"`
}

type classReport struct {
	Class     string  `json:"class"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Images    int     `json:"images"`
}

func newEvalReport(model *modelfolder.Model, data, split string, e *train.Evaluation) evalReport {
	report := evalReport{
		Model: model.Path, Net: model.Spec.Name, Data: data, Split: split, Images: e.Images,
		Accuracy: e.Accuracy, Loss: finite(e.Loss), ImagesPerSecond: e.ImagesPerSecond, Seconds: e.Seconds,
	}
	report.Classes, report.Confusion = classReports(e.Confusion)
	return report
}

func classReports(m *metrics.ConfusionMatrix) (classes []classReport, counts [][]int) {
	for i, name := range m.Classes() {
		classes = append(classes, classReport{name, m.Precision(i), m.Recall(i), m.F1(i), m.Support(i)})
		row := make([]int, len(m.Classes()))
		for j := range row {
			row[j] = m.Count(i, j)
		}
		counts = append(counts, row)
	}
	return classes, counts
}
