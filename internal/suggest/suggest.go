// Package suggest guesses what somebody meant who mistyped a name.
//
// [Nearest] is all there is: it counts the letters that were left out, added,
// mistaken or swapped with their neighbour. Names are compared byte by byte, so
// upper and lower case differ.
package suggest

// Nearest returns the name that the fewest insertions, deletions and
// substitutions of letters and swaps of neighbours turn typed into, the first
// of several, or "" if none is close: one edit for up to four letters, two for
// up to eight, and a third of them beyond.
func Nearest(typed string, names []string) string {
	best, least := "", allowed(len(typed))+1
	for _, name := range names {
		if d := distance(typed, name); d < least && d < max(len(typed), len(name)) {
			best, least = name, d
		}
	}
	return best
}

func allowed(letters int) int {
	switch {
	case letters < 2:
		return 0
	case letters < 5:
		return 1
	case letters < 9:
		return 2
	}
	return letters / 3
}

// distance is Levenshtein's with swaps of neighbours, no letter of which is
// edited again ("optimal string alignment"), on bytes.
func distance(a, b string) int {
	// rows of the table for the prefixes of a of lengths i−2, i−1 and i
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substituted := last[j-1]
			if a[i-1] != b[j-1] {
				substituted++
			}
			row[j] = min(substituted, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
