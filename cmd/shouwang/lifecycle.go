package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// stopWithin is how long all parts together have to come to an orderly stop, a
// little less than the ten seconds we promise. What is not done by then is as if
// the process had been killed, which loses nothing either.
const stopWithin = 8 * time.Second

// lifecycle runs the parts of the service under one errgroup. Parts stop in the
// reverse of the order in which they were started: the board first, then what
// feeds it, the broker last. The first part that fails stops all.
type lifecycle struct {
	group *errgroup.Group
	// ending is done when the caller's context has ended or a part has failed.
	ending context.Context
	stages []stage
}

// stage is a running part, or something to close.
type stage struct {
	stop func()
	done chan struct{}
}

func newLifecycle(ctx context.Context) *lifecycle {
	l := &lifecycle{}
	l.group, l.ending = errgroup.WithContext(ctx)
	return l
}

// start runs a part until its turn to stop has come. A part that ends before
// that has failed.
func (l *lifecycle) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.ending))
	done := make(chan struct{})
	l.stages = append(l.stages, stage{cancel, done})
	l.group.Go(func() error {
		defer close(done)
		err := run(ctx)
		switch {
		case err != nil && !errors.Is(err, context.Canceled):
			return fmt.Errorf("%s: %w", name, err)
		case ctx.Err() == nil:
			return fmt.Errorf("%s: ended by itself", name)
		}
		return nil
	})
}

// closing adds what is closed when everything started after it has stopped.
func (l *lifecycle) closing(name string, fn func() error) {
	done := make(chan struct{})
	l.stages = append(l.stages, stage{func() {
		l.group.Go(func() error {
			defer close(done)
			if err := fn(); err != nil {
				return fmt.Errorf("close %s: %w", name, err)
			}
			return nil
		})
	}, done})
}

// stop stops and closes everything, last first, and returns the first error any
// of it had. A part that hangs holds up the others for stopWithin at most.
func (l *lifecycle) stop() error {
	late := time.After(stopWithin)
	for _, s := range slices.Backward(l.stages) {
		s.stop()
		select {
		case <-s.done:
		case <-late:
			late = closed()
		}
	}
	finished := make(chan error, 1)
	go func() { finished <- l.group.Wait() }()
	select {
	case err := <-finished:
		return err
	case <-time.After(time.Second):
		return errors.New("a part did not stop in time")
	}
}

func closed() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}
