package pjrt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/pjrt"
)

// testClient connects to the plugin that $STRIDE_PJRT names.
func testClient(t testing.TB, options pjrt.Values) *pjrt.Client {
	t.Helper()
	path := os.Getenv("STRIDE_PJRT")
	if path == "" {
		t.Skip("$STRIDE_PJRT names no plugin")
	}
	plugin, err := pjrt.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := plugin.NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

const addModule = `module @add {
  func.func public @main(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<f32>) {
    %sum = stablehlo.add %x, %y : tensor<2x3xf32>
    %zero = stablehlo.constant dense<0.0> : tensor<f32>
    %total = stablehlo.reduce(%sum init: %zero) applies stablehlo.add across dimensions = [0, 1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<f32>
    return %sum, %total : tensor<2x3xf32>, tensor<f32>
  }
}`

func TestProgram(t *testing.T) {
	client := testClient(t, nil)
	program, err := client.Compile(addModule, pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if got := fmt.Sprintf("%s %v %d", program.Name(), program.Outputs(), len(program.Devices())); got != "add [tensor<2x3xf32> tensor<f32>] 1" {
		t.Errorf("the program is %s", got)
	}
	checkAdd(t, program)
	memory, err := program.Memory()
	if err != nil && !unsupported(err) || err == nil && (memory.Arguments != 48 || memory.Outputs < 28 || memory.Total() < 76) {
		t.Errorf("memory %+v, %v", memory, err)
	}
	fingerprint, err := program.Fingerprint()
	if err != nil && !unsupported(err) || err == nil && fingerprint == "" {
		t.Errorf("fingerprint %q, %v", fingerprint, err)
	}
	cost, err := program.Cost()
	if flops, _ := cost["flops"].(float32); err != nil && !unsupported(err) || err == nil && (flops < 11 || flops > 12) {
		t.Errorf("cost %v, %v", cost, err)
	}
}

// checkAdd runs addModule.
func checkAdd(t *testing.T, program *pjrt.Executable) {
	t.Helper()
	x, err := pjrt.BufferOf(program.Devices()[0], []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	results, err := program.Run(x, x)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := pjrt.Read[float32](results[0])
	if want := []float32{2, 4, 6, 8, 10, 12}; err != nil || !slices.Equal(sum, want) {
		t.Errorf("sum %v, %v; want %v", sum, err, want)
	}
	total, err := pjrt.Read[float32](results[1])
	if err != nil || total[0] != 42 {
		t.Errorf("total %v, %v; want 42", total, err)
	}
}

func unsupported(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || pjrt.CodeOf(err) == pjrt.Unimplemented
}

func TestPlugin(t *testing.T) {
	client := testClient(t, nil)
	p := client.Plugin()
	if v := p.Version(); v.Major != pjrt.MajorVersion || v.Minor < pjrt.MinMinorVersion {
		t.Errorf("version %v", v)
	}
	attributes, err := p.Attributes()
	if v, _ := attributes["stablehlo_current_version"].([]int64); err != nil || len(v) != 3 || v[0] < 1 {
		t.Errorf("attributes %v, %v", attributes, err)
	}
	again, err := pjrt.Load(p.Path())
	if err != nil || again != p {
		t.Errorf("loaded twice: %v", err)
	}
	for _, d := range client.Devices() {
		if d.Client() != client || d.Kind == "" || d.String() == "" {
			t.Errorf("device %+v", d)
		}
		m, err := d.MemoryStats()
		if err != nil && !unsupported(err) || err == nil && m.InUse < 0 {
			t.Errorf("memory %+v, %v", m, err)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	testClient(t, nil) // skips where plugins cannot be loaded
	folder := t.TempDir()
	text := filepath.Join(folder, "text.so")
	if err := os.WriteFile(text, []byte("not a shared library, but text that is long enough for a header of 64 bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "none.so"): "no such file",
		text:                             "cannot be loaded",
		folder:                           "cannot be loaded",
		libc(t):                          "is not a PJRT plugin: it has no function GetPjrtApi",
	} {
		if _, err := pjrt.Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// libc is the file of the C library that this process has loaded.
func libc(t *testing.T) string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(maps)) {
		if fields := strings.Fields(line); len(fields) > 5 && strings.Contains(fields[5], "libc.so") {
			return fields[5]
		}
	}
	t.Skip("no libc.so")
	return ""
}

func TestCompileErrors(t *testing.T) {
	client := testClient(t, nil)
	for _, test := range []struct {
		module  string
		options pjrt.CompileOptions
		want    string
	}{
		{"nonsense", pjrt.CompileOptions{}, "nonsense"},
		{addModule, pjrt.CompileOptions{Flags: pjrt.Values{"xla_nonsense": true}}, "xla_nonsense"},
		{addModule, pjrt.CompileOptions{Replicas: 1000}, "device"},
		{addModule, pjrt.CompileOptions{Devices: []int{1 << 20}}, ""},
	} {
		program, err := client.Compile(test.module, test.options)
		var e *pjrt.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, %v", test.options, program, err)
		}
	}
}

func TestSerialize(t *testing.T) {
	client := testClient(t, nil)
	program, err := client.Compile(addModule, pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	serialized, err := program.Serialize()
	if unsupported(err) {
		t.Skip(err)
	}
	if err != nil || len(serialized) == 0 {
		t.Fatal(len(serialized), err)
	}
	program.Close()
	loaded, err := client.Deserialize(serialized, pjrt.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkAdd(t, loaded)
	if _, err := client.Deserialize([]byte("nonsense"), pjrt.CompileOptions{}); err == nil {
		t.Error("loaded nonsense")
	}
}
