package main

import (
	"reflect"
	"strings"
	"syscall/js"
	"testing"

	"github.com/strideml/stride/book/live"
)

// inner and outer have what arguments and results consist of.
type inner struct {
	Flag bool `json:"flag"`
	Seed uint64
}

type outer struct {
	live.NetworkArgs
	Name   string     `json:"name"`
	Count  int        `json:"count"`
	Rate   float32    `json:"rate"`
	Stride live.Pair  `json:"stride"`
	X      live.Array `json:"x"`
	Pixels []uint8    `json:"pixels"`
	Values []float32  `json:"values"`
	Inner  inner      `json:"inner"`
	List   []inner    `json:"list"`
	P      *float32   `json:"p"`
	At     [2]int     `json:"at"`
}

func script(t *testing.T, text string) js.Value {
	t.Helper()
	return js.Global().Get("Function").New("return " + text).Invoke()
}

func TestRead(t *testing.T) {
	got := outer{Count: 7, Rate: 0.5} // the defaults
	err := read(script(t, `({ name: "a", rate: 2, stride: 3, x: [[1, 2], [3, 4], [5, 6]], pixels: new Uint8Array([1, 255]),
		values: new Float64Array([0.5, 2]), inner: { flag: true }, list: [{}, { flag: true }], p: 0, at: [1, 2],
		network: "lenet", input: [1, 28, 28], layers: [{ kind: "conv", kernel: [3, 5] }] })`), &got)
	if err != nil {
		t.Fatal(err)
	}
	zero := float32(0)
	want := outer{
		Name: "a", Count: 7, Rate: 2, Stride: live.Pair{3, 3}, X: live.Array{Shape: []int{3, 2}, Data: []float32{1, 2, 3, 4, 5, 6}}, Pixels: []uint8{1, 255},
		Values: []float32{0.5, 2}, Inner: inner{Flag: true}, List: []inner{{}, {Flag: true}}, P: &zero, At: [2]int{1, 2},
		NetworkArgs: live.NetworkArgs{Network: "lenet", Input: []int{1, 28, 28}, Layers: []live.LayerSpec{{Kind: "conv", Kernel: live.Pair{3, 5}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := read(script(t, `({ x: { shape: [2], data: new Float32Array([9, 1, 2]).subarray(1) } })`), &got); err != nil || !reflect.DeepEqual(got.X.Data, []float32{1, 2}) {
		t.Errorf("part of a typed array: %v, error %v", got.X, err)
	}
	if err := read(js.Undefined(), &got); err != nil {
		t.Errorf("no arguments: %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	for text, want := range map[string]string{
		`({ nam: 1 })`:                     `there is no argument "nam": did you mean "name"?`,
		`({ name: 1 })`:                    "name is 1: want a text",
		`({ count: 1.5 })`:                 "count is 1.5: want a whole number",
		`({ stride: "x" })`:                "stride is string: want a list",
		`({ at: [1] })`:                    "at has 1 elements: want 2",
		`({ x: [[1, 2], [3]] })`:           "x[1] has 1 elements: want 2",
		`({ x: [[1, 2], ["a", 3]] })`:      "x[1][0] is string: want a number",
		`({ inner: { flg: true } })`:       `there is no argument "flg" in inner: did you mean "flag"?`,
		`({ list: [{ flag: 1 }] })`:        "list[0].flag is 1: want true or false",
		`({ layers: [{ kind: "a" }, 3] })`: "layers[1] is 3: want an object",
		`3`:                                "the argument is 3: want an object",
	} {
		if err := read(script(t, text), new(outer)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestWrite(t *testing.T) {
	var moved []any
	v := write(outer{Name: "é", Count: -3, X: live.Array{Shape: []int{2}, Data: []float32{1, 2}}, Pixels: []uint8{7}, List: []inner{{Flag: true}}}, &moved)
	js.Global().Set("testValue", v)
	text := script(t, `JSON.stringify([testValue.name, testValue.count, testValue.x.shape, testValue.x.data.constructor.name, Array.from(testValue.x.data),
		testValue.pixels.constructor.name, testValue.pixels[0], testValue.values.length, testValue.list, testValue.p, testValue.stride, testValue.layers])`).String()
	if want := `["é",-3,[2],"Float32Array",[1,2],"Uint8Array",7,0,[{"flag":true}],null,[0,0],[]]`; text != want || len(moved) != 3 {
		t.Errorf("%s, want %s; %d buffers, want 3", text, want, len(moved))
	}
}
