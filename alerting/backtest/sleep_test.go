package backtest_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/alerting/backtest"
	"shouwang/devices"
)

// TestTicksThatNobodyNeedsAreLeftOut: a meter that is silent for hours now and then,
// and an absence that was entered: the alerts, and their times, are those of a run
// with every tick.
func TestTicksThatNobodyNeedsAreLeftOut(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 4))
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	m := backtest.Memory{
		Resident: &devices.Resident{ID: "r", Area: "c/t/v", State: devices.Active},
		Devices:  []devices.Device{{ID: "v/a", Kind: devices.WaterMeter, Area: "c/t/v"}},
		Absences: []devices.Absence{{Resident: "r", From: begin.Add(400*time.Hour + 7*time.Second), To: begin.Add(440*time.Hour + 33*time.Minute)}},
	}
	value, quiet := 100.0, 0
	for h := range 24 * 30 {
		if quiet == 0 && chance.IntN(50) == 0 {
			quiet = 2 + chance.IntN(14)*chance.IntN(4)
		}
		if use := h % 24; use > 6 && use < 22 && (h < 400 || h > 500) {
			value += 0.01
		}
		if quiet > 0 {
			quiet--
			continue
		}
		at := begin.Add(time.Duration(h)*time.Hour + time.Duration(chance.IntN(200))*time.Second)
		m.Readings = append(m.Readings, devices.Reading{Device: "v/a", Metric: devices.VolumeM3, Value: value, At: at, Received: at.Add(time.Second)})
	}
	of := func(o backtest.Options) []byte {
		r, err := backtest.Run(t.Context(), backtest.FromMemory("m", []backtest.Memory{m}), o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(r.Alerts, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	some, all := of(backtest.Options{}), of(backtest.Options{TickEvery: 10 * time.Second})
	if !bytes.Equal(some, all) {
		t.Errorf("got %s\nwant %s", some, all)
	}
	if bytes.Count(all, []byte(`"device_silent"`)) < 3 || !bytes.Contains(all, []byte(`"not_returned"`)) {
		t.Errorf("too little happens: %s", all)
	}
}
