package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The suggestions for a loss that falls fastest at 0.01, as a curve of the logarithm
// of the rate, and explodes after 1.
func TestSuggest(t *testing.T) {
	c := RateCurve{}
	for i := range 100 {
		rate := 1e-7 * math.Pow(1e8, float64(i)/99)
		c.Rates = append(c.Rates, rate)
		c.Losses = append(c.Losses, 2-math.Tanh(math.Log10(rate)+2)+rate*rate/50)
	}
	c.suggest(100)
	if c.Steepest < 0.007 || c.Steepest > 0.014 {
		t.Errorf("steepest at %v", c.Steepest)
	}
	least := slices.Index(c.Losses, slices.Min(c.Losses))
	n := least - 9 // losses fall from step 10 to the least one
	if want := c.Rates[9+n/3+n/6]; c.Valley != want || n < 50 {
		t.Errorf("valley at %v, want %v", c.Valley, want)
	}
	rising := RateCurve{Rates: c.Rates}
	for i := range c.Rates {
		rising.Losses = append(rising.Losses, float64(i))
	}
	if rising.suggest(100); rising.Steepest != 0 || rising.Valley != 0 {
		t.Errorf("a loss that rises: %+v", rising)
	}
}

// The longest falling subsequence is that of trying all of them.
func TestValley(t *testing.T) {
	for _, c := range []struct {
		losses []float64
		want   int
	}{
		{[]float64{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, 3}, // ends at 9, begins at −1: −1 + ⌊10/3⌋ + ⌊10/6⌋
		{[]float64{1, 2, 9, 8, 7, 6, 5, 4, 9, 9}, 4}, // ends at 7, begins at 1: 1 + 2 + 1
		{[]float64{2, 1}, 0},
	} {
		if got, ok := valley(c.losses); !ok || got != c.want {
			t.Errorf("%v: %d, %v, want %d", c.losses, got, ok, c.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		losses := make([]float64, 1+r.IntN(9))
		for i := range losses {
			losses[i] = float64(r.IntN(6))
		}
		longest, end := 1, 0
		for set := range 1 << len(losses) {
			n, last := 0, -1
			for i := range losses {
				if set>>i&1 == 0 {
					continue
				}
				if last >= 0 && losses[i] >= losses[last] {
					n = 0
					break
				}
				n, last = n+1, i
			}
			if n > longest || n == longest && n > 1 && last < end {
				longest, end = n, last
			}
		}
		third := float64(longest) / 3
		got, ok := valley(losses)
		if want := max(0, end-longest+int(third)+int(third/2)); ok != (longest > 1) || ok && got != want {
			t.Errorf("%v: %d, %v, want %d", losses, got, ok, want)
		}
	}
}
