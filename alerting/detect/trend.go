package detect

import (
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// bandChanged: when another band of the resident speaks this long after the
	// last word of the one that is learnt from, it takes its place.
	bandChanged = 24 * hourMicros
	// hourSamples is how many samples at rest an hour must have to be judged.
	hourSamples = 3
	// hourGap is how far apart two hours at rest may be and still be on end.
	hourGap = 12
	// nightSamples is how many moments without steps a night must have to be like
	// others: an hour of them in a band that measures every five minutes. Fewer are
	// the waking minutes of somebody who takes the band off to sleep; then there must
	// be two, and twice the robust z.
	nightSamples = 12
	// daySamples is how many samples a day must have.
	daySamples = 3
	// dayRun is how many days on end make a trend of temperature or pressure.
	dayRun = 2
	// The floors of the median absolute deviation of skin temperature (in tenths
	// of a degree) and of systolic pressure (mmHg).
	skinFloor, pressureFloor = 3, 5
)

// sign is one of the things that can be unusual of a wearer. Their names stand in
// the evidence.
type sign string

const (
	signRest     sign = "resting_heart_rate" // by hour
	signNight    sign = "night_heart_rate"   // NightSignal
	signSkin     sign = "skin_temp"
	signPressure sign = "blood_pressure" // cuffless
	signTemp     sign = "body_temp"      // not validated
)

// Trend compares a wearer with themselves: the resting heart rate by hour of the
// day with that hour's own past (robust z), the nights' by NightSignal, skin
// temperature and cuffless pressure by day. What vital signs that are only a
// trend say beyond their limits counts too. All together are one yellow finding;
// it is over when none of them is unusual any more.
type Trend struct{ memory[trendState] }

type trendState struct {
	Wrist wrist
	Rest  rest
	// NightDay is the local day of Rows, the night at hand or the last one;
	// Changed says that it is to be judged (again).
	NightDay int64
	Rows     nightRows
	Changed  bool `json:",omitempty"`
	Nights   nights
	Run      int `json:",omitempty"` // nights on end at the level asked for
	Hourly   hourly
	Skin     daily `json:",omitzero"`
	Pressure daily `json:",omitzero"`
	// What is only a trend is held to the limits all the same.
	PressureLimit, TempLimit track `json:",omitzero"`
	// Signs are those that are unusual now.
	Signs   []sign    `json:",omitempty"`
	Episode time.Time `json:",omitzero"`
}

// Name implements alerting.Detector.
func (d *Trend) Name() string { return "trend" }

// Notice implements alerting.Detector.
func (d *Trend) Notice(_ *alerting.View, e devices.Event) []alerting.Finding {
	if (e.Kind == devices.EventWorn || e.Kind == devices.EventRemoved) && e.Device == d.state.Wrist.Device {
		d.state.Wrist.flag(e.At.UnixMicro(), e.Kind == devices.EventRemoved)
	}
	return nil
}

// Observe implements alerting.Detector.
func (d *Trend) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	switch r.Metric {
	case devices.HeartRateBPM, devices.Steps, devices.Worn, devices.BatteryPct,
		devices.SkinTempC, devices.SystolicMMHg, devices.BodyTempC:
	default:
		return nil
	}
	s, rules, at := &d.state, &v.Rules.Vitals, r.At.UnixMicro()
	if s.Wrist.Device != r.Device {
		if s.Wrist.Device != "" && at < s.Wrist.Newest+bandChanged {
			return nil
		}
		s.Wrist, s.Rest, s.Rows = wrist{Device: r.Device}, rest{}, nil
	}
	s.Wrist.hear(r.Metric, r.Value, at)
	why, _ := s.Wrist.off(at)
	day, of := localDay(rules, at)
	var findings []alerting.Finding
	if s.Changed && (day > s.NightDay || day == s.NightDay && of >= nightSeconds*second) {
		findings = d.judgeNight(v)
	}
	switch r.Metric {
	case devices.HeartRateBPM:
		if why == onWrist && pulseRange.holds(r.Value) {
			s.Rest.heart(at, r.Value)
			if of < nightSeconds*second && d.night(day) && s.Rows.heart(int32(of/second), r.Value) {
				s.Changed = true
			}
		}
	case devices.Steps:
		if r.Value < 0 || r.Value > 1e6 {
			return findings
		}
		s.Rest.count(&rules.Trend, at, r.Value, func(p pulseAt) {
			findings = append(findings, d.hour(v, p)...)
		})
		if of < nightSeconds*second && d.night(day) && s.Rows.counter(int32(of/second), r.Value) {
			s.Changed = true
		}
	case devices.SkinTempC:
		if why == onWrist && r.Value > 25 && r.Value < 42 && of < nightSeconds*second {
			findings = append(findings, d.day(v, &s.Skin, signSkin, day, at, (r.Value-20)*10, skinFloor)...)
		}
	case devices.SystolicMMHg, devices.BodyTempC:
		findings = append(findings, d.unvouched(v, r, why, day, at)...)
	}
	return findings
}

// night says whether the night of the day is the one at hand, which it becomes
// when it is newer.
func (d *Trend) night(day int64) bool {
	s := &d.state
	if day > s.NightDay {
		s.NightDay, s.Rows = day, s.Rows[:0]
	}
	return day == s.NightDay
}

// judgeNight takes the night to its end, or again after a backlog.
func (d *Trend) judgeNight(v *alerting.View) []alerting.Finding {
	s, rules := &d.state, &v.Rules.Vitals.Trend
	s.Changed = false
	mean, samples := s.Rows.mean()
	if samples == 0 {
		return nil
	}
	before, _ := s.Nights.level(rules.NightYellow, rules.NightRed)
	again := s.Nights.Day == s.NightDay && len(s.Nights.Means) > 0
	s.Nights.put(s.NightDay, mean)
	level, baseline := s.Nights.level(rules.NightYellow, rules.NightRed)
	if again && level == before {
		return nil
	}
	at := midnightOf(&v.Rules.Vitals, s.NightDay) + nightSeconds*second
	z := s.Nights.z()
	least := rules.NightZ
	if samples < nightSamples {
		least *= 2
	}
	if int(level) < rules.NightAlert || z < least || rules.NightZ > 0 && samples < 2 {
		s.Run = 0
		if level == nightGreen {
			return d.usual(v, signNight, at)
		}
		return nil
	}
	if s.Run++; s.Run < rules.NightRun || s.Nights.known() < rules.LearnDays {
		return nil
	}
	return d.unusual(v, signNight, at, map[string]any{
		"night_mean": int(mean), "night_baseline": baseline, "night_level": [...]string{"green", "yellow", "red"}[level],
		"night_samples": samples, "night_threshold": baseline + [...]int{0, rules.NightYellow, rules.NightRed}[level],
		"nights_known": s.Nights.known(), "night_z": math.Round(z*10) / 10,
	})
}

// known is how many nights have been measured.
func (n *nights) known() int {
	k := 0
	for _, m := range n.Means {
		if m != 0 {
			k++
		}
	}
	return k
}

// hour takes a heart rate at rest, and judges the hour before when it begins a
// new one.
func (d *Trend) hour(v *alerting.View, p pulseAt) []alerting.Finding {
	h, rules := &d.state.Hourly, &v.Rules.Vitals
	local := (p.At + rules.UTCOffset.Microseconds()) / hourMicros
	var findings []alerting.Finding
	if h.Now.N > 0 && local > h.Now.At {
		findings = d.judgeHour(v)
	}
	if local != h.Now.At {
		h.Now = rate{At: local}
	}
	h.Now.Sum += p.BPM
	h.Now.N++
	return findings
}

func (d *Trend) judgeHour(v *alerting.View) []alerting.Finding {
	h, rules := &d.state.Hourly, &v.Rules.Vitals.Trend
	if h.Now.N < hourSamples {
		return nil
	}
	day, hour := h.Now.At/24, h.Now.At%24
	if day > h.Day {
		var all [24]*ring
		for i := range h.Hours {
			all[i] = &h.Hours[i]
		}
		begin(&h.Day, day, all[:]...)
	}
	past := &h.Hours[hour]
	u, x := past.usual(day), h.Now.mean()
	past[slot(day)] = uint8(math.Round(x))
	if u.days < rules.LearnDays {
		return nil
	}
	at := (h.Now.At+1)*hourMicros - v.Rules.Vitals.UTCOffset.Microseconds()
	z := u.z(x, rules.MADFloor)
	if math.Abs(z) <= rules.Z {
		if h.Calm++; h.Calm < rules.Hours {
			return nil
		}
		h.Streak, h.Calm = 0, rules.Hours
		return d.usual(v, signRest, at)
	}
	if h.Streak == 0 || h.Calm > 0 || h.Now.At-h.Last > hourGap {
		h.Streak, h.From = 0, h.Now.At
	}
	h.Calm, h.Last = 0, h.Now.At
	if h.Streak++; h.Streak < rules.Hours {
		return nil
	}
	return d.unusual(v, signRest, at, map[string]any{
		"rest_value": math.Round(x*10) / 10, "rest_median": u.median, "rest_mad": u.mad, "rest_z": math.Round(z*10) / 10,
		"rest_z_limit": rules.Z, "rest_hour": int(hour), "rest_hours": h.Streak, "rest_days": u.days, "rest_samples": h.Now.N,
		"rest_from": time.UnixMicro(h.From*hourMicros - v.Rules.Vitals.UTCOffset.Microseconds()).UTC(),
	})
}

// day takes one value of a day, and judges the day before when it begins a new
// one. Values are in steps of their own, 1 to 255.
func (d *Trend) day(v *alerting.View, s *daily, what sign, day, at int64, value, floor float64) []alerting.Finding {
	var findings []alerting.Finding
	if s.Now.N > 0 && day > s.Now.At {
		findings = d.judgeDay(v, s, what, at, floor)
	}
	if day < s.Now.At { // a backlog of an earlier day
		return nil
	}
	if day != s.Now.At {
		s.Now = rate{At: day}
	}
	s.Now.Sum += value
	s.Now.N++
	return findings
}

func (d *Trend) judgeDay(v *alerting.View, s *daily, what sign, at int64, floor float64) []alerting.Finding {
	rules := &v.Rules.Vitals.Trend
	if s.Now.N < daySamples {
		return nil
	}
	if s.Now.At > s.Day {
		begin(&s.Day, s.Now.At, &s.Days)
	}
	u, x := s.Days.usual(s.Now.At), s.Now.mean()
	s.Days[slot(s.Now.At)] = uint8(math.Round(min(255, max(1, x))))
	if u.days < rules.LearnDays {
		return nil
	}
	z := u.z(x, floor)
	if math.Abs(z) <= rules.Z {
		s.Streak = 0
		return d.usual(v, what, at)
	}
	if s.Streak++; s.Streak < dayRun {
		return nil
	}
	seen, median := x, u.median
	if what == signSkin {
		seen, median = 20+x/10, 20+u.median/10
	}
	name := string(what)
	return d.unusual(v, what, at, map[string]any{
		name + "_value": math.Round(seen*10) / 10, name + "_median": math.Round(median*10) / 10, name + "_z": math.Round(z*10) / 10,
		name + "_z_limit": rules.Z, name + "_days": u.days, name + "_run": s.Streak,
	})
}

// unvouched judges pressure and temperature that are only a trend: by day, and
// against the limits all the same.
func (d *Trend) unvouched(v *alerting.View, r *devices.Reading, off why, day, at int64) []alerting.Finding {
	s, rules := &d.state, &v.Rules.Vitals
	which, what, t := systolic, signPressure, &s.PressureLimit
	if r.Metric == devices.BodyTempC {
		which, what, t = bodyTemp, signTemp, &s.TempLimit
	}
	if off != onWrist || !vitalInfo[which].valid.holds(r.Value) || validated(rules, which, r.Device) {
		return nil
	}
	var findings []alerting.Finding
	if which == systolic {
		findings = d.day(v, &s.Pressure, what, day, at, r.Value-10, pressureFloor)
	}
	l := limitOf(rules, which)
	i, fresh := t.insert(at, r.Received.UnixMicro(), r.Value)
	if !fresh || i < len(t.Samples)-1 { // a trend is of now
		return findings
	}
	if w := t.confirmed(rules, &scale{limit: l}, i); w != nil && (which != systolic || !echo(l, w)) {
		if t.Episode.IsZero() {
			t.Episode = first(l, w)
			e := limitEvidence(rules, l, which, r.Device, w)
			e["unvalidated"] = true
			return append(findings, d.unusual(v, what, at, e)...)
		}
	} else if t.calm(rules, l) {
		t.Episode = time.Time{}
		return append(findings, d.usual(v, what, at)...)
	}
	return findings
}
