package alerting

import (
	"cmp"
	"fmt"
	"slices"
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
	detectors []judge
	dirty     bool
	// said is the last finding of each kind: detectors may repeat themselves
	// on every tick, and that should cost nothing.
	said map[Kind]said
}

// judge is one detector of a subject.
type judge struct {
	Detector
	quiet bool   // its ticks need not be saved
	dirty bool   // may have changed since it was collected
	saved uint64 // hash of its last written state
}

type said struct {
	episode   time.Time
	severity  Severity
	recovered bool
}

// subjects are all that are watched, in an order that does not depend on who
// reported first: ticks go through them in it.
type subjects struct {
	byID  map[Subject]*watched
	order []*watched
	dirty []*watched
	make  NewDetectors
}

func newSubjects(make NewDetectors) *subjects {
	return &subjects{byID: map[Subject]*watched{}, make: make}
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
	w = &watched{subject: subject, said: map[Kind]said{}}
	for _, d := range s.make(subject) {
		_, quiet := d.(QuietTicks)
		w.detectors = append(w.detectors, judge{Detector: d, quiet: quiet})
	}
	s.byID[subject] = w
	i, _ := slices.BinarySearchFunc(s.order, subject, func(o *watched, t Subject) int {
		return compareSubjects(o.subject, t)
	})
	s.order = slices.Insert(s.order, i, w)
	return w
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
func (s *subjects) restore(snap Snapshot) error {
	w := s.get(snap.Subject)
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

// collected is what a checkpoint has to write, and how to note that it is
// written.
type collected struct {
	snapshots []Snapshot
	written   []func()
	failed    []func()
}

// collect saves the states that have changed since they were last written.
func (s *subjects) collect() (collected, error) {
	var c collected
	for _, w := range s.dirty {
		for i := range w.detectors {
			d := &w.detectors[i]
			if !d.dirty {
				continue
			}
			state, err := d.Save()
			if err != nil {
				return collected{}, fmt.Errorf("save %s of %s %s: %w", d.Name(), w.subject.Type, w.subject.ID, err)
			}
			hash := xxhash.Sum64(state)
			if hash == d.saved {
				continue
			}
			c.snapshots = append(c.snapshots, Snapshot{Subject: w.subject, Detector: d.Name(), State: state})
			c.written = append(c.written, func() { d.saved = hash })
			c.failed = append(c.failed, func() { s.touch(w, i) })
		}
	}
	for _, w := range s.dirty {
		w.dirty = false
		for i := range w.detectors {
			w.detectors[i].dirty = false
		}
	}
	s.dirty = nil
	return c, nil
}

// atHome says whether somebody in this state lives at home and is watched.
func atHome(s devices.ResidentState) bool {
	switch s {
	case devices.Hospital, devices.Institution, devices.Moved, devices.Left:
		return false
	}
	return true
}
