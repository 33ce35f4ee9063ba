package detect

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// The saved state is binary, its first byte the version of the form. Up to the
// release before it was JSON, which begins with a brace.
const inactivityForm = 3

// inactivityForm1 did not have what can be taken back, and inactivityForm2 wrote
// numbers longer.
const inactivityForm1, inactivityForm2 = 1, 2

// Save implements alerting.Detector.
func (d *WaterInactivity) Save() ([]byte, error) {
	s := &d.state
	w := writer{buf: make([]byte, 0, 1024)}
	w.byte(inactivityForm)
	w.uint(uint64(len(s.Meters)))
	for _, m := range s.Meters {
		w.string(string(m.ID))
		w.series(&m.Registers)
		w.series(&m.Old)
		w.int(m.Flow.day)
		w.float32(m.Flow.today)
		w.bool(m.Flow.fine)
		w.float32(m.Flow.level)
		w.uint(uint64(len(m.Flow.days)))
		for _, v := range m.Flow.days {
			w.float32(v)
		}
	}
	for _, t := range []time.Time{s.Floor, s.Episode, s.PastFrom, s.PastTo} {
		w.time(t)
	}
	w.string(string(s.Severity))
	w.string(string(s.PastSeverity))
	w.usage(&s.Usage)
	w.rhythm(&s.Rhythm)
	w.lately(&s.Lately)
	return w.buf, nil
}

// Restore implements alerting.Detector.
func (d *WaterInactivity) Restore(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return d.restoreJSON(b)
	}
	r := reader{buf: b}
	form := r.byte()
	if form < inactivityForm1 || form > inactivityForm {
		return fmt.Errorf("restore detector state: %w", errForm)
	}
	r.long = form < inactivityForm
	var s waterInactivityState
	for range r.count(len(r.buf)) {
		m := &meter{ID: devices.DeviceID(r.string())}
		r.series(&m.Registers)
		r.series(&m.Old)
		m.Flow = baseFlow{day: r.int(), today: r.float32(), fine: r.bool(), level: r.float32()}
		for range r.count(flowDays) {
			m.Flow.days = append(m.Flow.days, r.float32())
		}
		m.Flow.conclude()
		if len(m.Registers.list) == 0 {
			r.bad = true
			break
		}
		s.Meters = append(s.Meters, m)
	}
	for _, t := range []*time.Time{&s.Floor, &s.Episode, &s.PastFrom, &s.PastTo} {
		*t = r.time()
	}
	s.Severity, s.PastSeverity = alerting.Severity(r.string()), alerting.Severity(r.string())
	r.usage(&s.Usage)
	r.rhythm(&s.Rhythm)
	if form != inactivityForm1 {
		r.lately(&s.Lately)
	}
	if r.bad || len(r.buf) > 0 {
		return fmt.Errorf("restore detector state: %w", errForm)
	}
	d.state, d.asked = s, asked{}
	return nil
}

// restoreJSON takes the state of the release that knew the fixed rule only.
func (d *WaterInactivity) restoreJSON(b []byte) error {
	type register struct {
		At    time.Time
		Value float64
	}
	var old struct {
		Meters                           map[devices.DeviceID]struct{ Registers, Old []register }
		Floor, Episode, PastFrom, PastTo time.Time
		Severity, PastSeverity           alerting.Severity
	}
	if err := json.Unmarshal(b, &old); err != nil {
		return fmt.Errorf("restore detector state: %w", err)
	}
	s := waterInactivityState{
		Floor: old.Floor, Episode: old.Episode, Severity: old.Severity,
		PastFrom: old.PastFrom, PastTo: old.PastTo, PastSeverity: old.PastSeverity,
	}
	d.state, d.asked = s, asked{}
	for id, o := range old.Meters {
		if len(o.Registers) == 0 {
			continue
		}
		m := d.meter(id)
		for _, r := range o.Registers {
			m.Registers.insert(r.At, r.Value, nil)
		}
		for _, r := range o.Old {
			m.Old.insert(r.At, r.Value, nil)
		}
	}
	return nil
}

func (w *writer) series(s *series) {
	w.uint(uint64(len(s.list)))
	if len(s.list) == 0 {
		return
	}
	w.register(&s.before)
	w.register(&s.after)
	var last register
	var step int64
	for _, r := range s.list {
		w.short(r.At - last.At - step)
		w.int(noHundreds(r.Value - last.Value))
		w.int(r.Used - last.Used - (r.Value - last.Value))
		last, step = r, r.At-last.At
	}
}

func (r *reader) series(s *series) {
	n := r.count(len(r.buf))
	if n == 0 {
		return
	}
	r.register(&s.before)
	r.register(&s.after)
	var last register
	var step int64
	s.list = make([]register, 0, min(n, keptRegisters)+1)
	for range n {
		if r.long {
			step = r.elapsed()
		} else {
			step += r.short()
		}
		value := r.int()
		if !r.long {
			value = hundreds(value)
		}
		last = register{At: last.At + step, Value: last.Value + value, Used: last.Used + value + r.int()}
		s.list = append(s.list, last)
	}
	if !slices.IsSortedFunc(s.list, func(a, b register) int { return int(min(1, max(-1, a.At-b.At))) }) {
		r.bad = true
	}
}

// elapsed is a time as an older release wrote it: in milliseconds where they
// suffice.
func (r *reader) elapsed() int64 {
	n := r.int()
	if n%2 == 0 {
		return n / 2 * 1000
	}
	return (n - 1) / 2
}

func (w *writer) usage(u *usage) {
	w.int(u.day)
	w.int(u.hour)
	for _, v := range []float64{u.days, u.litres, u.hours, u.filled, u.inHour} {
		w.float(v)
	}
}

func (r *reader) usage(u *usage) {
	u.day, u.hour = r.int(), r.int()
	for _, v := range []*float64{&u.days, &u.litres, &u.hours, &u.filled, &u.inHour} {
		*v = r.float()
	}
}

// rhythm writes counts row by row; a run of zeros is a zero and its length.
func (w *writer) rhythm(r *rhythm) {
	w.int(r.day)
	w.float32(r.hours)
	for c := range r.pauses {
		row := r.pauses[c][:]
		for b := 0; b < len(row); b++ {
			w.uint(uint64(row[b]))
			if row[b] == 0 {
				zeros := 1
				for b+zeros < len(row) && row[b+zeros] == 0 {
					zeros++
				}
				w.uint(uint64(zeros))
				b += zeros - 1
			}
		}
	}
}

func (r *reader) rhythm(to *rhythm) {
	to.day, to.hours = r.int(), r.float32()
	for c := range to.pauses {
		for b := 0; b < pauseBins; b++ {
			n := r.uint()
			if n == 0 {
				zeros := int(min(r.uint(), pauseBins))
				if zeros < 1 || b+zeros > pauseBins {
					r.bad = true
					return
				}
				b += zeros - 1
				continue
			}
			to.pauses[c][b] = uint16(min(n, 1<<16-1))
		}
	}
}
