package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// WaterUse finds water that runs when it should not, and habits that change: a
// leak, a burst, high use, a change of routine. One detector, since all of them
// ask the same question of the register: how much in which hour.
//
// Each meter is judged by itself. A gap in the readings is use at an unknown time
// inside it, so it proves a flow only where the whole of it is too much.
type WaterUse struct {
	meters []waterMeter
	heard  time.Time // how far what people found out has been heard
}

// maxMeters is how many meters a home may have at a time; a new one more, and the
// one heard longest ago is forgotten.
const maxMeters = 3

type waterMeter struct {
	device devices.DeviceID
	use    meterUse
}

const (
	// keptCells are the hours of use that are kept: two days and a margin.
	keptCells = 50
	// cellSpan is how much time readings are merged into, an hour with some
	// jitter of the meter's clock.
	cellSpan = 62 * 60
	// shortCell is too short to say that water stood still.
	shortCell = 48 * 60
	// longestCell is the longest stretch between two readings in which the flow
	// counts as known: an hourly meter with one reading lost.
	longestCell = 125 * 60
	hourSeconds = 3600
)

// cell is the use between the reading before it and its own.
type cell struct {
	at    int64   // Unix seconds
	used  float64 // litres since the cell before; unknownUse when that is not known
	value float64 // register, m³
}

// keptCell is a cell as it is kept, small: there are fifty for each meter.
type keptCell struct {
	value float64
	at    uint32
	used  float32
}

func (m *meterUse) cell(i int) cell {
	k := &m.cells[i]
	return cell{at: int64(k.at), used: float64(k.used), value: k.value}
}

func (c cell) kept() keptCell { return keptCell{c.value, uint32(c.at), float32(c.used)} }

const unknownUse = -1

// spell is a stretch of time about which something was said, in Unix seconds.
type spell struct {
	from int64 // zero: none now
	over int64 // when the last one was over
}

// meterUse is what is remembered of one meter.
type meterUse struct {
	register devices.Register
	cells    []keptCell
	stepL    float64 // resolution of the register in litres, 0 before it is known
	leak     spell
	burst    spell
	high     spell
	habits   habits
	routine  routine
	// noLeak and noSeep follow from the cells.
	noLeak, noSeep stop
}

// Name implements alerting.Detector.
func (d *WaterUse) Name() string { return "water_use" }

// Notice implements alerting.Detector.
func (d *WaterUse) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }

// Tick implements alerting.Detector.
func (d *WaterUse) Tick(*alerting.View) []alerting.Finding { return nil }

// QuietTicks implements alerting.QuietTicks.
func (d *WaterUse) QuietTicks() {}

// Observe implements alerting.Detector.
func (d *WaterUse) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if r.Metric != devices.VolumeM3 || !(r.Value >= 0) || r.At.Unix() <= 0 || r.At.Unix() > math.MaxUint32 {
		return nil
	}
	m := d.meter(r.Device)
	d.forget(v)
	first, ok := m.take(v, r.At.Unix(), r.Value)
	if !ok {
		return nil
	}
	var found []alerting.Finding
	for i := first; i < len(m.cells); i++ {
		found = m.judgeLeak(v, r.Device, i, found)
		found = m.judgeBurst(v, r.Device, i, found)
		found = m.judgeHigh(v, r.Device, i, found)
	}
	return m.judgeRoutine(v, r.Device, found)
}

// forget takes back what people have found out to be no habit.
func (d *WaterUse) forget(v *alerting.View) {
	n := len(v.Unusual)
	if n == 0 || !v.Unusual[n-1].Recorded.After(d.heard) {
		return
	}
	for i := range d.meters {
		d.meters[i].use.forget(v.Unusual, d.heard)
	}
	d.heard = v.Unusual[n-1].Recorded
}

func (d *WaterUse) meter(id devices.DeviceID) *meterUse {
	for i := range d.meters {
		if d.meters[i].device == id {
			return &d.meters[i].use
		}
	}
	if len(d.meters) == maxMeters {
		oldest := 0
		for i := range d.meters {
			if d.meters[i].use.newest() < d.meters[oldest].use.newest() {
				oldest = i
			}
		}
		d.meters = slices.Delete(d.meters, oldest, oldest+1)
	}
	d.meters = append(d.meters, waterMeter{device: id})
	return &d.meters[len(d.meters)-1].use
}

func (m *meterUse) newest() int64 {
	if n := len(m.cells); n > 0 {
		return int64(m.cells[n-1].at)
	}
	return math.MinInt64
}

// take puts a reading into its cell and returns the first cell that is to be
// judged again; false when the reading says nothing new.
func (m *meterUse) take(v *alerting.View, at int64, value float64) (first int, ok bool) {
	if at <= m.newest() {
		return m.takeLate(at, value)
	}
	m.stepL = resolution(m.stepL, value)
	litres, step := m.register.Next(moment(at), value)
	if step == devices.Rebased {
		litres = unknownUse
	}
	before, n := m.newest(), len(m.cells)
	switch {
	case n == 0:
		m.cells = append(m.cells, cell{at: at, value: value, used: unknownUse}.kept())
		return 0, true
	case n > 1 && at-int64(m.cells[n-2].at) <= cellSpan:
		last := m.cell(n - 1)
		last.at, last.value = at, value
		if last.used == unknownUse || litres == unknownUse {
			last.used = unknownUse
		} else {
			last.used += litres
		}
		m.cells[n-1] = last.kept()
	default:
		if n == keptCells {
			copy(m.cells, m.cells[1:])
			m.cells = m.cells[:n-1]
		}
		m.cells = append(m.cells, cell{at: at, value: value, used: litres}.kept())
	}
	m.learn(v, before, at, litres)
	return len(m.cells) - 1, true
}

// takeLate puts a reading between those that are known, and counts anew.
func (m *meterUse) takeLate(at int64, value float64) (first int, ok bool) {
	i, found := slices.BinarySearchFunc(m.cells, at, func(c keptCell, at int64) int { return cmp.Compare(int64(c.at), at) })
	if found || i == 0 && len(m.cells) == keptCells || i > 0 && m.seconds(i) <= cellSpan {
		return 0, false
	}
	if len(m.cells) == keptCells {
		copy(m.cells, m.cells[1:])
		m.cells = m.cells[:keptCells-1]
		i--
	}
	m.cells = slices.Insert(m.cells, i, cell{at: at, value: value}.kept())
	var r devices.Register
	for j := range m.cells {
		c := m.cell(j)
		litres, step := r.Next(moment(c.at), c.value)
		switch {
		case j == 0:
			litres = unknownUse
		case step == devices.Rebased:
			litres = unknownUse
		}
		c.used = litres
		m.cells[j] = c.kept()
	}
	m.register = r
	m.noLeak, m.noSeep = stop{}, stop{}
	return max(i, 1), true
}

// seconds is the length of the cell i, 0 for the first.
func (m *meterUse) seconds(i int) int64 {
	if i == 0 {
		return 0
	}
	return int64(m.cells[i].at) - int64(m.cells[i-1].at)
}

// within is what was surely used in the time before the end of the cell i, with
// the start of the first cell that lies wholly in it. A gap counts with the share
// that must fall into a window of that length, were it spread evenly.
func (m *meterUse) within(i int, window int64) (litres float64, from int64) {
	from = m.cell(i).at
	for start := from - window - 5*60; i > 0; i-- {
		c, s := m.cell(i), m.seconds(i)
		if c.used == unknownUse {
			break
		}
		if c.at-s < start {
			if from == c.at && s > window { // the gap is all we know
				return c.used * float64(window) / float64(s), c.at - s
			}
			break
		}
		litres += c.used
		from = c.at - s
	}
	return litres, from
}

// steps of registers in litres, the coarsest first; a finer one is taken as none.
var steps = [...]float64{100, 10, 1, 0.1}

// resolution is the coarsest step on which all values so far lie.
func resolution(known, value float64) float64 {
	for _, step := range steps {
		if known != 0 && step > known {
			continue
		}
		n := value * 1000 / step
		if math.Abs(n-math.Round(n)) < 1e-5*math.Max(1, 1/step) {
			return step
		}
	}
	return 0.01
}

func finding(v *alerting.View, kind alerting.Kind, s alerting.Severity, episode, at int64, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: kind, Subject: v.Subject, Episode: moment(episode), Severity: s,
		FoundAt: moment(at), KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: string(kind), Version: v.Rules.Version},
	}
}

// overNow is the finding that what was said is over.
func (s *spell) overNow(v *alerting.View, kind alerting.Kind, severity alerting.Severity, at int64, evidence map[string]any) alerting.Finding {
	f := finding(v, kind, severity, s.from, at, evidence)
	f.Recovered = true
	s.from, s.over = 0, at
	return f
}

func hours(seconds int64) float64 { return float64(seconds) / hourSeconds }

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

func moment(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
