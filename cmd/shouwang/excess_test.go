package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"shouwang/alerting"
	"shouwang/devices"
)

// enter puts devices into the registry, and returns the secret they share.
func (p *inProcess) enter(t *testing.T, ids ...devices.DeviceID) string {
	t.Helper()
	secret := strings.Repeat("k", 32)
	in := devices.Import{Areas: []devices.Area{{Path: "x", Name: "X"}}}
	for _, id := range ids {
		in.Devices = append(in.Devices, devices.Device{ID: id, Kind: devices.Wristband, Area: "x"})
		in.Secrets = append(in.Secrets, devices.Secret{User: string(id), Secret: secret})
	}
	must(t, p.registry.PutAll(t.Context(), in))
	return secret
}

func (p *inProcess) stored(t *testing.T, id devices.DeviceID, metric devices.Metric) int {
	t.Helper()
	points, err := p.series.History(t.Context(), devices.HistoryQuery{Device: id, Metric: metric, From: time.Now().Add(-48 * time.Hour), To: time.Now().Add(time.Hour), Limit: 10_000})
	must(t, err)
	return len(points)
}

// TestRate: one device sends ten times what it may, another what it may. All of
// both is stored in the end; the loud one's SOS is judged at once; what does not
// fit into the queue is a dead letter, and nothing is missing.
func TestRate(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole service")
	}
	t.Parallel() // it waits more than it works
	const loud, calm = devices.DeviceID("acme/loud"), devices.DeviceID("acme/calm")
	s := testSettings(t.TempDir())
	s.Ingest.Rate = 60
	p := start(t, s)
	secret := p.enter(t, loud, calm)
	say, sayCalm := p.device(t, loud, secret), p.device(t, calm, secret)
	const n = 600
	began := time.Now()
	for i := range n {
		say("telemetry", fmt.Sprintf(`{"ts":%d,"metrics":{"steps":%d}}`, began.Add(-time.Duration(i)*time.Minute).UnixMilli(), i))
		if i == n/2 {
			say("event", `{"event":"sos"}`)
		}
	}
	sayCalm("telemetry", `{"metrics":{"steps":1}}`)
	eventually(t, 5*time.Second, "the calm device is stored", func() bool { return p.stored(t, calm, devices.Steps) == 1 })
	eventually(t, 5*time.Second, "the SOS is an alert", func() bool {
		page, err := p.alerts.Alerts(t.Context(), alerting.AlertFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Kind: []alerting.Kind{alerting.KindSOS}})
		return err == nil && len(page.Items) == 1
	})
	eventually(t, 20*time.Second, "all of the loud device is stored", func() bool { return p.stored(t, loud, devices.Steps) == n })
	over := p.client.Overrun(loud)
	// Sixty at once, and one for each second the sending took.
	if within := n - over.Messages; within < 60 || within > 61+int64(time.Since(began).Seconds()) {
		t.Errorf("%d messages counted as beyond the rate", over.Messages)
	}
	if o := p.client.Overrun(calm); o.Messages != 0 {
		t.Errorf("the calm device is counted as beyond its rate: %v", o)
	}
}

// TestRateBeyondTheQueue: more than the queue holds comes while the store takes
// nothing.
func TestRateBeyondTheQueue(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole service")
	}
	t.Parallel() // it waits more than it works
	const loud = devices.DeviceID("acme/loud")
	s := testSettings(t.TempDir())
	s.Ingest.Rate, s.Ingest.ExcessMB = 60, 1
	p := start(t, s)
	send := p.device(t, loud, p.enter(t, loud))
	pad := strings.Repeat("x", 20_000)
	letters := func() (count int64) {
		page, err := p.letters.List(t.Context(), devices.DeadLetterFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Code: []devices.RefusalCode{devices.OverRate}, Limit: 1000})
		must(t, err)
		for _, l := range page.Items {
			count += l.Count
		}
		return count
	}
	// Another program holds the time series: what waits for it is six megabytes.
	const n = 300
	lock, err := sql.Open("sqlite", filepath.Join(s.Data, "timeseries.db"))
	must(t, err)
	defer lock.Close() //nolint:errcheck // the test is over
	held, err := lock.Conn(t.Context())
	must(t, err)
	_, err = held.ExecContext(t.Context(), `PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE`)
	must(t, err)
	for i := range n {
		send("telemetry", fmt.Sprintf(`{"ts":%d,"metrics":{"steps":%d},"pad":"%s"}`, time.Now().Add(-time.Duration(i)*time.Minute).UnixMilli(), i, pad))
	}
	eventually(t, 20*time.Second, "the queue is full", func() bool { return letters() > 0 })
	_, err = held.ExecContext(t.Context(), `ROLLBACK`)
	must(t, err)
	eventually(t, 20*time.Second, "each message is stored or a dead letter", func() bool { return p.stored(t, loud, devices.Steps)+int(letters()) == n })
}

// TestStormOfGarbage: one vendor's device sends garbage at half of what the
// service takes in here, as measured first; the readings of others are all stored
// meanwhile. How fast is said in the log and judged by nobody: what else the
// machine does is in it.
func TestStormOfGarbage(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole service")
	}
	for name, rate := range map[string]int{"without a bound on rates": 0, "with one": 600} {
		t.Run(name, func(t *testing.T) { storm(t, rate) })
	}
}

func storm(t *testing.T, rate int) {
	const mad = devices.DeviceID("mad/1")
	s := testSettings(t.TempDir())
	s.Ingest.Rate = rate
	s.Broker.Sync = time.Second // else the broker's own syncs keep the storm small
	p := start(t, s)
	others := make([]devices.DeviceID, 10)
	for i := range others {
		others[i] = devices.DeviceID(fmt.Sprint("good/g", i))
	}
	secret := p.enter(t, append(others, mad)...)

	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + p.mqttAddr).SetClientID("1").SetUsername(string(mad)).SetPassword(secret))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(0)
	flood := func(ctx context.Context, every time.Duration) (sent int) {
		window := make(chan paho.Token, 500)
		next := time.Now()
		for ctx.Err() == nil {
			if ahead := time.Until(next); ahead > time.Millisecond {
				time.Sleep(ahead)
			} else if ahead < -100*time.Millisecond {
				next = time.Now() // what was missed is not made up
			}
			next = next.Add(every)
			token := c.Publish("homecare/v1/mad/1/telemetry", 1, false, fmt.Sprintf(`{"metrics":{"steps":"garbage %d`, sent))
			sent++
			select {
			case window <- token:
			default:
				(<-window).Wait()
				window <- token
			}
		}
		return sent
	}
	var sends []func(string, string)
	for _, id := range others {
		sends = append(sends, p.device(t, id, secret))
	}
	stored := func(id devices.DeviceID, at time.Time) bool {
		points, err := p.series.History(t.Context(), devices.HistoryQuery{Device: id, Metric: devices.HeartRateBPM, From: at, To: at.Add(time.Millisecond)})
		return err == nil && len(points) == 1
	}
	reading := func(at time.Time) string {
		return fmt.Sprintf(`{"ts":%d,"metrics":{"heart_rate_bpm":70}}`, at.UnixMilli())
	}
	// Saturation is what goes through the whole service: what comes last is
	// stored when all before it is done with.
	began := time.Now().UTC().Truncate(time.Millisecond)
	burst, cancel := context.WithTimeout(t.Context(), time.Second)
	saturation := float64(flood(burst, 0))
	cancel()
	sends[0]("telemetry", reading(began))
	eventually(t, time.Minute, "the flood is done with", func() bool { return stored(others[0], began) })
	saturation /= time.Since(began).Seconds()

	var lags []time.Duration
	measure := func(seconds int) (p99 time.Duration) {
		lags = lags[:0]
		for i := range seconds * 40 {
			id, began := others[i%len(others)], time.Now()
			at := began.UTC().Truncate(time.Millisecond)
			sends[i%len(others)]("telemetry", reading(at))
			for !stored(id, at) {
				if time.Since(began) > 2*patience {
					t.Fatal("a reading is not stored after 30 s")
				}
				time.Sleep(time.Millisecond)
			}
			lags = append(lags, time.Since(began))
			time.Sleep(25*time.Millisecond - time.Since(began))
		}
		slices.Sort(lags)
		return lags[len(lags)*99/100]
	}
	quiet := measure(1)
	ctx, end := context.WithCancel(t.Context())
	var flooding sync.WaitGroup
	sent := 0
	flooding.Go(func() { sent = flood(ctx, time.Duration(2e9/saturation)) })
	began = time.Now()
	loud := measure(2)
	end()
	flooding.Wait()
	t.Logf("saturation %.0f garbage messages/s; storm of %.0f/s: publish to stored p99 %v (median %v), in quiet %v",
		saturation, float64(sent)/time.Since(began).Seconds(), loud.Round(time.Millisecond), lags[len(lags)/2].Round(time.Millisecond), quiet.Round(time.Millisecond))
}
