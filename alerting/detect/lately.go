package detect

import (
	"math"
	"slices"
	"time"

	"shouwang/alerting"
)

const (
	// unlearnable is for how long what was learnt can be taken back: an alert is
	// closed within a day, a report from the door may come after two.
	unlearnable = 8 * 24 * time.Hour
	// keptPauses bounds the pauses that can be taken back. Only those of at least
	// leastWait hours are kept: nobody is asked after a shorter one.
	keptPauses = 24
)

// pause is one that was learnt, times in microseconds since 1970.
type pause struct {
	from, to int64
	hours    float64
}

func (p *pause) clock() int     { return int(floorHour(p.from)%24+24) % 24 }
func (p *pause) since() float64 { return time.Duration((p.to - p.from) * 1000).Hours() }

// lately is what was learnt in the last days and can be taken back, and how far
// what people found out has been heard.
type lately struct {
	pauses []pause
	heard  time.Time
}

func (l *lately) note(p pause) {
	if p.hours < leastWait {
		return
	}
	old := p.to - unlearnable.Microseconds()
	l.pauses = slices.DeleteFunc(l.pauses, func(o pause) bool { return o.to < old })
	if len(l.pauses) == keptPauses {
		l.pauses = slices.Delete(l.pauses, 0, 1)
	}
	l.pauses = append(l.pauses, p)
}

// forget takes back what was learnt from stretches of which people have found out
// since that they are no habit: nobody was at home, say.
func (d *WaterInactivity) forget(v *alerting.View) {
	l := &d.state.Lately
	for _, w := range v.Unusual {
		if !w.Recorded.After(l.heard) {
			continue
		}
		l.heard = w.Recorded
		l.pauses = slices.DeleteFunc(l.pauses, func(p pause) bool {
			if !w.Overlaps(time.UnixMicro(p.from), time.UnixMicro(p.to)) {
				return false
			}
			d.state.Rhythm.unlearn(floorDay(p.to), p.clock(), p.hours, p.since())
			d.asked = asked{}
			return true
		})
	}
}

// unlearn takes a pause back that was learnt on a day not long ago, as much of it
// as has not faded.
func (r *rhythm) unlearn(day int64, clock int, hours, since float64) {
	left := pauseUnit * math.Pow(fade/65536.0, float64(max(0, r.day-day)))
	n := &r.pauses[clock][min(int(hours+0.05), pauseBins-1)]
	*n = uint16(max(0, math.Round(float64(*n)-left)))
	r.hours = max(0, r.hours-float32(since))
}

func (w *writer) lately(l *lately) {
	w.time(l.heard)
	w.uint(uint64(len(l.pauses)))
	for i := range l.pauses {
		p := &l.pauses[i]
		w.int(p.from)
		w.int(p.to - p.from)
		w.float(p.hours)
	}
}

func (r *reader) lately(l *lately) {
	l.heard = r.time()
	for range r.count(keptPauses) {
		p := pause{from: r.int()}
		p.to = p.from + r.int()
		p.hours = r.float()
		l.pauses = append(l.pauses, p)
	}
}

// keptStarts is of how many of the days learnt last the beginning is known, so
// that they can be taken back.
const keptStarts = 8

// forget takes back the days of which people have found out since that they are
// no habit. The mean profile of the hours keeps its trace of them: one of
// fourteen days.
func (m *meterUse) forget(unusual []alerting.Window, heard time.Time) {
	h := &m.habits
	dropped := false
	for _, w := range unusual {
		if !w.Recorded.After(heard) {
			continue
		}
		for i, start := range slices.Backward(h.starts) { // what is before i stays where it is
			if !w.Overlaps(moment(start), moment(start+day24)) {
				continue
			}
			back := len(h.starts) - i // from the end
			h.starts = slices.Delete(h.starts, i, i+1)
			if n := len(h.days); back <= n {
				h.days = slices.Delete(h.days, n-back, n-back+1)
			}
			if n := len(m.routine.days); back <= n {
				m.routine.days = slices.Delete(m.routine.days, n-back, n-back+1)
			}
			dropped = true
		}
	}
	if dropped {
		quiet := h.quietFrom // which the profile says, not the days
		h.conclude()
		h.quietFrom = quiet
	}
}
