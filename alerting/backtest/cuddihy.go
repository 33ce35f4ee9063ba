package backtest

import (
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// The numbers of Cuddihy and others, "Algorithm to automatically detect abnormally
// long periods of inactivity in a home" (2007).
const (
	cuddihySlots    = 48 // half-hours of a day
	cuddihyDays     = 60
	cuddihyQuantile = 0.97
	cuddihyOwn      = 0.30 // share of the slot's own value that is added
	cuddihyNear     = 0.40 // share of the weighted mean around it
)

const (
	slotLength = 24 * time.Hour / cuddihySlots
	// cuddihyYoung is the limit until cuddihyLearnt days are learnt.
	cuddihyYoung  = 24 * time.Hour
	cuddihyLearnt = 14
)

// Cuddihy is the curve of the rule of 2007, its alert line taken times a factor:
// 1 is the rule as published. Days are those of UTC. What is longer than 30 h is
// an absence and is not learnt, nor are announced absences; for the first 14
// days 24 h hold.
func Cuddihy(factors ...float64) Curve {
	c := Curve{Name: "Cuddihy 2007"}
	for _, f := range factors {
		c.Settings = append(c.Settings, Setting{
			Label: fmt.Sprintf("× %g", f), Value: f,
			Detectors: func(s alerting.Subject) []alerting.Detector {
				if s.Type != alerting.SubjectResident {
					return nil
				}
				return []alerting.Detector{&cuddihy{factor: f}}
			},
		})
	}
	return c
}

type cuddihy struct {
	factor float64
	cuddihyState
}

type cuddihyState struct {
	reference
	// Elapsed are the newest values of each slot, in minutes, oldest first.
	Elapsed [cuddihySlots][]uint16
	// Stretch are those since the last use, which count once it has ended.
	Stretch []slotValue
	// Line is the alert line in minutes, 0 while not learnt; made anew at most
	// once a day, at Made.
	Line [cuddihySlots]float64
	Made time.Time
}

type slotValue struct {
	Slot    int
	Minutes uint16
}

// Name implements alerting.Detector.
func (*cuddihy) Name() string { return "reference_cuddihy" }

// Observe implements alerting.Detector.
func (d *cuddihy) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	last := d.Use.At
	litres, before, ok := d.Use.read(r)
	if !ok {
		return nil
	}
	if !before.IsZero() {
		d.learn(v, last, before, r.At, litres > 0)
	}
	limit := cuddihyYoung
	if line := d.Line[slot(r.At)]; line > 0 {
		limit = time.Duration(line * d.factor * float64(time.Minute))
	}
	return d.judge(v, limit)
}

func slot(t time.Time) int {
	return int(t.Unix()%86400) / int(slotLength/time.Second)
}

// learn notes the time since the last use at each begin of a slot between two
// readings.
func (d *cuddihy) learn(v *alerting.View, last, before, at time.Time, used bool) {
	if v.Away {
		d.Stretch = nil
		return
	}
	for t := before.Truncate(slotLength).Add(slotLength); !t.After(at); t = t.Add(slotLength) {
		switch idle := t.Sub(last); {
		case !used && idle <= longAway:
			d.Stretch = append(d.Stretch, slotValue{slot(t), uint16(idle.Minutes())})
		case used && at.Sub(before) <= 90*time.Minute:
			d.Stretch = append(d.Stretch, slotValue{slot(t), 0})
		}
	}
	if !used {
		return
	}
	if before.Sub(last) <= longAway {
		for _, s := range d.Stretch {
			e := append(d.Elapsed[s.Slot], s.Minutes)
			if len(e) > cuddihyDays {
				e = slices.Delete(e, 0, len(e)-cuddihyDays)
			}
			d.Elapsed[s.Slot] = e
		}
	}
	d.Stretch = d.Stretch[:0]
	if at.Sub(d.Made) >= 24*time.Hour {
		d.Made = at
		d.draw()
	}
}

// draw makes the alert line.
func (d *cuddihy) draw() {
	var m [cuddihySlots]float64
	for i, e := range d.Elapsed {
		if len(e) < cuddihyLearnt {
			return
		}
		sorted := slices.Sorted(slices.Values(e))
		m[i] = float64(sorted[min(len(sorted)-1, int(cuddihyQuantile*float64(len(sorted))))])
	}
	weights := [5]float64{1, 2, 3, 2, 1}
	for i := range m {
		highest, mean := 0.0, 0.0
		for k, w := range weights {
			near := m[(i+k-2+cuddihySlots)%cuddihySlots]
			highest = max(highest, near)
			mean += w * near / 9
		}
		d.Line[i] = highest + cuddihyOwn*m[i] + cuddihyNear*mean
	}
}

// Notice implements alerting.Detector.
func (*cuddihy) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }

// Tick implements alerting.Detector.
func (*cuddihy) Tick(*alerting.View) []alerting.Finding { return nil }

// Save implements alerting.Detector.
func (d *cuddihy) Save() ([]byte, error) { return save(&d.cuddihyState) }

// Restore implements alerting.Detector.
func (d *cuddihy) Restore(b []byte) error { return restore(b, &d.cuddihyState) }
