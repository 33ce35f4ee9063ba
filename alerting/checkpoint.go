package alerting

import (
	"context"
	"fmt"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"
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
			w.dirty = false
		}
		todo = nil
	}
	return &Saved{Positions: maps.Clone(e.fed), Clock: e.clock}, todo, nil
}

// part are the states of one transaction, and whose they are.
type part struct {
	mark      Mark
	snapshots []Snapshot
	of        []*watched
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
	if err != nil {
		for _, w := range p.of {
			e.subjects.touch(w)
		}
		return n, err
	}
	e.metrics.snapshots.Add(float64(len(p.snapshots)))
	return n, nil
}

// collect saves states at one instant, until the part is full. What the states
// have found is written before they are. It returns how many of todo are dealt
// with: after an error none of those in the part are.
//
// A subject has read as far as its states say, so they are written even if all
// are as they were: they may have been different in between, and what made them
// so must not be handed to them twice.
func (e *Engine) collect(ctx context.Context, todo []*watched) (*part, int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.commit(ctx); err != nil {
		return nil, 0, err
	}
	p := &part{mark: Mark{Positions: maps.Clone(e.fed), Watched: e.clock.Watched}}
	n, bytes := 0, 0
	for ; n < len(todo) && len(p.of) < e.CheckpointPart && bytes < partBytes; n++ {
		if w := todo[n]; !w.gone {
			p.of, bytes = append(p.of, w), bytes+w.size
		}
	}
	p.snapshots = make([]Snapshot, len(p.of))
	// Nothing is judged meanwhile, so all cores are at it.
	var work errgroup.Group
	const atOnce = 64
	for from := 0; from < len(p.of); from += atOnce {
		work.Go(func() error {
			for i := from; i < min(from+atOnce, len(p.of)); i++ {
				state, err := e.subjects.save(p.of[i])
				if err != nil {
					return err
				}
				p.snapshots[i] = Snapshot{Subject: p.of[i].subject, State: state}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, 0, err
	}
	for _, w := range p.of {
		w.dirty = false
	}
	return p, n, nil
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
