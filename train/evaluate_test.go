package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// Five images of two pixels and a network that one can compute by hand.
func TestEvaluateByHand(t *testing.T) {
	t.Parallel()
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 1, 2}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	weight := [][]float64{{1, 0}, {0, 1}, {-1, -1}}
	bias := []float64{0, 0, .5}
	flat := tensor.New(3, 2)
	for i, row := range weight {
		for j, v := range row {
			flat.Set(float32(v), i, j)
		}
	}
	err = model.LoadState([]safetensors.Entry{
		{Name: "1.weight", Tensor: flat},
		{Name: "1.bias", Tensor: tensor.Must(tensor.FromSlice([]float32{0, 0, .5}, 3))},
	})
	if err != nil {
		t.Fatal(err)
	}
	pixels := []uint8{255, 0, 0, 255, 0, 0, 204, 51, 51, 102}
	labels := []int{0, 1, 2, 1, 0}
	set, err := data.NewImages(pixels, labels, tensor.Shape{1, 1, 2}, []string{"left", "right", "dark"})
	if err != nil {
		t.Fatal(err)
	}
	loss := 0.
	var scoresOf [][]float64
	for i, label := range labels {
		scores, total := make([]float64, 3), 0.
		for k := range scores {
			scores[k] = weight[k][0]*float64(pixels[2*i])/255 + weight[k][1]*float64(pixels[2*i+1])/255 + bias[k]
			total += math.Exp(scores[k])
		}
		loss += (math.Log(total) - scores[label]) / 5
		scoresOf = append(scoresOf, scores)
	}
	// Guesses: left, right, dark, left, right.
	counts := map[[2]int]int{{0, 0}: 1, {1, 1}: 1, {2, 2}: 1, {1, 0}: 1, {0, 1}: 1}

	for _, batch := range []int{0, 1, 2, 3, 5, 9} {
		var seen []int
		told := 0
		e, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{
			BatchSize: batch, Device: device, OnBatch: func(done, total int) { seen = append(seen, done, total) },
			OnScores: func(item int, got []float32, label int) error {
				if item != told || label != labels[item] || len(got) != 3 {
					t.Errorf("batches of %d: image %d came with label %d and %d scores after %d images", batch, item, label, len(got), told)
				}
				for k, v := range got {
					if want := scoresOf[item][k]; math.Abs(float64(v)-want) > 1e-6 {
						t.Errorf("batches of %d: score %d of image %d is %v, want %v", batch, k, item, v, want)
					}
				}
				told++
				return nil
			},
		})
		if err != nil || told != 5 {
			t.Fatalf("%d images were told, %v", told, err)
		}
		if e.Images != 5 || math.Abs(e.Loss-loss) > 1e-6 || e.Accuracy != .6 || !(e.ImagesPerSecond > 0) || !(e.Seconds > 0) {
			t.Errorf("batches of %d: %+v, want a loss of %v", batch, e, loss)
		}
		for label := range 3 {
			for guess := range 3 {
				if got := e.Confusion.Count(label, guess); got != counts[[2]int{label, guess}] {
					t.Errorf("batches of %d: class %d was taken for %d %d times", batch, label, guess, got)
				}
			}
		}
		if last := seen[len(seen)-2:]; last[0] != 5 || last[1] != 5 {
			t.Errorf("batches of %d: OnBatch got %v", batch, seen)
		}
	}
}

// Evaluate does not change the model, and batches do not change the result.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	model := tiny(t, 3)
	if _, err := train.Fit(t.Context(), model, bars(28), nil, settings("")); err != nil {
		t.Fatal(err)
	}
	var before []*tensor.Tensor
	for _, e := range model.State() {
		before = append(before, e.Tensor.Clone())
	}
	set := bars(11)
	whole, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := train.Evaluate(t.Context(), model, set, train.EvalConfig{Device: reference.New(), BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	if whole.Images != 11 || whole.Accuracy != whole.Confusion.Accuracy() || whole.Confusion.Total() != 11 || whole.Accuracy < .9 {
		t.Errorf("%+v", whole)
	}
	if math.Abs(whole.Loss-parts.Loss) > 1e-5 || whole.Confusion.String() != parts.Confusion.String() {
		t.Errorf("the batch size changes the result: %v, %v", whole.Loss, parts.Loss)
	}
	for i, e := range model.State() {
		if !e.Tensor.Equal(before[i]) {
			t.Errorf("%s was changed", e.Name)
		}
	}
}

func TestEvaluateRefuses(t *testing.T) {
	t.Parallel()
	wide, err := bars(6).Resize(7, 7)
	if err != nil {
		t.Fatal(err)
	}
	four, err := data.NewImages(make([]uint8, 36), []int{3}, tensor.Shape{1, 6, 6}, []string{"a", "b", "c", "d"})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := nn.New(nn.Conv2D(3, 3), tensor.Shape{1, 6, 6}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	usual := linear(t)
	for _, c := range []struct {
		name   string
		model  *nn.Model
		set    data.Dataset
		config train.EvalConfig
		want   string
	}{
		{"no model", nil, bars(3), train.EvalConfig{}, "there is no model"},
		{"no data", usual, nil, train.EvalConfig{}, "there is no test set"},
		{"empty", usual, must(data.Subset(bars(3), nil)), train.EvalConfig{}, "the test set has no images"},
		{"shape", usual, wide, train.EvalConfig{}, "images of the test set are 1×7×7, the network takes 1×6×6"},
		{"classes", usual, four, train.EvalConfig{}, "the network has 3 outputs, the test set 4 classes"},
		{"no classifier", flat, bars(3), train.EvalConfig{}, "output has shape 1×3×4×4: want N×classes"},
		{"batch", usual, bars(3), train.EvalConfig{BatchSize: -1}, "batch size -1: want at least 1"},
		{"workers", usual, bars(3), train.EvalConfig{Workers: -1}, "test set: -1 workers"},
		{"label", usual, mislabelled{bars(9)}, train.EvalConfig{}, "image 5 of the test set has label 9"},
		{"label seen late", usual, hidden{mislabelled{bars(9)}}, train.EvalConfig{}, "image 5 of the test set has label 9"},
		{"scores that nobody wants", usual, bars(9), train.EvalConfig{OnScores: func(item int, _ []float32, _ int) error { return fmt.Errorf("enough of %d", item) }}, "image 0 of the test set: enough of 0"},
		{"scores of no classes", flat, bars(3), train.EvalConfig{
			OnScores: func(int, []float32, int) error { return nil },
			Loss:     func(output, _ *graph.Node) *graph.Node { return graph.Mean(output) },
		}, "no scores of classes to tell"},
		{"unreadable", usual, broken{bars(9)}, train.EvalConfig{}, "test set: read image 7: disk on fire"},
	} {
		if c.config.Device == nil {
			c.config.Device = device
		}
		if e, err := train.Evaluate(t.Context(), c.model, c.set, c.config); err == nil || !strings.Contains(err.Error(), c.want) || e != nil {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
	}
}

func TestEvaluateIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	done := 0
	_, err := train.Evaluate(ctx, linear(t), bars(40), train.EvalConfig{BatchSize: 4, Device: device, OnBatch: func(n, _ int) {
		done = n
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || done != 4 {
		t.Errorf("after %d images: %v", done, err)
	}
}

// numbers are images of any values, beyond what bytes can hold.
type numbers struct {
	*data.Images
	damaged int // the image that holds value
	value   float32
}

func (n numbers) Read(i int, pixels []float32) (int, error) {
	label, err := n.Images.Read(i, pixels)
	if i == n.damaged {
		pixels[len(pixels)/2] = n.value
	}
	return label, err
}

func TestEvaluateNonFinite(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	damage := func(name string, v float32) func(m *nn.Model) {
		return func(m *nn.Model) {
			for _, p := range slices.Concat(m.Parameters(), m.Buffers()) {
				if p.Name == name {
					p.Value.Data()[0] = v
					p.Changed()
				}
			}
		}
	}
	squared := func(output, target *graph.Node) *graph.Node { return graph.Mean(graph.Mul(output, output)) }
	for _, c := range []struct {
		name  string
		image int // −1 for none
		value float32
		model func(m *nn.Model)
		loss  func(output, target *graph.Node) *graph.Node
		want  string // "" for a loss that is not finite
	}{
		{"NaN in an image", 17, nan, nil, nil, "the test data are damaged: image 17 of the dataset holds a value that is NaN or infinite"},
		{"infinity in an image", 3, inf, nil, nil, "the test data are damaged: image 3 of the dataset"},
		{"NaN in an image, custom loss", 9, nan, nil, squared, "the test data are damaged: image 9 of the dataset"},
		{"NaN in a parameter", -1, 0, damage("6.weight", nan), nil, "the weights are damaged: tensor 6.weight has 1 NaN among 24 values"},
		{"infinity in a buffer", -1, 0, damage("1.running_mean", inf), nil, "the weights are damaged: tensor 1.running_mean has "},
		{"too large inside", -1, 0, damage("6.weight", 3e38), squared, ""},
	} {
		m := tiny(t, 1)
		if c.model != nil {
			c.model(m)
		}
		e, err := train.Evaluate(t.Context(), m, numbers{bars(20), c.image, c.value}, train.EvalConfig{BatchSize: 6, Device: device, Loss: c.loss})
		switch {
		case c.want == "" && (err != nil || !math.IsInf(e.Loss, 1)):
			t.Errorf("%s: %+v, %v", c.name, e, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}
