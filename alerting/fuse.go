package alerting

import (
	"slices"
	"time"
)

// lifeKinds say of one resident, each from other proof, that no life is seen. They
// are one case, which has the kind of the most urgent.
var lifeKinds = [...]Kind{KindNoSignOfLife, KindWaterInactivity, KindNotReturned}

// fuse lets a new finding that nobody lives join the resident's case, and says
// whether it did. One that is more urgent than the case becomes the case itself,
// unless somebody is on the way for the old one.
func (f *fold) fuse(j *judged) (joined bool, err error) {
	if !slices.Contains(lifeKinds[:], j.Kind) {
		return false, nil
	}
	var highest *Case
	var below []*Case
	for _, k := range lifeKinds {
		if k == j.Kind {
			continue
		}
		c, ok, err := f.tx.OpenAlert(j.Subject, k)
		if err != nil {
			return false, err
		}
		if !ok || c.RecoveredAt != nil {
			continue // what is over is another matter
		}
		busy := c.State == Dispatched || c.State == Visited
		if !busy {
			visits, err := f.tx.VisitsOf(c.ID)
			if err != nil {
				return false, err
			}
			busy = underWay(visits)
		}
		switch {
		case !busy && j.Severity.Above(c.Severity) && (c.Late || !j.late):
			below = append(below, c)
		case highest == nil || c.Severity.Above(highest.Severity):
			highest = c
		}
	}
	if highest != nil {
		return true, f.joinCase(j, highest)
	}
	if len(below) == 0 {
		return false, nil
	}
	also := []any{}
	for _, c := range below {
		also = append(also, string(c.Kind))
		also = append(also, c.also()...)
	}
	c := f.caseOf(j)
	c.withEvidence("also", also)
	if c.Silenced != nil && slices.ContainsFunc(below, func(o *Case) bool { return o.Silenced == nil }) {
		c.Silenced = nil // it stands for what is not silenced
		c.startClock(f.now, f.of(c))
	}
	if err := f.add(c); err != nil { // before those that it stands for go
		return false, err
	}
	for _, old := range below {
		if err := f.duplicate(old, c); err != nil {
			return false, err
		}
	}
	return true, nil
}

// bandKinds say of one band that it does not watch over its wearer, or soon will not.
// They are one task: an empty band falls silent, and who does not wear it does not
// charge it.
var bandKinds = [...]Kind{KindLowBattery, KindNotWorn, KindDeviceSilent}

// fuseBand lets a new finding about a band join its open task, and says whether it
// did. What is worse than a task, and the silence of a band whose wearer is of tier
// red, stands by itself.
func (f *fold) fuseBand(j *judged) (joined bool, err error) {
	if !j.band || j.Severity != Blue || !slices.Contains(bandKinds[:], j.Kind) {
		return false, nil
	}
	for _, k := range bandKinds {
		if k == j.Kind {
			continue
		}
		if f.held[about{j.Subject, k}] {
			if err := f.gather(); err != nil {
				return false, err
			}
		}
		c, ok, err := f.tx.OpenAlert(j.Subject, k)
		if err != nil {
			return false, err
		}
		if ok && c.RecoveredAt == nil && c.Severity == Blue {
			return true, f.joinCase(j, c)
		}
	}
	return false, nil
}

// fused are the kinds that become one case with the kind.
func fused(k Kind) []Kind {
	switch {
	case slices.Contains(lifeKinds[:], k):
		return lifeKinds[:]
	case slices.Contains(bandKinds[:], k):
		return bandKinds[:]
	}
	return nil
}

// joinCase puts the episode on a case of another kind.
func (f *fold) joinCase(j *judged, c *Case) error {
	if err := f.tx.PutEpisode(Episode{EpisodeKey: j.key(), Alert: c.ID, Severity: j.Severity}); err != nil {
		return err
	}
	if also := c.also(); !slices.Contains(also, any(string(j.Kind))) {
		c.withEvidence("also", append(also, string(j.Kind)))
	}
	data := map[string]any{"joined": j.Kind, "episode": j.Episode, "more": j.Evidence}
	if c.Late && !j.late {
		c.Late = false
		c.ring(f.now, f.of(c))
		data["rings"] = true
	}
	if c.Silenced != nil {
		if _, also := f.silenced(j.Subject, j.resident, j.Kind, j.at); !also && !j.late {
			c.ring(f.now, f.of(c)) // the silence is of another kind
			data["rings"] = true
		}
	}
	if j.Severity.Above(c.Severity) {
		data["severity_from"], data["severity_to"] = c.Severity, j.Severity
		c.rise(j.Severity, f.now, f.of(c))
	}
	return f.event(AlertUpdated, c, data)
}

// also are the other kinds that the case stands for.
func (c *Case) also() []any {
	also, _ := c.Evidence["also"].([]any)
	return slices.Clone(also)
}

// whole says whether an episode's end is that of its case: it is the one that the
// case tells of, and nothing that was fused with it goes on.
func (f *fold) whole(c *Case, j *judged) (bool, error) {
	also := c.also()
	if len(also) == 0 {
		return c.tells(j) && c.Episode.Equal(j.Episode), nil
	}
	for _, k := range fused(c.Kind) {
		episodes, err := f.tx.EpisodesBetween(c.Subject, k, time.UnixMicro(1), f.now.AddDate(1, 0, 0))
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(episodes, func(e Episode) bool { return e.Alert == c.ID && !e.Recovered }) {
			return false, nil
		}
	}
	return true, nil
}

// isOpen says whether an alert is open of the same, or fused with it would be.
func (f *fold) isOpen(c *Case) (bool, error) {
	kinds := []Kind{c.Kind}
	if slices.Contains(lifeKinds[:], c.Kind) {
		kinds = lifeKinds[:]
	}
	for _, k := range kinds {
		if _, open, err := f.tx.OpenAlert(c.Subject, k); open || err != nil {
			return open, err
		}
	}
	return false, nil
}
