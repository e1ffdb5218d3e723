package pjrt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/pjrt"
)

// Each of two replicas has its own argument and gets the sum.
const replicasModule = `module @replicas attributes {mhlo.num_replicas = 2 : i32} {
  func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
    %sum = "stablehlo.all_reduce"(%x) ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %s = stablehlo.add %a, %b : tensor<f32>
        stablehlo.return %s : tensor<f32>
    }) {replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>} : (tensor<3xf32>) -> tensor<3xf32>
    return %sum : tensor<3xf32>
  }
}`

// XLA cuts the array of four elements in two and adds up all of it.
const partitionsModule = `module @partitions attributes {mhlo.num_partitions = 2 : i32} {
  func.func public @main(%x: tensor<4xf32> {mhlo.sharding = "{devices=[2]<=[2]}"}) -> (tensor<f32> {mhlo.sharding = "{replicated}"}) {
    %zero = stablehlo.constant dense<0.0> : tensor<f32>
    %sum = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    return %sum : tensor<f32>
  }
}`

func TestSeveralDevices(t *testing.T) {
	client := testClient(t, pjrt.Values{"cpu_device_count": 3})
	if client.Platform() != "cpu" {
		t.Skip("the number of devices can be chosen for CPU plugins only")
	}
	devices := client.Devices()
	if len(devices) != 3 {
		t.Fatalf("%d devices, want 3", len(devices))
	}
	for _, test := range []struct {
		name, module string
		options      pjrt.CompileOptions
		arguments    [][]float32
		want         []float32
	}{
		{"replicas", replicasModule, pjrt.CompileOptions{Replicas: 2}, [][]float32{{1, 2, 3}, {10, 20, 30}}, []float32{11, 22, 33}},
		{"replicas on chosen devices", replicasModule, pjrt.CompileOptions{Replicas: 2, Devices: []int{devices[2].ID, devices[0].ID}}, [][]float32{{1, 2, 3}, {10, 20, 30}}, []float32{11, 22, 33}},
		{"partitions", partitionsModule, pjrt.CompileOptions{Partitions: 2, SPMD: true}, [][]float32{{1, 2}, {10, 20}}, []float32{33}},
	} {
		program, err := client.Compile(test.module, test.options)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var arguments [][]*pjrt.Buffer
		for i, d := range program.Devices() {
			if test.options.Devices != nil && d.ID != test.options.Devices[i] {
				t.Errorf("%s: device %d, want %d", test.name, d.ID, test.options.Devices[i])
			}
			x, err := pjrt.BufferOf(d, test.arguments[i])
			if err != nil {
				t.Fatal(err)
			}
			arguments = append(arguments, []*pjrt.Buffer{x})
		}
		results, done, err := program.Execute(arguments, pjrt.ExecuteOptions{})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for i := range results {
			if err := done[i].Await(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			got, err := pjrt.Read[float32](results[i][0])
			if err != nil || !slices.Equal(got, test.want) || results[i][0].Device() != program.Devices()[i] {
				t.Errorf("%s: device %d has %v, %v; want %v", test.name, i, got, err, test.want)
			}
		}
		if _, err := program.Run(arguments[0][0]); err == nil || !strings.Contains(err.Error(), "arguments for 1 devices, but the program runs on 2") {
			t.Errorf("%s: arguments for one device: %v", test.name, err)
		}
	}
}

func TestAnyDevice(t *testing.T) {
	client := testClient(t, nil)
	program, err := client.Compile(addModule, pjrt.CompileOptions{AnyDevice: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range client.Addressable() {
		x, err := pjrt.BufferOf(d, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		results, _, err := program.Execute([][]*pjrt.Buffer{{x, x}}, pjrt.ExecuteOptions{Device: d})
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		total, err := pjrt.Read[float32](results[0][1])
		if err != nil || total[0] != 42 {
			t.Errorf("%v: %v, %v", d, total, err)
		}
	}
}

func TestCopyTo(t *testing.T) {
	client := testClient(t, nil)
	devices := client.Addressable()
	if len(devices) < 2 {
		t.Skip("one device")
	}
	x, err := pjrt.BufferOf(devices[0], []int32{1, -2, 3})
	if err != nil {
		t.Fatal(err)
	}
	y, err := x.CopyTo(devices[1])
	if err != nil {
		t.Fatal(err)
	}
	x.Close()
	got, err := pjrt.Read[int32](y)
	if err != nil || !slices.Equal(got, []int32{1, -2, 3}) || y.Device() != devices[1] {
		t.Errorf("%v, %v on %v", got, err, y.Device())
	}
}
