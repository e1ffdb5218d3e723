// Package suggest guesses what somebody meant who mistyped a name.
//
// [Nearest] is all there is: it compares by Levenshtein's distance. Names are
// compared byte by byte, so upper and lower case differ.
package suggest

// Nearest returns the name that the fewest insertions, deletions and
// substitutions of letters turn typed into, the first of several, or "" if
// none is close: more than two edits, or a third of the letters, are too many.
func Nearest(typed string, names []string) string {
	best, least := "", max(2, len(typed)/3)+1
	for _, name := range names {
		if d := distance(typed, name); d < least && d < max(len(typed), len(name)) {
			best, least = name, d
		}
	}
	return best
}

// distance is Levenshtein's, on bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
