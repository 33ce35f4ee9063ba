package backtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"shouwang/alerting"
)

// Column is one set of rules with what came of it.
type Column struct {
	Name   string
	Result *Result
	Score  *Score
}

// document is what a backtest prints as JSON.
type document struct {
	Readings int       `json:"readings"`
	Seconds  float64   `json:"seconds"` // to judge them
	Alerts   []*Alert  `json:"alerts"`
	Summary  *Score    `json:"summary"`
	Compare  *document `json:"compare,omitempty"`
}

func (c *Column) document() *document {
	d := &document{Readings: c.Result.Readings, Seconds: c.Result.Took.Seconds(), Alerts: c.Result.Alerts, Summary: c.Score}
	if d.Alerts == nil {
		d.Alerts = []*Alert{}
	}
	return d
}

// WriteJSON prints one document: the first column, and the second within it as
// "compare".
func WriteJSON(w io.Writer, columns []Column) error {
	d := columns[0].document()
	if len(columns) > 1 {
		d.Compare = columns[1].document()
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write backtest: %w", err)
	}
	return nil
}

// WriteText prints the score for people, a line for each alert first when they
// are wanted.
func WriteText(w io.Writer, columns []Column, loading time.Duration, alerts bool) error {
	out := bufio.NewWriter(w)
	for i := range columns {
		if alerts {
			columns[i].lines(out)
		}
		columns[i].summary(out, loading)
	}
	if len(columns) > 1 {
		beside(out, &columns[0], &columns[1])
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write backtest: %w", err)
	}
	return nil
}

const clock = "2006-01-02 15:04Z07"

// lines prints one line of evidence for each alert.
func (c *Column) lines(w io.Writer) {
	for _, a := range c.Result.Alerts {
		where := "home"
		if a.Away() {
			where = "away"
		}
		fmt.Fprintf(w, "%s %s %s %s %s since %s, known %s", a.FoundAt.Format(clock), a.Severity, a.Kind, a.home.Name(), where,
			a.Since.Format(clock), a.KnownAt.Format(clock))
		for _, s := range a.Stages {
			fmt.Fprintf(w, ", %s %s", s.Severity, s.FoundAt.Format(clock))
		}
		if a.Into != "" {
			fmt.Fprintf(w, ", in %s", a.Into)
		}
		fmt.Fprintf(w, ": %s\n", evidence(a.Evidence))
	}
}

func evidence(e map[string]any) string {
	words := make([]string, 0, len(e))
	for _, k := range slices.Sorted(maps.Keys(e)) {
		value := e[k]
		switch v := value.(type) {
		case time.Time:
			value = v.UTC().Format(clock)
		case float64:
			value = fmt.Sprintf("%.4g", v)
		}
		words = append(words, fmt.Sprintf("%s=%v", k, value))
	}
	return strings.Join(words, " ")
}

func (c *Column) summary(w io.Writer, loading time.Duration) {
	s := c.Score
	fmt.Fprintf(w, "\n%s: %d readings of %d residents over %.1f resident-months; judged in %.2f s (%.0f/s), loaded in %.2f s",
		c.Name, s.Readings, s.Homes, s.Months, c.Result.Took.Seconds(), s.ReadingsPerS, loading.Seconds())
	if s.Refused > 0 {
		fmt.Fprintf(w, "; %d readings refused for their time", s.Refused)
	}
	fmt.Fprintf(w, "\n\n%-18s %7s %6s %6s %6s  %9s %9s  %s\n", "kind", "alerts", "true", "home", "away", "home/mon", "away/mon", "home/mon by stage; known after found, h: p50, p90")
	for _, k := range s.Kinds {
		fmt.Fprintf(w, "%-18s %7d %6d %6d %6d  %9.3f %9.3f  ", k.Kind, k.Alerts, k.True, k.Home, k.Away, k.HomePerMonth, k.AwayPerMonth)
		for _, g := range []alerting.Severity{alerting.Blue, alerting.Yellow, alerting.Orange, alerting.Red} {
			if st, ok := k.Stages[g]; ok {
				fmt.Fprintf(w, "%s %.3f ", g, st.HomePerMonth)
			}
		}
		fmt.Fprintf(w, "; %.2f, %.2f", k.Behind.P50, k.Behind.P90)
		if k.Joined > 0 {
			fmt.Fprintf(w, "; %d folded into others", k.Joined)
		}
		fmt.Fprintln(w)
	}
	if len(s.Incidents) > 0 {
		fmt.Fprintf(w, "\n%-18s %7s %7s  %s\n", "incident", "number", "missed", "delay h: p50, p90, mean, max in event time; in receipt time")
		for _, i := range s.Incidents {
			fmt.Fprintf(w, "%-18s %7d %7d  %s; %s\n", i.Kind, i.Incidents, i.Missed, i.EventH, i.ReceiptH)
		}
	}
	if i := s.Injected; i != nil {
		fmt.Fprintf(w, "\n%d injected collapses, %d missed, %d with an alert already open; delay h p50, p90, mean, max\n", i.Collapses, i.Missed, i.Open)
		fmt.Fprintf(w, "  event time   %s\n  receipt time %s\n", i.EventH, i.ReceiptH)
		for _, g := range []alerting.Severity{alerting.Yellow, alerting.Orange, alerting.Red} {
			if sp, ok := i.Stages[g]; ok {
				fmt.Fprintf(w, "  %-6s       %s, %d reached\n", g, sp, sp.N)
			}
		}
	}
	s.Duty.print(w)
	if len(s.Worst) > 0 {
		fmt.Fprintf(w, "\nresidents with most alerts at home\n")
		for _, h := range s.Worst {
			fmt.Fprintf(w, "  %-24s %5d (%.2f a month), %d in all\n", h.Resident, h.Home, h.HomePerMonth, h.Alerts)
		}
	}
	fmt.Fprintln(w)
}

// String gives p50, p90, mean and maximum.
func (s Spread) String() string {
	return fmt.Sprintf("%.1f, %.1f, %.1f, %.1f", s.P50, s.P90, s.Mean, s.Max)
}

// beside prints two columns side by side.
func beside(w io.Writer, a, b *Column) {
	fmt.Fprintf(w, "side by side: 1 = %s, 2 = %s\n%-18s %9s %9s  %9s %9s  %9s %9s\n", a.Name, b.Name,
		"kind", "alerts 1", "2", "home/mo 1", "2", "away/mo 1", "2")
	for _, kind := range alerting.Kinds() {
		x, y := a.Score.kind(kind), b.Score.kind(kind)
		if x.Alerts+y.Alerts > 0 {
			fmt.Fprintf(w, "%-18s %9d %9d  %9.3f %9.3f  %9.3f %9.3f\n", kind, x.Alerts, y.Alerts,
				x.HomePerMonth, y.HomePerMonth, x.AwayPerMonth, y.AwayPerMonth)
		}
	}
	if i, j := a.Score.Injected, b.Score.Injected; i != nil && j != nil {
		fmt.Fprintf(w, "delay to an injected collapse, h: p50, p90, mean, max\n  1 %s, %d missed\n  2 %s, %d missed\n", i.EventH, i.Missed, j.EventH, j.Missed)
	}
}

// kind is the score of one kind, zero when there was no such alert.
func (s *Score) kind(k alerting.Kind) KindScore {
	for i := range s.Kinds {
		if s.Kinds[i].Kind == k {
			return s.Kinds[i]
		}
	}
	return KindScore{Kind: k}
}
