package publisher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/recording"
	"shouwang/devices/simulate"
)

func TestFeedUploadsHistoryThenLivesOn(t *testing.T) {
	l := startBroker(t)
	county := simulate.NewCounty(1, 20)
	start := time.Now().Truncate(time.Second)
	sim := simulate.New(county, simulate.Options{Seed: 1, Start: start, BandEvery: time.Second, MeterEvery: time.Second})
	twin := simulate.New(county, simulate.Options{Seed: 1, Start: start, BandEvery: time.Second, MeterEvery: time.Second})
	feed := New(sim, Options{
		Broker: l.addr, Log: zerolog.Nop(),
		Password: func(devices.DeviceID) (string, bool) { return secret, true },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- feed.Run(ctx) }()
	select {
	case <-feed.Uploaded():
	case <-time.After(9 * time.Second):
		t.Fatal("history not uploaded")
	}
	want, daily := 0, 0
	for _, i := range twin.Instruments() {
		for _, s := range i.Pending(start, 1<<20) {
			want += len(s.Measures)
		}
		if i.Daily() {
			daily++
		}
	}
	until(t, "history arrived", func() bool { return l.readings() >= want })

	// Live: every device that is connected goes on, second by second.
	until(t, "live readings arrived", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, i := range sim.Instruments() {
			order := l.order[string(i.Device.ID)]
			if !i.Daily() && order[len(order)-1] < start.Add(2*time.Second).UnixMilli() {
				return false
			}
		}
		return true
	})
	l.mu.Lock()
	for device, order := range l.order {
		if !slices.IsSorted(order) {
			t.Errorf("%s: not in order of time", device)
		}
	}
	online := 0
	for _, s := range l.status {
		if s == `{"online":true}` {
			online++
		}
	}
	l.mu.Unlock()
	if len(l.status) != online || online != len(county.Devices)-daily {
		t.Errorf("%d of %d status messages say online, want %d", online, len(l.status), len(county.Devices)-daily)
	}

	truth, err := feed.Start(ctx, simulate.SOS, "")
	if err != nil {
		t.Fatal(err)
	}
	until(t, "sos arrived", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return slices.ContainsFunc(l.events, func(e string) bool {
			return strings.HasPrefix(e, string(truth.Device)+" ") && strings.Contains(e, `"event":"sos"`)
		})
	})
	var input *simulate.InputError
	if _, err := feed.Start(ctx, "earthquake", ""); !errors.As(err, &input) {
		t.Errorf("unknown incident: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestFeedTellsOfCollapseAtOnce(t *testing.T) {
	l := startBroker(t)
	// No resident of this county has only a meter, so a larger one.
	sim := simulate.New(simulate.NewCounty(1, 80), simulate.Options{Seed: 1, Start: time.Now()})
	feed := New(sim, Options{
		Broker: l.addr, Log: zerolog.Nop(),
		Password: func(devices.DeviceID) (string, bool) { return secret, true },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- feed.Run(ctx) }()
	<-feed.Uploaded()
	truth, err := feed.Start(ctx, simulate.Collapse, "")
	if err != nil {
		t.Fatal(err)
	}
	frozen := func() (n int, span time.Duration) {
		l.mu.Lock()
		defer l.mu.Unlock()
		times := l.values[string(truth.Device)]
		before := times[truth.From.UnixMilli()]["volume_m3"]
		for at, metrics := range times {
			if d := time.UnixMilli(at).Sub(truth.From); d > 0 {
				if metrics["volume_m3"] != before {
					t.Fatalf("register moved from %v to %v", before, metrics["volume_m3"])
				}
				n++
				span = max(span, d)
			}
		}
		return n, span
	}
	until(t, "a day without use proven", func() bool { n, span := frozen(); return n >= 25 && span >= 24*time.Hour })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestHistoryOnlyEnds(t *testing.T) {
	l := startBroker(t)
	sim := simulate.New(simulate.NewCounty(1, 20), simulate.Options{Seed: 1, Start: time.Now()})
	sim.Resume(time.Now().Add(-2 * time.Hour))
	feed := New(sim, Options{
		Broker: l.addr, HistoryOnly: true, Log: zerolog.Nop(),
		Password: func(devices.DeviceID) (string, bool) { return secret, true },
	})
	if err := feed.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-feed.Uploaded():
	default:
		t.Error("ended before all was uploaded")
	}
	if _, err := feed.Start(t.Context(), simulate.SOS, ""); err == nil {
		t.Error("an incident in a county that is off")
	}
}

func TestDialSaysWhoWasRefused(t *testing.T) {
	l := startBroker(t)
	_, err := Dial(t.Context(), Login{Broker: l.addr, User: "v/d", Password: "a wrong one", ClientID: "d"})
	if err == nil || !strings.Contains(err.Error(), "v/d") || strings.Contains(err.Error(), "a wrong one") {
		t.Errorf("error %v", err)
	}
}

func recorded(n int) []recording.Row {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var rows []recording.Row
	for i := range n {
		at := start.Add(time.Duration(i) * time.Hour)
		for d := range 3 {
			device := fmt.Sprintf("daiad-%d", d)
			rows = append(rows, recording.Row{At: at, Received: at, Device: device, Metric: "volume_m3", Value: float64(i*10 + d)})
			if d == 0 {
				rows = append(rows, recording.Row{At: at, Received: at, Device: device, Metric: `odd "name"`, Value: 0.5})
			}
		}
	}
	return rows
}

func TestReplay(t *testing.T) {
	for _, test := range []struct {
		name     string
		batch    int
		span     time.Duration
		gateway  bool
		messages int
	}{
		// 100 hours of 3 devices.
		{"singly", 1, 0, true, 300},
		{"by the day", 24, 24 * time.Hour, true, 15},
		{"span shorter than batch", 24, 5 * time.Hour, false, 51},
		{"all at once", 5000, 1000 * time.Hour, false, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := startBroker(t)
			rows := recorded(100)
			var clients []*Client
			user := func(id devices.DeviceID) string {
				if test.gateway {
					return "vendor:" + id.Vendor()
				}
				return string(id)
			}
			stats, err := Replay(t.Context(), slices.Values(rows), ReplayOptions{
				Batch: test.batch, Span: test.span, InFlight: 8, User: user,
				Device: func(s string) (devices.DeviceID, error) { return devices.NewDeviceID("daiad", s) },
				Dial: func(ctx context.Context, user string) (*Client, error) {
					c, err := Dial(ctx, Login{Broker: l.addr, User: user, Password: secret})
					clients = append(clients, c)
					return c, err
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			want := Stats{Readings: len(rows), Messages: test.messages, Acknowledged: test.messages}
			if stats != want {
				t.Errorf("stats %+v, want %+v", stats, want)
			}
			if connections := map[bool]int{true: 1, false: 3}[test.gateway]; len(clients) != connections {
				t.Errorf("%d connections, want %d", len(clients), connections)
			}
			until(t, "all readings", func() bool { return l.readings() == len(rows) })
			for _, row := range rows {
				if got := l.values["daiad/"+row.Device][row.At.UnixMilli()][string(row.Metric)]; got != row.Value {
					t.Fatalf("%+v arrived as %v", row, got)
				}
			}
		})
	}
}

func TestReplaySendsAgainWhatWasLost(t *testing.T) {
	l := startBroker(t)
	rows := recorded(200)
	wire := lineTo(t, l.addr)
	stats, err := Replay(t.Context(), func(yield func(recording.Row) bool) {
		for n, row := range rows {
			if n%150 == 149 {
				wire.cut() // with messages on their way
			}
			if !yield(row) {
				return
			}
		}
	}, ReplayOptions{
		Batch: 1, InFlight: 50,
		User:   func(devices.DeviceID) string { return "vendor:daiad" },
		Device: func(s string) (devices.DeviceID, error) { return devices.NewDeviceID("daiad", s) },
		Dial: func(ctx context.Context, user string) (*Client, error) {
			return Dial(ctx, Login{Broker: wire.addr, User: user, Password: secret})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if stats.Readings != len(rows) || stats.Acknowledged != stats.Messages || stats.Resent == 0 {
		t.Errorf("stats %+v", stats)
	}
	until(t, "all readings", func() bool { return l.readings() == len(rows) })
}

func TestFeedSurvivesBrokenLines(t *testing.T) {
	l := startBroker(t)
	wire := lineTo(t, l.addr)
	county := simulate.NewCounty(3, 20)
	start := time.Now()
	options := simulate.Options{Seed: 3, Start: start, BandEvery: time.Hour, MeterEvery: time.Hour}
	feed := New(simulate.New(county, options), Options{
		Broker: wire.addr, Log: zerolog.Nop(),
		Password: func(devices.DeviceID) (string, bool) { return secret, true },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- feed.Run(ctx) }()
	for cut := 0; cut < 5; {
		if messages, _ := feed.Sent(); messages > int64(4*cut+3) {
			wire.cut()
			cut++
		}
		time.Sleep(time.Millisecond)
	}
	<-feed.Uploaded()
	want := 0
	for _, i := range simulate.New(county, options).Instruments() {
		for _, s := range i.Pending(start, 1<<20) {
			want += len(s.Measures)
		}
	}
	until(t, "history arrived whole", func() bool { return l.readings() == want })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
