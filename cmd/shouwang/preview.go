package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
	"shouwang/dashboard"
	"shouwang/devices"
	"shouwang/devices/registry"
)

// previews says what other rules would have done, from the stored series. One is
// made at a time, on half of the machine at most: the service goes on beside it.
// The series keeps no time of receipt that it could be asked for, so readings
// count as received when they were measured.
type previews struct {
	registry *registry.Registry
	series   dashboard.Series
	slot     chan struct{} // holds one token while none is made
}

func newPreviews(reg *registry.Registry, series dashboard.Series) *previews {
	p := &previews{registry: reg, series: series, slot: make(chan struct{}, 1)}
	p.slot <- struct{}{}
	return p
}

// previewBatch is how many residents are read and judged at once: some megabytes.
const previewBatch = 20

// Preview implements dashboard.Preview. It ends a little before the deadline of
// the context with what it has got.
func (p *previews) Preview(ctx context.Context, q dashboard.PreviewQuery) (dashboard.PreviewResult, error) {
	select {
	case <-p.slot:
		defer func() { p.slot <- struct{}{} }()
	default:
		return dashboard.PreviewResult{}, dashboard.ErrPreviewBusy
	}
	result := dashboard.PreviewResult{From: q.From, To: q.To, Complete: true}
	if deadline, ok := ctx.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/10))
		defer stop()
	}
	tally := tally{counts: map[alerting.Kind]*[2]dashboard.PreviewCount{}}
	filter := devices.ResidentFilter{Scope: q.Scope, Area: q.Area, Limit: previewBatch}
	if q.Tier != "" {
		filter.Tier = []devices.Tier{q.Tier}
	}
	for {
		page, err := p.page(ctx, q.Resident, filter)
		if err == nil {
			err = p.judge(ctx, &q, page.Items, &tally)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			result.Complete = false
			break
		}
		if err != nil {
			return result, fmt.Errorf("preview: %w", err)
		}
		if filter.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	result.Residents, result.Readings, result.Kinds = tally.residents, tally.readings, tally.kinds()
	return result, nil
}

// page reads residents, or the one that is asked for.
func (p *previews) page(ctx context.Context, resident string, f devices.ResidentFilter) (devices.ResidentPage, error) {
	if resident == "" {
		return p.registry.Residents(ctx, f)
	}
	r, err := p.registry.GetResident(ctx, f.Scope, resident)
	return devices.ResidentPage{Items: []devices.ResidentView{r}}, err
}

// judge reads some residents' series and judges them by both rules. Nothing is
// counted when it does not get to the end.
func (p *previews) judge(ctx context.Context, q *dashboard.PreviewQuery, residents []devices.ResidentView, t *tally) error {
	type pair struct{ before, after *alerting.Rules }
	alike := map[pair][]backtest.Memory{}
	for i := range residents {
		home, err := p.home(ctx, q, &residents[i])
		if err != nil {
			return err
		}
		of := alerting.RuleScope{Area: residents[i].Area, Tier: residents[i].Tier, Resident: residents[i].ID}
		rules := pair{q.Before(of), q.After(of)}
		alike[rules] = append(alike[rules], home)
	}
	var found []func()
	for both, homes := range alike {
		set := backtest.FromMemory("preview", homes)
		var results [2]*backtest.Result
		for i, rules := range []*alerting.Rules{both.before, both.after} {
			var err error
			results[i], err = backtest.Run(ctx, set, backtest.Options{Rules: rules, Coarse: true, Workers: max(1, runtime.GOMAXPROCS(0)/2)})
			if err != nil {
				return err
			}
		}
		found = append(found, func() { t.add(set, results, len(homes)) })
	}
	for _, add := range found {
		add()
	}
	return nil
}

// home reads what is stored of one resident's devices.
func (p *previews) home(ctx context.Context, q *dashboard.PreviewQuery, r *devices.ResidentView) (backtest.Memory, error) {
	home := backtest.Memory{Resident: &r.Resident, Devices: r.Devices}
	absences, err := p.registry.Absences(ctx, r.ID)
	if err != nil {
		return home, err
	}
	home.Absences = absences
	assigned, err := p.registry.Assignments(ctx, r.ID)
	if err != nil {
		return home, err
	}
	for _, a := range assigned {
		from, to := q.From, q.To
		if a.From.After(from) {
			from = a.From
		}
		if !a.To.IsZero() && a.To.Before(to) {
			to = a.To
		}
		if !from.Before(to) {
			continue
		}
		latest, err := p.series.Latest(ctx, a.Device)
		if err != nil {
			return home, err
		}
		for _, l := range latest {
			if home.Readings, err = p.read(ctx, home.Readings, a.Device, l.Metric, from, to); err != nil {
				return home, err
			}
		}
	}
	return home, nil
}

// read appends one metric of one device.
func (p *previews) read(ctx context.Context, list []devices.Reading, id devices.DeviceID, metric devices.Metric, from, to time.Time) ([]devices.Reading, error) {
	for from.Before(to) {
		points, err := p.series.History(ctx, devices.HistoryQuery{Device: id, Metric: metric, From: from, To: to, Limit: devices.MaxPoints})
		if err != nil {
			return list, err
		}
		for _, point := range points {
			if point.Value != nil {
				list = append(list, devices.Reading{Device: id, Metric: metric, At: point.At, Received: point.At, Value: *point.Value})
			}
		}
		if len(points) < devices.MaxPoints {
			break
		}
		from = points[len(points)-1].At.Add(time.Microsecond)
	}
	return list, nil
}

// tally adds up what both rules found.
type tally struct {
	residents, readings int
	months              float64
	counts              map[alerting.Kind]*[2]dashboard.PreviewCount
}

func (t *tally) add(set *backtest.Set, results [2]*backtest.Result, residents int) {
	t.residents += residents
	t.readings += set.Readings()
	for _, h := range set.Homes {
		t.months += h.Span().Hours() / (24 * 30.44)
	}
	for i, r := range results {
		for _, a := range r.Alerts {
			both := t.counts[a.Kind]
			if both == nil {
				both = &[2]dashboard.PreviewCount{{Severity: map[alerting.Severity]int{}}, {Severity: map[alerting.Severity]int{}}}
				t.counts[a.Kind] = both
			}
			both[i].Alerts++
			both[i].Severity[a.Highest()]++
			if a.Away() {
				both[i].Away++
			}
		}
	}
}

func (t *tally) kinds() []dashboard.PreviewKind {
	list := []dashboard.PreviewKind{}
	for _, k := range alerting.Kinds() {
		both := t.counts[k]
		if both == nil {
			continue
		}
		for i := range both {
			if t.months > 0 {
				both[i].PerMonth = math.Round(float64(both[i].Alerts)/t.months*1000) / 1000
			}
		}
		list = append(list, dashboard.PreviewKind{Kind: k, Now: both[0], Proposed: both[1]})
	}
	return list
}
