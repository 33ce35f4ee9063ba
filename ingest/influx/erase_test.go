package influx_test

import (
	"strings"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest/peer"
	"shouwang/ingest/seriestest"
)

func TestErase(t *testing.T) {
	both(t, func(t *testing.T, real peer.Influx) { seriestest.RunErase(t, open(t, real)) })
}

// A name must not reach beyond itself, whatever signs it has.
func TestEraseOfAnOddName(t *testing.T) { both(t, eraseOddName) }

func eraseOddName(t *testing.T, real peer.Influx) {
	s := open(t, real)
	odd, other := devices.DeviceID(`quote/it's"a\b'`), devices.DeviceID("quote/other")
	for _, d := range []devices.DeviceID{odd, other} {
		if err := s.Write(t.Context(), []devices.Reading{{Device: d, Metric: devices.Steps, At: now, Value: 1, Received: now}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Erase(t.Context(), odd, time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[devices.DeviceID]int{odd: 0, other: 1} {
		if got, err := s.Latest(t.Context(), d); err != nil || len(got) != want {
			t.Errorf("latest of %s: %v, %v; want %d readings", d, got, err, want)
		}
	}
}

func TestEraseSaysWhatIsWrong(t *testing.T) { both(t, eraseWrongToken) }

func eraseWrongToken(t *testing.T, real peer.Influx) {
	real.Token = "shouwang:wrong"
	err := open(t, real).Erase(t.Context(), "v/1", time.Time{}, time.Time{})
	if err == nil || strings.Contains(err.Error(), real.Token) {
		t.Errorf("erase with a wrong token: %v", err)
	}
}
