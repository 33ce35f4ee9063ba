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
	alerts := make([][]*Alert, len(set.Homes))
	refused := make([]int, len(set.Homes))
	err := each(ctx, o.Workers, len(set.Homes), func(ctx context.Context, i int) error {
		var err error
		alerts[i], refused[i], err = judge(ctx, set.Homes[i], &o)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &Result{Set: set, Readings: set.readings, Took: time.Since(began)}
	for i := range alerts {
		r.Alerts = append(r.Alerts, alerts[i]...)
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
// something of a subject, the home is run again for that subject, with all the
// ticks before it: what a tick finds only because time has passed, it would not
// have found earlier.
func judge(ctx context.Context, h *Home, o *Options) (alerts []*Alert, refused int, err error) {
	var fine []span
	var only map[alerting.Subject]bool
	for pass := 1; ; pass++ {
		n := newNotes(h)
		w := newWatch(h, o, newBook(o.Rules, n), n)
		w.fine, w.only = fine, only
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
		alerts = append(slices.DeleteFunc(alerts, func(a *Alert) bool { return only[a.subject] }), n.alerts...)
		more, subjects := finer(fine, n.ticked, int64(o.TickEvery/time.Microsecond))
		if o.Coarse || pass == passes || len(subjects) == 0 {
			return alerts, w.refused, nil
		}
		for s := range only {
			subjects[s] = true // its times are of the fine ticks, which it keeps
		}
		fine, only = more, subjects
	}
}

// finer adds the time before each of these ticks to where all ticks are given,
// and says whom those that were not given so far have found something of.
func finer(fine []span, found []ticked, pace int64) ([]span, map[alerting.Subject]bool) {
	more, subjects := slices.Clone(fine), map[alerting.Subject]bool{}
	for _, t := range found {
		if slices.ContainsFunc(fine, func(s span) bool { return t.at > s.from && t.at <= s.to }) {
			continue
		}
		subjects[t.subject] = true
		if s := (span{t.at - pace, t.at}); !slices.Contains(more, s) {
			more = append(more, s)
		}
	}
	slices.SortFunc(more, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return more, subjects
}
