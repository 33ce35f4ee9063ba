package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// homeForgotten is after how long without readings a home no longer counts, and
	// homeActive within what time before the water stopped it must have used any.
	homeForgotten, homeActive = 72 * 3600, 48 * 3600
	// expectedUses is in how many hours a home of the village would have used water
	// by now. With two, nine homes of ten without use are no chance.
	expectedUses = 2
	// learntHomeHours are the hours of homes by which an hour of the day is known.
	learntHomeHours = 30
	// frostC is the water temperature at which pipes freeze.
	frostC = 2
	// driestH is the longest stretch that is looked at.
	driestH = 72
)

// VillageWater finds that nearly no home of a village uses water over hours in
// which they always do: a water cut, or frost. Who then uses none may be quite
// well. It hears the registers of all meters of the village, and judges up to when
// nearly all of them have reported.
type VillageWater struct{ memory[villageState] }

type villageState struct {
	Homes []villageHome // by device
	// Seen and Used are, for each hour of the day, in how many hours of homes the
	// register was known, and had moved; they fade.
	Seen, Used [24]float32
	// Waiting is how many readings have come since the village was last judged.
	Waiting int       `json:",omitempty"`
	Episode time.Time `json:",omitzero"`
	// In are how many homes the finding was about.
	In int `json:",omitempty"`
}

// villageHome is one meter; times are Unix seconds.
type villageHome struct {
	ID     devices.DeviceID
	At     int64
	M3     float64
	Used   int64    // when the register was last seen to have moved, 0 for never
	Before int64    `json:",omitempty"` // the same before the episode
	TempC  *float64 `json:",omitempty"`
}

// Name implements alerting.Detector.
func (*VillageWater) Name() string { return "village_water" }

// Due implements alerting.Sleeper.
func (*VillageWater) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Observe implements alerting.Detector.
func (d *VillageWater) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	s := &d.state
	if r.Metric != devices.VolumeM3 && r.Metric != devices.WaterTempC || v.Rules.Storm.Homes == 0 {
		return nil
	}
	i, found := slices.BinarySearchFunc(s.Homes, r.Device, func(h villageHome, id devices.DeviceID) int { return cmp.Compare(h.ID, id) })
	if !found {
		s.Homes = slices.Insert(s.Homes, i, villageHome{ID: r.Device})
	}
	h := &s.Homes[i]
	if r.Metric == devices.WaterTempC {
		h.TempC = &r.Value
		return nil
	}
	at := r.At.Unix()
	if at <= h.At || !(r.Value >= 0) {
		return nil
	}
	d.take(h, at, r.Value)
	// A village is judged a few times for each round of readings.
	if s.Waiting++; s.Waiting <= len(s.Homes)/10 {
		return nil
	}
	s.Waiting = 0
	if s.Episode.IsZero() && d.flows(at, v.Rules.Storm.Dry) {
		return nil
	}
	s.Homes = slices.DeleteFunc(s.Homes, func(h villageHome) bool { return h.At < at-homeForgotten })
	return d.judge(v)
}

// flows says at little cost that more homes than may have just used water. An hour
// has one use at most, so there is no telling in less than two.
func (d *VillageWater) flows(at int64, dry float64) bool {
	used := 0
	for i := range d.state.Homes {
		if d.state.Homes[i].Used > at-expectedUses*hourSeconds {
			used++
		}
	}
	return float64(used) > (1-dry)*float64(len(d.state.Homes))
}

// take takes the next register of a home.
func (d *VillageWater) take(h *villageHome, at int64, m3 float64) {
	s := &d.state
	since := at - h.At
	used, step := devices.RegisterUse(h.M3, m3, time.Duration(since)*time.Second)
	if h.At == 0 || step == devices.Rebased {
		h.At, h.M3 = at, m3
		return
	}
	moved := used >= float64(leastUse)/perL
	if since <= 2*hourSeconds && s.Episode.IsZero() {
		hour := at / hourSeconds % 24
		weight := float32(since) / hourSeconds
		s.Seen[hour] += weight
		if moved {
			s.Used[hour] += min(weight, 1)
		}
		if s.Seen[hour] > 2000 {
			s.Seen[hour] /= 2
			s.Used[hour] /= 2
		}
	}
	h.At, h.M3 = at, m3
	if moved {
		h.Used = at
	}
}

// judge looks at the village as of when nearly all of its meters have reported.
func (d *VillageWater) judge(v *alerting.View) []alerting.Finding {
	s, rules := &d.state, &v.Rules.Storm
	if !s.Episode.IsZero() {
		return d.over(v)
	}
	if len(s.Homes) < rules.Homes {
		return nil
	}
	read := quantile(s.Homes, 1-rules.Dry, func(h *villageHome) int64 { return h.At })
	// The homes that live: others prove nothing.
	live := make([]villageHome, 0, len(s.Homes))
	for _, h := range s.Homes {
		if h.Used != 0 && h.Used >= read-homeActive-driestH*hourSeconds && h.At >= read {
			live = append(live, h)
		}
	}
	if len(live) < rules.Homes {
		return nil
	}
	from := quantile(live, rules.Dry, func(h *villageHome) int64 { return h.Used })
	live = slices.DeleteFunc(live, func(h villageHome) bool { return h.Used < from-homeActive })
	dry := 0
	for _, h := range live {
		if h.Used <= from {
			dry++
		}
	}
	expected, known := d.expected(from, read)
	if len(live) < rules.Homes || float64(dry) < rules.Dry*float64(len(live)) || !known || expected < expectedUses {
		return nil
	}
	s.Episode, s.In = time.Unix(from, 0).UTC(), len(live)
	cause, cold := "water_cut", 0
	for i := range s.Homes {
		h := &s.Homes[i]
		h.Before = h.Used
		if h.TempC != nil && *h.TempC <= frostC {
			cold++
		}
	}
	if cold >= 3 {
		cause = "frost"
	}
	return []alerting.Finding{d.finding(v, read, map[string]any{
		"cause": cause, "homes": len(live), "dry_homes": dry, "from": s.Episode, "to": time.Unix(read, 0).UTC(),
		"dry_h": math.Round(10*float64(read-from)/hourSeconds) / 10, "usual_uses": math.Round(10*expected) / 10,
	})}
}

// expected is in how many hours of a stretch a home usually uses water, and
// whether that is known of all its hours.
func (d *VillageWater) expected(from, to int64) (uses float64, known bool) {
	if to-from > driestH*hourSeconds {
		from = to - driestH*hourSeconds
	}
	for at := from; at+hourSeconds <= to; at += hourSeconds {
		hour := (at/hourSeconds + 1) % 24
		if d.state.Seen[hour] < learntHomeHours {
			return 0, false
		}
		uses += float64(d.state.Used[hour] / d.state.Seen[hour])
	}
	return uses, true
}

// over ends the episode when most homes have used water again.
func (d *VillageWater) over(v *alerting.View) []alerting.Finding {
	s := &d.state
	used, newest := 0, int64(0)
	for i := range s.Homes {
		h := &s.Homes[i]
		if h.Used > h.Before && h.Used > s.Episode.Unix() {
			used++
			newest = max(newest, h.Used)
		}
	}
	if float64(used) < v.Rules.Storm.Back*float64(s.In) {
		return nil
	}
	f := d.finding(v, newest, map[string]any{"homes": s.In, "used_homes": used})
	f.Recovered = true
	s.Episode, s.In = time.Time{}, 0
	return []alerting.Finding{f}
}

// quantile is the value that a share of the homes does not exceed.
func quantile(homes []villageHome, share float64, of func(*villageHome) int64) int64 {
	all := make([]int64, len(homes))
	for i := range homes {
		all[i] = of(&homes[i])
	}
	slices.Sort(all)
	return all[min(max(int(math.Ceil(share*float64(len(all))))-1, 0), len(all)-1)]
}

func (d *VillageWater) finding(v *alerting.View, at int64, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindDataOutage, Subject: v.Subject, Episode: d.state.Episode, Severity: alerting.Orange,
		FoundAt: time.Unix(at, 0).UTC(), KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "village_water", Version: v.Rules.Version},
	}
}
