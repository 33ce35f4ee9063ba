package alerting

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// Checkpoint writes the positions of both lanes, the clock and the detector
// states that have changed, in one transaction. It is called by Apply from time
// to time and by the owner when it stops. The lanes go on while it is written.
func (e *Engine) Checkpoint(ctx context.Context) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	start := time.Now()
	saved, states, err := e.collect(ctx)
	if err != nil {
		return err
	}
	err = e.Book.Tx(ctx, func(tx Tx) error { return tx.Save(saved) })
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		for _, again := range states.failed {
			again()
		}
		return fmt.Errorf("write checkpoint: %w", err)
	}
	for _, note := range states.written {
		note()
	}
	e.saved.Store(&saved.Positions)
	e.cost = time.Since(start)
	e.metrics.checkpoint.Observe(e.cost.Seconds())
	e.metrics.snapshots.Add(float64(len(saved.Snapshots)))
	return nil
}

// collect takes what a checkpoint holds at one instant. Findings that are not
// written yet are written first: a position never stands beyond them.
func (e *Engine) collect(ctx context.Context) (Saved, collected, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.commit(ctx); err != nil {
		return Saved{}, collected{}, err
	}
	states, err := e.subjects.collect()
	if err != nil {
		return Saved{}, collected{}, err
	}
	// Counted from the try, so that a failing one is not tried on every frame.
	e.frames, e.lastSaved = 0, e.Now()
	return Saved{Snapshots: states.snapshots, Positions: maps.Clone(e.fed), Clock: e.clock}, states, nil
}
