package svg

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// Texts have the contrast of WCAG's level AA with what is behind them: 4.5.
func TestContrast(t *testing.T) {
	for paper := range 2 {
		behind := map[string][3]float64{"paper": linear(colours["paper"][paper]), "raised": linear(colours["raised"][paper])}
		for c := Blue; c <= Grey; c++ {
			behind["soft "+c.Name()] = mixed(colours[c.Name()][paper], colours["paper"][paper], 0.25)
			behind["kind "+c.Name()] = mixed(colours[c.Name()][paper], colours["paper"][paper], 0.14)
		}
		for _, c := range []string{"blue", "orange"} {
			behind["shade "+c] = mixed(colours[c][paper], colours["paper"][paper], 0.5)
		}
		for name, colour := range behind {
			if got := contrast(linear(colours["ink"][paper]), colour); got < 4.5 {
				t.Errorf("paper %d: text on %s has a contrast of %.2f", paper, name, got)
			}
			if strings.HasPrefix(name, "shade") || strings.HasPrefix(name, "soft") {
				continue // only numbers, which have the colour ink
			}
			if got := contrast(linear(colours["faint"][paper]), colour); got < 4.5 {
				t.Errorf("paper %d: faint text on %s has a contrast of %.2f", paper, name, got)
			}
		}
		for c := Blue; c <= Grey; c++ {
			if got := contrast(linear(colours[c.Name()][paper]), behind["paper"]); got < 4.5 {
				t.Errorf("paper %d: %s has a contrast of %.2f", paper, c.Name(), got)
			}
		}
	}
}

// channels returns red, green and blue of #rgb or #rrggbb, 0 to 1.
func channels(hex string) (c [3]float64) {
	hex = hex[1:]
	for i := range c {
		digits := strings.Repeat(hex[i:min(i+1, len(hex))], 2)
		if len(hex) == 6 {
			digits = hex[2*i : 2*i+2]
		}
		v, err := strconv.ParseUint(digits, 16, 8)
		if err != nil {
			panic(err)
		}
		c[i] = float64(v) / 255
	}
	return c
}

func linear(hex string) [3]float64 { return linearOf(channels(hex)) }

func mixed(over, under string, opacity float64) [3]float64 {
	a, b := channels(over), channels(under)
	for i := range a {
		a[i] = opacity*a[i] + (1-opacity)*b[i]
	}
	return linearOf(a)
}

func linearOf(c [3]float64) [3]float64 {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

func contrast(a, b [3]float64) float64 {
	l := func(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] + 0.05 }
	return max(l(a)/l(b), l(b)/l(a))
}
