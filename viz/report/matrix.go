package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/strideml/stride/metrics"
)

// A matrix is the confusion matrix: a table of numbers for few classes, a picture
// for more.
type matrix struct {
	Names []string
	Rows  []matrixRow // of the table
	Heat  *heat       // the picture
	Note  string
}

type matrixRow struct {
	Name  string
	Cells []matrixCell
}

// A matrixCell has a count and a style of the style sheet: h0 to h9 for hits, e0 to
// e9 for errors, "" for nothing.
type matrixCell struct {
	Count int
	Style string
}

// A heat is the matrix as SVG: for each style a path with a square for each cell.
type heat struct {
	Width, Height int // in units of the SVG
	Paths         []heatPath
	Labels        []heatLabel
	LabelAt       int // where labels end, from the left and from the top
	Grid, Summary string
}

type heatPath struct{ Style, Path string }

type heatLabel struct {
	Name, Full string
	At         string
}

func newMatrix(m *metrics.ConfusionMatrix, names []string) matrix {
	k := len(names)
	shown := make([]int, k)
	for i := range shown {
		shown[i] = i
	}
	v := matrix{}
	if k > maxMatrix {
		errors := make([]int, k)
		for i := range k {
			errors[i] = m.Support(i) + m.Predicted(i) - 2*m.Count(i, i)
		}
		slices.SortStableFunc(shown, func(a, b int) int {
			return cmp.Or(cmp.Compare(errors[b], errors[a]), cmp.Compare(m.Support(b), m.Support(a)))
		})
		shown = shown[:maxMatrix]
		slices.Sort(shown)
		v.Note = fmt.Sprintf("Of %s classes, these are the %d with the most mistakes.", thousands(k), maxMatrix)
	}
	for _, i := range shown {
		v.Names = append(v.Names, names[i])
	}
	if len(shown) > maxMatrixTable {
		v.Heat = newHeat(m, shown, v.Names)
		return v
	}
	for r, i := range shown {
		row := matrixRow{Name: v.Names[r]}
		for _, j := range shown {
			row.Cells = append(row.Cells, matrixCell{m.Count(i, j), cellStyle(m, i, j)})
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// cellStyle returns the style of a cell by its share of the images of its class, of
// which errors show the square root: small ones are to be seen.
func cellStyle(m *metrics.ConfusionMatrix, i, j int) string {
	count := m.Count(i, j)
	if count == 0 {
		return ""
	}
	share := float64(count) / float64(m.Support(i))
	if i == j {
		return fmt.Sprintf("h%d", min(int(share*10), 9))
	}
	return fmt.Sprintf("e%d", min(int(math.Sqrt(share)*10), 9))
}

func newHeat(m *metrics.ConfusionMatrix, shown []int, names []string) *heat {
	const cell, margin = 11, 104
	size := cell * len(shown)
	h := &heat{Width: margin + size + 2, Height: margin + size + 2, LabelAt: margin - 4}
	paths := map[string]*strings.Builder{}
	for r, i := range shown {
		h.Labels = append(h.Labels, heatLabel{short(names[r], 17), names[r], coordinate(margin + (float64(r)+.5)*cell)})
		for c, j := range shown {
			style := cellStyle(m, i, j)
			if style == "" {
				continue
			}
			if paths[style] == nil {
				paths[style] = &strings.Builder{}
			}
			fmt.Fprintf(paths[style], "M%d %dh%dv%dh-%dz", margin+c*cell, margin+r*cell, cell-1, cell-1, cell-1)
		}
	}
	for style, path := range paths {
		h.Paths = append(h.Paths, heatPath{style, path.String()})
	}
	slices.SortFunc(h.Paths, func(a, b heatPath) int { return cmp.Compare(a.Style, b.Style) })
	var grid strings.Builder
	for i := 0; i <= len(shown); i += 10 {
		fmt.Fprintf(&grid, "M%d %dv%dM%d %dh%d", margin+i*cell, margin, size, margin, margin+i*cell, size)
	}
	h.Grid = grid.String()
	h.Summary = fmt.Sprintf("Confusion matrix of %d classes as a picture; the tables of classes and of confused pairs have the numbers.", len(shown))
	return h
}
