package detect

import (
	"math"

	"shouwang/alerting"
	"shouwang/devices"
)

// judgeBurst looks for water that gushes: far more in two hours than this home
// has ever used, or a tap that runs for three hours in the quiet of the night.
// Bursts do not mend themselves; the mark that it is over is for the one who
// drives there.
func (m *meterUse) judgeBurst(v *alerting.View, device devices.DeviceID, i int, found []alerting.Finding) []alerting.Finding {
	c, rules := m.cell(i), &v.Rules.WaterUse
	if m.burst.from != 0 {
		if litres, from := m.within(i, 2*hourSeconds); c.at-from >= shortCell && from >= m.burst.from && litres < rules.NightL {
			found = append(found, m.burst.overNow(v, alerting.KindWaterBurst, alerting.Orange, c.at, map[string]any{
				"device": string(device), "used_l": tenth(litres), "from": moment(from), "to": moment(c.at)}))
		}
		return found
	}
	if c.used < rules.NightL/2 || c.at <= m.burst.over {
		return found
	}
	limit, known := rules.BurstUnknownL, m.habits.known()
	most := m.habits.mostIn2h()
	if known {
		limit = math.Max(rules.BurstL, rules.BurstFactor*most)
	}
	if litres, from := m.within(i, 2*hourSeconds); litres >= limit {
		m.burst.from = from
		evidence := map[string]any{
			"device": string(device), "used_l": tenth(litres), "limit_l": tenth(limit), "from": moment(from), "to": moment(c.at), "window_h": 2,
		}
		if known {
			evidence["most_l"] = tenth(most)
		}
		return append(found, finding(v, alerting.KindWaterBurst, alerting.Orange, from, c.at, evidence))
	}
	if from, litres, ok := m.nightTap(i, rules.NightL); ok {
		m.burst.from = from
		return append(found, finding(v, alerting.KindWaterBurst, alerting.Orange, from, c.at, map[string]any{
			"device": string(device), "used_l": tenth(litres), "from": moment(from), "to": moment(c.at), "night": true,
			"limit_l_per_h": rules.NightL, "most_l": tenth(m.habits.mostAtNight()),
		}))
	}
	return found
}

// nightTap says whether each of the last three hours took the litres of a running
// tap, all at the home's quiet time, and together twice the most of any night.
func (m *meterUse) nightTap(i int, perHour float64) (from int64, litres float64, ok bool) {
	if i < 3 || !m.habits.known() {
		return 0, 0, false
	}
	for j := i; j > i-3; j-- {
		c, s := m.cell(j), m.seconds(j)
		if c.used < perHour || s < shortCell || s > longestCell || !m.habits.quiet(c.at-s/2) {
			return 0, 0, false
		}
		litres += c.used
	}
	return m.cell(i - 3).at, litres, litres >= 2*m.habits.mostAtNight()
}
