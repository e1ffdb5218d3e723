package pjrt

import (
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// TestSizes compares the structs with sizeof in C, as a program that includes
// pjrt_c_api.h of version 0.105 prints it.
func TestSizes(t *testing.T) {
	for name, size := range map[string][2]uintptr{
		"PJRT_Api's header":                      {functionsStart, 40},
		"PJRT_NamedValue":                        {unsafe.Sizeof(namedValue{}), 56},
		"PJRT_Client_Create_Args":                {unsafe.Sizeof(clientCreateArgs{}), 88},
		"PJRT_Program":                           {unsafe.Sizeof(program{}), 48},
		"PJRT_Client_Compile_Args":               {unsafe.Sizeof(compileArgs{}), 56},
		"PJRT_Client_BufferFromHostBuffer_Args":  {unsafe.Sizeof(fromHostArgs{}), 120},
		"PJRT_Buffer_MemoryLayout":               {unsafe.Sizeof(memoryLayout{}), 80},
		"PJRT_Buffer_ToHostBuffer_Args":          {unsafe.Sizeof(toHostArgs{}), 56},
		"PJRT_ExecuteOptions":                    {unsafe.Sizeof(executeOptions{}), 120},
		"PJRT_LoadedExecutable_Execute_Args":     {unsafe.Sizeof(executeArgs{}), 80},
		"PJRT_Event_OnReady_Args":                {unsafe.Sizeof(onReadyArgs{}), 40},
		"PJRT_Device_MemoryStats_Args":           {unsafe.Sizeof(memoryStatsArgs{}), 192},
		"PJRT_Executable_GetCompiledMemoryStats": {unsafe.Sizeof(compiledMemoryArgs{}), 144},
	} {
		if size[0] != size[1] {
			t.Errorf("%s has %d bytes, want %d", name, size[0], size[1])
		}
	}
}

func TestVersions(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*fake)
		want   string // "" for no error
	}{
		"oldest":        {func(f *fake) { f.api.minor = MinMinorVersion }, ""},
		"much newer":    {func(f *fake) { f.api.minor = 999 }, ""},
		"too old":       {func(f *fake) { f.api.minor = 30 }, "pjrt: the plugin fake.so implements PJRT 0.30, which has another order of functions: at least 0.57 is needed, take a newer plugin"},
		"other major":   {func(f *fake) { f.api.major = 1; f.api.minor = 2 }, "pjrt: the plugin fake.so implements PJRT 1.2, but this package needs version 0.x: look for a build of the plugin with that version"},
		"no PJRT_Api":   {func(f *fake) { f.api.size = 7 }, "pjrt: GetPjrtApi of fake.so returned a struct of 7 bytes, which is not a PJRT_Api"},
		"garbage":       {func(f *fake) { f.api.size = 1 << 40 }, "pjrt: GetPjrtApi of fake.so returned a struct of 1099511627776 bytes, which is not a PJRT_Api"},
		"does not want": {func(f *fake) { f.fails(pluginInitialize, FailedPrecondition, "no driver\n") }, "fake.so: pjrt: Plugin_Initialize: failed precondition: no driver"},
	} {
		f := newFake()
		test.change(f)
		_, err := newPlugin("fake.so", unsafe.Pointer(&f.api), f.call)
		if got := errorText(err); got != test.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestMissing has a plugin of an older version, whose struct ends earlier, and one that
// leaves a function out.
func TestMissing(t *testing.T) {
	f := newFake()
	f.api.minor = 60
	f.api.size = functionsStart + uintptr(bufferReadyEvent)*wordSize // the first that is missing
	f.api.functions[deviceMemoryStats] = 0
	c := f.client(t)
	b, err := BufferOf(c.Devices()[0], []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Ready()
	if want := "pjrt: the plugin fake.so implements PJRT 0.60, which has no PJRT_Buffer_ReadyEvent"; errorText(err) != want || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %q, want %q", errorText(err), want)
	}
	if _, err := c.Devices()[0].MemoryStats(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("memory statistics: %v", err)
	}
}

func TestErrors(t *testing.T) {
	f := newFake()
	c := f.client(t)
	f.fails(clientBufferFromHostBuffer, ResourceExhausted, "Out of memory allocating 4 bytes")
	_, err := BufferOf(c.Devices()[0], []float32{1})
	var e *Error
	if !errors.As(err, &e) || e.Code != ResourceExhausted || CodeOf(err) != ResourceExhausted {
		t.Errorf("code %v of %v", CodeOf(err), err)
	}
	if want := "pjrt: Client_BufferFromHostBuffer: resource exhausted: Out of memory allocating 4 bytes"; errorText(err) != want {
		t.Errorf("got %q, want %q", errorText(err), want)
	}
	c.Close()
	if n := f.left(); n != 0 {
		t.Errorf("%d objects are left, among them perhaps the error", n)
	}
	if CodeOf(nil) != OK || CodeOf(errors.New("x")) != Unknown || Code(99).String() != "code 99" || OK.String() != "ok" {
		t.Error("codes")
	}
}

func TestDevices(t *testing.T) {
	c := newFake().client(t)
	if c.Platform() != "fake" || c.PlatformVersion() != "1.2" || len(c.Devices()) != 2 {
		t.Errorf("%s %s %v", c.Platform(), c.PlatformVersion(), c.Devices())
	}
	d := c.Devices()[1]
	if d.ID != 1 || d.Addressable || d.Kind != "toy" || d.String() != "toy" || len(c.Addressable()) != 1 {
		t.Errorf("%+v", d)
	}
}

// TestClose closes a client before its buffer.
func TestClose(t *testing.T) {
	f := newFake()
	c := f.client(t)
	b, err := BufferOf(c.Devices()[0], []int32{1, 2}, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if f.count(clientDestroy) != 0 {
		t.Error("the client was destroyed before its buffer")
	}
	if _, err := BufferOf(c.Devices()[0], []int32{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("a buffer of a closed client: %v", err)
	}
	b.Close()
	b.Close()
	if n := f.left(); n != 0 {
		t.Errorf("%d objects are left", n)
	}
	if _, err := b.Ready(); errorText(err) != "pjrt: the buffer is closed" {
		t.Errorf("a closed buffer: %v", err)
	}
	if !b.Deleted() {
		t.Error("a closed buffer is not deleted")
	}
}

// TestCloseInUse closes a buffer during a call.
func TestCloseInUse(t *testing.T) {
	f := newFake()
	b, err := BufferOf(f.client(t).Devices()[0], []int32{1})
	if err != nil {
		t.Fatal(err)
	}
	err = b.h.with(func(uintptr) error {
		b.Close()
		if f.count(bufferDestroy) != 0 {
			t.Error("destroyed during use")
		}
		return nil
	})
	if err != nil || f.count(bufferDestroy) != 1 {
		t.Errorf("%v, destroyed %d times", err, f.count(bufferDestroy))
	}
}

// TestUnreachable forgets everything.
func TestUnreachable(t *testing.T) {
	f := newFake()
	func() {
		c := f.client(t)
		for range 10 {
			if _, _, err := c.Devices()[0].fromHost(make([]byte, 8), Shape{F32, []int{2}}); err != nil {
				t.Fatal(err)
			}
		}
	}()
	for range 100 {
		runtime.GC()
		if f.left() == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d objects are left: %v", f.left(), f.alive)
}

// TestEvent waits for one event from many goroutines and by all means.
func TestEvent(t *testing.T) {
	if !canLoad {
		t.Skip("callbacks need purego")
	}
	f := newFake()
	c := f.client(t)
	f.handlers[eventAwait] = func(unsafe.Pointer) uintptr { return f.error(DataLoss, "lost") }
	var registered []uintptr
	f.handlers[eventOnReady] = func(args unsafe.Pointer) uintptr {
		registered = append(registered, (*onReadyArgs)(args).arg)
		return 0
	}
	e := c.newEvent(f.object(eventDestroy), nil)
	if e.Ready() {
		t.Error("ready: the fake does not say so")
	}
	results := make(chan error, 20)
	e.OnReady(func(err error) { results <- err })
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { results <- e.Await() })
	}
	group.Go(func() { <-e.Done(); results <- e.Await() })
	group.Wait()
	for _, arg := range registered {
		f.mu.Lock()
		failure := f.error(DataLoss, "lost")
		f.mu.Unlock()
		onReady(failure, arg)
	}
	e.OnReady(func(err error) { results <- err })
	for range 13 {
		if err := <-results; CodeOf(err) != DataLoss {
			t.Errorf("result %v", err)
		}
	}
	c.Close()
	if n := f.left(); n != 0 || f.count(eventAwait) != 1 || !e.Ready() {
		t.Errorf("%d objects are left, waited %d times", n, f.count(eventAwait))
	}
}

// TestOptions passes options to a plugin and reads them back as attributes.
func TestOptions(t *testing.T) {
	f := newFake()
	var got Values
	f.handlers[clientCreate] = func(args unsafe.Pointer) uintptr {
		a := (*clientCreateArgs)(args)
		a.client = f.object(clientDestroy)
		got = values(uintptr(unsafe.Pointer(a.options)), a.numOptions)
		return 0
	}
	p := f.plugin(t)
	p.found.Options = Values{"preallocate": false, "allocator": "bfc"}
	options := Values{"text": "abc", "empty": "", "n": 3, "m": int64(-4), "list": []int64{1, 2}, "x": 0.5, "y": float32(1.5), "yes": true, "allocator": nil}
	if _, err := p.NewClient(options); err != nil {
		t.Fatal(err)
	}
	want := Values{"text": "abc", "empty": "", "n": int64(3), "m": int64(-4), "list": []int64{1, 2}, "x": float32(0.5), "y": float32(1.5), "yes": true, "preallocate": false}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	_, err := p.NewClient(Values{"bad": []string{"x"}})
	if errorText(err) != "pjrt: option bad is of type []string: want string, int64, []int64, float32 or bool" {
		t.Error(err)
	}
	f.fails(clientCreate, FailedPrecondition, "No visible GPU devices.")
	p.found.Missing = []string{"libcudnn.so.9"}
	_, err = p.NewClient(nil)
	if errorText(err) != "pjrt: Client_Create: failed precondition: No visible GPU devices. (pip has not installed libcudnn.so.9)" {
		t.Error(err)
	}
}

// TestMarshal compares with bytes that jaxlib 0.10.2 makes of the same options
// (CompileOptions.SerializeAsString; fields that have their default there are not
// written here).
func TestMarshal(t *testing.T) {
	const unset = "08ffffffffffffffffff01" // device_ordinal
	for _, test := range []struct {
		options CompileOptions
		want    string
	}{
		{CompileOptions{}, "1a0f" + unset + "20012801"},
		{CompileOptions{AnyDevice: true}, "1a0f" + unset + "20012801" + "2001"},
		{
			CompileOptions{Replicas: 2, Partitions: 3, SPMD: true, Devices: []int{5, 4, 3, 2, 1, 0}},
			"1a29" + unset + "200228033001" + "4a16080210031a040a0205021a040a0204011a040a020300",
		},
		{
			CompileOptions{Flags: Values{"xla_gpu_deterministic_ops": true, "a": "text", "b": 7, "c": 0.5}},
			"1a0f" + unset + "20012801" +
				"3a0b0a016112060a0474657874" + "3a070a016212021807" + "3a0e0a0163120921000000000000e03f" +
				"3a1f0a19786c615f6770755f64657465726d696e69737469635f6f707312021001",
		},
	} {
		got, err := test.options.Marshal()
		if err != nil || hex.EncodeToString(got) != test.want {
			t.Errorf("%+v:\n got %x, %v\nwant %s", test.options, got, err, test.want)
		}
	}
	for _, bad := range []CompileOptions{
		{Replicas: -1}, {Replicas: 2, Devices: []int{1}}, {AnyDevice: true, Replicas: 2}, {AnyDevice: true, Devices: []int{0}},
		{Flags: Values{"f": []int{1}}},
	} {
		if _, err := bad.Marshal(); err == nil || !strings.HasPrefix(err.Error(), "pjrt: ") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestShapes(t *testing.T) {
	s := Shape{BF16, []int{8, 3, 2}}
	if s.String() != "tensor<8x3x2xbf16>" || s.Len() != 48 || s.Bytes() != 96 {
		t.Errorf("%v %d %d", s, s.Len(), s.Bytes())
	}
	if s := (Shape{Type: F32}); s.String() != "tensor<f32>" || s.Len() != 1 {
		t.Errorf("%v %d", s, s.Len())
	}
	if got := [...]Type{TypeOf[bool](), TypeOf[int8](), TypeOf[int64](), TypeOf[uint8](), TypeOf[uint64](), TypeOf[float32](), TypeOf[complex64](), TypeOf[complex128]()}; got != [...]Type{Pred, S8, S64, U8, U64, F32, C64, C128} {
		t.Error(got)
	}
	if Type(77).String() != "type 77" || Type(77).Size() != 0 || F8E4M3FNUZ.String() != "f8E4M3FNUZ" {
		t.Error("types")
	}
	d := newFake().client(t).Devices()[0]
	if _, err := d.FromHost(make([]byte, 5), Shape{F32, []int{2}}); errorText(err) != "pjrt: 5 bytes for a buffer of tensor<2xf32>, which has 8" {
		t.Error(err)
	}
}
