package detect

import (
	"math"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// mostSteps is how many steps a minute nobody exceeds: a counter that leaps is
	// no walk.
	mostSteps = 250
	// oneWalk is the time within which the steps of a walk are counted.
	oneWalk = hourMicros
	// bandFresh is how much older than the newest water reading what a band last
	// said may be, for both to be of one time.
	bandFresh = 2 * hourMicros
	// bandPause is the time without a report after which a band may have kept some.
	bandPause = 30 * minute
)

// Fusion joins what the water meter and the wristband tell. No water and a band
// that is worn, by its own word, and reports neither movement nor a pulse: that is
// no sign of life, red, long before the water alone would be. And steps are a sign
// of life: no proof of inactivity begins before the last walk.
//
// A pulse is no such sign: who lies on the floor has one.
type Fusion struct {
	memory[fusionState]
	water *WaterInactivity // of the same resident, asked before
}

type fusionState struct {
	Bands []lifeBand `json:",omitempty"`
	// Walked is when somebody last walked, by any band.
	Walked int64 `json:",omitempty"`
	// Episode is the last sign of life before what was said, zero for none, and
	// Pulses the pulses found since.
	Episode time.Time `json:",omitzero"`
	Pulses  int       `json:",omitempty"`
}

// lifeBand is one band.
type lifeBand struct {
	Wrist wrist
	// On is since when its flag says that it is worn, zero while it does not.
	On int64 `json:",omitempty"`
	// Count is the newest counter of steps, of CountAt; Base that at which the walk
	// at hand is counted from.
	Count, Base     float64
	CountAt, BaseAt int64
	// Live is since when, by receipt, it reports without a pause, and HeardAt when
	// we last had a report. What a band has kept for hours comes in any order: that part of
	// it has no pulse says nothing of the rest.
	Live, HeardAt int64 `json:",omitempty"`
}

// Name implements alerting.Detector.
func (*Fusion) Name() string { return "fusion" }

// Due implements alerting.Sleeper: it judges by what it hears.
func (*Fusion) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Notice implements alerting.Detector.
func (d *Fusion) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	at := e.At.UnixMicro()
	switch {
	case e.Kind.Urgent():
		return d.alive(v, at, map[string]any{"event": string(e.Kind)})
	case e.Kind == devices.EventWorn || e.Kind == devices.EventRemoved:
		b := d.band(e.Device)
		b.Wrist.flag(at, e.Kind == devices.EventRemoved)
		b.flagged()
		return d.judge(v)
	}
	return nil
}

// Observe implements alerting.Detector.
func (d *Fusion) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	at := r.At.UnixMicro()
	switch r.Metric {
	case devices.VolumeM3:
		if !d.state.Episode.IsZero() {
			if last, _, ok := d.water.used(); ok {
				if found := d.alive(v, last, map[string]any{"used": true}); found != nil {
					return found
				}
			}
		}
		return d.judge(v)
	case devices.Worn, devices.HeartRateBPM, devices.Steps, devices.BatteryPct:
	default:
		return nil
	}
	b := d.band(r.Device)
	b.live(v.Now.UnixMicro())
	pulse := b.Wrist.Pulse
	b.Wrist.hear(r.Metric, r.Value, at)
	b.flagged()
	if r.Metric == devices.Steps && b.walked(at, r.Value, v.Rules.Together.Steps) {
		if at > d.state.Walked {
			d.state.Walked = at
		}
		found := d.alive(v, at, map[string]any{"walked": true})
		return append(found, d.water.judgeAgain(v)...)
	}
	if b.Wrist.Pulse != pulse && at > d.state.Episode.UnixMicro() && !d.state.Episode.IsZero() {
		// A band on a table finds a pulse now and then.
		if d.state.Pulses++; d.state.Pulses >= signs {
			return d.alive(v, at, map[string]any{"pulse_bpm": r.Value})
		}
		return nil
	}
	return d.judge(v)
}

func (d *Fusion) band(id devices.DeviceID) *lifeBand {
	for i := range d.state.Bands {
		if d.state.Bands[i].Wrist.Device == id {
			return &d.state.Bands[i]
		}
	}
	if len(d.state.Bands) >= 4 { // old bands
		d.state.Bands = append(d.state.Bands[:0], d.state.Bands[1:]...)
	}
	d.state.Bands = append(d.state.Bands, lifeBand{Wrist: wrist{Device: id}})
	return &d.state.Bands[len(d.state.Bands)-1]
}

// live takes the time of receipt of a report.
func (b *lifeBand) live(now int64) {
	if now-b.HeardAt > bandPause {
		b.Live = now
	}
	b.HeardAt = now
}

// flagged follows what the flag says.
func (b *lifeBand) flagged() {
	switch {
	case b.Wrist.FlagAt == 0 || b.Wrist.Off != 0:
		b.On = 0
	case b.On == 0:
		b.On = b.Wrist.FlagAt
	}
}

// walked takes the counter of steps and says whether somebody has just walked with
// the band on the wrist.
func (b *lifeBand) walked(at int64, count float64, enough int) bool {
	if at <= b.CountAt || count < 0 {
		return false
	}
	since := at - b.CountAt
	leap := count-b.Count > mostSteps*float64(max(since, minute))/float64(minute)
	switch {
	case b.CountAt == 0 || leap:
		b.Base, b.BaseAt = count, at
	case count < b.Count: // midnight
		b.Base, b.BaseAt = 0, b.CountAt
	}
	b.Count, b.CountAt = count, at
	walk := count-b.Base >= float64(enough) && b.Wrist.Off == 0
	if walk || at-b.BaseAt >= oneWalk {
		b.Base, b.BaseAt = count, at
	}
	return walk
}

// pulseless is since when the band finds no pulse though it looks for one, zero
// when it does or never has.
func (b *lifeBand) pulseless() int64 {
	switch w := &b.Wrist; {
	case w.NoPulse != 0:
		return w.NoPulse
	case w.Pulse != 0 && w.Newest-w.Pulse > pulseAge:
		return w.Pulse
	}
	return 0
}

// judge looks for a resident of whom nothing lives.
func (d *Fusion) judge(v *alerting.View) []alerting.Finding {
	if !d.state.Episode.IsZero() {
		return d.reached(v)
	}
	if len(d.state.Bands) == 0 || v.Away {
		return nil
	}
	r := &v.Rules.Together
	last, read, ok := d.water.used()
	if !ok {
		return nil
	}
	use := last
	last = max(last, v.LastContact.UnixMicro(), d.water.state.Floor.UnixMicro())
	if read-last < r.NoWater.Microseconds() {
		return nil
	}
	// Any band that shows life, or is not worn by its word, leaves it open.
	var which *lifeBand
	for i := range d.state.Bands {
		b := &d.state.Bands[i]
		quiet := max(b.pulseless(), b.Wrist.Moved, b.On, b.Live, d.state.Walked)
		switch {
		case b.Wrist.Newest < read-bandFresh: // of another time
			continue
		case b.On == 0 || b.pulseless() == 0 || b.Wrist.Charging != 0:
			return nil
		case use > b.pulseless()+pulseAge: // who uses water has one: the band is wrong
			return nil
		case b.Wrist.Newest-quiet < r.Pulseless.Microseconds() || b.Wrist.StepsAt < quiet:
			return nil
		}
		which = b
		last = max(last, quiet)
	}
	if which == nil || read < last {
		return nil // the meter is not as far: what it will say decides
	}
	d.state.Episode, d.state.Pulses = time.UnixMicro(last).UTC(), 0
	return []alerting.Finding{d.finding(v, max(read, which.Wrist.Newest), d.evidence(which, read))}
}

func (d *Fusion) evidence(b *lifeBand, read int64) map[string]any {
	use, _, _ := d.water.used()
	since := func(at int64) time.Time { return time.UnixMicro(at).UTC() }
	e := map[string]any{
		"device": string(b.Wrist.Device), "worn_since": since(b.On), "no_pulse_since": since(b.pulseless()),
		"no_pulse_min": (b.Wrist.Newest - b.pulseless()) / minute, "last_use": since(use), "to": since(read),
		"no_water_h": math.Round(10*float64(read-use)/float64(hourMicros)) / 10,
	}
	if b.Wrist.Moved != 0 {
		e["moved_at"] = since(b.Wrist.Moved)
	}
	return e
}

// reached ends the episode when somebody has reached the resident since.
func (d *Fusion) reached(v *alerting.View) []alerting.Finding {
	if v.LastContact.After(d.state.Episode) {
		return d.alive(v, v.LastContact.UnixMicro(), map[string]any{"contact": v.LastContact})
	}
	return nil
}

// alive ends the episode by a sign of life.
func (d *Fusion) alive(v *alerting.View, at int64, evidence map[string]any) []alerting.Finding {
	if d.state.Episode.IsZero() || at <= d.state.Episode.UnixMicro() {
		return nil
	}
	f := d.finding(v, at, evidence)
	f.Recovered = true
	d.state.Episode, d.state.Pulses = time.Time{}, 0
	return []alerting.Finding{f}
}

func (d *Fusion) finding(v *alerting.View, at int64, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindNoSignOfLife, Subject: v.Subject, Episode: d.state.Episode, Severity: alerting.Red,
		FoundAt: time.UnixMicro(at).UTC(), KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "no_sign_of_life", Version: v.Rules.Version},
	}
}

// walkedAt is when somebody last walked.
func (d *Fusion) walkedAt() time.Time {
	if d == nil || d.state.Walked == 0 {
		return time.Time{}
	}
	return time.UnixMicro(d.state.Walked).UTC()
}

// still says whether a band, worn by its word and heard of late, has counted no
// steps since a time, up to a time: then whoever wears it does not move.
func (d *Fusion) still(since, to time.Time) bool {
	return d != nil && slices.ContainsFunc(d.state.Bands, func(b lifeBand) bool {
		w := &b.Wrist
		return b.On != 0 && b.On <= since.UnixMicro() && w.Charging == 0 && w.Moved <= since.UnixMicro() &&
			w.StepsAt >= to.UnixMicro()-bandFresh
	})
}

// The water detector as others of the same resident see it.

// used is the last use of water in the home, and up to when its meters have been
// read; false without any reading.
func (d *WaterInactivity) used() (last, read int64, ok bool) {
	if len(d.state.Meters) == 0 {
		return 0, 0, false
	}
	read = math.MaxInt64
	for _, m := range d.state.Meters {
		at, _ := m.Registers.lastUse()
		last, read = max(last, at), min(read, m.Registers.newest().At)
	}
	return last, read, true
}

// judgeAgain judges by what the meters have said already, after something else was
// heard of the resident.
func (d *WaterInactivity) judgeAgain(v *alerting.View) []alerting.Finding {
	if len(d.state.Meters) == 0 || d.state.Episode.IsZero() {
		return nil
	}
	return d.judge(v)
}
