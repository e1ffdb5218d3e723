package pjrt_test

import (
	"os"
	"slices"
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
	x, err := pjrt.BufferOf(client.Devices()[0], []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
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
