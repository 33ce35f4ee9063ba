package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
	"shouwang/ingest/sqlite"
)

// TestPreview asks what another limit would have done, over a real series: of two
// meters in two towns one is at 18 % all the time.
func TestPreview(t *testing.T) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := database.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	reg, err := registry.Open(ctx, db)
	must(err)
	series, err := sqlite.Open(ctx, sqlite.Options{File: filepath.Join(t.TempDir(), "series.db")})
	must(err)
	t.Cleanup(func() { _ = series.Close() })
	now := time.Now().UTC().Truncate(time.Hour)
	from := now.AddDate(0, 0, -20)
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t1", Name: "1"}, {Path: "c/t2", Name: "2"}}}
	for i := 1; i <= 2; i++ {
		id, meter, area := fmt.Sprintf("p%d", i), devices.DeviceID(fmt.Sprintf("v/m%d", i)), devices.AreaPath(fmt.Sprintf("c/t%d", i))
		in.Residents = append(in.Residents, devices.Resident{ID: id, Name: id, Area: area, Tier: devices.TierGreen, State: devices.Active})
		in.Devices = append(in.Devices, devices.Device{ID: meter, Kind: devices.WaterMeter, Area: area})
		in.Assignments = append(in.Assignments, devices.Assignment{Device: meter, Resident: id, From: from})
		var readings []devices.Reading
		for h := range 20 * 24 {
			charge := 90.0
			if i == 1 {
				charge = 18
			}
			at := from.Add(time.Duration(h) * time.Hour)
			readings = append(readings, devices.Reading{Device: meter, Metric: devices.BatteryPct, Value: charge, At: at, Received: at})
		}
		must(series.Write(ctx, readings))
	}
	must(reg.PutAll(ctx, in))

	p := newPreviews(reg, series)
	before, after := alerting.DefaultRules(), alerting.DefaultRules()
	after.LowBatteryPct = 15
	ask := func(ctx context.Context, area devices.AreaPath) (dashboard.PreviewResult, error) {
		return p.Preview(ctx, dashboard.PreviewQuery{
			Scope: devices.Scope{Areas: []devices.AreaPath{area}}, From: now.AddDate(0, 0, -60), To: now,
			Before: func(alerting.RuleScope) *alerting.Rules { return before },
			After:  func(alerting.RuleScope) *alerting.Rules { return after },
		})
	}
	count := func(r dashboard.PreviewResult) (before, proposed int) {
		for _, k := range r.Kinds {
			if k.Kind == alerting.KindLowBattery {
				return k.Now.Alerts, k.Proposed.Alerts
			}
		}
		return 0, 0
	}
	for _, test := range []struct {
		area                        devices.AreaPath
		residents, before, proposed int
	}{{"c", 2, 1, 0}, {"c/t1", 1, 1, 0}, {"c/t2", 1, 0, 0}} {
		r, err := ask(ctx, test.area)
		must(err)
		before, proposed := count(r)
		if r.Residents != test.residents || before != test.before || proposed != test.proposed || !r.Complete || r.Readings != test.residents*20*24 {
			t.Errorf("%s: %+v", test.area, r)
		}
	}
	late, stop := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer stop()
	if r, err := ask(late, "c"); err != nil || r.Complete {
		t.Errorf("without time: %+v, %v", r, err)
	}
	<-p.slot
	if _, err := ask(ctx, "c"); !errors.Is(err, dashboard.ErrPreviewBusy) {
		t.Errorf("while another is made: %v", err)
	}
}
