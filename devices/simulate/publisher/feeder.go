package publisher

import (
	"context"
	"sync"
	"time"

	"shouwang/devices/simulate"
)

// feeder is one device at work.
type feeder struct {
	instrument *simulate.Instrument
	wake       chan struct{} // something has changed: look again
	uploaded   bool          // history is; only the feeder's own goroutine asks

	mu    sync.Mutex
	calls []*call
}

// call is something the device is to say at once.
type call struct {
	message simulate.Message
	done    chan struct{} // closed when the broker has acknowledged it
}

func (d *feeder) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *feeder) add(c *call) {
	d.mu.Lock()
	d.calls = append(d.calls, c)
	d.mu.Unlock()
	d.poke()
}

// call is what is to be said next, nil when there is nothing.
func (d *feeder) call() *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.calls) == 0 {
		return nil
	}
	return d.calls[0]
}

func (d *feeder) said(c *call) {
	d.mu.Lock()
	d.calls = d.calls[1:]
	d.mu.Unlock()
	close(c.done)
}

// idle keeps a daily meter off the network until it has something to upload.
func (d *feeder) idle(ctx context.Context) error {
	for d.uploaded && d.instrument.Daily() && d.call() == nil && d.instrument.Due().After(time.Now()) {
		if err := d.rest(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// rest waits until the device is due, is woken, or the connection breaks.
func (d *feeder) rest(ctx context.Context, lost <-chan struct{}) error {
	due := time.NewTimer(time.Until(d.instrument.Due()))
	defer due.Stop()
	select {
	case <-due.C:
	case <-d.wake:
	case <-lost:
		return errLost
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
