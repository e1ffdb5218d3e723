package markup

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Differs says how a block differs from what it repeats, "" if it does not.
func (b Block) Differs(now string) string {
	if b.Text == now {
		return ""
	}
	was, is := strings.Split(b.Text, "\n"), strings.Split(now, "\n")
	for i := range max(len(was), len(is)) {
		switch {
		case i >= len(was):
			return fmt.Sprintf("line %d %q is missing", i+1, is[i])
		case i >= len(is):
			return fmt.Sprintf("line %d %q is not there any longer", i+1, was[i])
		case !b.same(was[i], is[i]):
			return fmt.Sprintf("line %d is %q, and was %q", i+1, is[i], was[i])
		}
	}
	return ""
}

var number = regexp.MustCompile(`[-−+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?`)

// same compares two lines as the block allows: their numbers with a tolerance,
// durations and speeds not at all, and what stands between the numbers exactly,
// apart from the spaces that align columns.
func (b Block) same(was, is string) bool {
	if was == is {
		return true
	}
	if b.Approx == 0 && !b.Measured {
		return false
	}
	words := func(line string) string {
		return strings.Join(strings.Fields(number.ReplaceAllString(line, " 0 ")), " ")
	}
	if words(was) != words(is) {
		return false
	}
	if b.Measured {
		return true
	}
	old, now := number.FindAllString(was, -1), number.FindAllString(is, -1)
	timed := times(was)
	for i := range old {
		if timed[i] {
			continue
		}
		if x, y := value(old[i]), value(now[i]); math.Abs(x-y) > b.Approx*max(math.Abs(x), math.Abs(y)) && !lastDigit(old[i], x, y) {
			return false
		}
	}
	return true
}

var unit = regexp.MustCompile(`^ ?(s|ms|µs|examples/sec|images/s)\b`)

// times tells which numbers of a line are durations or speeds.
func times(line string) []bool {
	var list []bool
	for _, at := range number.FindAllStringIndex(line, -1) {
		list = append(list, unit.MatchString(line[at[1]:]))
	}
	return list
}

// lastDigit tells whether two numbers differ by one unit in the last digit printed.
func lastDigit(text string, x, y float64) bool {
	digits := 0
	if _, fraction, ok := strings.Cut(text, "."); ok && !strings.Contains(fraction, "e") {
		digits = len(fraction)
	}
	return math.Abs(x-y) < 1.01*math.Pow10(-digits)
}

func value(text string) float64 {
	text = strings.ReplaceAll(strings.ReplaceAll(text, ",", ""), "−", "-")
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return x
}
