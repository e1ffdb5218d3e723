package zoo_test

import (
	"math"
	"os"
	"testing"

	"github.com/strideml/stride/nn"
)

// trainsLike holds the losses of 30 steps to PyTorch's in float64: within 1e-3,
// for the last ten steps of the deep networks 5e-3. Beside them the golden file
// has PyTorch's own losses in float32. Where these leave the others by more
// than 1e-4 the run is chaotic: one ReLU that rounding switches is then enough
// to change all that follows, and no two implementations agree. Steps from
// there on are not compared. It returns how many were.
func trainsLike(t *testing.T, g golden, net nn.Layer, deep bool) (compared int) {
	t.Helper()
	exact, single := g.tensor(t, "losses").Data(), g.tensor(t, "single").Data()
	var off, own worst
	for i, got := range realTraining(t, g, net, g.number(t, g.part+".rate")) {
		want := float64(exact[i])
		own.add(math.Abs(float64(single[i])/want-1), "float32")
		if own.off > 1e-4 {
			t.Logf("PyTorch's float32 and float64 part at step %d", i)
			break
		}
		compared++
		d := math.Abs(got/want - 1)
		off.add(d, "loss")
		if d > 1e-3 && !(deep && i >= 20 && d <= 5e-3) {
			t.Errorf("step %d: loss %v, PyTorch has %v", i, got, want)
		}
	}
	t.Logf("%d steps, loss %.4f to %.4f: greatest relative difference %.1e", compared, exact[0], exact[compared-1], off.off)
	return compared
}

var deepNetworks = map[string]bool{"googlenet": true, "resnet18": true, "densenet": true}

// 30 steps on real images, of narrow networks on small images. The book's
// learning rate, except where it makes the run chaotic.
func TestTrainsLikePyTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("training is not short")
	}
	for _, n := range networks {
		if n.steps == nil {
			continue
		}
		t.Run(n.name, func(t *testing.T) {
			if c := trainsLike(t, openGolden(t, n.name, "steps"), n.steps(), deepNetworks[n.name]); c < 30 {
				t.Errorf("only %d steps were compared", c)
			}
		})
	}
}

// The deep networks at the book's learning rate, as far as a computation in
// float32 has a meaning.
func TestTrainsLikePyTorchAtBookRate(t *testing.T) {
	if testing.Short() {
		t.Skip("training is not short")
	}
	for _, n := range networks {
		if g := openGolden(t, n.name, "book"); g.Metadata["book.rate"] != "" {
			t.Run(n.name, func(t *testing.T) { trainsLike(t, g, n.steps(), true) })
		}
	}
}

// The networks as the book has them, on batches of 8 at the book's resolution:
// STRIDE_SLOW=1 go test -run FullWidthTrains ./zoo. It takes minutes.
func TestFullWidthTrainsLikePyTorch(t *testing.T) {
	if os.Getenv("STRIDE_SLOW") == "" {
		t.Skip("slow: set STRIDE_SLOW=1")
	}
	for _, n := range networks {
		if n.whole != nil {
			t.Run(n.name, func(t *testing.T) {
				trainsLike(t, openGolden(t, n.name, "steps.full"), n.whole(), deepNetworks[n.name])
			})
		}
	}
}
