package cpu_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"image"
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/check"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/data/raster"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/accelerator"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/explain"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/serve"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/diagnose"
)

func TestDefault(t *testing.T) {
	var none *cpu.Device
	if d := cpu.Default(); cpu.OrDefault(nil) != d || cpu.OrDefault(none) != d || cpu.OrDefault(d) != d {
		t.Error("a nil device is not the default")
	}
	own := cpu.New(cpu.Options{Threads: 1})
	defer own.Close()
	if cpu.OrDefault(own) != own {
		t.Error("a device is replaced by the default")
	}
	if err := errors.Join(none.Close(), cpu.Default().Close()); err != nil || none.Threads() != cpu.Default().Threads() || none.Description() != cpu.Default().Description() {
		t.Errorf("a nil *Device has %d threads, %s; %v", none.Threads(), none.Description(), err)
	}
	g := graph.New()
	x := g.Input("x", 2)
	y, err := engine.Run(cpu.Default(), engine.Feeds{x: tensor.Full(3, 2)}, graph.Add(x, x))
	if err != nil || !y[0].Equal(tensor.Full(6, 2)) {
		t.Errorf("after Close: %v, %v", y, err)
	}
}

// A case calls one function, or sets one field, with a device.
type deviceCase struct {
	call func(engine.Device) error
	// want is the error for nil, "" if nil means cpu.Default.
	want string
}

func deviceCases(t *testing.T) map[string]deviceCase {
	labels := make([]int, 12)
	for i := range labels {
		labels[i] = i % 3
	}
	set, err := data.NewImages(make([]uint8, 12*16), labels, tensor.Shape{1, 4, 4}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{BatchSize: 6, Shuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	m, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3), nn.ReLU()), tensor.Shape{1, 4, 4}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pictures := check.Input{Root: t.TempDir(), Classes: set.Classes()}
	for i := range 12 {
		name := fmt.Sprintf("%d.png", i)
		var b bytes.Buffer
		picture := image.NewGray(image.Rect(0, 0, 8+i, 8))
		picture.Pix[i] = 255
		if err := errors.Join(png.Encode(&b, picture), os.WriteFile(filepath.Join(pictures.Root, name), b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		pictures.Items = append(pictures.Items, check.Item{Path: name, Label: i % 3})
	}
	x, y := tensor.Full(1, 6, 1, 4, 4), tensor.New(6)
	g := graph.New()
	in := g.Input("x", 2)
	out := graph.Neg(in)
	return map[string]deviceCase{
		"engine.Run": {
			call: func(d engine.Device) error { _, err := engine.Run(d, engine.Feeds{in: tensor.New(2)}, out); return err },
			want: "there is no device to run the graph: pass one, such as cpu.Default() of package engine/cpu",
		},
		"accelerator.Check": {
			call: accelerator.Check,
			want: "a small program fails: there is no device to run the graph: pass one, such as cpu.Default() of package engine/cpu",
		},
		"engine.Replicator.Replicate": {call: func(d engine.Device) error {
			p, err := cpu.New(cpu.Options{Threads: 1}).Compile(g, out)
			if err != nil {
				return err
			}
			defer p.Close()
			q, err := p.(engine.Replicator).Replicate(d)
			if err == nil {
				err = q.Close()
			}
			return err
		}},
		"engine.Batcher.AnyBatch": {call: func(d engine.Device) error {
			p, err := cpu.New(cpu.Options{Threads: 1}).Compile(g, out)
			if err != nil {
				return err
			}
			defer p.Close()
			q, _, err := p.(engine.Batcher).AnyBatch(d)
			if err == nil {
				err = q.Close()
			}
			return err
		}},
		"cpu.OrDefault":        {call: func(d engine.Device) error { cpu.OrDefault(d).Name(); return nil }},
		"nn.Model.Predict":     {call: func(d engine.Device) error { _, err := m.Predict(d, x); return err }},
		"nn.Model.WarmUp":      {call: func(d engine.Device) error { return m.WarmUp(d, 1, 2) }},
		"nn.Model.Activations": {call: func(d engine.Device) error { _, err := m.Activations(d, x, "1"); return err }},
		"train.NewMinimizer": {call: func(d engine.Device) error {
			step := train.NewMinimizer(d, nil, m.Parameters(), func(x, y *graph.Node) *graph.Node { return nn.CrossEntropyLoss(m.Forward(x, nn.Train), y) })
			_, err := step.Run(0.1, x, y)
			return err
		}},
		"train.NewStepper": {call: func(d engine.Device) error {
			_, _, err := train.NewStepper(m, d, nil).Run(&data.Batch{Images: x, Labels: y}, 0, 0.1)
			return err
		}},
		"train.InferenceMemory": {call: func(d engine.Device) error { _, err := train.InferenceMemory(m, d, 2); return err }},
		"train.RunMemory":       {call: func(d engine.Device) error { _, err := train.RunMemory(m, d, 2); return err }},
		"train.Config.Device": {call: func(d engine.Device) error {
			_, err := train.Fit(t.Context(), m, set, set, train.Config{Epochs: 1, BatchSize: 6, LearningRate: 0.1, Device: d})
			return err
		}},
		"train.EvalConfig.Device": {call: func(d engine.Device) error {
			_, err := train.Evaluate(t.Context(), m, set, train.EvalConfig{Device: d})
			return err
		}},
		"diagnose.FindNonFinite": {call: func(d engine.Device) error { _, err := diagnose.FindNonFinite(m, d, nil, x, y, 0); return err }},
		"diagnose.DeadReLUs":     {call: func(d engine.Device) error { _, err := diagnose.DeadReLUs(m, d, x); return err }},
		"diagnose.NewDeadCounter": {call: func(d engine.Device) error {
			c, err := diagnose.NewDeadCounter(m, d, 1)
			if err != nil {
				return err
			}
			return c.Close()
		}},
		"diagnose.NewGradientProbe": {call: func(d engine.Device) error {
			p, err := diagnose.NewGradientProbe(m, d, nil, 1, tensor.Shape{1})
			if err != nil {
				return err
			}
			return p.Close()
		}},
		"d2l.EvaluateAccuracy": {call: func(d engine.Device) error { _, err := d2l.EvaluateAccuracy(t.Context(), m, loader, d); return err }},
		"d2l.TrainCh6": {call: func(d engine.Device) error {
			_, err := d2l.TrainCh6(t.Context(), m, loader, loader, 1, 0.1, d, &d2l.Animator{Out: t.Output()})
			return err
		}},
		"check.NetworkFeatures": {call: func(d engine.Device) error {
			_, release, err := check.NetworkFeatures(m, preprocess.Config{InputSize: m.Input()}, d)
			if err != nil {
				return err
			}
			return release()
		}},
		"check.Config.Device": {call: func(d engine.Device) error {
			features := func(picture *raster.Raster) ([]float32, error) {
				return []float32{float32(picture.Width), 1}, nil
			}
			_, err := check.Run(t.Context(), pictures, check.Config{Device: d, Features: features})
			return err
		}},
		"classify.Options.Device": {call: func(d engine.Device) error {
			model := &modelfolder.Model{Net: m, Classes: set.Classes(), Preprocessing: preprocess.Config{InputSize: m.Input()}}
			c, err := classify.New(model, classify.Options{Device: d})
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Predict(t.Context(), image.NewGray(image.Rect(0, 0, 4, 4)), 1)
			return err
		}},
		"explain.Options.Device": {call: func(d engine.Device) error {
			model := &modelfolder.Model{Net: m, Classes: set.Classes(), Preprocessing: preprocess.Config{InputSize: m.Input()}}
			e, err := explain.New(model, explain.Options{Device: d})
			if err != nil {
				return err
			}
			defer e.Close()
			_, err = e.Gradient(t.Context(), tensor.New(1, 1, 4, 4), explain.Predicted)
			return err
		}},
		"serve.Options.Device": {call: func(d engine.Device) error {
			models, err := serve.NewModels(serve.Options{Device: d})
			if err != nil {
				return err
			}
			defer models.Close()
			model := &modelfolder.Model{Net: m, Classes: set.Classes(), Preprocessing: preprocess.Config{InputSize: m.Input()}}
			if err := models.Add("m", model); err != nil {
				return err
			}
			request := httptest.NewRequest("POST", "/v2/models/m/infer",
				strings.NewReader(`{"inputs":[{"name":"images","shape":[1,1,4,4],"datatype":"FP32","data":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}]}`))
			answer := httptest.NewRecorder()
			serve.Handler(models, serve.HandlerOptions{}).ServeHTTP(answer, request)
			if answer.Code != http.StatusOK {
				return fmt.Errorf("status %d: %s", answer.Code, answer.Body)
			}
			return nil
		}},
	}
}

// Everything exported that takes an engine.Device takes nil for cpu.Default, or says
// why it cannot.
func TestNilDevice(t *testing.T) {
	cases := deviceCases(t)
	for name, c := range cases {
		for kind, device := range map[string]engine.Device{"nil": nil, "a nil *cpu.Device": (*cpu.Device)(nil), "cpu.Default()": cpu.Default()} {
			want := c.want
			if device != nil { // a nil *cpu.Device finds the default by itself
				want = ""
			}
			err := c.call(device)
			if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
				t.Errorf("%s with %s: error %v, want %q", name, kind, err, want)
			}
		}
	}
	for _, name := range takersOfDevices(t) {
		if _, ok := cases[name]; !ok {
			t.Errorf("%s takes an engine.Device, and this test does not try it with nil", name)
		}
	}
}

// takersOfDevices lists the exported functions, methods and fields of the module's
// public packages that take an engine.Device.
func takersOfDevices(t *testing.T) (names []string) {
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch base := e.Name(); {
		case err != nil:
			return err
		case e.IsDir() && (slices.Contains([]string{"internal", "cmd", "bench", "examples", "enginetest", "testdata", "tools"}, base) || path != root && strings.HasPrefix(base, ".")):
			return filepath.SkipDir
		case filepath.Ext(base) != ".go" || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil || file.Name.Name == "main" {
			return err
		}
		names = append(names, takersIn(file)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func takersIn(file *ast.File) (names []string) {
	pkg := file.Name.Name
	takes := func(list *ast.FieldList) bool {
		return slices.ContainsFunc(list.List, func(f *ast.Field) bool { return isDevice(f.Type, pkg) })
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name, public := d.Name.Name, d.Name.IsExported()
			if d.Recv != nil {
				of := d.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				receiver, ok := of.(*ast.Ident)
				if !ok {
					continue
				}
				name, public = receiver.Name+"."+name, public && receiver.IsExported()
			}
			if public && takes(d.Type.Params) {
				names = append(names, pkg+"."+name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
					names = append(names, takersInType(pkg, s, takes)...)
				}
			}
		}
	}
	return names
}

// takersInType lists the fields of a struct and the methods of an interface.
func takersInType(pkg string, s *ast.TypeSpec, takes func(*ast.FieldList) bool) (names []string) {
	var members *ast.FieldList
	switch kind := s.Type.(type) {
	case *ast.StructType:
		members = kind.Fields
	case *ast.InterfaceType:
		members = kind.Methods
	default:
		return nil
	}
	for _, f := range members.List {
		function, ok := f.Type.(*ast.FuncType)
		if !isDevice(f.Type, pkg) && !(ok && takes(function.Params)) {
			continue
		}
		for _, name := range f.Names {
			if name.IsExported() {
				names = append(names, pkg+"."+s.Name.Name+"."+name.Name)
			}
		}
	}
	return names
}

// isDevice reports whether a type is engine.Device, or a slice or variadic list of it.
func isDevice(e ast.Expr, pkg string) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		return ok && x.Name == "engine" && e.Sel.Name == "Device"
	case *ast.Ident:
		return pkg == "engine" && e.Name == "Device"
	case *ast.ArrayType:
		return isDevice(e.Elt, pkg)
	case *ast.Ellipsis:
		return isDevice(e.Elt, pkg)
	}
	return false
}
