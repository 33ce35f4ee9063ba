package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// table is one part of a report as rows of cells: string, int or float64.
type table struct {
	name string
	head []string
	rows [][]any
}

// tables puts the report into words, times in the zone.
func (r *Monthly) tables(language string, zone *time.Location) []table {
	w := wordsOf(language)
	return []table{r.kindTable(w, zone), r.timeTable(w), r.targetTable(w), r.visitTable(w), r.providerTable(w), r.otherTable(w)}
}

func (r *Monthly) place(w *words) string {
	if r.Area == "" {
		return w.everywhere
	}
	return string(r.Area)
}

func (r *Monthly) kindTable(w *words, zone *time.Location) table {
	t := table{name: w.sheets[0], head: []string{w.area + ": " + r.place(w), w.month + ": " + r.Month, w.asOf + ": " + r.AsOf.In(zone).Format("2006-01-02 15:04")}}
	t.rows = append(t.rows, []any{w.residents, r.Residents}, []any{w.alerts, r.Alerts.N}, nil)
	head := make([]any, 0, len(w.kindHead)+13)
	for _, h := range w.kindHead {
		head = append(head, h)
	}
	used := []string{}
	column := map[string]int{}
	for _, k := range r.Kinds {
		for _, o := range k.Outcomes {
			if _, ok := column[string(o.Outcome)]; !ok {
				column[string(o.Outcome)] = len(used)
				used = append(used, string(o.Outcome))
				head = append(head, w.outcomes[o.Outcome])
			}
		}
	}
	t.rows = append(t.rows, head)
	for _, k := range r.Kinds {
		row := []any{w.kinds[k.Kind], k.Opened.N, k.Open.N, k.Real, k.Useful, k.False, percent(k.Truth)}
		ended := make([]any, len(used))
		for i := range ended {
			ended[i] = 0
		}
		for _, o := range k.Outcomes {
			ended[column[string(o.Outcome)]] = o.N
		}
		t.rows = append(t.rows, append(row, ended...))
	}
	return t
}

func (r *Monthly) timeTable(w *words) table {
	t := table{name: w.sheets[1], head: w.timeHead}
	for _, s := range r.Steps {
		t.rows = append(t.rows, []any{w.severities[s.Severity], w.steps[s.Step], s.Taken.N, s.Missing.N, timeCell(s.P50), timeCell(s.P90), timeCell(s.Longest)})
	}
	return t
}

func (r *Monthly) targetTable(w *words) table {
	t := table{name: w.sheets[2], head: w.targetHead}
	for _, g := range r.Targets {
		met := ""
		if g.Met != nil {
			met = w.met[*g.Met]
		}
		t.rows = append(t.rows, []any{w.targets[g.ID], strconv.FormatFloat(g.Percent, 'f', -1, 64) + " %", g.Within.N, g.Of.N, g.Missed.N, percent(g.Share), met})
	}
	return t
}

func (r *Monthly) visitTable(w *words) table {
	t := table{name: w.sheets[3], head: w.visitHead}
	for i, n := range []Number{r.Visits.Due, r.Visits.Made, r.Visits.Settled, r.Visits.Overdue} {
		t.rows = append(t.rows, []any{r.place(w), w.visits[i], "", n.N})
	}
	for _, q := range r.Quotas {
		if q.HomeNeeded > 0 || q.HomeDone > 0 {
			t.rows = append(t.rows, []any{string(q.Area), w.quotas[0], q.HomeNeeded, q.HomeDone})
		}
		if q.CallsNeeded > 0 || q.CallsDone > 0 {
			t.rows = append(t.rows, []any{string(q.Area), w.quotas[1], q.CallsNeeded, q.CallsDone})
		}
	}
	return t
}

func (r *Monthly) providerTable(w *words) table {
	t := table{name: w.sheets[4], head: w.providerHead}
	for _, p := range r.Providers {
		t.rows = append(t.rows, []any{p.Name, p.Visits.N, tenth(p.Hours), p.Residents})
	}
	return t
}

func (r *Monthly) otherTable(w *words) table {
	t := table{name: w.sheets[5], head: w.otherHead}
	for i, v := range []any{r.Dark.N, r.Uncovered.N, tenth(r.Uncovered.Hours), r.Presence.Asked.N, r.Presence.Answered.N} {
		t.rows = append(t.rows, []any{w.others[i], v})
	}
	return t
}

func percent(share *float64) string {
	if share == nil {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100**share)
}

func timeCell(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return duration(*seconds)
}

func tenth(x float64) float64 { return float64(int(x*10+0.5)) / 10 }

// Cell makes a text that no spreadsheet takes for a formula: one that begins
// like one, in full width too, gets an apostrophe before it (OWASP, CSV injection).
func Cell(text string) string {
	if first, _ := utf8.DecodeRuneInString(text); strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", first) {
		return "'" + text
	}
	return text
}

func (t *table) each(row func(cells []any) error) error {
	head := make([]any, len(t.head))
	for i, h := range t.head {
		head[i] = h
	}
	for _, cells := range append([][]any{head}, t.rows...) {
		for i, c := range cells {
			if s, ok := c.(string); ok {
				cells[i] = Cell(s)
			}
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

// WriteCSV writes the tables one below the other, UTF-8 with a byte order mark,
// which spreadsheets need to know it.
func (r *Monthly) WriteCSV(out io.Writer, language string, zone *time.Location) error {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	for i, t := range r.tables(language, zone) {
		if i > 0 {
			_ = w.Write([]string{""})
		}
		_ = w.Write([]string{t.name})
		_ = t.each(func(cells []any) error {
			line := make([]string, max(1, len(cells)))
			for i, c := range cells {
				line[i] = fmt.Sprint(c)
			}
			return w.Write(line)
		})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// WriteXLSX writes a workbook with a sheet for each table, ready to print.
func (r *Monthly) WriteXLSX(out io.Writer, language string, zone *time.Location) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	for i, t := range r.tables(language, zone) {
		if i == 0 {
			err = f.SetSheetName("Sheet1", t.name)
		} else {
			_, err = f.NewSheet(t.name)
		}
		if err == nil {
			err = writeSheet(f, &t, bold)
		}
		if err != nil {
			return fmt.Errorf("write sheet %s: %w", t.name, err)
		}
	}
	if err := f.Write(out); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

func writeSheet(f *excelize.File, t *table, bold int) error {
	number := 0
	err := t.each(func(cells []any) error {
		number++
		for i, c := range cells {
			name, err := excelize.CoordinatesToCellName(i+1, number)
			if err != nil {
				return err
			}
			if err := f.SetCellValue(t.name, name, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.SetRowStyle(t.name, 1, 1, bold); err != nil {
		return err
	}
	if err := f.SetColWidth(t.name, "A", "B", 26); err != nil {
		return err
	}
	landscape, a4, fit, width := "landscape", 9, true, 1
	if err := f.SetSheetProps(t.name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	return f.SetPageLayout(t.name, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &width})
}
