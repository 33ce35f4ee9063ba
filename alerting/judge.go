package alerting

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"shouwang/devices"
)

// maxTickGap is the longest time between two ticks that still counts as
// watched: ticks come every 10 s, so three missed ones mean that we were down.
const maxTickGap = 30 * time.Second

// judge hands one record to the detectors it concerns.
func (e *Engine) judge(rec *devices.Record) {
	switch {
	case rec.Retained:
		// Old news, never a sign of life.
	case rec.Tick != nil:
		e.tick(rec)
	default:
		// A message is of one device, so all of it is looked up once.
		var id devices.DeviceID
		var hear []hearing
		known := false
		readings := inOrder(rec.Readings)
		for i := range readings {
			r := &readings[i]
			if !known || r.Device != id {
				id, hear, known = r.Device, e.hearings(r.Device, rec.Received), true
			}
			more := followed(readings[i:])
			for i := range hear {
				hear[i].v.More = more
				for next := 0; next < len(hear[i].w.detectors); {
					next = e.observe(&hear[i], r, next)
				}
			}
		}
		for i := range hear {
			hear[i].v.More = false
		}
		for i := range rec.Events {
			ev := &rec.Events[i]
			if !known || ev.Device != id {
				id, hear, known = ev.Device, e.hearings(ev.Device, rec.Received), true
			}
			list := hear
			if len(hear) == 0 && ev.Kind.Urgent() {
				list, known = e.callers(ev.Device, rec.Received), false
			}
			for i := range list {
				for next := 0; next < len(list[i].w.detectors); {
					next = e.notice(&list[i], ev, next)
				}
			}
		}
	}
}

// observe, notice and see ask all detectors of one subject. Each asks those
// from one on, and returns where to go on: after all, or after one that broke
// down.
func (e *Engine) observe(h *hearing, r *devices.Reading, from int) (next int) {
	defer e.outlast(h.w, &next)
	for next = from; next < len(h.w.detectors); next++ {
		if findings := h.w.detectors[next].Observe(&h.v, r); findings != nil {
			e.found(h, findings)
		}
	}
	return next
}

func (e *Engine) notice(h *hearing, ev *devices.Event, from int) (next int) {
	defer e.outlast(h.w, &next)
	for next = from; next < len(h.w.detectors); next++ {
		if findings := h.w.detectors[next].Notice(&h.v, *ev); findings != nil {
			e.found(h, findings)
		}
	}
	return next
}

func (e *Engine) see(h *hearing, from int) (next int) {
	defer e.outlast(h.w, &next)
	for next = from; next < len(h.w.detectors); next++ {
		d := &h.w.detectors[next]
		findings := d.Tick(&h.v)
		if !d.quiet || len(findings) > 0 || h.v.Away {
			e.subjects.touch(h.w)
		}
		e.found(h, findings)
	}
	return next
}

// outlast is deferred: when the detector at next panics, it is that one's part
// of the record that ends, and nothing else.
func (e *Engine) outlast(w *watched, next *int) {
	if p := recover(); p != nil {
		e.brokeDown(w.detectors[*next].Name(), p)
		*next++
	}
}

// guard runs the engine's own part of the judging.
func (e *Engine) guard(judge func(*devices.Record), rec *devices.Record) {
	defer func() {
		if p := recover(); p != nil {
			e.brokeDown("engine", p)
		}
	}()
	judge(rec)
}

// brokeDown notes a panic. It ends one part of the judging: the journal brings
// the same record again after every start, so a defect must not stop all
// alerting for good. The detector keeps what it holds and is asked about the
// next record. A panic's words may be about a person and are not logged, unless
// they are the runtime's.
func (e *Engine) brokeDown(part string, p any) {
	e.metrics.panics.WithLabelValues(part).Inc()
	what := fmt.Sprintf("%T", p)
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	e.breakdowns.Error().Str("part", part).Str("panic", what).Bytes("stack", debug.Stack()).
		Msg("broke down on a record, goes on with the next")
}

// inOrder returns the readings of one message by event time, and those of one
// time with what decides over the others first: whether the band is worn, then
// the pulse. The readings themselves are left as they are.
func inOrder(readings []devices.Reading) []devices.Reading {
	rank := func(m devices.Metric) int {
		switch m {
		case devices.Worn:
			return 0
		case devices.HeartRateBPM:
			return 1
		}
		return 2
	}
	compare := func(a, b devices.Reading) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.Metric), rank(b.Metric)))
	}
	if slices.IsSortedFunc(readings, compare) {
		return readings
	}
	readings = slices.Clone(readings)
	slices.SortStableFunc(readings, compare)
	return readings
}

// followed says whether one of the readings behind the first, which are in order
// of time, is a later one of its device and metric.
func followed(readings []devices.Reading) bool {
	r := &readings[0]
	for i := range readings[1:] {
		o := &readings[1+i]
		if o.Metric == r.Metric && o.Device == r.Device && o.At.After(r.At) {
			return true
		}
	}
	return false
}

// hearing is a subject that a record concerns, and what its detectors may know.
type hearing struct {
	w  *watched
	v  View
	at place
}

// hearings lists whom a device's message concerns: the resident it is assigned
// to, and the device. Nobody while the device is unknown or disabled, or its
// resident has died. The list is valid until the next call.
func (e *Engine) hearings(id devices.DeviceID, at time.Time) []hearing {
	about := DeviceSubject(id)
	var p place
	if !e.locate(&p, about, at) {
		return nil
	}
	hear, device := e.heard[:0], e.subjects.get(about)
	if p.resident != nil {
		hear = e.hears(hear, e.subjects.wearer(device, p.resident.ID), &p, at)
	}
	return e.hears(e.hearVillage(hear, &p, at), device, &p, at)
}

// callers is hearings for a cry for help of a device that is still with a resident
// who is listed as not watched over: the list may be wrong, or somebody else may
// have pressed the button.
func (e *Engine) callers(id devices.DeviceID, at time.Time) []hearing {
	about := DeviceSubject(id)
	var p place
	e.locate(&p, about, at)
	if !p.stopped() || p.device == nil || p.device.Disabled {
		return nil
	}
	e.settle(&p, at)
	device := e.subjects.get(about)
	return e.hears(e.hears(e.heard[:0], e.subjects.wearer(device, p.resident.ID), &p, at), device, &p, at)
}

// stopped says that there is a resident, who is not watched over.
func (p *place) stopped() bool { return p.resident != nil && p.resident.State.Stopped() }

// hears adds the subject, unless it has had this frame.
func (e *Engine) hears(hear []hearing, w *watched, p *place, at time.Time) []hearing {
	if e.had(w) {
		return hear
	}
	hear = append(hear, hearing{})
	e.hear(&hear[len(hear)-1], w, p, at)
	e.subjects.rouse(w)
	e.subjects.touch(w)
	return hear
}

func (e *Engine) hear(h *hearing, w *watched, p *place, at time.Time) {
	h.w, h.at = w, *p
	h.v = View{
		Now: at, Watched: e.watchedAt(at), Subject: w.subject,
		Resident: p.resident, Away: p.away, LastContact: p.contact, Unusual: p.unusual, Rules: p.rules,
	}
	if w.mark != nil {
		// The other lane is read again, and the clock with it; for this subject
		// it has been there.
		h.v.Watched = max(h.v.Watched, w.mark.Watched)
	}
	if w.subject.Type == SubjectDevice {
		h.v.Device = p.device
	}
}

// locate tells how things stand with a subject, and whether it is watched.
func (e *Engine) locate(p *place, s Subject, at time.Time) bool {
	*p = place{}
	switch s.Type {
	case SubjectDevice:
		known, ok := e.Directory.Standing(devices.DeviceID(s.ID), at)
		if !ok {
			return false
		}
		p.device, p.resident, p.away, p.watched = known.Device, known.Resident, known.Away, known.WatchedSince
		p.area = p.device.Area
		if p.device.Disabled {
			return false
		}
	case SubjectResident:
		r, ok := e.Directory.Resident(s.ID, at)
		if !ok {
			return false
		}
		p.resident, p.away, p.watched = r, e.Directory.Away(s.ID, at), e.Directory.WatchedSince(s.ID, at)
	case SubjectArea:
		p.area = devices.AreaPath(s.ID)
	case SubjectSystem:
		p.area = areaOf(s)
	}
	if p.resident != nil {
		if p.stopped() {
			return false
		}
	}
	e.settle(p, at)
	return true
}

// settle adds what is known of the resident who was located, and the rules.
func (e *Engine) settle(p *place, at time.Time) {
	if p.resident != nil {
		p.area = p.resident.Area
		p.away = p.away || !atHome(p.resident.State)
		// Who is watched over again has clocks that begin then.
		p.contact = maxTime(p.watched, e.Book.LastContact(p.resident.ID, at))
		p.unusual = e.Book.Unusual(p.resident.ID, at)
	}
	p.rules = e.Book.Rules(at, p.scope())
}

// tick moves the clock of watched time and lets those look at it whom it
// concerns.
func (e *Engine) tick(rec *devices.Record) {
	last := e.clock.LastTick
	gap := rec.Received.Sub(last)
	// Both ends must have been connected: nobody knows when, in between, a
	// connection went or came.
	if rec.Tick.Connected && e.clock.Connected && gap > 0 && gap <= maxTickGap {
		e.clock.Watched += gap
	}
	e.clock.LastTick, e.clock.Connected = rec.Received, rec.Tick.Connected
	e.raiseAt = rec.Received
	e.sweep(last, rec.Received)
	h := &e.heard[0]
	for _, w := range e.woken(last, rec.Received) {
		if e.had(w) {
			continue
		}
		var p place
		if !e.locate(&p, w.subject, rec.Received) {
			if p.device != nil || p.resident != nil { // until that changes
				k := &e.subjects.wakes[w.number]
				k.at, k.watched, k.resident = never, never, p.hashed()
			}
			continue
		}
		p.rules = e.swept(w, &p)
		e.hear(h, w, &p, rec.Received)
		for next := 0; next < len(w.detectors); {
			next = e.see(h, next)
		}
		e.sleep(h)
	}
}

// withheld says whether the kind is judged by data that the resident does not
// agree to: what the detectors knew before, and the silence since, is then
// nothing to go by.
func (e *Engine) withheld(h *hearing, k Kind) bool {
	if h.at.resident == nil {
		return false
	}
	not := e.Directory.WithheldOf(h.at.resident.ID, h.v.Now)
	return not != 0 && k.judgedBy(not)
}

// found takes what a detector said.
func (e *Engine) found(h *hearing, findings []Finding) {
	for _, f := range findings {
		info, ok := f.Kind.Info()
		if !ok || f.Severity.Rank() > Blue.Rank() && !f.Recovered {
			e.metrics.refused.Inc()
			e.Log.Error().Str("kind", string(f.Kind)).Str("severity", string(f.Severity)).
				Msg("detector found something that is no kind or has no severity")
			continue
		}
		// A resident's detectors may know of a device what it does not: that its
		// wearer walks while the meter stands still.
		if info.Subject != SubjectDevice || f.Subject.Type != SubjectDevice {
			f.Subject = h.w.subject
		}
		if !f.Recovered && e.withheld(h, f.Kind) {
			continue
		}
		// SQL keeps microseconds, and the episode is a key there.
		f.Episode = f.Episode.UTC().Truncate(time.Microsecond)
		if f.KnownAt.IsZero() {
			f.KnownAt = h.v.Now
		}
		if f.FoundAt.IsZero() {
			f.FoundAt = h.v.Now
		}
		if h.at.stopped() {
			if !info.Urgent {
				continue
			}
			f.Evidence = maps.Clone(f.Evidence)
			if f.Evidence == nil {
				f.Evidence = map[string]any{}
			}
			f.Evidence["listed_as"] = string(h.at.resident.State)
		}
		now := said{f.Episode, f.Severity, f.Recovered}
		if last, ok := h.w.said[f.Kind]; ok && last == now && !info.Urgent {
			continue
		}
		if h.w.said == nil {
			h.w.said = map[Kind]said{}
		}
		h.w.said[f.Kind] = now
		e.metrics.findings.WithLabelValues(string(f.Kind)).Inc()
		j := judged{
			Finding: f, resident: h.at.ref(), area: h.at.area,
			provider: e.Directory.Provider(h.at.area, h.v.Now),
			late:     f.KnownAt.Sub(f.FoundAt) > h.v.Rules.Late, at: h.v.Now,
			band: h.v.Device != nil && h.v.Device.Kind == devices.Wristband &&
				(h.v.Resident == nil || h.v.Resident.Tier != devices.TierRed),
		}
		e.pending = append(e.pending, j)
	}
}
