package detect

import (
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// flow is a stretch in which water never stopped, as far as is known.
type flow struct {
	from, to int64
	known    int64 // seconds of it in which the flow is known
	unknown  int64 // seconds of gaps
	used     float64
	least    float64 // litres per hour in its quietest three hours
}

// judgeLeak looks whether the water has run without a stop for so long that
// nobody does that. Legitimate use stops, at night if not before, for an hour at
// least. Two measures:
//
//   - a leak: in each hour of a day (proven, gaps not counted) the register moved,
//     and no three hours took less than the flow of a leak;
//   - a seep: the register moved in each hour of two days, however little. A
//     register of 10 L that does not move for one hour may still hide a flow, so
//     there one hour at a time may be without.
//
// It is over when the water has stood still for an hour.
func (m *meterUse) judgeLeak(v *alerting.View, device devices.DeviceID, i int, found []alerting.Finding) []alerting.Finding {
	c := m.cell(i)
	if m.leak.from != 0 {
		if c.at > m.leak.from && m.stoodStill(i, m.stillCells()) {
			found = append(found, m.leak.overNow(v, alerting.KindWaterLeak, alerting.Yellow, c.at, map[string]any{
				"device": string(device), "to": moment(c.at), "still_h": tenth(hours(m.seconds(i)))}))
		}
		return found
	}
	if c.at <= m.leak.over || m.seconds(i) >= shortCell && m.stoodStill(i, m.stillCells()) {
		return found
	}
	rules := &v.Rules.WaterUse
	window, perHour := rules.LeakWindow, rules.LeakLPerH
	f, ok := m.flowing(i, perHour, 1, rules.LeakWindow, &m.noLeak)
	if !ok {
		window, perHour = rules.SeepWindow, 0
		if f, ok = m.flowing(i, 0, m.stillCells(), rules.SeepWindow, &m.noSeep); !ok {
			return found
		}
	}
	m.leak.from = f.from
	return append(found, finding(v, alerting.KindWaterLeak, alerting.Yellow, f.from, c.at, map[string]any{
		"device": string(device), "from": moment(f.from), "to": moment(f.to), "window_h": window.Hours(),
		"proven_h": tenth(hours(f.known)), "gaps_h": tenth(hours(f.unknown)), "used_l": tenth(f.used),
		"least_l_per_h": tenth(f.least), "limit_l_per_h": perHour, "step_l": m.stepL,
	}))
}

// stillCells is how many hours without a movement of the register mean that no
// water runs.
func (m *meterUse) stillCells() int {
	if m.stepL >= 10 {
		return 2
	}
	return 1
}

// moved is the least use of a cell that is more than the register's own noise.
func (m *meterUse) moved(seconds int64) float64 {
	return math.Max(m.stepL, 0.5*hours(seconds))
}

// stoodStill says whether the last n cells up to i prove that no water ran.
func (m *meterUse) stoodStill(i, n int) bool {
	for ; n > 0; n-- {
		s := m.seconds(i)
		if i == 0 || m.cell(i).used == unknownUse || s < shortCell || m.cell(i).used >= m.moved(s) {
			return false
		}
		i--
	}
	return true
}

// stop is the end of a cell over which no flow of so much reaches back. It
// spares later cells the way there.
type stop struct {
	at             int64
	perHour, stepL float64
}

// flowing walks back from the cell i for as long as water ran, and says whether
// that is the window. Fewer than still cells on end may be without movement.
func (m *meterUse) flowing(i int, perHour float64, still int, window time.Duration, last *stop) (flow, bool) {
	need := int64(window/time.Second) - 5*60 // the jitter of a meter's clock
	f := flow{to: m.cell(i).at, from: m.cell(i).at, least: math.Inf(1)}
	// What stopped it there are that cell and the two before it.
	if len(m.cells) > 3 && last.at >= int64(m.cells[3].at) && f.to-last.at < need && last.perHour == perHour && last.stepL == m.stepL {
		return f, false
	}
	newest := i
	without := 0
	for ; i > 0; i-- {
		c, s := m.cell(i), m.seconds(i)
		if c.used == unknownUse {
			break
		}
		if s > longestCell {
			// What a flow would have used at the least in that time.
			if c.used < math.Max(perHour, 0.5)*hours(s)-m.stepL {
				break
			}
			f.unknown += s
			f.used += c.used
			f.from = c.at - s
			without = 0
			continue
		}
		switch {
		case s < shortCell || c.used >= m.moved(s):
			without = 0
		default:
			without++
		}
		if without >= still {
			break
		}
		if litres, span := m.three(i); span >= 150*60 {
			rate := litres / hours(span)
			if litres < perHour*hours(span)-m.stepL {
				break
			}
			f.least = math.Min(f.least, rate)
		}
		f.known += s
		f.used += c.used
		f.from = c.at - s
		if f.known >= need && 2*f.unknown <= f.known {
			return f, true
		}
	}
	if i > 0 && i+still <= newest { // the newest cell may still change
		*last = stop{int64(m.cells[i].at), perHour, m.stepL}
	}
	return f, false
}

// three is the use of the three cells up to i, the time they span 0 when it is
// not known.
func (m *meterUse) three(i int) (litres float64, span int64) {
	if i < 3 {
		return 0, 0
	}
	for j := i; j > i-3; j-- {
		if s := m.seconds(j); m.cell(j).used == unknownUse || s > longestCell {
			return 0, 0
		}
		litres += m.cell(j).used
	}
	return litres, m.cell(i).at - m.cell(i-3).at
}
