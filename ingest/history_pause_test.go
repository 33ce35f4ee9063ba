package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// TestHistoryWaitsAsLongAsAsked: a store that says when it wants to be asked
// again is left alone until then, but not for ever.
func TestHistoryWaitsAsLongAsAsked(t *testing.T) {
	for _, test := range []struct{ after, want time.Duration }{
		{0, 100 * time.Millisecond}, {7 * time.Second, 7 * time.Second}, {24 * time.Hour, 5 * time.Minute},
	} {
		j := &journal{frames: []ingest.Frame{frame(1, message("acme/1", "telemetry", `{"metrics":{"steps":1}}`, 0))}}
		s := &series{fail: func(try int, _ []devices.Reading) error {
			if try == 1 {
				return fmt.Errorf("wrapped: %w", &ingest.RetryError{After: test.after, Err: errors.New("503")})
			}
			return nil
		}}
		history(t, j, newDecoder(), s, none(t), 10*time.Minute)
		if len(s.tries) != 2 || s.tries[1].Sub(s.tries[0]) != test.want {
			t.Errorf("asked to wait %v: tries at %v", test.after, s.tries)
		}
	}
}

func TestPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &series{}
		p := ingest.NewPaced(s, 10_000, nil)
		began := time.Now()
		for range 10 { // 50 000 readings, of which 10 000 are free
			if err := p.Write(t.Context(), make([]devices.Reading, 5000)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(10 * time.Millisecond); took != 4*time.Second || len(s.writes) != 10 {
			t.Errorf("%d writes of 50 000 readings took %v, want 4 s", len(s.writes), took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Write(ctx, make([]devices.Reading, 5000)); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		// Without a limit, and for live readings, nothing waits.
		began = time.Now()
		for range 100 {
			_ = ingest.NewPaced(s, 0, nil).Write(t.Context(), make([]devices.Reading, 5000))
		}
		time.Sleep(time.Second)
		began = began.Add(time.Second)
		for range 10 {
			if err := p.Write(t.Context(), make([]devices.Reading, 500)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("live readings waited %v", took)
		}
	})
}

// TestDeadLettersHoldNobodyUp: they are written beside the readings, so the next
// readings wait for the slower of the two and not for both, and they are there
// also while the time series is down.
func TestDeadLettersHoldNobodyUp(t *testing.T) {
	const slow = 30 * time.Millisecond
	j := &journal{}
	for i := range 40 {
		j.frames = append(j.frames, frame(uint64(i+1),
			message("acme/2", "telemetry", fmt.Sprintf(`garbage %d`, i), time.Duration(i)*time.Second),
			message("acme/1", "telemetry", fmt.Sprintf(`{"metrics":{"steps":%d}}`, i), time.Duration(i)*time.Second)))
	}
	var began, last time.Time
	s := &series{fail: func(int, []devices.Reading) error {
		if began.IsZero() {
			began = time.Now()
		}
		time.Sleep(slow)
		last = time.Now()
		return nil
	}}
	letters := 0
	history(t, j, newDecoder(), s, func(r []devices.Refusal) error {
		time.Sleep(slow)
		letters += len(r)
		return nil
	}, time.Minute)
	takes := time.Duration(len(s.tries))
	if letters != 40 || len(s.have) != 40 || last.Sub(began) != takes*slow {
		t.Errorf("%d dead letters, %d readings; %d writes took %v, want %v", letters, len(s.have), takes, last.Sub(began), takes*slow)
	}

	letters = 0
	s = &series{fail: func(int, []devices.Reading) error { return errors.New("down") }}
	history(t, j, newDecoder(), s, func(r []devices.Refusal) error {
		letters += len(r)
		return nil
	}, time.Second)
	if letters == 0 {
		t.Error("no dead letter is kept while the time series is down")
	}
}
