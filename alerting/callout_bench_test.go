package alerting_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/alerting/roster"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
)

// A thousand people call for help at once, on a real store that waits for the
// disk: how long until the last of them is in the outbox for everybody whom it
// concerns, and how long the step takes that nobody's answer leads to.
func BenchmarkAThousandRedAtOnce(b *testing.B) {
	const n = 1000
	for b.Loop() {
		b.StopTimer()
		ctx := context.Background()
		db, err := database.Open(ctx, filepath.Join(b.TempDir(), "state.db"))
		if err != nil {
			b.Fatal(err)
		}
		s := store.New(db)
		s.Duty.People = func() *roster.People {
			return roster.NewPeople([]roster.Person{
				{User: "county", Role: "duty", Areas: []devices.AreaPath{"shen"}}, {User: "town", Role: "town_duty", Areas: []devices.AreaPath{"shen/east"}},
				{User: "helper", Role: "assistant", Areas: []devices.AreaPath{"shen/east/hill"}}, {User: "boss", Role: "supervisor", Areas: []devices.AreaPath{"shen"}},
			})
		}
		s.Duty.Reachable = func(string, time.Time) bool { return true }
		dir := newDirectory()
		records := make([]devices.Record, n)
		now := noon
		for i := range records {
			id, who := devices.DeviceID(fmt.Sprintf("v/n%d", i)), fmt.Sprintf("n%d", i)
			dir.devices[id] = &devices.Device{ID: id, Kind: devices.Wristband, Area: "shen/east/hill"}
			dir.residents[who] = &devices.Resident{ID: who, Name: "某", Area: "shen/east/hill", State: devices.Active}
			dir.worn[id] = who
			records[i] = cry(id, "sos", now, now)
		}
		clock := func() time.Time { return now }
		engine := alerting.NewEngine(alerting.EngineOptions{
			Book: s, Directory: dir, Now: clock, Detectors: func(alerting.Subject) []alerting.Detector { return []alerting.Detector{&detect.Calls{}} },
		})
		climb := alerting.NewEscalation(alerting.EscalationOptions{Book: s, Directory: dir})
		if err := engine.Restore(ctx); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		start := time.Now()
		if err := engine.Apply(ctx, "event", 1, records); err != nil {
			b.Fatal(err)
		}
		told := time.Since(start)
		start = time.Now()
		if err := climb.Step(ctx, now.Add(time.Minute)); err != nil {
			b.Fatal(err)
		}
		stepped := time.Since(start)
		b.StopTimer()
		b.ReportMetric(told.Seconds(), "s-to-last-notice")
		b.ReportMetric(stepped.Seconds(), "s-for-the-next-step")
		var notices, distinct int
		if err := db.Read.QueryRowContext(ctx, `SELECT count(*), count(DISTINCT alert || ' ' || person || ' ' || data) FROM outbox`).Scan(&notices, &distinct); err != nil {
			b.Fatal(err)
		}
		if notices != distinct || notices < 3*n {
			b.Fatalf("%d notices, %d different", notices, distinct)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
