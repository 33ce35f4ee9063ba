package alerting

import (
	"time"

	"shouwang/devices"
)

// The water of a village is a subject of its own: its detectors hear all meters of
// the village, and see that none of them counts any more (water cut, frost). While
// that lasts, homes without use are no alerts, unless they are red.

// VillageWater is the subject of the water of an area.
func VillageWater(area devices.AreaPath) Subject {
	return Subject{SubjectSystem, waterOutage + string(area)}
}

// IsVillageWater says whether the subject is the water of an area.
func (s Subject) IsVillageWater() bool {
	return s.Type == SubjectSystem && len(s.ID) > len(waterOutage) && s.ID[:len(waterOutage)] == waterOutage
}

// hearVillage adds the water of the village where the meter of a resident is.
func (e *Engine) hearVillage(hear []hearing, p *place, at time.Time) []hearing {
	if p.resident == nil || p.area == "" || p.device.Kind != devices.WaterMeter {
		return hear
	}
	s, ok := e.villages[p.area]
	if !ok {
		s = VillageWater(p.area)
		if e.villages == nil {
			e.villages = map[devices.AreaPath]Subject{}
		}
		e.villages[p.area] = s
	}
	// Not those of the resident who happens to speak.
	return e.hears(hear, e.subjects.get(s), &place{area: p.area, rules: e.Book.Rules(at, RuleScope{Area: p.area})}, at)
}

// dry lets a finding of inactivity join the water cut that explains it, and says
// whether it did.
func (f *fold) dry(j *judged) (joined bool, err error) {
	if j.Kind != KindWaterInactivity || j.Severity == Red {
		return false, nil
	}
	c, ok, err := f.tx.OpenAlert(VillageWater(j.area), KindDataOutage)
	if err != nil || !ok {
		return false, err
	}
	if ch := f.storms.changed[c.ID]; ch != nil {
		c = ch.c
	}
	if c.RecoveredAt != nil || !explains(c, j.Episode, j.FoundAt) {
		return false, nil
	}
	return true, f.enter(c, j.member())
}

// explains says whether most of an idle stretch lies within the water cut: who had
// been idle for long before is not idle because of it.
func explains(cut *Case, from, to time.Time) bool {
	return to.Sub(cut.Since) >= cut.Since.Sub(from)
}

// takeDry makes the alerts of a village that a new water cut explains part of it.
func (f *fold) takeDry(c *Case) error {
	open, err := f.tx.OpenInArea(KindWaterInactivity, c.Area)
	if err != nil {
		return err
	}
	var singles []*Case
	for _, o := range open {
		visits, err := f.tx.VisitsOf(o.ID)
		if err != nil {
			return err
		}
		if o.Area != c.Area || o.Severity == Red || o.RecoveredAt != nil || o.Late || len(o.also()) > 0 ||
			o.State == Dispatched || o.State == Visited || underWay(visits) || !explains(c, o.Episode, o.FoundAt) {
			continue
		}
		if err := f.enter(c, o.member()); err != nil {
			return err
		}
		singles = append(singles, o)
	}
	if err := f.flush(c); err != nil {
		return err
	}
	for _, o := range singles {
		if err := f.duplicate(o, c); err != nil {
			return err
		}
	}
	return nil
}

// out gives a member of a water cut that has become red an alert of its own.
func (f *fold) out(j *judged) error {
	if joined, err := f.fuse(j); joined || err != nil {
		return err
	}
	return f.open(j)
}
