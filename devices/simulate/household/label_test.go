package household

import (
	"slices"
	"testing"

	"shouwang/devices"
)

// TestNothingIsUsedByNobody: from the first reading after somebody collapsed or
// left to the last before they were found or came back, the register stands, and
// so do the steps of whoever lies on the floor.
func TestNothingIsUsedByNobody(t *testing.T) {
	s := newSet(t, func(o *Options) {
		o.Homes, o.Wearers, o.Days, o.Incidents, o.Absences = 40, 12, 80, 2, 2
		o.IncidentKinds = []string{Collapse, GoingAway}
		o.Start = o.Start.AddDate(0, 2, 0) // no frost
	})
	readings := all(s)
	checked := map[string]int{}
	for _, l := range s.Labels() {
		if !slices.Contains([]string{Collapse, Absence, AnnouncedAbsence, GoingAway}, l.Kind) {
			continue
		}
		metric := mVolume
		if readings[l.Device][mVolume] == nil {
			if metric = mSteps; l.Kind != Collapse {
				continue // who is away walks
			}
		}
		var first, last *row
		list := readings[l.Device][metric]
		for n := range list {
			r := &list[n]
			if r.at < l.From.Unix() || r.at > l.To.Unix() {
				continue
			}
			if first == nil || metric == mSteps && dayOf(r.at) != dayOf(first.at) {
				first = r
			}
			last = r
			want := first.value
			if metric == mSteps && dayOf(first.at) != dayOf(l.From.Unix()) {
				want = 0
			}
			if r.value != want {
				t.Fatalf("%s %s from %s to %s: %v at first, %v at %d", l.Device, l.Kind, l.From, l.To, first.value, r.value, r.at)
			}
		}
		if last != nil {
			checked[l.Kind]++
		}
	}
	if checked[Collapse] < 30 || checked[Absence] < 60 || checked[GoingAway] < 20 || checked[AnnouncedAbsence] < 15 {
		t.Errorf("checked %v", checked)
	}
}

// TestIncidentsShow: what a label says can be seen in the readings.
func TestIncidentsShow(t *testing.T) {
	for _, kind := range IncidentKinds() {
		s := newSet(t, func(o *Options) {
			o.Homes, o.Wearers, o.Days, o.Absences, o.Incidents, o.Kind = 14, 0, 40, 0, 2, Flush
			o.IncidentKinds = []string{kind}
			if slices.Contains([]string{SOS, Fall, Fever, LowSpO2, OffWrist}, kind) {
				o.Homes, o.Wearers = 0, 14
			}
		})
		readings := all(s)
		n, bare := 0, 0
		for _, l := range s.Labels() {
			if l.Kind != kind {
				continue
			}
			n++
			if l.To.Before(l.From) || l.From.Unix() < s.time().from+9*day {
				t.Errorf("%+v", l)
			}
			if !shows(t, readings[l.Device], l) {
				bare++
			}
		}
		least := 10
		if kind == GatewayOutage {
			least = 2
		}
		if n < least || bare > n/4 {
			t.Errorf("%d times %s, %d of them unseen", n, kind, bare)
		}
	}
}

// shows fails where a reading gainsays the label; it says whether any reading
// tells of it: a band may be on its charger.
func shows(t *testing.T, metrics map[uint8][]row, l Label) (told bool) {
	t.Helper()
	from, to := l.From.Unix(), l.To.Unix()
	seen := func(metric uint8, ok func(float64) bool) (yes, no int) {
		for _, r := range metrics[metric] {
			switch {
			case r.at < from || r.at >= to:
			case ok(r.value):
				yes++
			default:
				no++
			}
		}
		return yes, no
	}
	litres := func() float64 {
		v := metrics[mVolume]
		a := slices.IndexFunc(v, func(r row) bool { return r.at > from-hour })
		b := slices.IndexFunc(v, func(r row) bool { return r.at >= to })
		if b < 0 {
			b = len(v) - 1
		}
		return 1000 * (v[b].value - v[a].value)
	}
	wrong := func(what string, values ...any) {
		t.Helper()
		t.Errorf("%s of %s at %s does not show: %s %v", l.Kind, l.Device, l.From, what, values)
	}
	yes, no := 1, 0
	switch l.Kind {
	case SOS:
		if yes, _ := seen(mSOS, func(v float64) bool { return v == 1 }); yes != 3 {
			wrong("packets", yes)
		}
	case Fall:
		if yes, _ := seen(mFall, func(v float64) bool { return v == 1 }); yes != 1 {
			wrong("packets", yes)
		}
	case Fever:
		// The placeholder of a band on its charger is 0 °C.
		if yes, no = seen(mBody, func(v float64) bool { return v >= 38.2 || v == 0 }); no > 0 {
			wrong("temperatures", yes, no)
		}
	case LowSpO2:
		if yes, no = seen(mSpO2, func(v float64) bool { return v < 90 || v == 95 }); no > 0 {
			wrong("saturations", yes, no)
		}
	case OffWrist:
		if yes, no := seen(mHeart, func(v float64) bool { return v == 0 }); no > 0 {
			wrong("pulse", yes, no)
		}
	case Leak:
		if yes := litres(); yes < 5 {
			wrong("litres", yes)
		}
	case Burst:
		if yes := litres(); yes < 80 {
			wrong("litres", yes)
		}
	case GatewayOutage:
		for _, r := range metrics[mVolume] {
			if r.received >= from && r.received < to {
				wrong("received", r.received)
			}
		}
	case LateBatch:
		for _, list := range [][]row{metrics[mVolume], metrics[mSteps]} {
			for _, r := range list {
				if r.at >= from && r.at < to && r.received < to {
					wrong("received", r.received)
				}
			}
		}
	}
	return yes > 0
}

func TestBand(t *testing.T) {
	s := newSet(t, func(o *Options) { o.Homes, o.Wearers, o.Days, o.Absences = 0, 20, 20, 0 })
	readings := all(s)
	styles := map[offStyle]int{}
	for _, m := range s.members {
		styles[m.band.style]++
		metrics := readings[m.devices[0]]
		asleep, awake, nights, days := 0.0, 0.0, 0.0, 0.0
		artefacts := 0
		for _, r := range metrics[mHeart] {
			switch h := (r.at + zoneOffset) % day / hour; {
			case r.value == 0:
				artefacts++
			case h >= 1 && h < 5:
				asleep, nights = asleep+r.value, nights+1
			case h >= 9 && h < 18:
				awake, days = awake+r.value, days+1
			}
			if r.value != 0 && (r.value < 38 || r.value > 180) {
				t.Fatalf("%s: heart rate %v", m.devices[0], r.value)
			}
		}
		if nights > 0 && awake/days-asleep/nights < 4 {
			t.Errorf("%s: heart rate %.0f by day, %.0f by night", m.devices[0], awake/days, asleep/nights)
		}
		best := 0.0
		last := map[int64]row{}
		for _, r := range metrics[mSteps] {
			best = max(best, r.value)
			if before := last[dayOf(r.at)]; r.at > before.at && r.value < before.value {
				t.Fatalf("%s: steps go back from %v to %v", m.devices[0], before.value, r.value)
			} else if r.at > before.at {
				last[dayOf(r.at)] = r
			}
		}
		if best < 600 || best > 30000 || artefacts == 0 {
			t.Errorf("%s: %v steps on the best day, %d artefacts", m.devices[0], best, artefacts)
		}
		if len(metrics[mLat]) == 0 || len(metrics[mLat]) != len(metrics[mAccuracy]) {
			t.Errorf("%s: %d positions", m.devices[0], len(metrics[mLat]))
		}
	}
	if len(styles) != 3 {
		t.Errorf("ways to be off the wrist: %v", styles)
	}
	// Without a meter, people have one device.
	if got := len(s.devices); got != 20 || s.devices[0].kind != devices.Wristband {
		t.Errorf("%d devices", got)
	}
}
