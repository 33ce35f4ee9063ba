package backtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/devices"
)

// Curve is one rule over its sensitivity.
type Curve struct {
	Name     string
	Settings []Setting
}

// Setting is one point of a curve: rules, or detectors, or both.
type Setting struct {
	Label string
	Value float64 // along the curve, e.g. hours
	// Rules nil are the default ones; Detectors nil are the live ones of
	// inactivity (water_inactivity, no_sign_of_life).
	Rules     *alerting.Rules
	Detectors alerting.NewDetectors
}

// FrontierOptions are how a frontier is measured.
type FrontierOptions struct {
	PerHome int // collapses in each home, 0 is 40
	Seed    uint64
	// After is left out of alerts and collapses at the beginning of each home,
	// for rules that learn.
	After time.Duration
	// Learnt is left out for a second score of the same runs, in Point.Learnt; 0
	// makes none.
	Learnt  time.Duration
	Workers int
}

// Point is one setting's score. Alerts are episodes of water_inactivity and
// no_sign_of_life, whatever their stage.
type Point struct {
	Curve, Label string
	Value        float64
	HomeMonths   float64
	// AtHome and Away are alerts per home-month; without labels, away is a
	// stretch of over 30 h without use.
	AtHome, Away float64
	// Stages are alerts at home per home-month that reached a severity or a
	// higher one.
	Stages map[alerting.Severity]float64
	// Delay is that of the first alert after a collapse, in event time, in
	// hours; a missed one counts as 72 h in it, so that missing many is no gain.
	Delay, Receipt Spread
	Missed         int
	Injected       *InjectionScore
	// Learnt is the score without the beginnings of the homes.
	Learnt *Point
}

// Frontier measures every setting of a curve on a set. All settings of all
// curves meet the same collapses if the seed is the same.
func Frontier(ctx context.Context, set *Set, c Curve, o FrontierOptions) ([]Point, error) {
	points := make([]Point, 0, len(c.Settings))
	for _, s := range c.Settings {
		p, err := Measure(ctx, set, s, o)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", c.Name, s.Label, err)
		}
		p.Curve = c.Name
		points = append(points, p)
	}
	return points, nil
}

// Measure measures one setting on a set.
func Measure(ctx context.Context, set *Set, s Setting, o FrontierOptions) (Point, error) {
	p := Point{Label: s.Label, Value: s.Value, Stages: map[alerting.Severity]float64{}}
	run := Options{Rules: s.Rules, Detectors: s.Detectors, Workers: o.Workers, Coarse: true}.complete()
	if s.Detectors == nil {
		run.Detectors = inactivityOnly
	}
	in := Injection{PerHome: o.PerHome, Seed: o.Seed, After: o.After}.complete()
	collapses := make([][]Collapse, len(set.Homes))
	alerts := make([][]*Alert, len(set.Homes))
	err := each(ctx, run.Workers, len(set.Homes), func(ctx context.Context, i int) error {
		list, n, err := inject(ctx, set.Homes[i], &run, &in)
		if err == nil {
			collapses[i], alerts[i] = list, n.alerts
		}
		return err
	})
	if err != nil {
		return p, err
	}
	score(&p, set, alerts, collapses, o.After, in.For)
	if o.Learnt > 0 {
		later := Point{Label: s.Label, Value: s.Value, Stages: map[alerting.Severity]float64{}}
		score(&later, set, alerts, collapses, o.Learnt, in.For)
		p.Learnt = &later
	}
	return p, nil
}

// score fills a point from what happened in each home after its beginning.
func score(p *Point, set *Set, alerts [][]*Alert, collapses [][]Collapse, after, longest time.Duration) {
	home, away, stages := 0, 0, map[alerting.Severity]int{}
	var all []Collapse
	var event, receipt []float64
	for i, h := range set.Homes {
		from := micros(h.truth().first).Add(after)
		p.HomeMonths += max(0, float64(h.Span()-after)) / month
		for _, c := range collapses[i] {
			if !c.At.Before(from) {
				all = append(all, c)
			}
		}
		for _, a := range alerts[i] {
			switch {
			case !inactivity(a.Kind) || a.KnownAt.Before(from):
			case a.Away():
				away++
			default:
				home++
				for _, g := range []alerting.Severity{alerting.Yellow, alerting.Orange, alerting.Red} {
					if !g.Above(a.Highest()) {
						stages[g]++
					}
				}
			}
		}
	}
	for i := range all {
		c := &all[i]
		if c.Kind == "" {
			p.Missed++
			event, receipt = append(event, longest.Hours()), append(receipt, longest.Hours())
			continue
		}
		event = append(event, c.FoundAt.Sub(c.At).Hours())
		receipt = append(receipt, c.KnownAt.Sub(c.At).Hours())
	}
	p.Delay, p.Receipt, p.Injected = spread(event), spread(receipt), ScoreCollapses(all)
	if p.HomeMonths > 0 {
		p.AtHome, p.Away = round(float64(home)/p.HomeMonths), round(float64(away)/p.HomeMonths)
		for g, n := range stages {
			p.Stages[g] = round(float64(n) / p.HomeMonths)
		}
	}
	p.HomeMonths = round(p.HomeMonths)
}

// Learnt are the second scores of the points.
func Learnt(points []Point) []Point {
	var list []Point
	for _, p := range points {
		if p.Learnt != nil {
			later := *p.Learnt
			later.Curve = p.Curve
			list = append(list, later)
		}
	}
	return list
}

// inactivityOnly are those of the live detectors that say such things. The
// others cost time here and change nothing.
func inactivityOnly(s alerting.Subject) []alerting.Detector {
	if s.Type != alerting.SubjectResident {
		return nil
	}
	return slices.DeleteFunc(detect.New(s), func(d alerting.Detector) bool {
		return d.Name() != "water_inactivity" && d.Name() != "no_sign_of_life"
	})
}

// FixedRule is the curve of the fixed rule without any learning: no use at all,
// that is less than a litre, for so many hours.
func FixedRule(hours ...float64) Curve {
	c := Curve{Name: "fixed"}
	for _, h := range hours {
		window := time.Duration(h * float64(time.Hour))
		c.Settings = append(c.Settings, Setting{
			Label: fmt.Sprintf("%g h", h), Value: h, Rules: alerting.DefaultRules(),
			Detectors: func(s alerting.Subject) []alerting.Detector {
				if s.Type != alerting.SubjectResident {
					return nil
				}
				return []alerting.Detector{&fixed{window: window}}
			},
		})
	}
	return c
}

// lastUse follows the registers of one resident and knows the last use.
type lastUse struct {
	Meters map[devices.DeviceID]*devices.Register
	At     time.Time // last use, or where watching began
	Newest time.Time // newest reading
}

// read takes a reading and says what was used; ok is false for one that tells
// nothing, such as one out of order.
func (u *lastUse) read(r *devices.Reading) (litres float64, before time.Time, ok bool) {
	if r.Metric != devices.VolumeM3 || r.Value < 0 {
		return 0, before, false
	}
	if u.Meters == nil {
		u.Meters = map[devices.DeviceID]*devices.Register{}
	}
	m := u.Meters[r.Device]
	if m == nil {
		m = &devices.Register{}
		u.Meters[r.Device] = m
	}
	if m.Read && !r.At.After(m.At) {
		return 0, before, false
	}
	before = m.At
	litres, step := m.Next(r.At, r.Value)
	u.Newest = r.At
	if u.At.IsZero() || litres > 0 || step == devices.Rebased {
		u.At = r.At
	}
	return litres, before, true
}
