package backtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// tickEvery is the pace of the ticks in a journal, in microseconds.
	tickEvery = int64(10 * time.Second / time.Microsecond)
	// batch is how many records go to the engine at once.
	batch = 512
	// ahead and age are what ingest refuses: readings of the future, and those
	// older than the default age limit.
	ahead = int64(10 * time.Minute / time.Microsecond)
	age   = int64(35 * 24 * time.Hour / time.Microsecond)
)

// eventPrefix begins the metrics by which a recording tells of events, with the
// event's name behind it: it has no other way.
const eventPrefix = "event_"

// watch is one home under a live engine.
type watch struct {
	home   *Home
	o      *Options
	book   *book
	notes  *notes
	engine *alerting.Engine

	now      time.Time                 // receipt of the newest record
	ticked   int64                     // the last tick
	heard    int64                     // receipt of the newest message
	fine     []span                    // where all ticks are given
	only     map[alerting.Subject]bool // nil: all are judged
	seq      uint64
	records  []devices.Record
	readings []devices.Reading
	refused  int
	// own are the detectors of each subject, for forks; from is whose they begin
	// with.
	own    map[alerting.Subject][]alerting.Detector
	from   *watch
	failed error
}

// span is a time, in microseconds: after from, up to and with to.
type span struct{ from, to int64 }

func newWatch(h *Home, o *Options, b *book, n *notes) *watch {
	w := &watch{home: h, o: o, book: b, notes: n, own: map[alerting.Subject][]alerting.Detector{}}
	w.engine = alerting.NewEngine(alerting.EngineOptions{
		Book: b, Directory: directory{h}, Detectors: w.detectors,
		Now: func() time.Time { return w.now }, Watched: watched,
		CheckpointEvery: 100 * 365 * 24 * time.Hour, CheckpointFrames: 1 << 62,
		Log: zerolog.New(o.Log),
	})
	return w
}

// watched is the clock of watched time without an outage of ours: it moves with
// the ticks of a journal.
func watched(at time.Time) time.Duration {
	us := at.UnixMicro()
	return time.Duration(us-us%tickEvery) * time.Microsecond
}

func (w *watch) detectors(s alerting.Subject) []alerting.Detector {
	if w.only != nil && !w.only[s] {
		return nil
	}
	all := w.o.Detectors(s)
	w.own[s] = slices.Clone(all)
	if w.from != nil {
		for i, d := range w.from.own[s] {
			if w.failed == nil {
				w.failed = copyState(all[i], d)
			}
		}
	}
	for i := range all {
		e := ear{all[i], w.notes}
		if s, ok := all[i].(alerting.Sleeper); ok {
			all[i] = &sleeper{e, s}
		} else {
			all[i] = &e
		}
	}
	return all
}

// copyState gives a detector the state of another of its type.
func copyState(to, from alerting.Detector) error {
	state, err := from.Save()
	if err != nil {
		return err
	}
	return to.Restore(state)
}

// fork is a watch whose detectors have the same past and go their own way. It
// knows no alerts yet.
func (w *watch) fork(ctx context.Context) (*watch, error) {
	if err := w.flush(ctx); err != nil {
		return nil, err
	}
	n := newNotes(w.home)
	f := newWatch(w.home, w.o, newBook(w.o.Rules, n), n)
	f.from, f.now, f.ticked, f.heard = w, w.now, w.ticked, w.heard
	return f, nil
}

// nextTick is the time of the tick after the last one.
func (w *watch) nextTick() int64 {
	pace := int64(w.o.TickEvery / time.Microsecond)
	next := (w.ticked/pace + 1) * pace
	for len(w.fine) > 0 && w.fine[0].to <= w.ticked {
		w.fine = w.fine[1:]
	}
	if len(w.fine) > 0 {
		from := max(w.ticked, w.fine[0].from)
		if f := (from/tickEvery + 1) * tickEvery; f <= w.fine[0].to {
			next = min(next, f)
		}
	}
	return w.home.turns(w.ticked, next)
}

// until gives the ticks up to a time.
func (w *watch) until(ctx context.Context, at int64) error {
	if w.ticked == 0 {
		w.ticked = at - 1
	}
	if at-w.heard > int64(w.o.TickEvery/time.Microsecond) {
		return w.sleep(ctx, at)
	}
	for t := w.nextTick(); t <= at; t = w.nextTick() {
		w.ticked = t
		if err := w.add(ctx, devices.Record{Received: micros(t), Tick: &devices.Tick{Connected: true}}); err != nil {
			return err
		}
	}
	return nil
}

// sleep gives, of the ticks up to a time, those that detectors must see.
func (w *watch) sleep(ctx context.Context, at int64) error {
	for {
		if err := w.flush(ctx); err != nil {
			return err
		}
		t, timely := w.due()
		if t > at {
			return nil
		}
		w.ticked = t
		if err := w.add(ctx, devices.Record{Received: micros(t), Tick: &devices.Tick{Connected: true}}); err != nil {
			return err
		}
		w.notes.timely = timely
		err := w.flush(ctx)
		if w.notes.timely = false; err != nil {
			return err
		}
	}
}

// due is the next tick that detectors must see, and whether none before it would
// have found anything.
func (w *watch) due() (at int64, timely bool) {
	due, clock := w.engine.NextTick()
	switch {
	case due > 0:
		// The watched clock is that of the ticks; see watched.
		if at = min((due-1)/1000+1, clock.Microseconds()); at > w.ticked {
			return w.home.turns(w.ticked, ceil(at, tickEvery)), true
		}
	case w.ticked < w.heard:
		return ceil(w.heard+1, tickEvery), true
	}
	return w.nextTick(), false
}

// turns is the first tick after one at which an absence may have begun or ended,
// or the last before that, if it is before another.
func (h *Home) turns(after, before int64) int64 {
	for i := range h.Absences {
		a := &h.Absences[i]
		for _, t := range [...]time.Time{a.From, a.To, a.Recorded} {
			switch turn := ceil(t.UnixMicro(), tickEvery); {
			case turn-tickEvery > after:
				before = min(before, turn-tickEvery)
			case turn > after:
				before = min(before, turn)
			}
		}
	}
	return before
}

// ceil is the least whole number of steps that is not less.
func ceil(n, step int64) int64 { return (n/step + min(n%step, 1)) * step }

// message hands over one message: rows of one device with one time of receipt.
func (w *watch) message(ctx context.Context, rows []row) error {
	if err := w.until(ctx, rows[0].received); err != nil {
		return err
	}
	w.heard = rows[0].received
	received := micros(rows[0].received)
	device := w.home.Devices[rows[0].device].ID
	start := len(w.readings)
	var events []devices.Event
	for i := range rows {
		r := &rows[i]
		if r.at > r.received+ahead || r.at < r.received-age {
			w.refused++
			continue
		}
		at := received
		if r.at != r.received {
			at = micros(r.at)
		}
		if event, ok := strings.CutPrefix(string(w.home.set.metrics[r.metric]), eventPrefix); ok {
			events = append(events, devices.Event{Device: device, Kind: devices.EventKind(event), At: at, Received: received})
			continue
		}
		w.readings = append(w.readings, devices.Reading{
			Device: device, Metric: w.home.set.metrics[r.metric], Value: r.value, At: at, Received: received,
			Quality: w.home.set.quality[r.quality],
		})
	}
	if len(w.readings) == start && events == nil {
		return nil
	}
	return w.add(ctx, devices.Record{Received: received, Device: device, Events: events, Readings: w.readings[start:len(w.readings):len(w.readings)]})
}

func (w *watch) add(ctx context.Context, rec devices.Record) error {
	w.records = append(w.records, rec)
	w.now = rec.Received
	if len(w.records) < batch {
		return nil
	}
	return w.flush(ctx)
}

// flush judges what has been handed over.
func (w *watch) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.seq++
	err := w.engine.Apply(ctx, "backtest", w.seq, w.records)
	w.records, w.readings = w.records[:0], w.readings[:0]
	return errors.Join(err, w.failed)
}

// message is the next message of the rows: those of the first one's device and
// time of receipt.
func message(rows []row) int {
	n := 1
	for n < len(rows) && n < maxMessage && rows[n].received == rows[0].received && rows[n].device == rows[0].device {
		n++
	}
	return n
}

// maxMessage is the most readings a message may hold.
const maxMessage = 1000
