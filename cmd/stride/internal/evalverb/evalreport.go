package evalverb

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/strideml/stride/cmd/stride/internal/command"
	"github.com/strideml/stride/cmd/stride/internal/source"
	"github.com/strideml/stride/cmd/stride/internal/terminal"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/metrics"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/train/runfolder"
	"github.com/strideml/stride/viz/report"
)

// reportName is the report's name in a run folder.
const reportName = "report.html"

// noReport is the word in place of a file that keeps eval from writing a report.
const noReport = "none"

// reportFlag is a flag for the HTML file of a report, or none.
type reportFlag string

func (f *reportFlag) String() string { return string(*f) }
func (f *reportFlag) Type() string   { return "file" }

func (f *reportFlag) Set(s string) error {
	if ext := filepath.Ext(s); s != noReport && !strings.EqualFold(ext, ".html") && !strings.EqualFold(ext, ".htm") {
		return errors.New("want the name of an .html file, or none")
	}
	*f = reportFlag(s)
	return nil
}

// writeReport writes the report and returns its file; "" if none was to be written.
// Nobody has asked for the one in the run folder: it is left out, with a notice,
// while another process writes that folder, and where the folder cannot be written.
func (e *evalVerb) writeReport(model *modelfolder.Model, images *evalData, summary *metrics.Summary) (string, error) {
	path := string(e.report)
	switch {
	case path == noReport:
		return "", nil
	case path != "":
		return path, report.WriteFile(path, e.reportPage(model, images, summary))
	case model.Run == nil:
		return "", nil
	}
	path = filepath.Join(model.Run.Dir, reportName)
	// A training that begins meanwhile takes away files that are not whole yet, this one
	// among them: then the folder is in use, or was until now.
	var err error
	for range 3 {
		if err = runfolder.CheckFree(model.Run.Dir); err == nil {
			err = report.WriteFile(path, e.reportPage(model, images, summary))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, runfolder.ErrInUse), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Notice(fmt.Sprintf("There is no report: %v. --report FILE writes it to another place.", err))
		return "", nil
	}
	return "", err
}

// reportPage gathers what the report tells.
func (e *evalVerb) reportPage(model *modelfolder.Model, images *evalData, summary *metrics.Summary) report.Page {
	v := command.NewVersion()
	p := report.Page{
		Title: fmt.Sprintf("%s on %s", model.Spec.Title, images.title), Created: time.Now(),
		Measured: images.measured(), Result: summary, Splits: images.splits, Data: images.facts, Model: modelFacts(model),
		Picture: images.picture, Name: images.itemName,
		Versions: []report.Fact{
			{Name: "Stride", Value: v.Version}, {Name: "Revision", Value: v.Revision}, {Name: "Go", Value: v.Go},
			{Name: "Platform", Value: v.Platform}, {Name: "Engine", Value: v.Engine},
		},
	}
	if v.Revision == "" {
		p.Versions = slices.Delete(p.Versions, 1, 2)
	}
	if run := model.Run; run != nil {
		p.History, p.Settings = run.History, report.SettingsOf(run.Settings)
		if run.Settings.Options["photos"] != "" {
			p.Tested = source.ValidationSplit
			for i, f := range p.Settings {
				if f.Name == "Test images" {
					p.Settings[i].Name = "Validation images"
				}
				p.Settings[i].Value = validated(run.Settings, f.Value)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(run.Settings.Options)) {
			if value := run.Settings.Options[name]; name != "photos" && name != "fingerprint" && name != "command" { // these are no flags
				p.Settings = append(p.Settings, report.Fact{Name: "--" + name, Value: value})
			}
		}
	}
	return p
}

func modelFacts(model *modelfolder.Model) []report.Fact {
	parameters := 0
	for _, p := range model.Net.Parameters() {
		parameters += p.Value.Size()
	}
	facts := []report.Fact{
		{Name: "Network", Value: model.Spec.Name},
		{Name: "Weights", Value: model.WeightsFile},
		{Name: "Parameters", Value: terminal.Thousands(parameters)},
		{Name: "Input", Value: model.Net.Input().String()},
		{Name: "Preprocessing", Value: model.Preprocessing.String()},
	}
	if run := model.Run; run != nil {
		done := fmt.Sprintf("%d of %d", len(run.History.Rows), run.Settings.Epochs)
		if !run.Finished {
			done += ": unfinished"
		}
		facts = append(facts, report.Fact{Name: "Epochs done", Value: done})
		if weights := weightsText(model); weights != "" {
			facts = append(facts, report.Fact{Name: "Weights of", Value: weights})
		}
	}
	return facts
}

// splitOf counts the images of each class.
func splitOf(name string, set *data.Images) report.Split {
	s := report.Split{Name: name, Images: set.Len(), Counts: make([]int, len(set.Classes()))}
	for i := range set.Len() {
		s.Counts[set.Label(i)]++
	}
	return s
}
