package backtest

import (
	"cmp"
	"context"
	"io"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"shouwang/alerting"
	"shouwang/alerting/detect"
)

// Options are how a set is judged.
type Options struct {
	// Rules hold all the time; nil are the default ones.
	Rules *alerting.Rules
	// Detectors makes those of one subject; nil are the live ones.
	Detectors alerting.NewDetectors
	// TickEvery is the pace of the ticks where nothing comes of them, 0 is an
	// hour. Where a tick finds something, all ticks of the hour before it are
	// given, 10 s apart as live, so the alert has the time it has live.
	TickEvery time.Duration
	// Coarse leaves that out: alerts that come of a tick may be late by
	// TickEvery.
	Coarse bool
	// Workers is how many homes are judged at once, 0 is one per core.
	Workers int
	// Log gets what broke down in a detector, as JSON lines; nil: nothing.
	Log io.Writer
}

func (o Options) complete() Options {
	if o.Rules == nil {
		o.Rules = alerting.DefaultRules()
	}
	if o.Detectors == nil {
		o.Detectors = detect.New
	}
	if o.TickEvery == 0 {
		o.TickEvery = time.Hour
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

// Result is what a run found.
type Result struct {
	Set      *Set
	Readings int
	Refused  int // readings that ingest would not take: of the future or too old
	Took     time.Duration
	// Alerts are in the order in which they were known.
	Alerts []*Alert
}

// Run judges all homes of the set.
func Run(ctx context.Context, set *Set, o Options) (*Result, error) {
	o = o.complete()
	began := time.Now()
	notes := make([]*notes, len(set.Homes))
	refused := make([]int, len(set.Homes))
	err := each(ctx, o.Workers, len(set.Homes), func(ctx context.Context, i int) error {
		var err error
		notes[i], refused[i], err = judge(ctx, set.Homes[i], &o)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &Result{Set: set, Readings: set.readings, Took: time.Since(began)}
	for i, n := range notes {
		r.Alerts = append(r.Alerts, n.alerts...)
		r.Refused += refused[i]
	}
	slices.SortStableFunc(r.Alerts, func(a, b *Alert) int {
		return cmp.Or(a.KnownAt.Compare(b.KnownAt), cmp.Compare(a.home.Name(), b.home.Name()),
			cmp.Compare(a.Kind, b.Kind), a.Since.Compare(b.Since))
	})
	return r, nil
}

// each runs fn for 0 to n-1 on so many workers.
func each(ctx context.Context, workers, n int, fn func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := range n {
		g.Go(func() error { return fn(ctx, i) })
	}
	return g.Wait()
}

// passes bounds how often a home is judged anew because ticks found more.
const passes = 5

// judge runs one home. Ticks are given at a coarse pace first. Where one finds
// something, the home is judged again with all the ticks before it: what a tick
// finds only because time has passed, it would not have found earlier.
func judge(ctx context.Context, h *Home, o *Options) (*notes, int, error) {
	var fine []span
	for pass := 1; ; pass++ {
		n := newNotes(h)
		w := newWatch(h, o, newBook(o.Rules, n), n)
		w.fine = fine
		for rows := h.rows; len(rows) > 0; {
			k := message(rows)
			if err := w.message(ctx, rows[:k]); err != nil {
				return nil, 0, err
			}
			rows = rows[k:]
		}
		if err := w.until(ctx, h.set.To.UnixMicro()); err != nil {
			return nil, 0, err
		}
		if err := w.flush(ctx); err != nil {
			return nil, 0, err
		}
		more := finer(fine, n.ticked, int64(o.TickEvery/time.Microsecond))
		if o.Coarse || pass == passes || len(more) == len(fine) {
			return n, w.refused, nil
		}
		fine = more
	}
}

// finer adds the time before each of these ticks to where all ticks are given.
func finer(fine []span, ticked []int64, pace int64) []span {
	more := slices.Clone(fine)
	for _, t := range ticked {
		in := slices.ContainsFunc(fine, func(s span) bool { return t > s.from && t <= s.to })
		if s := (span{t - pace, t}); !in && !slices.Contains(more, s) {
			more = append(more, s)
		}
	}
	slices.SortFunc(more, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return more
}
