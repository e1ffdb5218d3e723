package pjrt

import (
	"errors"
	"strings"
	"testing"
	"unsafe"
)

// compiles makes the fake compile programs with two outputs, a tensor<2x3xf32> and a
// scalar of s32, for the first device.
func (f *fake) compiles() {
	f.handlers[clientCompile] = func(args unsafe.Pointer) uintptr {
		a := (*compileArgs)(args)
		code := unsafe.Slice((*byte)(a.program.code), a.program.codeSize)
		if string(code) != "program" || string(unsafe.Slice((*byte)(a.program.format), a.program.formatSize)) != "mlir" {
			return f.error(InvalidArgument, "the program is "+string(code))
		}
		a.executable = f.object(loadedExecutableDestroy)
		return 0
	}
	f.returns(loadedExecutableGetExecutable, func(a *fakeWords) { a.set(f.object(executableDestroy)) })
	f.returns(executableName, func(a *fakeWords) { a.set(f.text("name")) })
	f.returns(loadedExecutableAddressableDevices, func(a *fakeWords) { a.set(f.memory([]uintptr{70})) })
	f.returns(executableNumOutputs, func(a *fakeWords) { a.set(2) })
	types, dims, ranks := []int32{int32(F32), int32(S32)}, []int64{2, 3}, []uintptr{2, 0}
	f.keep = append(f.keep, types, dims)
	f.returns(executableOutputElementTypes, func(a *fakeWords) { a.set(uintptr(unsafe.Pointer(&types[0])), 2) })
	f.returns(executableOutputDimensions, func(a *fakeWords) {
		sizes, _ := f.memory(ranks)
		a.set(2, uintptr(unsafe.Pointer(&dims[0])), sizes)
	})
	f.handlers[loadedExecutableExecute] = func(args unsafe.Pointer) uintptr {
		a := (*executeArgs)(args)
		outputs := unsafe.Slice((*uintptr)(*a.outputs), 2)
		outputs[0], outputs[1] = f.object(bufferDestroy), f.object(bufferDestroy)
		*a.complete = f.object(eventDestroy)
		return 0
	}
}

func TestExecute(t *testing.T) {
	f := newFake()
	f.compiles()
	c := f.client(t)
	if _, err := c.Compile("nonsense", CompileOptions{}); errorText(err) != "pjrt: Client_Compile: invalid argument: the program is nonsense" {
		t.Error(err)
	}
	program, err := c.Compile("program", CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if program.Name() != "name" || len(program.Devices()) != 1 || program.Devices()[0] != c.Devices()[0] {
		t.Errorf("program %s on %v", program.Name(), program.Devices())
	}
	x, err := BufferOf(c.Devices()[0], []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	results, done, err := program.Execute([][]*Buffer{{x, x}}, ExecuteOptions{Keep: []int{1}})
	if err != nil || done[0].Await() != nil {
		t.Fatal(err)
	}
	if got := results[0][0].Shape().String() + " " + results[0][1].Shape().String(); got != "tensor<2x3xf32> tensor<i32>" {
		t.Error(got)
	}
	// Everything is closed in an order that no one would choose.
	c.Close()
	program.Close()
	x.Close()
	results[0][1].Close()
	results[0][0].Close()
	if n := f.left(); n != 0 {
		t.Errorf("%d objects are left: %v", n, f.alive)
	}
	if _, err := program.Run(); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed program: %v", err)
	}
}

func TestExecuteErrors(t *testing.T) {
	f := newFake()
	f.compiles()
	c, other := f.client(t), f.client(t)
	program, err := c.Compile("program", CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := BufferOf(other.Devices()[0], []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	own, err := BufferOf(c.Devices()[0], []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	for want, execute := range map[string]func() error{
		"argument 1 is nil or of another client": func() error { _, err := program.Run(own, foreign); return err },
		"argument 0 is nil or of another client": func() error { _, err := program.Run(nil); return err },
		"the device toy is of another client than the program": func() error {
			_, _, err := program.Execute([][]*Buffer{{}}, ExecuteOptions{Device: other.Devices()[0]})
			return err
		},
		"the device toy is of another client than the buffer": func() error { _, err := own.CopyTo(other.Devices()[0]); return err },
		"arguments for 2 devices, but the program runs on 1": func() error {
			_, _, err := program.Execute([][]*Buffer{{}, {}}, ExecuteOptions{})
			return err
		},
	} {
		if err := execute(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f.fails(loadedExecutableExecute, ResourceExhausted, "full")
	if _, err := program.Run(own); CodeOf(err) != ResourceExhausted {
		t.Error(err)
	}
	// A plugin that contradicts itself.
	f.returns(executableNumOutputs, func(a *fakeWords) { a.set(3) })
	if _, err := c.Compile("program", CompileOptions{}); err == nil || !strings.Contains(err.Error(), "3 outputs, 2 types and 2 shapes") {
		t.Error(err)
	}
	for _, close := range []func(){program.Close, own.Close, foreign.Close, c.Close, other.Close} {
		close()
	}
	if n := f.left(); n != 0 {
		t.Errorf("%d objects are left: %v", n, f.alive)
	}
}
