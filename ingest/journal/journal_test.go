package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shouwang/ingest"
)

// seen collects what a reader was given; it is the model's other half.
type seen struct {
	mu       sync.Mutex
	payloads []string
	seq      uint64
	calls    int
}

func (s *seen) take(frames []ingest.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, f := range frames {
		s.seq = f.Seq
		for _, rec := range f.Records {
			s.payloads = append(s.payloads, string(rec.Payload))
		}
	}
}

func (s *seen) position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

func (s *seen) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.payloads)
}

// firsts drops what was given again.
func firsts(list []string) []string {
	known := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		if known[s] {
			return true
		}
		known[s] = true
		return false
	})
}

// Distinct records in both lanes, readers that fail and start again anywhere,
// a server that goes away in the middle: every lane is read whole and in order,
// by alerting exactly once and by history at least once.
func TestNothingLostNothingReordered(t *testing.T) {
	const perLane = 2500
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	srv := startServer(t)
	nc := srv.connect()
	j := openJournal(t, nc, Options{BufferRecords: 300, BufferBytes: 64 << 10, PurgeEvery: 50 * time.Millisecond, ReplayWindow: time.Millisecond})
	running(t, j.Run)

	var appending, reading sync.WaitGroup
	alerting, history := map[ingest.Lane]*seen{}, map[ingest.Lane]*seen{}
	want := map[ingest.Lane][]string{}
	stopReading, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	durable := map[ingest.Lane][]string{}
	for _, lane := range ingest.Lanes {
		alerting[lane], history[lane] = &seen{}, &seen{}
		for i := range perLane {
			want[lane] = append(want[lane], fmt.Sprintf("%s-%d", lane, i))
		}
	}
	for n, lane := range ingest.Lanes {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		appending.Go(func() {
			for i := range perLane {
				rec := record(want[lane][i])
				rec.Topic = strings.Repeat("x", rnd.IntN(200))
				err := j.Append(t.Context(), lane, rec, func(err error) {
					if err != nil {
						t.Errorf("done of %s: %v", rec.Payload, err)
					}
					mu.Lock()
					durable[lane] = append(durable[lane], string(rec.Payload))
					mu.Unlock()
				})
				if err != nil {
					t.Errorf("append: %v", err)
				}
				if rnd.IntN(400) == 0 {
					time.Sleep(time.Duration(rnd.IntN(20)) * time.Millisecond)
				}
			}
		})
		readRnd := rand.New(rand.NewPCG(seed, uint64(n)+10))
		reading.Go(func() { // alerting: fails before its commit now and then
			for stopReading.Err() == nil {
				err := j.Follow(stopReading, lane, alerting[lane].position(), func(_ context.Context, frames []ingest.Frame) error {
					if readRnd.IntN(5) == 0 {
						return errors.New("crash")
					}
					alerting[lane].take(frames)
					j.Passed(lane, frames[len(frames)-1].Seq)
					return nil
				})
				if position := new(PositionError); errors.As(err, &position) {
					t.Error(err)
					return
				}
			}
		})
		historyRnd := rand.New(rand.NewPCG(seed, uint64(n)+20))
		reading.Go(func() { // history: stops and starts, sometimes cannot write
			for stopReading.Err() == nil {
				ctx, cancel := context.WithTimeout(stopReading, time.Duration(historyRnd.IntN(300))*time.Millisecond)
				_ = j.FollowDurable(ctx, "history", lane, func(_ context.Context, frames []ingest.Frame) error {
					if historyRnd.IntN(10) == 0 {
						return errors.New("no database")
					}
					history[lane].take(frames)
					return nil
				})
				cancel()
			}
		})
	}
	for range 2 {
		time.Sleep(150 * time.Millisecond)
		srv.stop()
		srv.start()
	}
	appending.Wait()
	for _, lane := range ingest.Lanes {
		eventually(t, string(lane)+" read by both", func() bool {
			return len(alerting[lane].all()) >= perLane && len(firsts(history[lane].all())) >= perLane
		})
	}
	stop()
	reading.Wait()
	for _, lane := range ingest.Lanes {
		if got := alerting[lane].all(); !slices.Equal(got, want[lane]) {
			t.Errorf("lane %s: alerting saw %d records, want %d in order, each once", lane, len(got), perLane)
		}
		if got := firsts(history[lane].all()); !slices.Equal(got, want[lane]) {
			t.Errorf("lane %s: history saw %d distinct records, want %d in order", lane, len(got), perLane)
		}
		mu.Lock()
		if !slices.Equal(durable[lane], want[lane]) {
			t.Errorf("lane %s: done called %d times, want %d in order", lane, len(durable[lane]), perLane)
		}
		mu.Unlock()
	}
}

// A new process finds the ends of its lanes, and its readers their places.
func TestReopen(t *testing.T) {
	srv := startServer(t)
	for round := range 3 {
		j := openJournal(t, srv.connect(), Options{})
		stop := running(t, j.Run)
		for i := range 10 {
			write(t, j, ingest.Events, record(fmt.Sprintf("%d-%d", round, i)))
		}
		var got seen
		stopReader := running(t, func(ctx context.Context) error {
			return j.FollowDurable(ctx, "history", ingest.Events, func(_ context.Context, frames []ingest.Frame) error {
				got.take(frames)
				return nil
			})
		})
		eventually(t, "ten more records", func() bool { return len(got.all()) == 10 })
		_ = stopReader()
		if first := got.all()[0]; first != fmt.Sprintf("%d-0", round) {
			t.Errorf("round %d began with %s", round, first)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		srv.stop()
		srv.start()
	}
}

// Run, told to stop, writes what it took; afterwards Append refuses.
func TestStopWritesWhatWaits(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	var mu sync.Mutex
	written := 0
	for i := range 2000 {
		if err := j.Append(t.Context(), ingest.Telemetry, record(fmt.Sprint(i)), func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				written++
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if written != 2000 {
		t.Errorf("%d of 2000 written", written)
	}
	if err := j.Append(t.Context(), ingest.Telemetry, record("late"), nil); !errors.Is(err, ErrStopped) {
		t.Errorf("append after the end: %v", err)
	}
}

// Without a server Run ends in time and gives everything back.
func TestStopWithoutServer(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{StopTimeout: 100 * time.Millisecond})
	stop := running(t, j.Run)
	srv.stop()
	gaveBack := make(chan error, 1)
	if err := j.Append(t.Context(), ingest.Events, record("sos"), func(err error) { gaveBack <- err }); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	_ = stop()
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("stop took %s", took)
	}
	if err := <-gaveBack; !errors.Is(err, ErrStopped) {
		t.Errorf("done(%v)", err)
	}
}

// A frame whose acknowledgement got lost is not stored twice, and a lane that
// somebody else wrote is continued behind that.
func TestFrameIsStoredOnce(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	l := j.lanes[ingest.Events]
	frame := AppendFrame(nil, []ingest.Record{record("once")})
	w := &writer{j: j, lane: l, frame: frame}
	first, err := w.publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// w.last is unchanged, as if the answer had never come.
	again, err := w.publish(t.Context())
	if err != nil || again != first {
		t.Fatalf("second try: frame %d, %v; want frame %d", again, err, first)
	}
	w.last = first
	if _, err := j.js.Publish(t.Context(), l.subject, AppendFrame(nil, []ingest.Record{record("foreign")})); err != nil {
		t.Fatal(err)
	}
	w.frame = AppendFrame(nil, []ingest.Record{record("two")})
	if _, err := w.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.frame = AppendFrame(nil, []ingest.Record{record("after a purge")})
	if _, err := w.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := j.stream.Info(t.Context())
	if err != nil || info.State.Msgs != 1 || info.State.LastSeq != 4 {
		t.Errorf("stream %+v, %v", info.State, err)
	}
}

// A frame that lands after its writer has given up is not stored again, though the
// other lane has written meanwhile and found nobody else in between.
func TestFrameThatLandsLateIsStoredOnce(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	a := &writer{j: j, lane: j.lanes[ingest.Telemetry], frame: AppendFrame(nil, []ingest.Record{record("first")})}
	b := &writer{j: j, lane: j.lanes[ingest.Events]}
	write := func(w *writer, what string) uint64 {
		t.Helper()
		w.frame = AppendFrame(nil, []ingest.Record{record(what)})
		seq, err := w.publish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	a.last = write(a, "first")
	b.last = write(b, "sos")
	a.last = write(a, "second")
	ended, end := context.WithCancel(t.Context())
	end()
	a.frame = AppendFrame(nil, []ingest.Record{record("late")})
	if _, err := a.publish(ended); err == nil {
		t.Fatal("the first try got through")
	}
	b.last = write(b, "fall")
	landed, err := j.js.Publish(t.Context(), a.lane.subject, a.frame)
	if err != nil {
		t.Fatal(err)
	}
	if seq := write(a, "late"); seq != landed.Sequence {
		t.Errorf("stored again as frame %d, it was frame %d", seq, landed.Sequence)
	}
}

// A frame whose acknowledgement got lost may be read by all before the next try,
// and is still not stored twice: it is not purged until its writer knows of it.
func TestUnconfirmedFrameIsNotPurged(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	l := j.lanes[ingest.Events]
	future := time.Now().Add(time.Hour)
	var last uint64
	for round := range 3 { // the first frame of a lane has another condition than the next
		w := &writer{j: j, lane: l, last: last, frame: AppendFrame(nil, []ingest.Record{record(fmt.Sprint(round))})}
		first, err := w.publish(t.Context()) // and the answer never comes
		if err != nil {
			t.Fatal(err)
		}
		for _, lane := range ingest.Lanes {
			j.Passed(lane, first)
			if err := j.savePosition(t.Context(), "history", j.lanes[lane], first); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.purge(t.Context(), future); err != nil {
			t.Fatal(err)
		}
		again, err := w.publish(t.Context())
		if err != nil || again != first {
			t.Fatalf("second try: frame %d, %v; want frame %d", again, err, first)
		}
		l.sawFrame(again)
		if err := j.purge(t.Context(), future); err != nil {
			t.Fatal(err)
		}
		info, err := j.stream.Info(t.Context())
		if err != nil || info.State.Msgs != 0 || info.State.LastSeq != first {
			t.Errorf("stream %+v, %v", info.State, err)
		}
		last = first
	}
}

func TestUnreadableFrameIsSetAside(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	running(t, j.Run)
	write(t, j, ingest.Events, record("before"))
	garbage := []byte("\x07 not a frame")
	if _, err := j.js.Publish(t.Context(), "journal.0.event", garbage); err != nil {
		t.Fatal(err)
	}
	var got [2]seen
	for i := range got {
		running(t, func(ctx context.Context) error {
			return j.Follow(ctx, ingest.Events, 0, func(_ context.Context, frames []ingest.Frame) error {
				got[i].take(frames)
				return nil
			})
		})
		eventually(t, "the record before", func() bool { return len(got[i].all()) > 0 })
	}
	write(t, j, ingest.Events, record("after"))
	for i := range got {
		eventually(t, "the record behind the garbage", func() bool { return slices.Equal(got[i].all(), []string{"before", "after"}) })
	}
	aside, err := j.js.Stream(t.Context(), unreadableName)
	if err != nil {
		t.Fatal(err)
	}
	if n := aside.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d copies set aside, want 1", n)
	}
	if age := aside.CachedInfo().Config.MaxAge; age != 7*24*time.Hour {
		t.Errorf("it is kept for %v", age)
	}
	if n := j.SetAside(); n != 1 { // two readers met it
		t.Errorf("%d frames are said to be set aside", n)
	}
	if s, err := j.Stats(t.Context()); err != nil || s.SetAside != 1 {
		t.Errorf("%d frames are shown, %v", s.SetAside, err)
	}
	msg, err := aside.GetLastMsgForSubject(t.Context(), "journal-unreadable.0.event.2")
	if err != nil || string(msg.Data) != string(garbage) || !strings.Contains(msg.Header.Get(headerReason), "version 7") {
		t.Errorf("set aside: %v, %v", msg, err)
	}
}

func TestReaderAheadOfJournal(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	var position *PositionError
	err := j.Follow(t.Context(), ingest.Events, 7, func(context.Context, []ingest.Frame) error { return nil })
	if !errors.As(err, &position) || position.After != 7 || position.Last != 0 {
		t.Errorf("got %v", err)
	}
}

func TestGiantMessageIsCut(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	running(t, j.Run)
	rec := record(strings.Repeat("x", 3<<20))
	write(t, j, ingest.Telemetry, rec)
	write(t, j, ingest.Telemetry, record(strings.Repeat("y", 1<<20-2*headroom)))
	var got seen
	running(t, func(ctx context.Context) error {
		return j.Follow(ctx, ingest.Telemetry, 0, func(_ context.Context, frames []ingest.Frame) error {
			got.take(frames)
			return nil
		})
	})
	eventually(t, "both", func() bool { return len(got.all()) == 2 })
	all := got.all()
	if n := len(all[0]); n < 1<<20-3*headroom || n >= 1<<20 {
		t.Errorf("giant cut to %d bytes", n)
	}
	if n := len(all[1]); n != 1<<20-2*headroom {
		t.Errorf("large message came with %d bytes", n)
	}
}

// Only what both readers have passed and what is old enough goes; a lane does
// not wait for the other.
func TestPurge(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	running(t, j.Run)
	for i := range 6 { // events 1 3 5 ..., telemetry 2 4 6 ...
		write(t, j, ingest.Events, record(fmt.Sprint("e", i)))
		write(t, j, ingest.Telemetry, record(fmt.Sprint("t", i)))
	}
	middle, err := j.stream.GetMsg(t.Context(), 9)
	if err != nil {
		t.Fatal(err)
	}
	remaining := func() (seqs []uint64) {
		t.Helper()
		info, err := j.stream.Info(t.Context(), jetstream.WithDeletedDetails(true))
		if err != nil {
			t.Fatal(err)
		}
		for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
			if !slices.Contains(info.State.Deleted, seq) {
				seqs = append(seqs, seq)
			}
		}
		return seqs
	}
	future := time.Now().Add(time.Hour)
	steps := []struct {
		name          string
		cutoff        time.Time
		passE, passT  uint64 // alerting
		savedE, saveT uint64 // history
		want          []uint64
	}{
		{"nobody has read", future, 0, 0, 0, 0, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"one has read", future, 11, 12, 0, 0, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"history begins", future, 11, 12, 3, 2, []uint64{4, 5, 6, 7, 8, 9, 10, 11, 12}},
		{"events hang", future, 11, 12, 3, 12, []uint64{5, 7, 9, 11}},
		{"the rest is young", middle.Time, 11, 12, 11, 12, []uint64{9, 11}},
		{"all is old", future, 11, 12, 11, 12, nil},
	}
	for _, s := range steps {
		if s.passE > 0 {
			j.Passed(ingest.Events, s.passE)
			j.Passed(ingest.Telemetry, s.passT)
		}
		for lane, seq := range map[ingest.Lane]uint64{ingest.Events: s.savedE, ingest.Telemetry: s.saveT} {
			if err := j.savePosition(t.Context(), "history", j.lanes[lane], seq); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.purge(t.Context(), s.cutoff); err != nil {
			t.Fatal(err)
		}
		if got := remaining(); !slices.Equal(got, s.want) {
			t.Errorf("%s: left %v, want %v", s.name, got, s.want)
		}
	}
	// And the lanes go on.
	write(t, j, ingest.Events, record("next"))
	if got := remaining(); !slices.Equal(got, []uint64{13}) {
		t.Errorf("after the purge: %v", got)
	}
}

func TestStats(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	running(t, j.Run)
	write(t, j, ingest.Events, record("1"))
	write(t, j, ingest.Events, record("2"))
	write(t, j, ingest.Telemetry, record("3"))
	j.Passed(ingest.Events, 1)
	j.Passed(ingest.Telemetry, 3)
	s, err := j.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Frames != 3 || s.FirstSeq != 1 || s.LastSeq != 3 || s.Bytes == 0 || len(s.Lanes) != 2 {
		t.Errorf("stats %+v", s)
	}
	events, telemetry := s.Lanes[0].Readers[0], s.Lanes[1].Readers[0]
	if events.Position != 1 || events.Lag(time.Now()) <= 0 || events.Lag(time.Now()) > time.Minute {
		t.Errorf("events: %+v", events)
	}
	if telemetry.Position != 3 || telemetry.Lag(time.Now()) != 0 {
		t.Errorf("telemetry: %+v", telemetry)
	}
}

func BenchmarkAppend(b *testing.B) {
	srv := startServer(b)
	j := openJournal(b, srv.connect(), Options{})
	running(b, j.Run)
	rec := manyRecords(1)[0]
	var left sync.WaitGroup
	b.ReportAllocs()
	for b.Loop() {
		left.Add(1)
		if err := j.Append(b.Context(), ingest.Telemetry, rec, func(error) { left.Done() }); err != nil {
			b.Fatal(err)
		}
	}
	left.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// One record after a pause: the latency of an SOS through the idle journal.
func BenchmarkAppendOne(b *testing.B) {
	srv := startServer(b)
	j := openJournal(b, srv.connect(), Options{})
	running(b, j.Run)
	rec := manyRecords(1)[0]
	var took time.Duration
	for b.Loop() {
		time.Sleep(2 * linger)
		started := time.Now()
		write(b, j, ingest.Events, rec)
		took += time.Since(started)
	}
	b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/record")
}

func BenchmarkFollow(b *testing.B) {
	srv := startServer(b)
	j := openJournal(b, srv.connect(), Options{})
	running(b, j.Run)
	const total = 100_000
	rec := manyRecords(1)[0]
	var left sync.WaitGroup
	left.Add(total)
	for range total {
		if err := j.Append(b.Context(), ingest.Telemetry, rec, func(error) { left.Done() }); err != nil {
			b.Fatal(err)
		}
	}
	left.Wait()
	enough := errors.New("enough")
	for b.Loop() {
		n := 0
		err := j.Follow(b.Context(), ingest.Telemetry, 0, func(_ context.Context, frames []ingest.Frame) error {
			for _, f := range frames {
				n += len(f.Records)
			}
			if n == total {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "records/s")
}
