package train

import (
	"math"
	"testing"
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
		3: "no learning in epoch 3: the loss equals chance (ln 10 = 2.303); if that continues, try a lower learning rate or another seed",
		4: "", 5: "", // said already
	} {
		if got := noLearning(rows[:n], 10, 60000, 2, false); got != want {
			t.Errorf("after %d epochs: %q, want %q", n, got, want)
		}
	}
	if noLearning(rows[:2], 10, 60000, 2, true) == "" {
		t.Error("no warning in the last epoch")
	}
}
