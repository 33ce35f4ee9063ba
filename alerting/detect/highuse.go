package detect

import (
	"math"

	"shouwang/alerting"
	"shouwang/devices"
)

// day24 is the window of high use, in seconds.
const day24 = 24 * hourSeconds

// judgeHigh looks for a day with far too much use.
func (m *meterUse) judgeHigh(v *alerting.View, device devices.DeviceID, i int, found []alerting.Finding) []alerting.Finding {
	c, rules := m.cell(i), &v.Rules.WaterUse
	if m.high.from == 0 && (c.used <= 0 || c.at <= m.high.over) {
		return found
	}
	limit, ample := rules.HighL, 0.0
	if m.habits.known() {
		ample = m.habits.ampleDay()
		limit = math.Max(rules.HighFloorL, math.Min(limit, rules.HighFactor*ample))
		limit = math.Max(limit, 2*ample)
	}
	litres, from := m.within(i, day24)
	if m.high.from != 0 {
		// Half of the limit in a whole day: the day of high use is behind it.
		if litres < limit/2 && c.at-from >= day24-2*hourSeconds {
			found = append(found, m.high.overNow(v, alerting.KindWaterHighUse, alerting.Yellow, c.at, map[string]any{
				"device": string(device), "used_l": tenth(litres), "from": moment(from), "to": moment(c.at)}))
		}
		return found
	}
	if litres < limit {
		return found
	}
	m.high.from = from
	evidence := map[string]any{
		"device": string(device), "used_l": tenth(litres), "limit_l": tenth(limit),
		"from": moment(from), "to": moment(c.at), "window_h": 24,
	}
	if ample > 0 {
		evidence["ample_day_l"] = tenth(ample)
	}
	return append(found, finding(v, alerting.KindWaterHighUse, alerting.Yellow, from, c.at, evidence))
}
