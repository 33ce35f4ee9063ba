package influx_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest/peer"
	"shouwang/ingest/seriestest"
)

// fresh points to a bucket, or database and policy, that is not there.
func fresh(t *testing.T, real peer.Influx) peer.Influx {
	t.Helper()
	if real.Major == 0 {
		t.Skip("needs a server of our own")
	}
	real.Bucket = "set up by " + strings.ReplaceAll(t.Name(), "/", ".")
	if real.Major == 1 {
		real.Bucket = strings.ReplaceAll(t.Name(), "/", ".") + "/the \"policy\""
	}
	return real
}

func TestSetupMakesWhatIsMissingAndNoMore(t *testing.T) {
	both(t, func(t *testing.T, real peer.Influx) {
		s := open(t, fresh(t, real))
		if err := s.Check(t.Context()); err == nil {
			t.Fatal("the bucket is there before it was made")
		}
		setup := func(keep time.Duration) string {
			t.Helper()
			var steps []string
			if err := s.Setup(t.Context(), keep, func(step string) { steps = append(steps, step) }); err != nil {
				t.Fatal(err)
			}
			return strings.Join(steps, "; ")
		}
		const day = 24 * time.Hour
		for _, step := range []struct {
			keep time.Duration
			want string
		}{
			{1000 * day, "created, keeps 1000 days"},
			{1000 * day, "is there, keeps 1000 days"},
			{0, "keeps for ever, was 1000 days"},
			{0, "is there, keeps for ever"},
			{100 * day, "keeps 100 days, was for ever"},
		} {
			if did := setup(step.keep); !strings.HasSuffix(did, step.want) {
				t.Errorf("set up to keep %s: %q, want %q", step.keep, did, step.want)
			}
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("after set-up: %v", err)
		}
		reading := devices.Reading{Device: "v/1", Metric: devices.Steps, At: time.Now().UTC().Truncate(time.Microsecond), Value: 1}
		if err := s.Write(t.Context(), []devices.Reading{reading}); err != nil {
			t.Errorf("write after set-up: %v", err)
		}
	})
}

func TestSetupSaysWhatIsWrong(t *testing.T) {
	both(t, func(t *testing.T, real peer.Influx) {
		real = fresh(t, real)
		real.Token = "shouwang:wrong"
		err := open(t, real).Setup(t.Context(), 0, func(step string) { t.Errorf("it says it did: %s", step) })
		if err == nil || strings.Contains(err.Error(), "wrong") {
			t.Errorf("with a wrong token: %v", err)
		}
	})
}

func TestRetain(t *testing.T) {
	both(t, func(t *testing.T, real peer.Influx) {
		s := open(t, fresh(t, real))
		if err := s.Setup(t.Context(), 0, func(string) {}); err != nil {
			t.Fatal(err)
		}
		seriestest.RunRetain(t, s)
		// All classes bounded: what has no class of its own goes with the longest.
		if err := s.Retain(t.Context(), seriestest.RetainNow, map[devices.Class]time.Duration{
			devices.Position: time.Hour, devices.Vitals: 2 * time.Hour, devices.Other: 3 * time.Hour,
		}); err != nil {
			t.Fatal(err)
		}
		latest, err := s.Latest(t.Context(), seriestest.RetainDevice)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(latest, func(r devices.Reading) bool { return r.At.Before(seriestest.RetainNow.Add(-3 * time.Hour)) }) {
			t.Errorf("older than the longest: %v", latest)
		}
	})
}
