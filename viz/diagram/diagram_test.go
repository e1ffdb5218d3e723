package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// counting are figures of each kind, small enough to be looked at as text.
func figures() map[string]interface{ WriteSVG(io.Writer) error } {
	x := tensor.Must(tensor.Arange(0, 9, 1).Reshape(3, 3))
	k := tensor.Must(tensor.Arange(0, 4, 1).Reshape(2, 2))
	labels := Labels{Input: "输入", Kernel: "核函数", Output: "输出 <&>"}
	return map[string]interface{ WriteSVG(io.Writer) error }{
		"correlation": CrossCorrelation{Title: "互相关", Description: "a < b & c", Input: x, Kernel: k, Labels: labels, Sum: true, Window: Window{Pad: [2]int{1, 1}}},
		"frames":      CrossCorrelation{Title: "frames", Input: x, Kernel: k, Labels: labels, At: [][2]int{{0, 0}, {1, 1}}, Partial: true, Width: 760},
		"stride":      CrossCorrelation{Title: "stride", Input: x, Kernel: k, Together: true, At: [][2]int{{0, 0}, {1, 1}}, Window: Window{Pad: [2]int{1, 1}, Stride: [2]int{3, 2}}},
		"pooling":     Pooling{Title: "pooling", Input: x, Kernel: [2]int{2, 2}, Labels: labels},
		"channels":    Channels{Title: "channels", Input: tensor.Must(tensor.Stack(0, x, x)), Kernel: tensor.Must(tensor.Stack(0, k, k)), Labels: labels, Channel: "c", Sum: "sum"},
		"lenet":       Network{Title: "LeNet", Net: zoo.LeNet(10), Input: tensor.Shape{1, 28, 28}},
		"googlenet":   Network{Title: "GoogLeNet", Net: zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), Input: tensor.Shape{1, 96, 96}, Language: "zh"},
		"inception":   Network{Title: "Inception", Net: zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), Input: tensor.Shape{1, 96, 96}, Block: "2.0", Detail: Layers},
		"resnet":      Network{Title: "ResNet", Net: zoo.ResNet(10, zoo.ResNetConfig{}), Input: tensor.Shape{1, 96, 96}, Detail: Layers},
		"densenet":    Network{Title: "DenseNet", Net: zoo.DenseNet(10, zoo.DenseNetConfig{}), Input: tensor.Shape{1, 96, 96}, Detail: Layers, Language: "zh"},
	}
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

// checkFile checks that an SVG file is well-formed, has a title, no ids, and no class without the prefix or without a rule.
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
		if !strings.HasPrefix(c, prefix) || !strings.Contains(style, "."+c+"{") {
			t.Errorf("%s: class %s has no rule, or not the prefix", name, c)
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
