package modelfolder

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/internal/printable"
	"github.com/strideml/stride/metrics"
)

// A Card is what a model card says that the model does not know of itself. All
// fields may be empty.
type Card struct {
	// License is the licence of the weights as an SPDX identifier, such as
	// "apache-2.0".
	License string
	// Command is the command that made the model.
	Command string
	// Versions name the programs that did, such as "stride v0.2.0".
	Versions []string
	// Split names the images of Confusion, such as "validation".
	Split string
	// Confusion is the confusion matrix of the weights on these images.
	Confusion *metrics.ConfusionMatrix
	// Notes is Markdown that is added at the end.
	Notes string
}

// readme returns the content of README.md: the front matter that the Hugging Face
// Hub reads, and a text for people.
func (m *Model) readme() string {
	var b strings.Builder
	b.WriteString("---\ntags:\n- image-classification\n")
	if m.hasTimm() {
		b.WriteString("- timm\n")
	}
	b.WriteString("- stride\npipeline_tag: image-classification\n")
	if m.hasTimm() {
		b.WriteString("library_name: timm\n")
	}
	if m.Card.License != "" {
		fmt.Fprintf(&b, "license: %s\n", yaml(m.Card.License))
	}
	b.WriteString("---\n\n")
	what := m.Spec.Title
	if m.Data != "" {
		what += " on " + m.Data
	}
	fmt.Fprintf(&b, "# %s\n\n%s. It tells %s apart: %s.\n", markdown(what), strings.TrimSuffix(markdown(m.Spec.Doc), "."), counted(len(m.Classes), "class", "classes"), m.classList())
	m.writeTraining(&b)
	m.writeMetrics(&b)
	fmt.Fprintf(&b, "\n## Input\n\n`%v`: see `pretrained_cfg` in config.json.\n", m.Preprocessing.WithDefaults())
	b.WriteString("\n## Use\n\n    stride predict FOLDER picture.jpg\n")
	if m.hasTimm() {
		b.WriteString("\n```python\nmodel = timm.create_model(\"local-dir:FOLDER\", pretrained=True).eval()\n" +
			"transform = timm.data.create_transform(**timm.data.resolve_data_config(model=model))\n```\n")
		if m.Preprocessing.Invert {
			b.WriteString("\ntimm does not invert pictures, which this model needs: do it before the transform.\n")
		}
	}
	b.WriteString("\n## Licence\n\n")
	if m.Card.License != "" {
		b.WriteString("The weights: " + markdown(m.Card.License) + ".\n")
	} else {
		b.WriteString("None is stated. Before you publish the weights, add one, as `license:` above too; it depends on the pictures and on the weights that training started from.\n")
	}
	if m.Card.Notes != "" {
		b.WriteString("\n" + strings.TrimSpace(m.Card.Notes) + "\n")
	}
	return b.String()
}

// writeTraining says where the weights come from.
func (m *Model) writeTraining(b *strings.Builder) {
	type line struct{ what, value string }
	var lines []line
	add := func(what, value string) {
		if value != "" {
			lines = append(lines, line{what, value})
		}
	}
	add("Data", markdown(m.Data))
	if m.Run != nil {
		s, h := m.Run.Settings, m.Run.History
		images := fmt.Sprintf("%d for training", s.TrainImages)
		if s.TestImages > 0 {
			images += fmt.Sprintf(", %d for the test after each epoch", s.TestImages)
		}
		add("Images", images)
		add("Epochs", fmt.Sprintf("%d of %d", len(h.Rows), s.Epochs))
		settings := fmt.Sprintf("%s, batch size %d, learning rate %v, seed %d", s.Optimizer, s.BatchSize, s.LearningRate, s.Seed)
		if s.Augment != "" {
			settings += ", augmentation " + s.Augment
		}
		add("Settings", markdown(settings))
		if m.Choice == Best {
			add("Weights", fmt.Sprintf("of epoch %d, the best one", m.Epoch))
		}
		if last := h.Last(); len(h.Rows) > 0 && !math.IsNaN(last.TestAccuracy) {
			add("Test accuracy", fmt.Sprintf("%.4f after the last epoch", last.TestAccuracy))
		}
	}
	if m.Card.Command != "" {
		add("Command", code(m.Card.Command))
	}
	add("Versions", markdown(strings.Join(m.Card.Versions, ", ")))
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n## Training\n\n")
	for _, l := range lines {
		fmt.Fprintf(b, "- %s: %s\n", l.what, l.value)
	}
}

// writeMetrics writes a row of precision, recall and F1 for each class.
func (m *Model) writeMetrics(b *strings.Builder) {
	c := m.Card.Confusion
	if c == nil || c.Total() == 0 {
		return
	}
	split := m.Card.Split
	if split == "" {
		split = "test"
	}
	fmt.Fprintf(b, "\n## Metrics\n\nAccuracy %.4f on %s.\n\n| class | precision | recall | F1 | images |\n|---|---|---|---|---|\n",
		c.Accuracy(), counted(c.Total(), markdown(split)+" image", markdown(split)+" images"))
	for i, name := range c.Classes() {
		fmt.Fprintf(b, "| %s | %.3f | %.3f | %.3f | %d |\n", markdown(name), c.Precision(i), c.Recall(i), c.F1(i), c.Support(i))
	}
}

// classList names the classes, some of them if there are many.
func (m *Model) classList() string {
	const most = 20
	var names []string
	for _, name := range m.Classes[:min(len(m.Classes), most)] {
		names = append(names, markdown(name))
	}
	list := strings.Join(names, ", ")
	if more := len(m.Classes) - most; more > 0 {
		list += fmt.Sprintf(" and %d more, see labels.txt", more)
	}
	return list
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// markdown escapes a text of one line that may hold anything.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range printable.Line(s) {
		if strings.ContainsRune("\\`*_[]<>|#&~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code is a text of one line as a code span, which may hold backquotes.
func code(s string) string {
	s = printable.Line(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// yaml is a text of one line as a YAML scalar; JSON's strings are such.
func yaml(s string) string {
	plain := s != "" && !slices.Contains([]string{"null", "true", "false", "yes", "no"}, strings.ToLower(s))
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		plain = plain && (letter || i > 0 && (r >= '0' && r <= '9' || r == '-' || r == '.'))
	}
	if plain {
		return s
	}
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
