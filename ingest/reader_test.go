package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/ingest"
)

var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// directory knows acme/0 to acme/9 from entered on; acme/9 is disabled.
type directory struct{ entered time.Time }

var _ ingest.Directory = directory{}

func (d directory) Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool) {
	vendor, name := id.Split()
	if name == "broken" {
		panic("as a defect of the codec would")
	}
	if vendor != "acme" || len(name) != 1 || at.Before(d.entered) {
		return devices.Standing{}, false
	}
	return devices.Standing{Device: &devices.Device{ID: id, Disabled: name == "9"}}, true
}

func newDecoder() *ingest.Decoder {
	return ingest.NewDecoder(ingest.DecoderOptions{Reader: "test", Lane: ingest.Telemetry, Directory: directory{epoch}, AgeLimit: 35 * 24 * time.Hour})
}

func message(device, channel, payload string, after time.Duration) ingest.Record {
	return ingest.Record{Message: ingest.Message{
		Topic: "homecare/v1/" + device + "/" + channel, Payload: []byte(payload), Received: epoch.Add(after),
	}}
}

func frame(seq uint64, records ...ingest.Record) ingest.Frame {
	return ingest.Frame{Lane: ingest.Telemetry, Seq: seq, Records: records}
}

func TestDecode(t *testing.T) {
	tick := ingest.Record{Tick: true, Connected: true, Message: ingest.Message{Received: epoch}}
	retained := message("acme/1", "telemetry", `{"ts":"2026-11-23T07:00:00Z","metrics":{"battery_pct":50}}`, 0)
	retained.Retained = true
	for name, c := range map[string]struct {
		record ingest.Record
		want   string
	}{
		"tick":             {tick, "tick true"},
		"reading":          {message("acme/1", "telemetry", `{"metrics":{"steps":5}}`, 0), "acme/1 steps=5"},
		"half of it bad":   {message("acme/1", "telemetry", `{"metrics":{"steps":5,"worn":"x"}}`, 0), "acme/1 steps=5 refused not_a_number"},
		"all of it bad":    {message("acme/1", "telemetry", `{"metrics":{"worn":"x"}}`, 0), "refused not_a_number"},
		"not JSON":         {message("acme/1", "telemetry", `x`, 0), "refused malformed"},
		"status":           {message("acme/1", "status", `{"online":false}`, 0), "acme/1 online false"},
		"ack":              {message("acme/1", "ack", `{"id":1}`, 0), "acme/1"},
		"retained":         {retained, "acme/1 retained battery_pct=50"},
		"event":            {message("acme/1", "event", `{"event":"sos"}`, 0), "acme/1 sos"},
		"unknown":          {message("acme/none", "telemetry", `{"metrics":{"steps":5}}`, 0), "refused unknown_device"},
		"not yet entered":  {message("acme/1", "telemetry", `{"metrics":{"steps":5}}`, -1), "refused unknown_device"},
		"disabled":         {message("acme/9", "event", `{"event":"sos"}`, 0), "refused device_disabled"},
		"no such channel":  {message("acme/1", "data", `{"metrics":{"steps":5}}`, 0), "refused wrong_topic"},
		"foreign topic":    {ingest.Record{Message: ingest.Message{Topic: "a/b", Received: epoch}}, "refused wrong_topic"},
		"too large":        {message("acme/1", "telemetry", strings.Repeat(" ", 256<<10+1), 0), "refused too_large"},
		"our own messages": {message("acme/1", "command", `{}`, 0), "refused wrong_topic"},
	} {
		if got := say(newDecoder().Decode(frame(1, c.record))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestADefectCostsOneMessage(t *testing.T) {
	dec := newDecoder()
	good := message("acme/1", "telemetry", `{"metrics":{"steps":5}}`, 0)
	bad := message("acme/broken", "telemetry", `{"metrics":{"steps":5}}`, 0)
	records, refusals := dec.Decode(frame(1, good, bad, message("acme/2", "event", `{"event":"sos"}`, 0)))
	if got := say(records, refusals); got != "acme/1 steps=5 acme/2 sos refused internal" {
		t.Error(got)
	}
	if r := refusals[0]; r.Device != "acme/broken" || r.Topic != bad.Topic || string(r.Payload) != string(bad.Payload) || r.SHA256 == "" || r.Rule == "" {
		t.Errorf("%+v", r)
	}
	dec.Warm(frame(2, bad, good))
	if got := say(dec.Decode(frame(3, good))); got != "acme/1" {
		t.Errorf("the window was lost: %s", got)
	}
}

// say puts what a decoder says on one line.
func say(records []devices.Record, refusals []devices.Refusal) string {
	var b strings.Builder
	for _, r := range records {
		if r.Tick != nil {
			fmt.Fprint(&b, "tick ", r.Tick.Connected, " ")
		} else {
			fmt.Fprint(&b, r.Device, " ")
		}
		if r.Retained {
			fmt.Fprint(&b, "retained ")
		}
		if r.Online != nil {
			fmt.Fprint(&b, "online ", *r.Online, " ")
		}
		for _, x := range r.Readings {
			fmt.Fprintf(&b, "%s=%v ", x.Metric, x.Value)
		}
		for _, x := range r.Events {
			fmt.Fprint(&b, x.Kind, " ")
		}
	}
	for _, r := range refusals {
		fmt.Fprint(&b, "refused ", r.Code, " ")
	}
	return strings.TrimSpace(b.String())
}

func TestRepeats(t *testing.T) {
	const steps = `{"metrics":{"steps":5}}`
	numbered := func(seq, steps int) string { return fmt.Sprintf(`{"seq":%d,"metrics":{"steps":%d}}`, seq, steps) }
	sos := `{"event":"sos","seq":1}`
	for name, c := range map[string]struct {
		records []ingest.Record
		want    string
	}{
		"same payload":              {[]ingest.Record{message("acme/1", "telemetry", steps, 0), message("acme/1", "telemetry", steps, time.Minute)}, "acme/1 steps=5 acme/1"},
		"after the window":          {[]ingest.Record{message("acme/1", "telemetry", steps, 0), message("acme/1", "telemetry", steps, time.Minute+1000)}, "acme/1 steps=5 acme/1 steps=5"},
		"of another device":         {[]ingest.Record{message("acme/1", "telemetry", steps, 0), message("acme/2", "telemetry", steps, 0)}, "acme/1 steps=5 acme/2 steps=5"},
		"same number":               {[]ingest.Record{message("acme/1", "telemetry", numbered(1, 5), 0), message("acme/1", "telemetry", numbered(1, 6), 0)}, "acme/1 steps=5 acme/1"},
		"next number, same value":   {[]ingest.Record{message("acme/1", "telemetry", numbered(1, 5), 0), message("acme/1", "telemetry", numbered(2, 5), 0)}, "acme/1 steps=5 acme/1 steps=5"},
		"with a time":               {[]ingest.Record{message("acme/1", "telemetry", `{"ts":1795420800000,"metrics":{"a":1}}`, 0), message("acme/1", "telemetry", `{"ts":1795420800000,"metrics":{"a":1}}`, 0)}, "acme/1 a=1 acme/1 a=1"},
		"SOS sent again":            {[]ingest.Record{message("acme/1", "event", sos, 0), message("acme/1", "event", sos, 1000)}, "acme/1 sos acme/1 sos"},
		"another SOS, same number":  {[]ingest.Record{message("acme/1", "event", sos, 0), message("acme/1", "event", `{"event":"sos","seq":1,"hr":9}`, 1000)}, "acme/1 sos acme/1 sos"},
		"steadily the same":         {[]ingest.Record{message("acme/1", "telemetry", steps, 4*time.Minute+50*time.Second), message("acme/1", "telemetry", steps, 5*time.Minute)}, "acme/1 steps=5 acme/1 steps=5"},
		"elements of one message":   {[]ingest.Record{message("acme/1", "telemetry", "["+steps+","+steps+"]", 0)}, "acme/1 steps=5"},
		"known from a longer array": {[]ingest.Record{message("acme/1", "telemetry", "["+numbered(1, 1)+","+numbered(2, 2)+"]", 0), message("acme/1", "telemetry", "["+numbered(2, 2)+","+numbered(3, 3)+"]", 0)}, "acme/1 steps=1 steps=2 acme/1 steps=3"},
	} {
		if got := say(newDecoder().Decode(frame(1, c.records...))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// journal is a slice of frames that Follow gives a few at a time; at its end
// it waits for ctx.
type journal struct {
	mu     sync.Mutex
	frames []ingest.Frame
	given  int // frames given again after an error
}

var _ ingest.DurableFollower = (*journal)(nil)

func (j *journal) Follow(ctx context.Context, _ ingest.Lane, after uint64, fn func(context.Context, []ingest.Frame) error) error {
	for {
		j.mu.Lock()
		var batch []ingest.Frame
		for _, f := range j.frames {
			if f.Seq > after && len(batch) < 3 {
				batch = append(batch, f)
			}
		}
		j.mu.Unlock()
		if len(batch) == 0 {
			<-ctx.Done()
			return ctx.Err()
		}
		if err := fn(ctx, batch); err != nil {
			return err
		}
		after = batch[len(batch)-1].Seq
	}
}

func (j *journal) FollowDurable(ctx context.Context, _ string, lane ingest.Lane, fn func(context.Context, []ingest.Frame) error) error {
	return j.Follow(ctx, lane, 0, func(ctx context.Context, frames []ingest.Frame) error {
		for {
			err := fn(ctx, frames)
			if err == nil || ctx.Err() != nil {
				return err
			}
			j.given++
			time.Sleep(time.Second) // the fake clock of synctest
		}
	})
}

// manyRepeats is a journal in which messages without a time come once, twice
// or again and again.
func manyRepeats() *journal {
	rnd := rand.New(rand.NewPCG(3, 4))
	j := &journal{}
	at, seq := time.Duration(0), uint64(0)
	for range 400 {
		seq += 1 + uint64(rnd.IntN(3)) // other lanes take numbers too
		f := frame(seq)
		for range rnd.IntN(4) {
			at += time.Duration(rnd.IntN(9000)) * time.Millisecond
			f.Records = append(f.Records, message(fmt.Sprint("acme/", rnd.IntN(4)), "telemetry", fmt.Sprintf(`{"metrics":{"steps":%d}}`, rnd.IntN(3)), at))
		}
		j.frames = append(j.frames, f)
	}
	return j
}

var errStop = errors.New("stop")

// feed reads from a position to the end and says what each frame said.
func feed(t *testing.T, j *journal, after uint64) map[uint64]string {
	t.Helper()
	said := map[uint64]string{}
	last := j.frames[len(j.frames)-1].Seq
	err := ingest.Feed(t.Context(), j, ingest.Telemetry, after, newDecoder(), func(_ context.Context, _ ingest.Lane, seq uint64, records []devices.Record, refusals []devices.Refusal) error {
		said[seq] = say(records, refusals)
		if seq == last {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	return said
}

// TestFeedGoesOn starts at each frame in turn: what follows must be decoded as
// if nothing had been interrupted.
func TestFeedGoesOn(t *testing.T) {
	j := manyRepeats()
	whole := feed(t, j, 0)
	if all := fmt.Sprint(whole); strings.Count(all, "steps") < 100 || strings.Count(all, "acme")-strings.Count(all, "steps") < 100 {
		t.Fatal("too few readings or repeats to show anything")
	}
	for i := 0; i < len(j.frames)-1; i += 7 {
		part := feed(t, j, j.frames[i].Seq)
		if len(part) != len(j.frames)-1-i {
			t.Fatalf("after frame %d: %d frames", i, len(part))
		}
		for seq, said := range part {
			if said != whole[seq] {
				t.Fatalf("after frame %d, frame %d: %q, want %q", i, seq, said, whole[seq])
			}
		}
	}
}

// series is a store that can be down or refuse.
type series struct {
	mu     sync.Mutex
	have   map[string]float64
	writes []int
	tries  []time.Time
	fail   func(try int, readings []devices.Reading) error
}

var _ ingest.Writer = (*series)(nil)

func (s *series) Write(_ context.Context, readings []devices.Reading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries = append(s.tries, time.Now())
	if s.fail != nil {
		if err := s.fail(len(s.tries), readings); err != nil {
			return err
		}
	}
	s.writes = append(s.writes, len(readings))
	if s.have == nil {
		s.have = map[string]float64{}
	}
	for _, r := range readings {
		s.have[fmt.Sprint(r.Device, r.Metric, r.At)] = r.Value
	}
	return nil
}

// history runs History in a bubble until nothing moves any more.
func history(t *testing.T, j *journal, dec *ingest.Decoder, s *series, refused func([]devices.Refusal) error, wait time.Duration) string {
	t.Helper()
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- ingest.History(ctx, j, ingest.Telemetry, dec, s, func(_ context.Context, r []devices.Refusal) error { return refused(r) }, zerolog.New(&log))
		}()
		time.Sleep(wait)
		synctest.Wait()
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return log.String()
}

func none(t *testing.T) func([]devices.Refusal) error {
	return func(r []devices.Refusal) error {
		t.Errorf("refused %v", r)
		return nil
	}
}

func TestHistoryOutlastsAnOutage(t *testing.T) {
	j := &journal{}
	for i := range 20 {
		j.frames = append(j.frames, frame(uint64(i+1), message("acme/1", "telemetry", fmt.Sprintf(`{"metrics":{"steps":%d}}`, i), time.Duration(i)*time.Second)))
	}
	s := &series{fail: func(try int, _ []devices.Reading) error {
		if try <= 12 {
			return errors.New("connection refused")
		}
		return nil
	}}
	reg := prometheus.NewPedanticRegistry()
	dec := ingest.NewDecoder(ingest.DecoderOptions{Reader: "history", Lane: ingest.Telemetry, Directory: directory{epoch}, Metrics: ingest.NewMetrics(reg)})
	log := history(t, j, dec, s, none(t), 3*time.Minute)
	if len(s.have) != 20 {
		t.Errorf("%d readings stored", len(s.have))
	}
	if pause := s.tries[11].Sub(s.tries[10]); pause != 10*time.Second {
		t.Errorf("last pause %v", pause)
	}
	if strings.Count(log, "\n") != 2 || !strings.Contains(log, "connection refused") || !strings.Contains(log, "takes writes again") {
		t.Errorf("log:\n%s", log)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"decoded_records_total": 20, "decoded_readings_total": 20, "write_failures_total": 12, "written_readings_total": 20, "series_down": 0, "repeats_total": 0,
	} {
		if v, ok := got["shouwang_ingest_"+name]; !ok || v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
}

func TestHistoryWritesInPieces(t *testing.T) {
	const element = `{"ts":%d,"metrics":{"volume_m3":1}}`
	j := &journal{}
	ts := epoch.UnixMilli() - 100_000
	for i := range 13 {
		elements := make([]string, 1000)
		for k := range elements {
			ts++
			elements[k] = fmt.Sprintf(element, ts)
		}
		j.frames = append(j.frames, frame(uint64(i+1), message("acme/1", "telemetry", "["+strings.Join(elements, ",")+"]", 0), message("acme/2", "telemetry", "["+strings.Join(elements, ",")+"]", 0)))
	}
	s := &series{}
	history(t, j, newDecoder(), s, none(t), time.Second)
	if len(s.have) != 26_000 {
		t.Errorf("%d readings stored", len(s.have))
	}
	// Three frames at a time have 6000 readings.
	if d := cmp.Diff([]int{5000, 1000, 5000, 1000, 5000, 1000, 5000, 1000, 2000}, s.writes); d != "" {
		t.Error(d)
	}
}

func TestHistoryKeepsWhatIsRefused(t *testing.T) {
	j := &journal{frames: []ingest.Frame{
		frame(1, message("acme/1", "telemetry", `{"metrics":{"steps":1}}`, 0), message("acme/none", "telemetry", `{}`, 0), message("acme/1", "telemetry", `{"metrics":{"odd":7}}`, 0)),
		frame(2, message("acme/1", "telemetry", `{"metrics":{"steps":2}}`, time.Second)),
	}}
	s := &series{fail: func(_ int, readings []devices.Reading) error {
		var bad []devices.Reading
		for _, r := range readings {
			if r.Metric == "odd" {
				bad = append(bad, r)
			}
		}
		return &ingest.RefusedError{Readings: bad, Reason: "field type conflict"}
	}}
	var kept []devices.Refusal
	tries := 0
	log := history(t, j, newDecoder(), s, func(r []devices.Refusal) error {
		if tries++; tries < 3 {
			return errors.New("disk full")
		}
		kept = append(kept, r...)
		return nil
	}, time.Minute)
	codes := ""
	for _, r := range kept {
		codes += string(r.Code) + " " + r.Detail() + "\n"
	}
	want := "unknown_device device: acme/none: was not entered when the message came\n" +
		"store_refused metrics.odd at 2026-11-23T08:00:00Z: 7: field type conflict\n"
	if codes != want || j.given != 2 {
		t.Errorf("given again %d times:\n%s", j.given, codes)
	}
	// The frames were decoded three times, and never taken for repeats.
	if len(s.tries) != 3 || log != "" {
		t.Errorf("%d writes, log %s", len(s.tries), log)
	}
}

// TestHistoryStartsAgain: a repeat is known for one though the process that
// took the original is gone.
func TestHistoryStartsAgain(t *testing.T) {
	j := manyRepeats()
	count := func(from int) int {
		s := &series{}
		part := &resumed{journal: j, after: j.frames[from].Seq}
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			go func() {
				done <- ingest.History(ctx, part, ingest.Telemetry, newDecoder(), s, func(context.Context, []devices.Refusal) error { return nil }, zerolog.Nop())
			}()
			synctest.Wait()
			stop()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		n := 0
		for _, w := range s.writes {
			n += w
		}
		return n
	}
	whole := feed(t, j, 0)
	for _, from := range []int{0, 50, 200, 390} {
		want := 0
		for seq, said := range whole {
			if seq > j.frames[from].Seq {
				want += strings.Count(said, "steps")
			}
		}
		if got := count(from); got != want {
			t.Errorf("from frame %d: %d readings, want %d", from, got, want)
		}
	}
}

// resumed is a journal whose durable reader stands at a position.
type resumed struct {
	*journal

	after uint64
}

func (r *resumed) FollowDurable(ctx context.Context, _ string, lane ingest.Lane, fn func(context.Context, []ingest.Frame) error) error {
	return r.Follow(ctx, lane, r.after, fn)
}

func BenchmarkDecode(b *testing.B) {
	f := frame(1)
	for i := range 500 {
		f.Records = append(f.Records, message(fmt.Sprint("acme/", i%9), "telemetry", fmt.Sprintf(`{"ts":"2026-11-23T07:59:%02dZ","seq":%d,"metrics":{"heart_rate_bpm":72,"spo2_pct":97,"steps":4211,"battery_pct":80}}`, i%60, i), 0))
	}
	dec := newDecoder()
	b.ReportAllocs()
	for b.Loop() {
		if records, _ := dec.Decode(f); len(records) != 500 {
			b.Fatal(len(records))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/message")
}
