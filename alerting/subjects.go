package alerting

import (
	"cmp"
	"fmt"
	"maps"
	"time"

	"github.com/cespare/xxhash/v2"

	"shouwang/devices"
)

// place is where a subject is and who is behind it, as of one time.
type place struct {
	device   *devices.Device
	resident *devices.Resident
	area     devices.AreaPath
	provider string
	away     bool
	contact  time.Time // the newest with the resident
	rules    *Rules
}

// ref names the resident behind the subject, nil without one.
func (p *place) ref() *ResidentRef {
	if p.resident == nil {
		return nil
	}
	return &ResidentRef{ID: p.resident.ID, Name: p.resident.Name}
}

// watched is one subject with its detectors.
type watched struct {
	subject   Subject
	number    int // in subjects.all
	detectors []judge
	dirty     bool
	gone      bool // forgotten
	// mark is how far the restored states have read, nil when that is not beyond
	// the engine.
	mark *Mark
	// said is the last finding of each kind: detectors may repeat themselves
	// on every tick, and that should cost nothing.
	said map[Kind]said
}

// judge is one detector of a subject.
type judge struct {
	Detector
	sleeper Sleeper // nil sees every tick
	quiet   bool    // its ticks need not be saved
	dirty   bool    // may have changed since it was collected
	saved   uint64  // hash of its last written state
}

type said struct {
	episode   time.Time
	severity  Severity
	recovered bool
}

// subjects are all that are watched.
type subjects struct {
	byID  map[Subject]*watched
	all   []*watched
	wakes []wake     // of each in all
	order []*watched // see sorted
	dirty []*watched
	make  NewDetectors
	// fresh are the hashes of the states that detectors are made with, by name.
	fresh map[string]uint64
}

func newSubjects(make NewDetectors) *subjects {
	return &subjects{byID: map[Subject]*watched{}, make: make, fresh: map[string]uint64{}}
}

func compareSubjects(a, b Subject) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

// get returns the subject's detectors, made when they are first asked for.
func (s *subjects) get(subject Subject) *watched {
	w, ok := s.byID[subject]
	if ok {
		return w
	}
	w = &watched{subject: subject, number: len(s.all), said: map[Kind]said{}}
	for _, d := range s.make(subject) {
		j := judge{Detector: d, saved: s.asMade(d)}
		_, j.quiet = d.(QuietTicks)
		j.sleeper, _ = d.(Sleeper)
		w.detectors = append(w.detectors, j)
	}
	s.byID[subject] = w
	s.all = append(s.all, w)
	s.wakes = append(s.wakes, wake{})
	return w
}

// asMade is the hash of the state that the detector is made with, which need
// not be kept: there are many that never hear what concerns them.
func (s *subjects) asMade(d Detector) uint64 {
	hash, ok := s.fresh[d.Name()]
	if !ok {
		if state, err := d.Save(); err == nil {
			hash = xxhash.Sum64(state)
		}
		s.fresh[d.Name()] = hash
	}
	return hash
}

// touch marks one detector of the subject for the next checkpoint.
func (s *subjects) touch(w *watched, i int) {
	w.detectors[i].dirty = true
	if !w.dirty {
		w.dirty = true
		s.dirty = append(s.dirty, w)
	}
}

// restore takes back one saved state. That of a detector which no longer exists
// is left alone.
func (s *subjects) restore(snap Snapshot, mark *Mark) error {
	w := s.get(snap.Subject)
	w.mark = later(w.mark, mark)
	for i := range w.detectors {
		d := &w.detectors[i]
		if d.Name() != snap.Detector {
			continue
		}
		if err := d.Restore(snap.State); err != nil {
			return fmt.Errorf("restore %s of %s %s: %w", snap.Detector, snap.Subject.Type, snap.Subject.ID, err)
		}
		d.saved = xxhash.Sum64(snap.State)
	}
	return nil
}

// later is how far a subject has read of which two states have other marks: the
// state with the earlier one was the same at the later.
func later(a, b *Mark) *Mark {
	if a == nil || a == b {
		return b
	}
	if b == nil {
		return a
	}
	m := &Mark{Positions: maps.Clone(a.Positions), Watched: max(a.Watched, b.Watched)}
	for lane, seq := range b.Positions {
		m.Positions[lane] = max(m.Positions[lane], seq)
	}
	return m
}

// had says whether the subject's states have the frame at hand in them.
func (e *Engine) had(w *watched) bool {
	return w.mark != nil && e.seq <= w.mark.Positions[e.lane]
}

// atHome says whether somebody in this state lives at home and is watched.
func atHome(s devices.ResidentState) bool {
	switch s {
	case devices.Hospital, devices.Institution, devices.Moved, devices.Left:
		return false
	}
	return true
}
