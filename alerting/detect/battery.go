package detect

import (
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// charged is how far above the limit, in per cent, the charge must be
	// before a low battery counts as cared for.
	charged = 10
	// emptyPct is the charge at and below which the task of a meter becomes
	// yellow. A band's wearer charges it; when that is forgotten, the band falls
	// silent, which is a task of its own.
	emptyPct = 5
)

// Battery finds devices whose charge is low, by their reports of battery_pct or
// their own low_battery event. A charge of exactly 0 is a placeholder: an empty
// device cannot send.
//
// From the charge since it was last renewed it also tells when it will be used up.
// A meter, whose battery takes a visit to change, is a task a month before that
// day, whatever its charge. A band is charged by its wearer, every few days and often
// late; that would be a task each time. So it is one when the charge falls to half the
// limit, or stays low for a day; and if the hour is known at which this wearer charges
// it, and the charge lasts until then, only when that hour has gone by.
type Battery struct{ memory[batteryState] }

type batteryState struct {
	At       time.Time // of the newest report
	Episode  time.Time // zero while the charge is fine
	Severity alerting.Severity
	// Curve is the charge since it was last renewed, thinned.
	Curve []charge `json:",omitempty"`
	// Renewed says that it was seen to be charged, LowSince is when the charge fell
	// to the limit, in Unix seconds, 0 while it is above.
	Renewed  bool  `json:",omitempty"`
	LowSince int64 `json:",omitempty"`
	// Charges are when it was last charged, newest last, Unix seconds; DueSince is
	// since when it would be a task if the wearer's own hour did not count.
	Charges  []int64 `json:",omitempty"`
	DueSince int64   `json:",omitempty"`
}

// Name implements alerting.Detector.
func (b *Battery) Name() string { return "battery" }

// Observe implements alerting.Detector.
func (b *Battery) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if r.Metric != devices.BatteryPct || r.Value <= 0 || r.Value > 100 || !r.At.After(b.state.At) {
		return nil
	}
	b.state.At = r.At
	b.follow(r.At.Unix(), r.Value)
	limit := v.Rules.LowBatteryPct
	switch {
	case r.Value > limit:
		b.state.LowSince, b.state.DueSince = 0, 0
	case b.state.LowSince == 0:
		b.state.LowSince = r.At.Unix()
	}
	evidence := map[string]any{"battery_pct": r.Value, "limit_pct": limit, "at": r.At}
	empty, known := b.Empty()
	if known {
		evidence["empty_at"] = empty
	}
	band := isBand(v)
	dying := known && v.Device != nil && v.Device.Kind == devices.WaterMeter && empty.Sub(r.At) < orderBattery
	switch {
	case r.Value <= min(emptyPct, limit) && !band:
		return b.low(v, r.At, alerting.Yellow, evidence)
	case r.Value <= limit && !(band && b.bears(r.At, r.Value, limit)), dying:
		return b.low(v, r.At, alerting.Blue, evidence)
	case r.Value >= limit+charged && !b.state.Episode.IsZero():
		f := b.finding(v, r.At, evidence)
		f.Recovered = true
		b.state.Episode, b.state.Severity = time.Time{}, ""
		return []alerting.Finding{f}
	}
	return nil
}

// Notice implements alerting.Detector.
func (b *Battery) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	if e.Kind != devices.EventLowBattery || !e.At.After(b.state.At) {
		return nil
	}
	b.state.At = e.At
	if isBand(v) && b.state.Renewed {
		return nil // its charge says more
	}
	return b.low(v, e.At, alerting.Blue, map[string]any{"event": string(e.Kind), "at": e.At})
}

func (b *Battery) low(v *alerting.View, at time.Time, s alerting.Severity, evidence map[string]any) []alerting.Finding {
	if b.state.Episode.IsZero() {
		b.state.Episode = at
	} else if !s.Above(b.state.Severity) {
		return nil
	}
	b.state.Severity = s
	return []alerting.Finding{b.finding(v, at, evidence)}
}

func (b *Battery) finding(v *alerting.View, at time.Time, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindLowBattery, Subject: v.Subject, Episode: b.state.Episode, Severity: b.state.Severity,
		FoundAt: at, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "low_battery", Version: v.Rules.Version},
	}
}

// charge is a battery's charge at a time, in Unix seconds.
type charge struct {
	At  int64
	Pct float64
}

const (
	// keptCharges bounds the curve; from there on every second one goes.
	keptCharges = 16
	// renewed is the rise, in per cent, that is a new battery or a charger.
	renewed = 5
	// fallen is the least fall from which a day can be told.
	fallen = 4
	// leastCharges must be known, of the keptCharged last, to know at what time of day
	// the wearer charges the band, and how late that may be.
	leastCharges, keptCharged = 3, 6
	chargeLate                = 2 * time.Hour
	// orderBattery is how long before its end a meter's battery is a task.
	orderBattery = 30 * 24 * time.Hour
)

func isBand(v *alerting.View) bool {
	return v.Device != nil && v.Device.Kind == devices.Wristband
}

// bears says whether the wearer may be left to charge the band.
func (b *Battery) bears(at time.Time, pct, limit float64) bool {
	s := &b.state
	if pct > limit/2 && at.Unix()-s.LowSince < day24 {
		return true
	}
	if !s.Renewed {
		return false
	}
	if s.DueSince == 0 {
		s.DueSince = at.Unix()
	}
	hour, known := b.chargeHour()
	if !known {
		return false
	}
	next := s.DueSince + (hour-s.DueSince%day24+day24)%day24 + int64(chargeLate/time.Second)
	empty, known := b.Empty()
	return at.Unix() < next && known && empty.Unix() >= next
}

// chargeHour is the second of the day (UTC) at which the wearer charges the band,
// false while that is not known: of the last charges the one in the middle, if most
// lie around it.
func (b *Battery) chargeHour() (int64, bool) {
	all := b.state.Charges
	if len(all) < leastCharges {
		return 0, false
	}
	apart := func(x, y int64) int64 {
		d := (x - y) % day24
		d = (d + day24) % day24
		return min(d, day24-d)
	}
	best, sum := int64(0), int64(math.MaxInt64)
	for _, x := range all {
		total := int64(0)
		for _, y := range all {
			total += apart(x, y)
		}
		if total < sum {
			best, sum = x, total
		}
	}
	near := 0
	for _, y := range all {
		if apart(best, y) <= int64(chargeLate/time.Second) {
			near++
		}
	}
	return best % day24, 3*near >= 2*len(all)
}

// follow takes the charge into the curve.
func (b *Battery) follow(at int64, pct float64) {
	c := b.state.Curve
	if n := len(c); n > 0 && pct >= c[n-1].Pct+renewed {
		if c[0].Pct-c[n-1].Pct >= fallen { // a charger is seen in several steps
			b.state.Renewed = true
			if b.state.Charges = append(b.state.Charges, at); len(b.state.Charges) > keptCharged {
				b.state.Charges = b.state.Charges[1:]
			}
		}
		c = c[:0]
	}
	// The newest is always kept; between the others lies at least a
	// sixteenth of the time.
	if n := len(c); n > 1 && c[n-1].At-c[n-2].At < (c[n-1].At-c[0].At)/keptCharges {
		c = c[:n-1]
	}
	if len(c) == keptCharges {
		for i := range keptCharges / 2 {
			c[i] = c[2*i]
		}
		c = c[:keptCharges/2]
	}
	b.state.Curve = append(c, charge{at, pct})
}

// Empty is when the battery will be used up, by the straight line through its
// charge; false while that cannot be told.
func (b *Battery) Empty() (time.Time, bool) {
	c := b.state.Curve
	if len(c) < 4 || c[0].Pct-c[len(c)-1].Pct < fallen {
		return time.Time{}, false
	}
	var t, p float64
	for _, x := range c {
		t += float64(x.At-c[0].At) / float64(len(c))
		p += x.Pct / float64(len(c))
	}
	var tt, tp float64
	for _, x := range c {
		d := float64(x.At-c[0].At) - t
		tt += d * d
		tp += d * (x.Pct - p)
	}
	if tt == 0 || tp >= 0 {
		return time.Time{}, false
	}
	seconds := t - p*tt/tp
	last := c[len(c)-1].At
	if seconds > float64(last-c[0].At)+20*365*day24 {
		return time.Time{}, false
	}
	return moment(max(c[0].At+int64(seconds), last)), true
}
