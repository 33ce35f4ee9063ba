package alerting_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/devices"
)

// frame is one frame of a made-up journal.
type frame struct {
	lane    string
	seq     uint64
	at      time.Time
	records []devices.Record
	// desk is what somebody does right after the frame was first read.
	desk func(w *world)
}

// journal makes up hours of life: levels going up and down, cries, duplicates,
// late uploads, ticks, and people who acknowledge, close and visit.
func journal(r *rand.Rand, frames int) []frame {
	all := make([]frame, frames)
	now := noon
	var sent []devices.Record
	ids := []devices.DeviceID{"v/b1", "v/b2", spare}
	for i := range all {
		f := &all[i]
		f.seq, f.lane = uint64(i+1), "telemetry"
		now = now.Add(time.Duration(1+r.IntN(20)) * time.Minute)
		f.at = now
		for range 1 + r.IntN(4) {
			id := ids[r.IntN(len(ids))]
			switch r.IntN(12) {
			case 0:
				f.lane = "event"
				f.records = append(f.records, cry(id, []devices.EventKind{"sos", "fall"}[r.IntN(2)], now.Add(-time.Duration(r.IntN(90))*time.Second), now))
			case 1:
				if len(sent) > 0 {
					dup := sent[r.IntN(len(sent))]
					f.records = append(f.records, dup)
				}
			case 2, 3, 4:
				f.records = append(f.records, devices.Record{Received: now, Tick: &devices.Tick{Connected: r.IntN(5) > 0}})
				if r.IntN(2) == 0 {
					now = now.Add(10 * time.Second)
					f.at = now
					f.records = append(f.records, devices.Record{Received: now, Tick: &devices.Tick{Connected: true}})
				}
			default:
				metric := []devices.Metric{"water", "heart", "silent", "life", "dry"}[r.IntN(5)]
				age := time.Duration(0)
				if r.IntN(20) == 0 {
					age = 26 * time.Hour
				}
				f.records = append(f.records, reading(id, metric, float64(r.IntN(4)), now.Add(-age), now))
			}
			if n := len(f.records); n > 0 {
				sent = append(sent, f.records[n-1])
			}
		}
		pick, what, how := r.Uint32(), r.IntN(12), r.IntN(3)
		f.desk = func(w *world) { w.somebody(pick, what, how) }
	}
	return all
}

// somebody does something to one of the open alerts. What the desk refuses is
// refused in every run.
func (w *world) somebody(pick uint32, what, how int) {
	open := w.alerts(alerting.AlertFilter{State: []alerting.State{"open", "acknowledged", "dispatched", "visited"}})
	if len(open) == 0 {
		return
	}
	// By what they are, since ids differ from run to run.
	a := open[int(pick)%len(open)]
	switch what {
	case 0:
		_, _ = w.desk.Ack(w.ctx, a.ID, zhang)
	case 1:
		_, _ = w.desk.Close(w.ctx, a.ID, zhang, []alerting.Closing{byPhone, unreached, {Outcome: "repair", VerifiedBy: "z", How: "device"}}[how])
	case 2:
		v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: a.ID, Assignee: fmt.Sprintf("p%d", pick)})
		w.must(err)
		if how == 0 {
			id := fmt.Sprintf("6f1c1b3e-7a34-4f0e-9d4c-%012x", pick)
			_, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: id, Outcome: alerting.Well})
			w.must(err)
		}
	case 3:
		w.must(w.climb.Step(w.ctx, w.now))
	}
}

// told is what the service has made of a journal: every event in order, with
// ids replaced by the order of their first appearance.
func (w *world) told() []string {
	names := map[string]string{}
	name := func(id string) string {
		if _, ok := names[id]; !ok {
			names[id] = fmt.Sprintf("#%d", len(names))
		}
		return names[id]
	}
	var lines []string
	for _, e := range w.events(0) {
		a := *e.Alert
		a.ID, a.Visit = name(a.ID), nil
		for _, key := range []string{"previous", "outage"} {
			if p, ok := a.Evidence[key].(string); ok {
				a.Evidence[key] = name(p)
			}
		}
		if e.Visit != nil {
			lines = append(lines, fmt.Sprintf("visit %s %s", name(e.Visit.ID), e.Visit.State))
		}
		ends := ""
		for _, t := range []*time.Time{a.AckedAt, a.RecoveredAt, a.ClosedAt, a.EscalateAt} {
			ends += fmt.Sprint(t, " ")
		}
		lines = append(lines, fmt.Sprintf("%d %s %s %s %s %s %s late=%v since=%s opened=%s rang=%s %s %v", e.Number, e.Type, a.ID, a.Subject,
			a.Kind, a.Severity, a.State, a.Late, a.Since, a.OpenedAt, a.RangAt, ends, a.Evidence))
	}
	return lines
}

// episodes are those of the store, without the ids of their alerts.
func (w *world) episodes() []string {
	rows, err := w.db.Read.Query(`SELECT subject_type, subject, kind, episode, severity, recovered FROM alert_episodes ORDER BY 1, 2, 3, 4`)
	w.must(err)
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var all []string
	for rows.Next() {
		var a, b, c, d, e, f any
		w.must(rows.Scan(&a, &b, &c, &d, &e, &f))
		all = append(all, fmt.Sprint(a, b, c, d, e, f))
	}
	w.must(rows.Err())
	return all
}

var errKilled, errFull = errors.New("killed"), errors.New("disk full")

// run reads the journal, with a checkpoint now and then. With kills the process
// dies now and then, between two frames or in the middle of a checkpoint while
// others read on, and starts again from what is written.
func (w *world) run(frames []frame, r *rand.Rand, kills bool) (killed, broken int) {
	w.ticking, w.part = true, 1
	i, done := 0, uint64(0) // people do things once
	start := func() {
		w.start()
		i = 0
	}
	step := func() bool {
		for i < len(frames) && frames[i].seq <= w.engine.Position(frames[i].lane) {
			i++
		}
		if i == len(frames) {
			return false
		}
		f := frames[i]
		i++
		w.now = frames[max(int(done)-1, i-1)].at // the clock does not run back
		// A frame is one transaction, so a process that dies in it leaves all
		// of it behind or nothing.
		w.must(w.engine.Apply(w.ctx, f.lane, f.seq, f.records))
		if f.seq > done {
			w.pass(time.Second)
			f.desk(w)
			done = f.seq
		}
		return true
	}
	if kills {
		w.between = func() error {
			for r.IntN(3) == 0 {
				step()
			}
			switch r.IntN(16 + w.luck) {
			case 0, 1:
				return errKilled
			case 2:
				return errFull
			}
			return nil
		}
	}
	start()
	for every := 1 + r.IntN(8); step(); {
		if r.IntN(every) == 0 {
			switch err := w.engine.Checkpoint(w.ctx); {
			case errors.Is(err, errKilled):
				broken++
				start()
			case errors.Is(err, errFull): // and it goes on
			default:
				w.must(err)
			}
		}
		if kills && r.IntN(20+w.luck) == 0 {
			killed++
			start()
		}
	}
	return killed, broken
}

func TestKilledAnywhereTellsTheSame(t *testing.T) {
	t.Parallel()
	kills, broken, events := 0, 0, 0
	for seed := range seeds {
		frames := journal(rand.New(rand.NewPCG(seed, 1)), 60)
		calm, rough := newWorld(t), newWorld(t)
		_, _ = calm.run(frames, rand.New(rand.NewPCG(seed, 2)), false)
		k, b := rough.run(frames, rand.New(rand.NewPCG(seed, 3)), true)
		kills, broken = kills+k, broken+b
		want := calm.told()
		events += len(want)
		if diff := cmp.Diff(want, rough.told()); diff != "" {
			t.Fatalf("seed %d: events differ (-calm +killed):\n%s", seed, diff)
		}
		if diff := cmp.Diff(calm.episodes(), rough.episodes()); diff != "" {
			t.Fatalf("seed %d: episodes differ:\n%s", seed, diff)
		}
		if diff := cmp.Diff(calm.states(), rough.states()); diff != "" {
			t.Fatalf("seed %d: states differ (-calm +killed):\n%s", seed, diff)
		}
	}
	if kills < 3*int(seeds) || broken < 3*int(seeds) || events < 60*int(seeds) {
		t.Errorf("only %d kills, %d in a checkpoint, and %d events: the test shows nothing", kills, broken, events)
	}
	t.Logf("%d kills, %d in a checkpoint, %d events", kills, broken, events)
}

func TestReplayFromTheStartAddsNothing(t *testing.T) {
	t.Parallel()
	for seed := range seeds {
		frames := journal(rand.New(rand.NewPCG(seed, 1)), 60)
		w := newWorld(t)
		_, _ = w.run(frames, rand.New(rand.NewPCG(seed, 2)), false)
		told, episodes := w.told(), w.episodes()
		// An engine that knows nothing, over the store that knows all. What
		// people did is in the store, with the times from which it holds.
		fresh := alerting.NewEngine(alerting.EngineOptions{
			Book: w.store, Directory: w.dir, Detectors: w.detectors, Now: func() time.Time { return w.now },
		})
		for _, f := range frames {
			w.must(fresh.Apply(w.ctx, f.lane, f.seq, f.records))
		}
		if diff := cmp.Diff(told, w.told()); diff != "" {
			t.Fatalf("seed %d: events differ (-before +after):\n%s", seed, diff)
		}
		if diff := cmp.Diff(episodes, w.episodes()); diff != "" {
			t.Fatalf("seed %d: episodes differ:\n%s", seed, diff)
		}
	}
}
