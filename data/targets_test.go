package data_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/tensor"
)

// The images of an autoencoder are their own targets.
func ExampleWithTargets() {
	images, err := data.NewImages([]uint8{0, 51, 255}, []int{0, 0, 0}, tensor.Shape{1, 1, 1}, []string{"grey"})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := data.WithTargets(images, images.ImageShape(), func(i int, target []float32) error {
		_, err := images.Read(i, target)
		return err
	})
	loader, err := data.NewLoader(set, data.LoaderConfig{BatchSize: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	for b, err := range loader.Epoch(context.Background(), 0, 0) {
		fmt.Println(b.Targets.Shape(), b.Targets.Data(), err)
	}
	// Output: 3×1×1×1 [0 0.2 1] <nil>
}

// estimated has n images of one pixel, i, with the targets (i, −i).
func estimated(t *testing.T, n int) data.Targeted {
	t.Helper()
	pixels := make([]uint8, n)
	for i := range pixels {
		pixels[i] = uint8(i)
	}
	d, err := data.NewImages(pixels, make([]int, n), tensor.Shape{1, 1, 1}, []string{"none"})
	if err != nil {
		t.Fatal(err)
	}
	return data.WithTargets(d, tensor.Shape{2, 1}, func(i int, target []float32) error {
		target[0], target[1] = float32(i), float32(-i)
		return nil
	})
}

// Batches have the targets of their images, in any order, and a last smaller one.
func TestTargets(t *testing.T) {
	some, err := data.Subset(estimated(t, 100), []int{3, 50, 9, 4, 98, 97, 96, 7})
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]data.Dataset{"whole": estimated(t, 8), "subset": some, "limit": data.Limit(estimated(t, 100), 8), "subset of a subset": data.Limit(some, 5)} {
		loader, err := data.NewLoader(d, data.LoaderConfig{BatchSize: 3, Shuffle: true, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		for epoch := range 3 {
			seen := 0
			for b, err := range loader.Epoch(context.Background(), epoch, 0) {
				if err != nil {
					t.Fatal(err)
				}
				if want := (tensor.Shape{b.Len(), 2, 1}); !b.Targets.Shape().Equal(want) {
					t.Fatalf("%s: targets %v, want %v", name, b.Targets.Shape(), want)
				}
				for j := range b.Len() {
					seen++
					at := b.Images.At(j, 0, 0, 0) * 255
					if p, m := b.Targets.At(j, 0, 0), b.Targets.At(j, 1, 0); p != -m || at < p-0.01 || at > p+0.01 {
						t.Errorf("%s: image %v has the target %v, %v", name, at, p, m)
					}
				}
			}
			if seen != d.Len() {
				t.Errorf("%s: %d of %d images", name, seen, d.Len())
			}
		}
	}
}

// A dataset without targets has its labels for them.
func TestLabelsAreTargets(t *testing.T) {
	d, err := data.NewImages(make([]uint8, 5), []int{0, 1, 0, 1, 1}, tensor.Shape{1, 1, 1}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := data.Limit(d, 3).(data.Targeted); ok {
		t.Error("labels became targets")
	}
	loader, err := data.NewLoader(d, data.LoaderConfig{BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	var got []float32
	for b, err := range loader.Epoch(context.Background(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Targets != b.Labels {
			t.Error("Targets is not Labels")
		}
		got = append(got, b.Targets.Data()...)
	}
	if !slices.Equal(got, []float32{0, 1, 0, 1, 1}) {
		t.Errorf("labels %v", got)
	}
}

func TestTargetErrors(t *testing.T) {
	d := estimated(t, 4)
	if err := d.ReadTarget(4, make([]float32, 2)); err == nil || !strings.Contains(err.Error(), "no image 4") {
		t.Errorf("error %v", err)
	}
	if err := d.ReadTarget(0, make([]float32, 3)); err == nil {
		t.Error("room for three values was accepted for two")
	}
	if _, err := data.NewLoader(data.WithTargets(d, tensor.Shape{2, 0}, nil), data.LoaderConfig{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "target shape") {
		t.Errorf("error %v", err)
	}
	broken := errors.New("broken")
	loader, err := data.NewLoader(data.WithTargets(d, nil, func(i int, target []float32) error { return broken }), data.LoaderConfig{BatchSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range loader.Epoch(context.Background(), 0, 0) {
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "the target of image 0") {
			t.Errorf("error %v", err)
		}
	}
}
