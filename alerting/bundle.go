package alerting

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// bundleForm is the version of the form in which the states of one subject are
// written: the form, whether the next tick is to be seen, and of each detector
// that is not as it was made its name and its state, both after their length.
const bundleForm = 1

var errBundle = errors.New("no states of this form")

// save writes the states of the subject. They are shared with the detectors no
// longer.
func (s *subjects) save(w *watched) ([]byte, error) {
	b := make([]byte, 0, max(w.size+w.size/8, 64))
	b = append(b, bundleForm, 0)
	if s.wakes[w.number].at == 0 {
		b[1] = 1
	}
	for i := range w.detectors {
		d := &w.detectors[i]
		state, err := d.Save()
		if err != nil {
			return nil, fmt.Errorf("save %s of %s %s: %w", d.Name(), w.subject.Type, w.subject.ID, err)
		}
		if len(state) == 0 || bytes.Equal(state, s.asMade(d.Detector)) {
			continue
		}
		name := d.Name()
		b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
		b = append(binary.AppendUvarint(b, uint64(len(state))), state...)
	}
	w.size = len(b)
	return b, nil
}

// restore takes back what save has written. The state of a detector which no
// longer exists is left alone.
func (w *watched) restore(b []byte) error {
	if len(b) < 2 || b[0] != bundleForm {
		return fmt.Errorf("restore %s %s: %w", w.subject.Type, w.subject.ID, errBundle)
	}
	w.roused = b[1] != 0
	for b = b[2:]; len(b) > 0; {
		var name, state []byte
		var ok bool
		if name, b, ok = cut(b); ok {
			state, b, ok = cut(b)
		}
		if !ok {
			return fmt.Errorf("restore %s %s: %w", w.subject.Type, w.subject.ID, errBundle)
		}
		if err := w.restoreOne(string(name), state); err != nil {
			return err
		}
	}
	return nil
}

func (w *watched) restoreOne(name string, state []byte) error {
	for i := range w.detectors {
		if d := w.detectors[i]; d.Name() == name {
			if err := d.Restore(state); err != nil {
				return fmt.Errorf("restore %s of %s %s: %w", name, w.subject.Type, w.subject.ID, err)
			}
		}
	}
	return nil
}

// cut takes off what stands after its length.
func cut(b []byte) (part, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	b = b[used:]
	return b[:n], b[n:], true
}

// restoreStates takes back all states, by as many workers as can decode at once:
// a hundred thousand homes have a million of them.
func (e *Engine) restoreStates(ctx context.Context) error {
	type row struct {
		w    *watched
		snap Snapshot
		made bool // its detectors are, or another row sees to it
	}
	const batch = 128
	work, ctx := errgroup.WithContext(ctx)
	batches := make(chan []row, 4)
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() error {
			for rows := range batches {
				for _, r := range rows {
					var err error
					if !r.made {
						e.subjects.furnish(r.w)
					}
					if r.snap.Detector == "" {
						err = r.w.restore(r.snap.State)
					} else {
						err = r.w.restoreOne(r.snap.Detector, r.snap.State)
					}
					if err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	work.Go(func() error {
		defer close(batches)
		var rows []row
		send := func() error {
			select {
			case batches <- rows:
				rows = make([]row, 0, batch)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := e.Checkpoints.EachState(ctx, func(snap Snapshot, mark *Mark) error {
			// A row of an older release is one of several of its subject.
			w, made := e.subjects.byID[snap.Subject]
			if !made && snap.Detector != "" {
				w, made = e.subjects.get(snap.Subject), true
			} else if !made {
				w = e.subjects.add(snap.Subject)
			}
			w.mark = later(w.mark, mark)
			if rows = append(rows, row{w, snap, made}); len(rows) < batch {
				return nil
			}
			return send()
		})
		if err != nil {
			return err
		}
		return send()
	})
	return work.Wait()
}
