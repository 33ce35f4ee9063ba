package backtest

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Injection makes people collapse at many random moments, each in a life of its
// own: from the moment on the register of the meter stands still and no step is
// counted, and the devices go on reporting. The time to the first alert that
// says so is measured.
type Injection struct {
	// PerHome is how many moments each home has, 0 is 40. They are drawn evenly
	// over the time in which the person is at home, and put back to the last
	// reading of the meter before them: up to there all use is known.
	PerHome int
	Seed    uint64
	// For is how long an alert is waited for, 0 is 72 h.
	For time.Duration
	// After is how long a home is watched before the first moment.
	After time.Duration
}

// Collapse is one injected collapse and what came of it.
type Collapse struct {
	Home string
	At   time.Time
	// Kind, FoundAt and KnownAt are of the first alert. Open says that one was
	// open already, which is no delay. Kind "" is a miss.
	Kind             alerting.Kind
	FoundAt, KnownAt time.Time
	Open             bool
	// First is when each severity was reached for the first time, in event time;
	// what was not reached is missing.
	First map[alerting.Severity]time.Time
}

// inactivity says whether an alert of that kind answers a collapse.
func inactivity(k alerting.Kind) bool {
	return k == alerting.KindWaterInactivity || k == alerting.KindNoSignOfLife
}

func (in Injection) complete() Injection {
	if in.PerHome == 0 {
		in.PerHome = 40
	}
	if in.For == 0 {
		in.For = 72 * time.Hour
	}
	return in
}

// Inject judges every home of the set and lets its person collapse at random
// moments. The moments depend on the set and the seed alone, so that all rules
// meet the same ones.
func Inject(ctx context.Context, set *Set, o Options, in Injection) ([]Collapse, error) {
	o, in = o.complete(), in.complete()
	perHome := make([][]Collapse, len(set.Homes))
	err := each(ctx, o.Workers, len(set.Homes), func(ctx context.Context, i int) error {
		var err error
		perHome[i], _, err = inject(ctx, set.Homes[i], &o, &in)
		return err
	})
	return slices.Concat(perHome...), err
}

// moments draws the moments of one home, in order; microseconds.
func (in *Injection) moments(h *Home) []int64 {
	times := h.beats()
	if len(times) == 0 {
		return nil
	}
	name := fnv.New64a()
	_, _ = name.Write([]byte(h.Name()))
	random := rand.New(rand.NewPCG(in.Seed, name.Sum64()))
	from := times[0] + in.After.Microseconds()
	to := times[len(times)-1] - in.For.Microseconds()
	var list []int64
	for range 20 * in.PerHome { // somebody who is hardly ever at home has fewer
		if len(list) == in.PerHome || to <= from {
			break
		}
		t := from + random.Int64N(to-from)
		i, _ := slices.BinarySearch(times, t+1)
		if i == 0 {
			continue
		}
		// A moment in a gap of the readings is none at which anything is known.
		if at := times[i-1]; t-at <= (2*time.Hour).Microseconds() && !h.away(at) {
			list = append(list, at)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// beats are the event times of the readings that a collapse stops: the register,
// or without a meter the steps.
func (h *Home) beats() []int64 {
	for _, m := range []devices.Metric{devices.VolumeM3, devices.Steps} {
		metric := slices.Index(h.set.metrics, m)
		var times []int64
		for i := range h.rows {
			if int(h.rows[i].metric) == metric {
				times = append(times, h.rows[i].at)
			}
		}
		if times != nil {
			slices.Sort(times)
			return slices.Compact(times)
		}
	}
	return nil
}

// inject runs one home with all its collapses, and returns its own alerts too.
func inject(ctx context.Context, h *Home, o *Options, in *Injection) ([]Collapse, *notes, error) {
	moments := in.moments(h)
	var list []Collapse
	n := newNotes(h)
	w := newWatch(h, o, newBook(o.Rules, n), n)
	for i := 0; i < len(h.rows); {
		k := message(h.rows[i:])
		// The fork is before the first message that tells of what comes after.
		for len(moments) > 0 && h.tells(h.rows[i:i+k], moments[0]) {
			if err := w.flush(ctx); err != nil {
				return nil, nil, err
			}
			c, err := w.collapse(ctx, i, moments[0], in)
			if err != nil {
				return nil, nil, err
			}
			list, moments = append(list, c), moments[1:]
		}
		if err := w.message(ctx, h.rows[i:i+k]); err != nil {
			return nil, nil, err
		}
		i += k
	}
	if err := w.until(ctx, h.set.To.UnixMicro()); err != nil {
		return nil, nil, err
	}
	return list, n, w.flush(ctx)
}

// tells says whether any of the rows is of a later time.
func (*Home) tells(rows []row, at int64) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.at > at })
}

// collapse goes on from row i in a life in which the person collapsed at a time.
func (w *watch) collapse(ctx context.Context, i int, at int64, in *Injection) (Collapse, error) {
	c := Collapse{Home: w.home.Name(), At: micros(at), First: map[alerting.Severity]time.Time{}}
	for _, a := range w.notes.alerts {
		if inactivity(a.Kind) && a.ended.IsZero() {
			c.Open, c.Kind, c.FoundAt, c.KnownAt = true, a.Kind, c.At, c.At
			c.First[a.Highest()] = c.At
		}
	}
	f, err := w.fork(ctx)
	if err != nil {
		return c, err
	}
	still := newFreeze(w.home, at)
	end := at + in.For.Microseconds()
	for rows := w.home.rows[i:]; len(rows) > 0 && rows[0].received <= end; {
		k := message(rows)
		if err := f.message(ctx, still.freeze(rows[:k])); err != nil {
			return c, err
		}
		rows = rows[k:]
	}
	if err := errors.Join(f.until(ctx, end), f.flush(ctx)); err != nil {
		return c, err
	}
	for _, a := range f.notes.alerts {
		if inactivity(a.Kind) {
			c.take(a)
		}
	}
	return c, nil
}

// take notes when what was reached.
func (c *Collapse) take(a *Alert) {
	if c.Kind == "" || a.KnownAt.Before(c.KnownAt) {
		c.Kind, c.FoundAt, c.KnownAt = a.Kind, later(a.FoundAt, c.At), a.KnownAt
	}
	for _, s := range append([]Stage{{a.Severity, a.FoundAt, a.KnownAt}}, a.Stages...) {
		if t, ok := c.First[s.Severity]; !ok || s.FoundAt.Before(t) {
			c.First[s.Severity] = later(s.FoundAt, c.At)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// freeze changes rows as a collapse does.
type freeze struct {
	home   *Home
	at     int64
	volume map[uint16]float64 // by device: the register as it stays
	steps  map[uint16]*stopped
	out    []row
	metric struct{ volume, steps uint16 }
}

// stopped is a step counter: it stays as it is until midnight sets it to 0.
type stopped struct {
	stays, truly float64
	truth        int64 // time of truly
}

const noMetric = 1<<16 - 1

func newFreeze(h *Home, at int64) *freeze {
	f := &freeze{home: h, at: at, volume: map[uint16]float64{}, steps: map[uint16]*stopped{}}
	f.metric.volume, f.metric.steps = noMetric, noMetric
	for i, m := range h.set.metrics {
		switch m {
		case devices.VolumeM3:
			f.metric.volume = uint16(i) //nolint:gosec // recordings have few metrics
		case devices.Steps:
			f.metric.steps = uint16(i) //nolint:gosec // as above
		}
	}
	newest := map[[2]uint16]int64{}
	for i := range h.rows {
		r := &h.rows[i]
		key := [2]uint16{r.device, r.metric}
		if t, ok := newest[key]; r.at > at || ok && r.at < t {
			continue
		}
		switch r.metric {
		case f.metric.volume:
			f.volume[r.device] = r.value
		case f.metric.steps:
			f.steps[r.device] = &stopped{r.value, r.value, r.at}
		default:
			continue
		}
		newest[key] = r.at
	}
	return f
}

// freeze returns the rows as they are after the collapse; they are valid until
// the next call.
func (f *freeze) freeze(rows []row) []row {
	f.out = append(f.out[:0], rows...)
	for i := range f.out {
		r := &f.out[i]
		if r.at <= f.at {
			continue
		}
		switch r.metric {
		case f.metric.volume:
			if v, ok := f.volume[r.device]; ok {
				r.value = v
			}
		case f.metric.steps:
			s := f.steps[r.device]
			if s == nil {
				s = &stopped{truth: f.at}
				f.steps[r.device] = s
			}
			if r.at > s.truth {
				if r.value < s.truly {
					s.stays = 0 // the wearer's midnight
				}
				s.truly, s.truth = r.value, r.at
			}
			r.value = s.stays
		}
	}
	return f.out
}
