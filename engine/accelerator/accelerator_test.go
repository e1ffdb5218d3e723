package accelerator

import (
	"errors"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A fake drives devices that are given.
type fake struct {
	devices []engine.Device // nil for one that cannot be opened
	err     error           // of Count
	counted int
	opened  []int
}

var errBroken = errors.New("the fan is broken")

func (f *fake) Count() (int, error) {
	f.counted++
	return len(f.devices), f.err
}

func (f *fake) Open(i int) (engine.Device, error) {
	f.opened = append(f.opened, i)
	if f.devices[i] == nil {
		return nil, errBroken
	}
	return f.devices[i], nil
}

// A wrong device is another one that adds a little to a result.
type wrong struct{ engine.Device }

type wrongProgram struct{ engine.Program }

func (w wrong) Compile(g *graph.Graph, outputs ...*graph.Node) (engine.Program, error) {
	p, err := w.Device.Compile(g, outputs...)
	return wrongProgram{p}, err
}

func (p wrongProgram) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	err := p.Program.Run(feeds, outputs)
	outputs[0].Data()[0] += 0.1
	return err
}

// without has the drivers of one test alone.
func without(t *testing.T) {
	t.Helper()
	all, open := drivers.all, drivers.open
	drivers.all, drivers.open = nil, nil
	t.Cleanup(func() { drivers.all, drivers.open = all, open })
}

func TestNone(t *testing.T) {
	without(t)
	if n, err := Count(); n != 0 || err != nil {
		t.Errorf("%d accelerators, %v", n, err)
	}
	for _, i := range []int{-1, 0, 1} {
		if d, err := Open(i); d != nil || !errors.Is(err, ErrNone) {
			t.Errorf("accelerator %d: %v, %v", i, d, err)
		}
	}
}

func TestOpen(t *testing.T) {
	without(t)
	good, other := cpu.Default(), reference.New()
	late := &fake{devices: []engine.Device{other}}
	early := &fake{devices: []engine.Device{good, nil, wrong{good}}}
	Register("zeta", late)
	Register("alpha", early)
	Register("middle", &fake{err: errBroken})
	if n, err := Count(); n != 4 || !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "middle: ") {
		t.Errorf("%d accelerators, %v", n, err)
	}
	for range 2 { // the second time, nothing is opened
		for i, want := range []engine.Device{good, nil, nil, other} {
			d, err := Open(i)
			if d != want || (want == nil) != (err != nil) {
				t.Errorf("accelerator %d: %v, %v", i, d, err)
			}
			if i == 1 && !errors.Is(err, errBroken) || i == 2 && !strings.Contains(err.Error(), "accelerator 2 (alpha): a small program computes") {
				t.Errorf("accelerator %d: %v", i, err)
			}
		}
	}
	if _, err := Open(4); !errors.Is(err, ErrNone) || !errors.Is(err, errBroken) {
		t.Errorf("accelerator 4 of 4: %v", err)
	}
	if early.counted != 1 || len(early.opened) != 3 || len(late.opened) != 1 || late.opened[0] != 0 {
		t.Errorf("counted %d times, opened %v and %v", early.counted, early.opened, late.opened)
	}
}

func TestRegisterPanics(t *testing.T) {
	without(t)
	Register("one", &fake{})
	for name, d := range map[string]Driver{"one": &fake{}, "two": nil} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Register of %q with driver %v does not panic", name, d)
				}
			}()
			Register(name, d)
		}()
	}
}

func TestCheck(t *testing.T) {
	for _, d := range []engine.Device{reference.New(), cpu.Default()} {
		if err := Check(d); err != nil {
			t.Errorf("%s: %v", d.Name(), err)
		}
	}
	if err := Check(wrong{cpu.Default()}); err == nil {
		t.Error("a device that computes wrong passes")
	}
}

// The values that Check compares are not so small that any would do.
func TestCheckValues(t *testing.T) {
	values, err := checkStep(reference.New())
	if err != nil {
		t.Fatal(err)
	}
	if values[0] < 10*checkTolerance {
		t.Errorf("the loss is %v", values[0])
	}
}
