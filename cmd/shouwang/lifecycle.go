package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// stopWithin is how long all parts together have to come to an orderly stop, a little
// less than the ten seconds we promise.
// What is not done by then is as if the process had been killed, which loses
// nothing either.
const stopWithin = 8 * time.Second

// lifecycle runs the parts of the service under one errgroup. Parts stop in the
// reverse of the order in which they were added: the board first, then what
// feeds it, the broker last. The first part that fails stops all.
type lifecycle struct {
	parts []part
	close []closer
}

type part struct {
	name string
	run  func(context.Context) error
}

type closer struct {
	name  string
	close func() error
}

// run adds a part.
func (l *lifecycle) run(name string, run func(context.Context) error) {
	l.parts = append(l.parts, part{name, run})
}

// onClose adds what is closed, last first, when every part has stopped.
func (l *lifecycle) onClose(name string, fn func() error) {
	l.close = append(l.close, closer{name, fn})
}

// Run starts every part and returns when ctx has ended, or a part has failed,
// and all parts have stopped and all is closed.
func (l *lifecycle) Run(ctx context.Context) error {
	group, failed := errgroup.WithContext(ctx)
	hard, kill := context.WithCancel(context.Background())
	defer kill()
	done := make([]chan struct{}, len(l.parts)+1)
	for i := range done {
		done[i] = make(chan struct{})
	}
	go func() {
		<-failed.Done()
		close(done[len(l.parts)]) // nothing stands behind the last part
		time.AfterFunc(stopWithin, kill)
	}()
	for i, p := range l.parts {
		ctx, stop := context.WithCancel(hard)
		go func() {
			<-done[i+1]
			stop()
		}()
		group.Go(func() error {
			defer close(done[i])
			err := p.run(ctx)
			switch {
			case err != nil && !errors.Is(err, context.Canceled):
				return fmt.Errorf("%s: %w", p.name, err)
			case ctx.Err() == nil:
				return fmt.Errorf("%s: ended by itself", p.name)
			}
			return nil
		})
	}
	err := group.Wait()
	for _, c := range slices.Backward(l.close) {
		if closeErr := c.close(); closeErr != nil {
			err = errors.Join(err, fmt.Errorf("close %s: %w", c.name, closeErr))
		}
	}
	return err
}
