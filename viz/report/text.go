package report

import (
	"fmt"
	"math"
	"strings"
)

// undefined stands for a number that there is not.
const undefined = "–"

// thousands writes a whole number with commas.
func thousands(n int) string {
	s := fmt.Sprint(max(n, -n))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n < 0 {
		return "−" + s
	}
	return s
}

// percent writes a share as a percentage with one digit behind the point.
func percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return undefined
	}
	return fmt.Sprintf("%.1f\u202f%%", 100*share) // the space is narrow and does not break
}

// ratioText writes a number from 0 to 1 with three digits behind the point.
func ratioText(v float64) string {
	if math.IsNaN(v) {
		return undefined
	}
	if math.IsInf(v, 0) {
		return strings.Replace(fmt.Sprint(v), "Inf", "∞", 1)
	}
	return fmt.Sprintf("%.3f", v)
}

// short cuts a name to a number of letters.
func short(name string, letters int) string {
	runes := []rune(name)
	if len(runes) <= letters {
		return name
	}
	return strings.TrimRight(string(runes[:letters-1]), " ") + "…"
}

// images is "1 image" or "2,000 images".
func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return thousands(n) + " images"
}
