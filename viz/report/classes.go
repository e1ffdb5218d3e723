package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/strideml/stride/metrics"
)

// A classTable has a row for each class, that with the lowest F1 first.
type classTable struct {
	Rows []classRow
	// Note says which classes are left out, if any are.
	Note   string
	Ranked bool // ROC-AUC and average precision are known
}

type classRow struct {
	Name                          string
	Images                        int
	Precision, Recall, F1         float64
	ROCAUC, AveragePrecision, Bar float64
}

func newClassTable(s *metrics.Summary, names []string) classTable {
	m := s.Confusion
	t := classTable{Ranked: !s.Unranked && len(s.ROCAUC) == len(names)}
	for i, name := range names {
		row := classRow{Name: name, Images: m.Support(i), Precision: m.Precision(i), Recall: m.Recall(i), F1: m.F1(i), Bar: 100 * m.F1(i)}
		if t.Ranked {
			row.ROCAUC, row.AveragePrecision = s.ROCAUC[i], s.AveragePrecision[i]
		}
		t.Rows = append(t.Rows, row)
	}
	slices.SortStableFunc(t.Rows, func(a, b classRow) int { return cmp.Compare(a.F1, b.F1) })
	if all := len(t.Rows); all > maxClassRows {
		t.Rows = slices.DeleteFunc(t.Rows, func(r classRow) bool { return r.Images == 0 })
		t.Rows = t.Rows[:min(len(t.Rows), maxClassRows)]
		t.Note = fmt.Sprintf("Of %s classes, these are the %d with the lowest F1 that have images.", thousands(all), len(t.Rows))
	}
	return t
}

// A pair is two classes that were confused.
type pair struct {
	Label, Predicted string
	Count            int
	Share, Bar       float64
}

// A dataTable has the number of images of each class in each split.
type dataTable struct {
	Splits []string
	Rows   []dataRow
	Note   string
}

type dataRow struct {
	Name  string
	Cells []dataCell
}

type dataCell struct {
	Images int
	Bar    float64 // of the largest class, in per cent
}

func newDataTable(splits []Split, names []string) dataTable {
	var t dataTable
	var counted []Split
	for _, s := range splits {
		if len(s.Counts) == len(names) {
			counted, t.Splits = append(counted, s), append(t.Splits, s.Name)
		}
	}
	if len(counted) == 0 {
		return dataTable{}
	}
	for i, name := range names {
		row := dataRow{Name: name}
		for _, s := range counted {
			row.Cells = append(row.Cells, dataCell{s.Counts[i], 100 * float64(s.Counts[i]) / float64(max(slices.Max(s.Counts), 1))})
		}
		t.Rows = append(t.Rows, row)
	}
	if all := len(t.Rows); all > maxClassRows {
		t.Rows = slices.DeleteFunc(t.Rows, func(r dataRow) bool {
			return !slices.ContainsFunc(r.Cells, func(c dataCell) bool { return c.Images > 0 })
		})
		slices.SortStableFunc(t.Rows, func(a, b dataRow) int { return cmp.Compare(a.Cells[0].Images, b.Cells[0].Images) })
		t.Rows = t.Rows[:min(len(t.Rows), maxClassRows)]
		t.Note = fmt.Sprintf("Of %s classes, these are the %d with the fewest %s images of those that have any.", thousands(all), len(t.Rows), t.Splits[0])
	}
	return t
}
