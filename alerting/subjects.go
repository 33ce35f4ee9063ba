package alerting

import (
	"cmp"
	"maps"
	"sync"
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
	watched  time.Time // since when the resident is watched over again
	contact  time.Time // the newest with the resident
	unusual  []Window
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
	dirty     bool // may have changed since it was collected for a checkpoint
	gone      bool // forgotten
	roused    bool // when it was saved, it was to see the next tick; true if it was not
	size      int  // of its states when last saved, bytes
	// mark is how far the restored states have read, nil when that is not beyond
	// the engine.
	mark *Mark
	// said is the last finding of each kind: detectors may repeat themselves
	// on every tick, and that should cost nothing.
	said map[Kind]said
	// wearer is the resident of whom a device spoke last; looked up once.
	wearer *watched
}

// judge is one detector of a subject.
type judge struct {
	Detector
	sleeper Sleeper // nil sees every tick
	quiet   bool    // its ticks need not be saved
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
	// fresh are the states that detectors are made with: []byte by name.
	fresh sync.Map
}

func newSubjects(make NewDetectors) *subjects {
	return &subjects{byID: map[Subject]*watched{}, make: make}
}

func compareSubjects(a, b Subject) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

// get returns the subject with its detectors, made when they are first asked for.
func (s *subjects) get(subject Subject) *watched {
	w, ok := s.byID[subject]
	if !ok {
		w = s.add(subject)
		s.furnish(w)
	}
	return w
}

// wearer returns the resident of whom a device speaks.
func (s *subjects) wearer(device *watched, resident string) *watched {
	if w := device.wearer; w != nil && !w.gone && w.subject.ID == resident {
		return w
	}
	device.wearer = s.get(ResidentSubject(resident))
	return device.wearer
}

// add takes in a subject that has no detectors yet.
func (s *subjects) add(subject Subject) *watched {
	w := &watched{subject: subject, number: len(s.all), roused: true}
	s.byID[subject] = w
	s.all = append(s.all, w)
	s.wakes = append(s.wakes, wake{hash: xxhash.Sum64String(subject.ID)})
	return w
}

// furnish makes the detectors of the subject. It may be called for several at
// once.
func (s *subjects) furnish(w *watched) {
	made := s.make(w.subject)
	w.detectors = make([]judge, len(made))
	for i, d := range made {
		s.asMade(d)
		j := judge{Detector: d}
		_, j.quiet = d.(QuietTicks)
		j.sleeper, _ = d.(Sleeper)
		w.detectors[i] = j
	}
}

// asMade is the state that the detector is made with, which need not be kept:
// there are many that never hear what concerns them. It is first asked about one
// that has just been made.
func (s *subjects) asMade(d Detector) []byte {
	name := d.Name()
	if state, ok := s.fresh.Load(name); ok {
		return state.([]byte) //nolint:forcetypeassert,errcheck // nothing else is in it
	}
	state, err := d.Save()
	if err != nil {
		state = []byte("?") // no other is like it
	}
	s.fresh.Store(name, state)
	return state
}

// touch marks the subject for the next checkpoint.
func (s *subjects) touch(w *watched) {
	if !w.dirty {
		w.dirty = true
		s.dirty = append(s.dirty, w)
	}
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

// atHome says whether somebody who is watched over is at home in this state.
func atHome(s devices.ResidentState) bool {
	switch s {
	case devices.Hospital, devices.Institution:
		return false
	}
	return true
}
