package report

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"image"
	"io"
	"slices"
	"strings"
	"time"

	_ "embed"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/train/runfolder"
)

// A Page is what a report tells. Only Result is required: a section of which
// nothing is known is left out.
type Page struct {
	// Title is the heading, such as "LeNet on Fashion-MNIST".
	Title string
	// Created is when the model was measured.
	Created time.Time
	// Measured names the images that Result was measured on: "test images".
	Measured string
	// Result is what was measured.
	Result *metrics.Summary
	// History is what the training has done; nil if it is not known.
	History *runfolder.History
	// Tested names the images that the training was tested with after each epoch, as
	// History has it: "validation"; "" means "test".
	Tested string
	// Splits are the parts of the data set.
	Splits []Split
	// Data, Model, Settings and Versions are facts, in the order in which they are
	// shown; SettingsOf makes those of a run.
	Data, Model, Settings, Versions []Fact
	// Picture returns the picture of an item, a metrics.Mistake.Item; nil if there
	// are none. An error stands in place of that picture.
	Picture func(item int) (image.Image, error)
	// Name returns the name of an item, such as the path of its file; nil stands for
	// its number.
	Name func(item int) string
}

// A Fact is a name with its value.
type Fact struct{ Name, Value string }

// A Split is a part of a data set.
type Split struct {
	// Name is "training", "validation" or "test".
	Name string
	// Images is the number of images.
	Images int
	// Counts has the number of images of each class; nil if it is not known.
	Counts []int
}

// Limits of a report.
const (
	maxThumbnails  = 100
	thumbnailSize  = 192 // pixels
	maxClassRows   = 50
	maxMatrixTable = 20  // classes, as a table of numbers
	maxMatrix      = 100 // classes, as a picture
	maxPairs       = 20
)

// SettingsOf returns the settings of a run as facts; of those that a run need not have,
// the ones that it has.
func SettingsOf(s runfolder.Settings) []Fact {
	facts := []Fact{
		{"Epochs", fmt.Sprint(s.Epochs)},
		{"Batch size", fmt.Sprint(s.BatchSize)},
		{"Learning rate", fmt.Sprint(s.LearningRate)},
		{"Schedule", cmp.Or(string(s.Schedule), "constant")},
		{"Optimizer", s.Optimizer},
		{"Augmentation", cmp.Or(s.Augment, "none")},
		{"Seed", fmt.Sprint(s.Seed)},
		{"Training images", thousands(s.TrainImages)},
		{"Test images", thousands(s.TestImages)},
		{"Engine", s.Device},
	}
	add := func(name, value string) {
		if value != "" && value != "0" {
			facts = append(facts, Fact{name, value})
		}
	}
	add("Mixed images", s.Mix)
	add("Frozen", s.Freeze)
	add("Batches an update", fmt.Sprint(s.Accumulate))
	add("Average of the weights", s.EMA)
	add("Label smoothing", fmt.Sprint(s.LabelSmoothing))
	if len(s.ClassWeights) > 0 {
		add("Class weights", fmt.Sprint(s.ClassWeights))
	}
	add("Best epoch by", string(s.Best))
	add("Early stop", s.EarlyStop)
	add("Learning rate on a plateau", s.Plateau)
	return facts
}

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"commas": thousands, "percent": percent, "ratio": ratioText, "style": func() template.CSS { return template.CSS(styleCSS) },
}).Parse(pageHTML))

// Write writes the report. It is an error if there is no Result or w fails.
// Pictures that cannot be read are no error.
func Write(w io.Writer, p Page) error {
	v, err := newView(p)
	if err != nil {
		return err
	}
	return page.Execute(w, v)
}

// WriteFile writes the report into a file, which is replaced as a whole or stays
// as it was.
func WriteFile(path string, p Page) error {
	v, err := newView(p)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error { return page.Execute(w, v) })
}

// A view is a page as the template shows it.
type view struct {
	Page
	Tiles     []tile
	Remarks   []string
	Charts    []chart
	Rows      []runfolder.Row
	Classes   classTable
	Matrix    matrix
	Pairs     []pair
	Bins      []binRow
	Diagram   reliabilityDiagram
	Mistakes  []mistake
	AllWrong  int // images predicted wrong, shown or not
	DataClass dataTable
}

func newView(p Page) (*view, error) {
	if p.Result == nil || p.Result.Confusion == nil {
		return nil, errors.New("report: there is no result")
	}
	if p.Title == "" {
		p.Title = "Classifier"
	}
	if p.Measured == "" {
		p.Measured = "images"
	}
	p.Title, p.Measured, p.Tested = printable.Line(p.Title), printable.Line(p.Measured), printable.Line(cmp.Or(p.Tested, "test"))
	for _, facts := range []*[]Fact{&p.Data, &p.Model, &p.Settings, &p.Versions} {
		*facts = slices.Clone(*facts) // the caller's stay as they are
		for i, f := range *facts {
			(*facts)[i] = Fact{printable.Line(f.Name), printable.Line(f.Value)}
		}
	}
	p.Splits = slices.Clone(p.Splits)
	for i, s := range p.Splits {
		p.Splits[i].Name = printable.Line(s.Name)
	}
	names := classNames(p.Result)
	v := &view{Page: p, AllWrong: p.Result.Images - hits(p.Result.Confusion)}
	v.Tiles = tiles(p.Result)
	v.Remarks = remarks(p, names)
	if p.History != nil {
		v.Charts, v.Rows = charts(p.History, p.Tested), thin(p.History.Rows)
	}
	v.Classes = newClassTable(p.Result, names)
	v.Matrix = newMatrix(p.Result.Confusion, names)
	for _, c := range p.Result.Confusion.MostConfused(maxPairs) {
		v.Pairs = append(v.Pairs, pair{names[c.Label], names[c.Predicted], c.Count, c.Share, c.Share * 100})
	}
	if p.Result.Reliability != nil {
		v.Diagram, v.Bins = newReliabilityDiagram(p.Result.Reliability)
	}
	v.Mistakes = mistakes(p, names)
	v.DataClass = newDataTable(p.Splits, names)
	return v, nil
}

// classNames returns the names of the classes as one line of visible characters;
// a class without a name has its number.
func classNames(s *metrics.Summary) []string {
	names := make([]string, len(s.Confusion.Classes()))
	for i, name := range s.Confusion.Classes() {
		names[i] = printable.Line(name)
		if strings.TrimSpace(names[i]) == "" {
			names[i] = fmt.Sprint(i)
		}
	}
	return names
}

func hits(m *metrics.ConfusionMatrix) int {
	n := 0
	for i := range m.Classes() {
		n += m.Count(i, i)
	}
	return n
}
