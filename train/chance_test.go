package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func TestNoLearning(t *testing.T) {
	tests := []struct {
		loss, accuracy  float64
		classes, images int
		want            bool
	}{
		{2.303, 0.1, 10, 60000, true},
		{2.31, 0.104, 10, 60000, true},
		{2.27, 0.1, 10, 60000, false},
		{2.33, 0.1, 10, 60000, false},
		{2.303, 0.13, 10, 60000, false},
		{2.303, 0.15, 10, 200, true}, // chance scatters
		{0.693, 0.5, 2, 1000, true},
		{0.1, 0.5, 2, 1000, false},
		{0, 1, 1, 10, false},
		{math.NaN(), 0.1, 10, 60000, false},
	}
	for _, test := range tests {
		got := atChance(Row{TrainLoss: test.loss, TrainAccuracy: test.accuracy}, test.classes, test.images)
		if got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	rows := []Row{{Epoch: 1, TrainLoss: 2.0, TrainAccuracy: 0.3}}
	for i := range 4 {
		rows = append(rows, Row{Epoch: 2 + i, TrainLoss: 2.302, TrainAccuracy: 0.1})
	}
	for n, want := range []string{
		2: "", // the first epoch at chance
		3: "no learning in epochs 2 to 3: the loss equals chance (ln 10 = 2.303); if that continues, try a lower learning rate or another seed",
		4: "", 5: "", // said already
	} {
		if got := noLearning(rows[:n], 10, 60000, 2, false); got != want {
			t.Errorf("after %d epochs: %q, want %q", n, got, want)
		}
	}
	if got := noLearning(rows[:2], 10, 60000, 2, true); !strings.HasPrefix(got, "no learning in epoch 2: ") {
		t.Errorf("in the last epoch: %q", got)
	}
}

// The warning comes after as many epochs as the documentation of EpochInfo says.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		name string
		act  nn.Layer
		want int
	}{
		{"ReLU", nn.ReLU(), 2}, {"sigmoid", nn.Sigmoid(), 10}, {"tanh", nn.Tanh(), 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := nn.Sequential(nn.Flatten(), nn.Linear(3), c.act, nn.Linear(2).NoBias())
			model, err := nn.New(net, tensor.Shape{1, 2, 2}, nn.Options{Init: nn.Constant(0)})
			if err != nil {
				t.Fatal(err)
			}
			set, err := data.NewImages(make([]byte, 8*4), []int{0, 1, 0, 1, 0, 1, 0, 1}, tensor.Shape{1, 2, 2}, []string{"a", "b"})
			if err != nil {
				t.Fatal(err)
			}
			var warned []int
			_, err = Fit(t.Context(), model, set, nil, Config{
				Epochs: 12, BatchSize: 8, LearningRate: 1e-45, Device: reference.New(),
				Callbacks: Callbacks{OnEpoch: func(e EpochInfo) {
					if e.Warning != "" {
						warned = append(warned, e.Epoch)
					}
				}},
			})
			if err != nil || !slices.Equal(warned, []int{c.want}) {
				t.Errorf("warned after epochs %v, want %d; %v", warned, c.want, err)
			}
		})
	}
}
