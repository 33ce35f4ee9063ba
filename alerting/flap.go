package alerting

import "time"

// An episode that recovers and comes back many times within an hour tells nobody
// anything new: after some rings it is counted on its alert, and rings once in that
// time only. Worse than before, it rings; red, an SOS and a fall always do.

// flapping counts the episodes of the finding's subject and kind that began within
// the time before it, itself included, and says whether it may not ring. It is
// asked before the episode is written.
func (f *fold) flapping(j *judged, c *Case) (n int, damped bool, err error) {
	r := &f.of(c).Quiet
	most := r.rings(j.Kind)
	if info, _ := j.Kind.Info(); most == 0 || info.Urgent || !c.tells(j) {
		return 0, false, nil
	}
	before, err := f.tx.EpisodesBetween(j.Subject, j.Kind, j.Episode.Add(-r.FlapWithin), j.Episode)
	if err != nil {
		return 0, false, err
	}
	n = len(before) + 1
	damped = n > most && j.Severity != Red && !j.Severity.Above(c.Severity) && c.RangAt.Add(r.FlapWithin).After(f.now)
	return n, damped, nil
}

// flapped shows on the case how often it came back, and within which time.
func (c *Case) flapped(n int, r *terms) {
	c.withEvidence("flaps", n)
	c.withEvidence("flaps_min", int(r.Quiet.FlapWithin/time.Minute))
}

// restless says whether a case that could close itself stays open, because it
// comes and goes: the next episode joins it without ringing, and somebody sees to
// the cause.
func (f *fold) restless(c *Case) (bool, error) {
	r := f.of(c)
	most := r.Quiet.rings(c.Kind)
	if info, _ := c.Kind.Info(); most == 0 || info.Urgent || c.Kind == KindDataOutage {
		return false, nil
	}
	episodes, err := f.tx.EpisodesBetween(c.Subject, c.Kind, c.Episode.Add(-r.Quiet.FlapWithin), c.Episode)
	if err != nil || len(episodes) < most {
		return false, err
	}
	c.flapped(len(episodes), r)
	return true, f.event(AlertUpdated, c, map[string]any{"flaps": len(episodes), "stays": true})
}

// opening is what the event of a new case says.
func (f *fold) opening(c *Case) map[string]any {
	data := map[string]any{"severity": c.Severity, "late": c.Late}
	if c.Silenced != nil {
		data["silence"], data["until"] = c.Silenced.ID, c.Silenced.Until
	}
	return data
}
