package alerting

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/cespare/xxhash/v2"
)

// partBytes is at how many bytes a part of a checkpoint is full, however few its
// states.
const partBytes = 256 << 10

// Run writes checkpoints when they are due, until ctx ends. One that fails is
// tried again when the next is due; the frames since the last are kept by the
// journal.
func (e *Engine) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.due:
		}
		if err := e.Checkpoint(ctx); err != nil && ctx.Err() == nil {
			e.Log.Error().Err(err).Msg("checkpoint cannot be written, the next is tried")
		}
	}
}

// Checkpoint writes the detector states that have changed, part by part, and
// then the positions and the clock as they were when it began. It is called by
// Run, and by the owner when it stops.
//
// The lanes go on between and beside the parts, so a later part holds states
// that have read further than those of an earlier one, and than the positions.
// That is no contradiction, because each part says how far it has read: after a
// restart, reading goes on at the positions, and whoever is further passes over
// the frames it has had. So it does not matter where a checkpoint breaks off.
func (e *Engine) Checkpoint(ctx context.Context) error {
	e.sweeping.Lock()
	defer e.sweeping.Unlock()
	start := time.Now()
	saved, todo, err := e.begin(ctx)
	if err != nil || saved == nil {
		return err
	}
	for len(todo) > 0 {
		n, err := e.savePart(ctx, todo)
		todo = todo[n:]
		if err != nil {
			e.mu.Lock()
			e.subjects.dirty = append(e.subjects.dirty, todo...)
			e.mu.Unlock()
			return fmt.Errorf("write checkpoint: %w", err)
		}
	}
	if e.Checkpoints != nil {
		if err := e.Checkpoints.SaveCheckpoint(ctx, *saved); err != nil {
			return fmt.Errorf("write checkpoint: %w", err)
		}
	}
	e.saved.Store(&saved.Positions)
	took := time.Since(start)
	e.mu.Lock()
	e.cost = took
	e.mu.Unlock()
	e.metrics.checkpoint.Observe(took.Seconds())
	return nil
}

// begin notes where the lanes are and whose states have changed. Findings that
// are not written yet are written first: a position never stands beyond them.
// While the engine reads again what some states have had, there is no
// checkpoint (nil): a part of it would have to say more than one position.
func (e *Engine) begin(ctx context.Context) (*Saved, []*watched, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.commit(ctx); err != nil {
		return nil, nil, err
	}
	// Counted from the try, so that a failing one is not tried on every frame.
	e.frames, e.lastSaved = 0, e.Now()
	if e.behind() {
		return nil, nil, nil
	}
	todo := e.subjects.dirty
	e.subjects.dirty = nil
	if e.Checkpoints == nil {
		for _, w := range todo {
			w.clean()
		}
		todo = nil
	}
	return &Saved{Positions: maps.Clone(e.fed), Clock: e.clock}, todo, nil
}

// part are the states of one transaction, and what is to be noted of each when
// it is written.
type part struct {
	mark      Mark
	snapshots []Snapshot
	of        []saving
	bytes     int
}

type saving struct {
	w        *watched
	detector int
	hash     uint64
}

// savePart writes the states of the first subjects and returns how many
// subjects that were. After an error it returns those whose states are marked
// again.
func (e *Engine) savePart(ctx context.Context, todo []*watched) (int, error) {
	e.writing.Lock()
	defer e.writing.Unlock()
	p, n, err := e.collect(ctx, todo)
	if err != nil {
		return n, err
	}
	if len(p.snapshots) == 0 {
		return n, nil
	}
	err = e.Checkpoints.SaveStates(ctx, p.mark, p.snapshots)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range p.of {
		if err != nil {
			e.subjects.touch(s.w, s.detector)
		} else {
			s.w.detectors[s.detector].saved = s.hash
		}
	}
	if err == nil {
		e.metrics.snapshots.Add(float64(len(p.snapshots)))
	}
	return n, err
}

// collect saves states at one instant, until the part is full. What the states
// have found is written before they are.
func (e *Engine) collect(ctx context.Context, todo []*watched) (*part, int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.commit(ctx); err != nil {
		return nil, 0, err
	}
	p := &part{mark: Mark{Positions: maps.Clone(e.fed), Watched: e.clock.Watched}}
	for n, w := range todo {
		if len(p.snapshots) >= e.CheckpointPart || p.bytes >= partBytes {
			return p, n, nil
		}
		if w.gone {
			continue
		}
		if err := p.take(w); err != nil {
			for _, s := range p.of {
				e.subjects.touch(s.w, s.detector)
			}
			return nil, n, err
		}
		w.clean()
	}
	return p, len(todo), nil
}

// take adds what has changed of one subject. A subject has read as far as the
// newest of its states says, so one of them is written even when all are as they
// were: they may have been different in between, and what made them so must not
// be handed to them twice.
func (p *part) take(w *watched) error {
	least := Snapshot{}
	spare := saving{w: w}
	changed := false
	for i := range w.detectors {
		d := &w.detectors[i]
		if !d.dirty {
			continue
		}
		state, err := d.Save()
		if err != nil {
			return fmt.Errorf("save %s of %s %s: %w", d.Name(), w.subject.Type, w.subject.ID, err)
		}
		snap, s := Snapshot{Subject: w.subject, Detector: d.Name(), State: state}, saving{w, i, xxhash.Sum64(state)}
		if s.hash != d.saved {
			p.add(snap, s)
			changed = true
		} else if least.Detector == "" || len(state) < len(least.State) {
			least, spare = snap, s
		}
	}
	if !changed && least.Detector != "" {
		p.add(least, spare)
	}
	return nil
}

func (p *part) add(snap Snapshot, s saving) {
	p.snapshots, p.of, p.bytes = append(p.snapshots, snap), append(p.of, s), p.bytes+len(snap.State)
}

// clean says that all states of the subject are on their way.
func (w *watched) clean() {
	w.dirty = false
	for i := range w.detectors {
		w.detectors[i].dirty = false
	}
}

// behind says whether there are states that have read further than the engine,
// as after a checkpoint that broke off. Once there are none, all are as far as
// it is, and their marks have served.
func (e *Engine) behind() bool {
	if len(e.ahead) == 0 {
		return false
	}
	for lane, seq := range e.ahead {
		if e.fed[lane] < seq {
			return true
		}
	}
	clear(e.ahead)
	for _, w := range e.subjects.all {
		w.mark = nil
	}
	return false
}
