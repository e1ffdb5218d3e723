package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/viz/diagram/internal/svg"
	"github.com/strideml/stride/zoo"
)

// figures are of each kind.
func figures() map[string]interface{ WriteSVG(io.Writer) error } {
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	k := tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2))
	bars := must(CostBars(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nil))
	boxes := must(VolumesOf(zoo.LeNet(10), tensor.Shape{1, 28, 28}, []string{"0", "2", "3", "5", "7", "9", "11"}, "input", "conv", "pooling"))
	ten := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	labels := Labels{Input: "输入", Kernel: "核函数", Output: "输出 <&>"}
	return map[string]interface{ WriteSVG(io.Writer) error }{
		"correlation": CrossCorrelation{Title: "互相关", Description: "a < b & c", Input: x, Kernel: k, Labels: labels, Sum: true, Window: Window{Pad: [2]int{1, 1}}},
		"frames":      CrossCorrelation{Title: "frames", Input: x, Kernel: k, Labels: labels, At: [][2]int{{0, 0}, {1, 1}}, Partial: true, Width: 760},
		"compact":     CrossCorrelation{Title: "compact", Input: x, Kernel: k, Labels: labels, At: [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, Partial: true, Compact: true, Sum: true},
		"stride":      CrossCorrelation{Title: "stride", Input: x, Kernel: k, Together: true, At: [][2]int{{0, 0}, {1, 1}}, Window: Window{Pad: [2]int{1, 1}, Stride: [2]int{3, 2}}},
		"pooling":     Pooling{Title: "pooling", Input: x, Kernel: [2]int{2, 2}, Labels: labels},
		"channels":    Channels{Title: "channels", Input: tensor.Must(tensor.Stack(0, x, x)), Kernel: tensor.Must(tensor.Stack(0, k, k)), Labels: labels, Channel: "c", Sum: "sum"},
		"bars":        Bars{Title: "bars", Heading: "h", Rows: bars, Columns: []string{"parameters", "multiply-adds"}},
		"stacked":     StackedBars{Title: "stacked", Heading: "h", Names: []string{"input", "convolution 1", "convolution 2", "convolution 3"}, Rows: []StackedBar{{"one", []float64{64}}, {"two", []float64{64, 32, 1}}}},
		"volumes":     Volumes{Title: "volumes", Boxes: boxes},
		"chart":       Chart{Title: "chart", Heading: "h", XLabel: "x", YLabel: "y", Zero: true, Lines: []Line{{Name: "a", X: ten, Y: ten, Dots: true}, {Name: "another one", X: ten[:3], Y: ten[3:6]}, {Name: "third", X: ten[:1], Y: ten[:1]}}},
		"bands":       Chart{Title: "bands", LogX: true, LogY: true, Bands: []Band{{Name: "5–95 %", X: ten, Low: ten, High: ten}}, Lines: []Line{{X: ten, Y: ten, Color: OfColor(Green)}}},
		"ticks":       Chart{Title: "ticks", Ticks: []string{"conv1", "conv2", "fully connected", "d", "e", "f", "g", "h"}, Lines: []Line{{X: ten, Y: ten}}},
		"fields":      Fields{Title: "fields", Picture: tensor.Full(0.5, 28, 28), Boxes: []FieldBox{{"卷积层", image.Rect(-3, 0, 4, 7)}, {"", image.Rect(-100, -100, 100, 100)}}},
		"pyramid":     Pyramid{Title: "pyramid", Input: "input", Layers: []PyramidLayer{{"conv", 3, 1, 2}, {"pooling", 2, 2, 1}}},
		"stack":       Panels{Title: "stack", Rows: [][]Part{{Grid{Values: tensor.New(3, 3, 3), Label: "3 × 3×3", Above: "above", Shading: Signed, Marks: []Mark{{Row: 1, Column: 1, Height: 2, Width: 2, Dashed: true}}}, Sign("→"), Grid{Values: x, Numberless: true, Shading: Picture}}}, Notes: []string{"a note that is wider than its row, so that it has to be broken, once"}},
		"horizontal":  Network{Title: "ResNet", Net: zoo.ResNet(10, zoo.ResNetConfig{}), Input: tensor.Shape{1, 96, 96}, Block: "2.0", Detail: Layers, Horizontal: true, Language: "zh"},
		"bridge":      Network{Title: "bridge", Net: newBridge(), Input: tensor.Shape{1, 8, 8}, Detail: Layers},
		"lenet":       Network{Title: "LeNet", Net: zoo.LeNet(10), Input: tensor.Shape{1, 28, 28}},
		"framed":      Network{Title: "ResNet", Net: zoo.ResNet(10, zoo.ResNetConfig{}), Input: tensor.Shape{1, 96, 96}, Detail: Layers, Frames: map[string]string{"1": "stage 1", "2": "stage 2", "3": "a long name of a stage"}},
		"googlenet":   Network{Title: "GoogLeNet", Net: zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), Input: tensor.Shape{1, 96, 96}, Language: "zh"},
		"inception":   Network{Title: "Inception", Net: zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), Input: tensor.Shape{1, 96, 96}, Block: "2.0", Detail: Layers},
		"resnet":      Network{Title: "ResNet", Net: zoo.ResNet(10, zoo.ResNetConfig{}), Input: tensor.Shape{1, 96, 96}, Detail: Layers},
		"densenet":    Network{Title: "DenseNet", Net: zoo.DenseNet(10, zoo.DenseNetConfig{}), Input: tensor.Shape{1, 96, 96}, Detail: Layers, Language: "zh"},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFilesAreSound(t *testing.T) {
	for name, f := range figures() {
		var b bytes.Buffer
		if err := f.WriteSVG(&b); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if b.Len() > 30_000 {
			t.Errorf("%s has %d bytes", name, b.Len())
		}
		var again bytes.Buffer
		if err := f.WriteSVG(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("%s: other bytes the second time, %v", name, err)
		}
		checkFile(t, name, b.Bytes())
	}
}

var update = flag.Bool("update", false, "write the golden files in testdata")

// The bytes are those of the golden files, on every platform.
func TestGolden(t *testing.T) {
	for _, name := range []string{"correlation", "inception", "chart", "volumes"} {
		var b bytes.Buffer
		if err := figures()[name].WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs from %s; go test -update writes it", name, file)
		}
	}
}

// checkFile checks that an SVG file is well-formed, has a title, no ids, and no class without the svg.Prefix or without a rule.
func checkFile(t *testing.T, name string, file []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(file))
	used, style, first := map[string]bool{}, "", true
	inStyle, titles := false, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if first && e.Name.Local != "svg" {
				t.Errorf("%s begins with %s", name, e.Name.Local)
			}
			first = false
			inStyle = e.Name.Local == "style"
			if e.Name.Local == "title" {
				titles++
			}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "class":
					for _, c := range strings.Fields(a.Value) {
						used[c] = true
					}
				case "id", "href", "style":
					t.Errorf("%s: <%s %s=%q>", name, e.Name.Local, a.Name.Local, a.Value)
				}
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s: <%s %s=%q>", name, e.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.EndElement:
			inStyle = false
		case xml.CharData:
			if inStyle {
				style += string(e)
			}
		}
	}
	if titles != 1 {
		t.Errorf("%s has %d titles", name, titles)
	}
	for c := range used {
		if !strings.HasPrefix(c, svg.Prefix) || !strings.Contains(style, "."+c+"{") {
			t.Errorf("%s: class %s has no rule, or not the svg.Prefix", name, c)
		}
	}
}

func TestErrors(t *testing.T) {
	x := tensor.New(3, 3)
	for what, f := range map[string]interface{ WriteSVG(io.Writer) error }{
		"no title":              CrossCorrelation{Input: x, Kernel: tensor.New(2, 2)},
		"a large kernel":        CrossCorrelation{Title: "t", Input: x, Kernel: tensor.New(4, 4)},
		"no kernel":             CrossCorrelation{Title: "t", Input: x},
		"a position outside":    CrossCorrelation{Title: "t", Input: x, Kernel: tensor.New(2, 2), At: [][2]int{{2, 0}}},
		"a control character":   CrossCorrelation{Title: "t", Input: x, Kernel: tensor.New(2, 2), Labels: Labels{Input: "a\x01"}},
		"NaN":                   Panels{Title: "t", Rows: [][]Part{{Grid{Values: tensor.Full(float32(math.NaN()), 2, 2)}}}},
		"a grid of four axes":   Panels{Title: "t", Rows: [][]Part{{Grid{Values: tensor.New(1, 1, 2, 2)}}}},
		"no parts":              Panels{Title: "t"},
		"nil":                   Panels{Title: "t", Rows: [][]Part{{nil}}},
		"channels that differ":  Channels{Title: "t", Input: tensor.New(2, 3, 3), Kernel: tensor.New(3, 2, 2)},
		"no network":            Network{Title: "t"},
		"an input of two axes":  Network{Title: "t", Net: zoo.LeNet(10), Input: tensor.Shape{1, 28}},
		"a block that is not":   Network{Title: "t", Net: zoo.LeNet(10), Input: tensor.Shape{1, 28, 28}, Block: "77"},
		"lines that differ":     Chart{Title: "t", Lines: []Line{{X: []float64{1}, Y: nil}}},
		"bands that differ":     Chart{Title: "t", Bands: []Band{{X: []float64{1}, Low: nil, High: []float64{1}}}},
		"a band of NaN":         Chart{Title: "t", Bands: []Band{{X: []float64{1}, Low: []float64{math.NaN()}, High: []float64{1}}}},
		"no points":             Chart{Title: "t", LogY: true, Lines: []Line{{X: []float64{1}, Y: []float64{0}}}},
		"no bars":               Bars{Title: "t"},
		"a negative bar":        Bars{Title: "t", Rows: []Bar{{Values: []float64{-1}}}},
		"rows that differ":      Bars{Title: "t", Rows: []Bar{{Values: []float64{1}}, {Values: []float64{1, 2}}}},
		"no stacked bars":       StackedBars{Title: "t"},
		"a negative part":       StackedBars{Title: "t", Rows: []StackedBar{{"", []float64{1, -1}}}},
		"a box of two axes":     Volumes{Title: "t", Boxes: []Volume{{Shape: tensor.Shape{1, 2}}}},
		"no boxes":              Volumes{Title: "t"},
		"fields over nothing":   Fields{Title: "t"},
		"no layers":             Pyramid{Title: "t"},
		"a window of 0":         Pyramid{Title: "t", Layers: []PyramidLayer{{}}},
		"a huge window":         Pyramid{Title: "t", Layers: []PyramidLayer{{Kernel: 61}}},
		"pooling over nothing":  Pooling{Title: "t", Input: x},
		"a writer that is full": failing{Panels{Title: "t", Rows: [][]Part{{Sign("+")}}}},
	} {
		if err := f.WriteSVG(io.Discard); err == nil {
			t.Errorf("%s is no error", what)
		}
	}
}

// failing writes to a writer that is full.
type failing struct{ Panels }

func (f failing) WriteSVG(io.Writer) error { return f.Panels.WriteSVG(full{}) }

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }
