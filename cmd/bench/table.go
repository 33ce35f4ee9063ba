package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// table collects figures by row and peer.
type table struct {
	rows  []string
	cells map[string]map[string][]float64 // row, column
	notes []string
}

func newTable() *table { return &table{cells: map[string]map[string][]float64{}} }

func (t *table) add(row, column string, value float64) {
	if t.cells[row] == nil {
		t.rows = append(t.rows, row)
		t.cells[row] = map[string][]float64{}
	}
	t.cells[row][column] = append(t.cells[row][column], value)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// ratios pairs the runs: the machine drifts, so only neighbours are compared.
func ratios(a, b []float64) []float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			out = append(out, a[i]/b[i])
		}
	}
	return out
}

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func cell(values []float64) string {
	if len(values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%s-%s)", number(median(values)), number(slices.Min(values)), number(slices.Max(values)))
}

func (t *table) print(w io.Writer) {
	fmt.Fprintln(w, "\nmedian (range) over the runs; ratio: shouwang / Telegraf, run by run")
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "what\tshouwang\tTelegraf\tratio")
	for _, row := range t.rows {
		c := t.cells[row]
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", row, cell(c["shouwang"]), cell(c["Telegraf"]), cell(ratios(c["shouwang"], c["Telegraf"])))
	}
	_ = out.Flush()
	if len(t.notes) > 0 {
		fmt.Fprintln(w, "\n"+strings.Join(t.notes, "\n"))
	}
}
