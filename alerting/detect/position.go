package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// coarse: a fix is held to a zone only if its accuracy is at most this share
	// of the zone's radius. A phone cell of one kilometre says nothing of a fence
	// of five hundred metres.
	coarse = 0.5
	// backIn is how far inside a zone, as a share of its radius, somebody must be
	// to have come back.
	backIn = 0.1
	// wanderGap is how far apart two fixes may be to tell of movement.
	wanderGap = 30 * minute
	// The home is learnt from fixes between these hours of the wearer's clock, no
	// coarser than homeAccuracy, and known when so many more were there than
	// elsewhere.
	homeFrom, homeTo = 19, 9
	homeAccuracy     = 100
	homeNear         = 200
	homeKnown        = 20
	homeMost         = 200
)

// Position watches where a resident is: beyond the fence that was set for the
// person, or on the way outside the home zone at night. Fixes that are too coarse
// for a zone are not held to it, and it takes two on end.
type Position struct{ memory[positionState] }

type positionState struct {
	Wrist  wrist
	Fixing fixing
	Last   fix // the newest
	Home   homeGuess
	Fence  whereabouts
	Wander whereabouts
}

// homeGuess is where the evenings and mornings are spent: a place that gains with
// every fix near it and loses with every other, and gives way at nothing.
type homeGuess struct {
	Lat, Lon float64
	Score    int
}

// whereabouts is what is known of one kind of being where one should not be.
type whereabouts struct {
	Out, In int // fixes on end
	Episode time.Time
	Since   int64 // the first fix out
}

// Name implements alerting.Detector.
func (d *Position) Name() string { return "position" }

// Notice implements alerting.Detector.
func (d *Position) Notice(_ *alerting.View, e devices.Event) []alerting.Finding {
	if (e.Kind == devices.EventWorn || e.Kind == devices.EventRemoved) && e.Device == d.state.Wrist.Device {
		d.state.Wrist.flag(e.At.UnixMicro(), e.Kind == devices.EventRemoved)
	}
	return nil
}

// Observe implements alerting.Detector.
func (d *Position) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	s := &d.state
	switch r.Metric {
	case devices.LatDeg, devices.LonDeg, devices.AccuracyM:
	case devices.Worn, devices.HeartRateBPM, devices.Steps, devices.BatteryPct:
		if s.Wrist.Device == r.Device {
			s.Wrist.hear(r.Metric, r.Value, r.At.UnixMicro())
		}
		return nil
	default:
		return nil
	}
	at := r.At.UnixMicro()
	if s.Wrist.Device != r.Device {
		if s.Wrist.Device != "" && at < s.Last.At+bandChanged {
			return nil
		}
		s.Wrist, s.Fixing = wrist{Device: r.Device}, fixing{}
	}
	if f, ok := s.Fixing.hear(r.Metric, r.Value, at); ok && f.At > s.Last.At {
		return d.judge(v, f)
	}
	return nil
}

// judge looks at a fix that is newer than all before.
func (d *Position) judge(v *alerting.View, f fix) []alerting.Finding {
	s := &d.state
	last := s.Last
	s.Last = f
	if why, _ := s.Wrist.off(f.At); why != onWrist {
		return nil
	}
	home, known := d.home(v, &f)
	if !known {
		return nil
	}
	findings := d.fence(v, &f, home)
	return append(findings, d.wander(v, &f, &last, home)...)
}

// home is where the resident lives, by rule or as learnt.
func (d *Position) home(v *alerting.View, f *fix) (homeGuess, bool) {
	p, h := &v.Rules.Position, &d.state.Home
	if p.HomeLat != 0 || p.HomeLon != 0 {
		return homeGuess{Lat: p.HomeLat, Lon: p.HomeLon}, true
	}
	_, of := localDay(&v.Rules.Vitals, f.At)
	if at := time.UnixMicro(f.At); !v.Away && v.Habitual(at, at.Add(1)) && f.Accuracy > 0 && f.Accuracy <= homeAccuracy && (of >= homeFrom*hourMicros || of < homeTo*hourMicros) {
		h.learn(f)
	}
	return *h, h.Score >= homeKnown
}

func (h *homeGuess) learn(f *fix) {
	switch {
	case h.Score == 0:
		*h = homeGuess{f.Lat, f.Lon, 1}
	case f.distance(h.Lat, h.Lon) > homeNear:
		h.Score--
	default:
		h.Score = min(h.Score+1, homeMost)
		share := 1 / float64(min(h.Score, 50))
		h.Lat, h.Lon = h.Lat+(f.Lat-h.Lat)*share, h.Lon+(f.Lon-h.Lon)*share
	}
}

// side says on which side of a zone's edge a fix lies, with room between the two:
// 1 outside, -1 inside, 0 neither, or too coarse to tell.
func side(f *fix, lat, lon, radius float64) int {
	if f.Accuracy <= 0 || f.Accuracy > coarse*radius {
		return 0
	}
	switch far := f.distance(lat, lon); {
	case far > radius+f.Accuracy:
		return 1
	case far <= radius*(1-backIn):
		return -1
	}
	return 0
}

// fence judges the fence around the home and the safe places beyond it.
func (d *Position) fence(v *alerting.View, f *fix, home homeGuess) []alerting.Finding {
	p := &v.Rules.Position
	if p.FenceM == 0 {
		return nil
	}
	where := side(f, home.Lat, home.Lon, p.FenceM)
	nearest, name := f.distance(home.Lat, home.Lon)-p.FenceM, "home"
	for _, z := range p.Safe {
		far := f.distance(z.LatDeg, z.LonDeg) - z.RadiusM
		if far <= f.Accuracy { // else it is not there, however coarse
			where = min(where, side(f, z.LatDeg, z.LonDeg, z.RadiusM))
		}
		if far < nearest {
			nearest, name = far, z.Name
		}
	}
	if !d.state.Fence.fix(where, f, p.Fixes, v.Away) {
		return nil
	}
	e := map[string]any{
		"device": string(d.state.Wrist.Device), "zone": name, "outside_m": int(nearest),
		"distance_m": int(f.distance(home.Lat, home.Lon)), "radius_m": p.FenceM, "fixes": p.Fixes,
		"since": time.UnixMicro(d.state.Fence.Since).UTC(),
	}
	return d.finding(v, alerting.KindGeofence, &d.state.Fence, f, where, e)
}

// wander judges whether somebody is on the way at night.
func (d *Position) wander(v *alerting.View, f, last *fix, home homeGuess) []alerting.Finding {
	p := &v.Rules.Position
	where := side(f, home.Lat, home.Lon, p.HomeM)
	moved := f.distance(last.Lat, last.Lon)
	if where > 0 {
		_, of := localDay(&v.Rules.Vitals, f.At)
		from, to := int64(p.NightFrom)*hourMicros, int64(p.NightTo)*hourMicros
		night := of >= from && of < to || from > to && (of >= from || of < to)
		switch {
		case !p.Wandering, !night:
			where = 0
			d.state.Wander.Out = 0
		case last.At == 0, f.At-last.At > wanderGap, last.Accuracy <= 0, moved < max(p.WanderM, f.Accuracy+last.Accuracy):
			where = 0 // somewhere else, but not known to be on the way
		}
	}
	if !d.state.Wander.fix(where, f, p.Fixes, v.Away) {
		return nil
	}
	e := map[string]any{
		"device": string(d.state.Wrist.Device), "distance_m": int(f.distance(home.Lat, home.Lon)), "radius_m": p.HomeM,
		"moved_m": int(moved), "moved_min": int((f.At - last.At) / minute), "fixes": p.Fixes,
		"night_from": p.NightFrom, "night_to": p.NightTo, "since": time.UnixMicro(d.state.Wander.Since).UTC(),
	}
	return d.finding(v, alerting.KindWandering, &d.state.Wander, f, where, e)
}

// fix counts a fix on one side, and says whether an episode has begun or ended by
// it.
func (p *whereabouts) fix(where int, f *fix, need int, away bool) bool {
	switch {
	case where > 0:
		p.In = 0
		if p.Out++; p.Out == 1 {
			p.Since = f.At
		}
		if p.Out < need || !p.Episode.IsZero() || away {
			return false
		}
		p.Episode = time.UnixMicro(p.Since).UTC()
		return true
	case where < 0:
		p.Out = 0
		if p.In = min(p.In+1, need); p.In < need || p.Episode.IsZero() {
			return false
		}
		return true
	}
	return false
}

func (d *Position) finding(v *alerting.View, kind alerting.Kind, p *whereabouts, f *fix, where int, e map[string]any) []alerting.Finding {
	f.evidence(e, v.Now)
	found := alerting.Finding{
		Kind: kind, Subject: v.Subject, Episode: p.Episode, Severity: alerting.Orange, Recovered: where < 0,
		FoundAt: f.at(), KnownAt: v.Now, Evidence: e, Rule: alerting.RuleRef{ID: string(kind), Version: v.Rules.Version},
	}
	if where < 0 {
		p.Episode = time.Time{}
	}
	return []alerting.Finding{found}
}

// Due implements alerting.Sleeper: it judges by what it hears.
func (*Position) Due(*alerting.View) alerting.Due { return alerting.Due{} }
