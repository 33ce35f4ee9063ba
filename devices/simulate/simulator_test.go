package simulate

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"shouwang/devices"
)

var start = time.Date(2026, 11, 23, 9, 17, 31, 0, time.UTC)

func countyAtWork(t testing.TB, seed uint64) *Simulator {
	t.Helper()
	return New(NewCounty(seed, 500), Options{Seed: seed, Start: start})
}

func history(i *Instrument) []Sample {
	return i.Pending(start, 1<<20)
}

func TestSamplesBelongToSeedAndTime(t *testing.T) {
	a, b, other := countyAtWork(t, 3), countyAtWork(t, 3), countyAtWork(t, 4)
	r := rand.New(rand.NewPCG(1, 2))
	for n, i := range a.Instruments() {
		if n%29 != 0 {
			continue
		}
		all := history(i)
		// The other asks in pieces, at any time and not in order.
		twin := b.Instruments()[n]
		for range 5 {
			k := r.IntN(len(all) - 10)
			got := twin.Samples(all[k].At, all[k+9].At)
			if !reflect.DeepEqual(got, all[k+1:k+10]) {
				t.Fatalf("%s: asked again at %s: %v, want %v", i.Device.ID, all[k].At, got, all[k+1:k+10])
			}
		}
		if reflect.DeepEqual(all, history(other.Instruments()[n])) {
			t.Errorf("%s: two seeds gave the same samples", i.Device.ID)
		}
	}
}

func TestHistoryJoinsLive(t *testing.T) {
	s := countyAtWork(t, 1)
	for n, i := range s.Instruments() {
		if i.Daily() || n%5 != 0 {
			continue
		}
		samples := i.Pending(start.Add(2*time.Hour), 1<<20)
		for n := 1; n < len(samples); n++ {
			gap, at := samples[n].At.Sub(samples[n-1].At), samples[n].At
			want := time.Hour
			switch {
			case samples[n-1].At.After(start):
				want = i.live
			case samples[n-1].At.After(start.Add(-23 * time.Hour)):
				want = 5 * time.Minute
			}
			if gap <= 0 || gap > want {
				t.Fatalf("%s: %s between samples at %s, want at most %s", i.Device.ID, gap, at, want)
			}
		}
		if n := len(samples); n < 600 || n > 13*24+290+125 {
			t.Errorf("%s: %d samples", i.Device.ID, n)
		}
	}
}

// TestQuiet holds a county's two weeks and a day to the limits in operation,
// counted here on their own: nobody who is at home and well may come near them.
func TestQuiet(t *testing.T) {
	for seed := range uint64(3) {
		s := countyAtWork(t, seed)
		away := map[devices.DeviceID][]Truth{}
		for _, truth := range s.Absences(start.Add(-16*24*time.Hour), start.Add(24*time.Hour)) {
			away[truth.Device] = append(away[truth.Device], truth)
		}
		if n := len(away); n < 1 || n > 16 {
			t.Errorf("seed %d: %d homes with an absence, want a handful", seed, n)
		}
		for n, i := range s.Instruments() {
			if n%3 != int(seed) { // each seed a third of its county, for the time it takes
				continue
			}
			samples := i.Pending(start.Add(6*time.Hour), 1<<20)
			if i.Device.Kind == devices.WaterMeter {
				quietMeter(t, i, samples, away[i.Device.ID])
			} else {
				quietBand(t, i, samples)
			}
		}
	}
}

func quietMeter(t *testing.T, i *Instrument, samples []Sample, away []Truth) {
	t.Helper()
	used, from := 0.0, 0
	for n, s := range samples {
		v := s.Measures[0].Value
		if n > 0 && v < samples[n-1].Measures[0].Value {
			t.Fatalf("%s: register runs backward at %s", i.Device.ID, s.At)
		}
		for s.At.Sub(samples[from].At) > 24*time.Hour {
			from++
		}
		if s.At.Sub(samples[from].At) < 24*time.Hour {
			continue
		}
		used = 1000 * (v - samples[from].Measures[0].Value)
		if used < 10 && !touched(away, samples[from].At, s.At) {
			t.Fatalf("%s (%s): %.0f L in 24 h at %s", i.Device.ID, i.Home(), used, s.At)
		}
		if used > 500 {
			t.Fatalf("%s (%s): %.0f L in 24 h at %s", i.Device.ID, i.Home(), used, s.At)
		}
	}
}

func touched(away []Truth, from, to time.Time) bool {
	for _, a := range away {
		if a.From.Before(to) && a.To.After(from) {
			return true
		}
	}
	return false
}

func quietBand(t *testing.T, i *Instrument, samples []Sample) {
	t.Helper()
	off := time.Time{}
	var steps, most float64
	day := samples[0].At.Add(8*time.Hour).Unix() / 86400
	for _, s := range samples {
		got := map[devices.Metric]float64{}
		for _, m := range s.Measures {
			got[m.Metric] = m.Value
		}
		hr, pulse := got[devices.HeartRateBPM]
		if pulse != (got[devices.Worn] == 1) {
			t.Fatalf("%s: pulse %v while worn %v at %s", i.Device.ID, hr, got[devices.Worn], s.At)
		}
		if pulse && (hr <= 42 || hr >= 129) {
			t.Fatalf("%s: heart rate %v at %s", i.Device.ID, hr, s.At)
		}
		if spo2, ok := got[devices.SpO2Pct]; ok && (spo2 < 93 || spo2 > 100 || !pulse) {
			t.Fatalf("%s: SpO2 %v, worn %v, at %s", i.Device.ID, spo2, got[devices.Worn], s.At)
		}
		if _, ok := got[devices.BatteryV]; ok {
			t.Fatalf("%s reports battery_v", i.Device.ID)
		}
		if pct, ok := got[devices.BatteryPct]; ok && (pct < 30 || pct > 100) {
			t.Fatalf("%s: battery %v at %s", i.Device.ID, pct, s.At)
		}
		if skin, ok := got[devices.SkinTempC]; ok && (skin < 31 || skin > 35.5) {
			t.Fatalf("%s: skin %v at %s", i.Device.ID, skin, s.At)
		}
		if pulse {
			off = time.Time{}
		} else if off.IsZero() {
			off = s.At
		} else if s.At.Sub(off) > 3*time.Hour {
			t.Fatalf("%s: off the wrist for over 3 h at %s", i.Device.ID, s.At)
		}
		local := s.At.Add(8 * time.Hour)
		if d := local.Unix() / 86400; d != day {
			if got[devices.Steps] > 300 {
				t.Fatalf("%s: %v steps just after midnight", i.Device.ID, got[devices.Steps])
			}
			day, steps = d, 0
		}
		if got[devices.Steps] < steps {
			t.Fatalf("%s: steps run backward at %s", i.Device.ID, s.At)
		}
		steps = got[devices.Steps]
		most = max(most, steps)
	}
	if most < 500 || most > 25000 {
		t.Errorf("%s: %v steps on the best day", i.Device.ID, most)
	}
}

func TestPayloadsFit(t *testing.T) {
	s := countyAtWork(t, 1)
	readings := 0
	for nth, i := range s.Instruments() {
		for {
			samples := i.Pending(start, 5000)
			if len(samples) == 0 {
				break
			}
			payload, taken := i.Payload(samples)
			if nth%20 != 0 { // decoding all takes long
				for _, s := range samples[:taken] {
					readings += len(s.Measures)
				}
				i.Acknowledge(samples[taken-1].At)
				continue
			}
			var list []struct {
				TS      any
				Metrics map[string]float64
			}
			if taken == 1 {
				payload = append(append([]byte{'['}, payload...), ']')
			}
			if err := json.Unmarshal(payload, &list); err != nil || len(list) != taken || taken > MaxObjects || len(payload) > MaxPayload {
				t.Fatalf("%s: %d objects in %d bytes, %d taken, %v", i.Device.ID, len(list), len(payload), taken, err)
			}
			for n, o := range list {
				at := time.Time{}
				switch ts := o.TS.(type) {
				case string:
					at, _ = time.Parse(time.RFC3339, ts)
				case float64:
					at = time.UnixMilli(int64(ts))
				}
				if !at.Equal(samples[n].At) || len(o.Metrics) != len(samples[n].Measures) {
					t.Fatalf("%s: object %+v of sample %+v", i.Device.ID, o, samples[n])
				}
				readings += len(o.Metrics)
			}
			i.Acknowledge(samples[taken-1].At)
		}
	}
	if readings < 700_000 || readings > 1_300_000 {
		t.Errorf("%d readings in the history of 500 residents", readings)
	}
	t.Logf("%d readings", readings)
}

func TestPayloadStopsAtLimits(t *testing.T) {
	i := countyAtWork(t, 1).Instruments()[0]
	many := make([]Sample, 3000)
	for n := range many {
		many[n] = Sample{start.Add(time.Duration(n) * time.Second), []Measure{{devices.VolumeM3, 123.456}}}
	}
	if _, taken := i.Payload(many); taken != MaxObjects {
		t.Errorf("took %d objects, want %d", taken, MaxObjects)
	}
	for n := range many {
		for range 7 {
			many[n].Measures = append(many[n].Measures, Measure{devices.DiastolicMMHg, 1.23456789012345e-15})
		}
	}
	payload, taken := i.Payload(many)
	if len(payload) > MaxPayload || taken == 0 || taken == MaxObjects || !json.Valid(payload) {
		t.Errorf("%d objects in %d bytes", taken, len(payload))
	}
}

// sendAll uploads history, as a feed would.
func sendAll(s *Simulator) {
	for _, i := range s.Instruments() {
		samples := i.Pending(s.Start(), 1<<20)
		i.Acknowledge(samples[len(samples)-1].At)
	}
}

func TestCollapseOnDailyMeterProvesADay(t *testing.T) {
	s := countyAtWork(t, 2)
	if _, _, err := s.Incident(Collapse, "", start); err == nil {
		t.Error("collapse before any history")
	}
	sendAll(s)
	now := start.Add(3 * time.Minute)
	truth, message, err := s.Incident(Collapse, "", now)
	if err != nil {
		t.Fatal(err)
	}
	if message.Payload != nil || truth.Expect != "water_inactivity" || !truth.By.Equal(now) {
		t.Errorf("truth %+v, message %s", truth, message.Payload)
	}
	i := s.Instrument(truth.Device)
	if due := i.Due(); due.After(now) {
		t.Errorf("due at %s, want at once", due)
	}
	before := i.Samples(truth.From.Add(-time.Hour), truth.From)
	samples := i.Pending(now, 1000)
	span := samples[len(samples)-1].At.Sub(truth.From)
	if len(samples) < 25 || span < 24*time.Hour || !before[len(before)-1].At.Equal(truth.From) {
		t.Errorf("%d registers over %s from %s", len(samples), span, truth.From)
	}
	for _, x := range samples {
		if x.Measures[0].Value != before[len(before)-1].Measures[0].Value {
			t.Fatalf("register moved: %v, %v", before, x)
		}
	}
	i.Acknowledge(samples[len(samples)-1].At)
	if _, _, err := s.Incident(Collapse, truth.Device, now); err == nil {
		t.Error("collapsed twice")
	}
	if _, _, err := s.Incident(Recover, truth.Device, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	later := i.Samples(now.Add(time.Hour), now.Add(25*time.Hour))
	if use := later[len(later)-1].Measures[0].Value - samples[0].Measures[0].Value; use < 0.010 || use > 0.5 {
		t.Errorf("%.3f m³ in the day after recovery", use)
	}
}

func TestLateBatchIsOrdinary(t *testing.T) {
	s := countyAtWork(t, 2)
	sendAll(s)
	truth, _, err := s.Incident(LateBatch, "", start)
	if err != nil {
		t.Fatal(err)
	}
	i := s.Instrument(truth.Device)
	samples := i.Pending(start, 1000)
	if len(samples) < 25 || truth.Expect != "" {
		t.Fatalf("%d registers, truth %+v", len(samples), truth)
	}
	if use := samples[len(samples)-1].Measures[0].Value - samples[0].Measures[0].Value; use < 0.010 {
		t.Errorf("%.3f m³ in the batch", use)
	}
	i.Acknowledge(samples[len(samples)-1].At)
	if _, _, err := s.Incident(LateBatch, truth.Device, start); err == nil {
		t.Error("a second batch at once")
	}
	if due := i.Due(); i.Daily() || due.Sub(start) > 5*time.Minute {
		t.Errorf("next upload due at %s", due)
	}
}

// TestDailyMetersKeepADay: whenever one is asked for it can prove a day, and it
// is never heard less than once a day.
func TestDailyMetersKeepADay(t *testing.T) {
	s := countyAtWork(t, 2)
	sendAll(s)
	daily := 0
	for _, i := range s.Instruments() {
		if !i.Daily() {
			continue
		}
		daily++
		heard := start
		for now := start; now.Before(start.Add(5 * 24 * time.Hour)); now = now.Add(10 * time.Minute) {
			if kept := now.Sub(i.Sent()); kept < 25*time.Hour {
				t.Fatalf("%s keeps %s of registers", i.Device.ID, kept)
			}
			if i.Due().After(now) {
				if silent := now.Sub(heard); silent > 25*time.Hour {
					t.Fatalf("%s not heard for %s", i.Device.ID, silent)
				}
				continue
			}
			samples := i.Pending(now, 1000)
			if len(samples) < 23 || len(samples) > 24 {
				t.Fatalf("%s uploads %d registers", i.Device.ID, len(samples))
			}
			i.Acknowledge(samples[len(samples)-1].At)
			heard = now
		}
	}
	if daily < 10 {
		t.Errorf("%d daily meters", daily)
	}
}

func TestBandIncidents(t *testing.T) {
	s := countyAtWork(t, 2)
	sendAll(s)
	for _, kind := range []string{SOS, Fall} {
		truth, m, err := s.Incident(kind, "", start)
		var event struct {
			TS         any
			Event      string
			BatteryPct float64 `json:"battery_pct"`
		}
		if err != nil || m.Channel != "event" || json.Unmarshal(m.Payload, &event) != nil || event.Event != kind || event.BatteryPct < 30 {
			t.Errorf("%s: %+v, %s, %v", kind, truth, m.Payload, err)
		}
		if truth.Expect != kind || !truth.By.Equal(start.Truncate(time.Second)) {
			t.Errorf("%s: %+v", kind, truth)
		}
	}
	truth, m, err := s.Incident(Fever, "", start)
	var samples []struct{ Metrics map[string]float64 }
	if err != nil || json.Unmarshal(m.Payload, &samples) != nil || len(samples) != 3 {
		t.Fatalf("fever: %+v, %s, %v", truth, m.Payload, err)
	}
	for _, x := range samples {
		if c := x.Metrics["body_temp_c"]; c < 39.1 || c > 40.4 || x.Metrics["heart_rate_bpm"] >= 131 || x.Metrics["worn"] != 1 {
			t.Errorf("fever sample %v", x.Metrics)
		}
	}
	over := s.Instrument(truth.Device).Samples(start.Add(3*time.Hour), start.Add(4*time.Hour))
	for _, x := range over {
		for _, measure := range x.Measures {
			if measure.Metric == devices.BodyTempC {
				t.Fatal("fever after two hours")
			}
		}
	}
}

func TestFallStopsSteps(t *testing.T) {
	i := countyAtWork(t, 2).Instruments()[0]
	for _, other := range countyAtWork(t, 2).Instruments() {
		if other.band != nil {
			i = other
			break
		}
	}
	noon := time.Date(2026, 11, 23, 0, 30, 0, 0, time.UTC)
	whole := i.band.steps(noon.Add(10 * time.Hour))
	during := i.band.steps(noon.Add(3*time.Hour)) - i.band.steps(noon)
	i.band.stops = append(i.band.stops, stop{from: noon, to: noon.Add(3 * time.Hour)})
	if during == 0 {
		t.Fatal("no steps to stop")
	}
	if a, b := i.band.steps(noon), i.band.steps(noon.Add(2*time.Hour)); a != b {
		t.Errorf("%d steps while lying still", b-a)
	}
	if got := i.band.steps(noon.Add(10 * time.Hour)); got != whole-during {
		t.Errorf("%d steps at the end of the day, want %d", got, whole-during)
	}
}

func TestIncidentRefusals(t *testing.T) {
	s := countyAtWork(t, 2)
	sendAll(s)
	band, meter := devices.DeviceID(""), devices.DeviceID("")
	for _, i := range s.Instruments() {
		switch {
		case i.band != nil:
			band = i.Device.ID
		case !i.Daily():
			meter = i.Device.ID
		}
	}
	for _, test := range []struct {
		kind, field string
		device      devices.DeviceID
	}{
		{"earthquake", "kind", ""}, {SOS, "device", meter}, {SOS, "device", "no/such"},
		{LateBatch, "device", band}, {LateBatch, "device", meter}, {Recover, "kind", ""},
	} {
		_, _, err := s.Incident(test.kind, test.device, start)
		var input *InputError
		if !errors.As(err, &input) || input.Field != test.field {
			t.Errorf("%s on %q: %v, want a refusal of %s", test.kind, test.device, err, test.field)
		}
	}
	if truth, _, err := s.Incident(Collapse, meter, start); err != nil || !truth.By.After(start.Add(24*time.Hour)) {
		t.Errorf("collapse of a named live meter: %+v, %v", truth, err)
	}
}

func TestResumeSendsOnlyWhatIsNew(t *testing.T) {
	s := countyAtWork(t, 2)
	s.Resume(start.Add(-time.Hour))
	for _, i := range s.Instruments() {
		samples := i.Pending(start, 1<<20)
		if i.Daily() {
			continue
		}
		if len(samples) > 13 || len(samples) > 0 && samples[0].At.Before(start.Add(-time.Hour)) {
			t.Errorf("%s: %d samples after resume", i.Device.ID, len(samples))
		}
	}
}

func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		s := countyAtWork(b, 1)
		n := 0
		for _, i := range s.Instruments() {
			samples := history(i)
			payload, _ := i.Payload(samples)
			n += len(payload)
		}
		b.SetBytes(int64(n))
	}
}

// TestMeterIncidentsShowAtOnce: a daily meter still holds the day that proves it.
func TestMeterIncidentsShowAtOnce(t *testing.T) {
	for _, test := range []struct {
		kind, expect string
		fewest, most float64 // litres in the batch
	}{
		{GoingAway, "water_inactivity", 0, 0}, {Leak, "water_leak", 300, 1000}, {Burst, "water_burst", 2100, 2600},
	} {
		s := countyAtWork(t, 2)
		sendAll(s)
		now := start.Add(3 * time.Minute)
		truth, _, err := s.Incident(test.kind, "", now)
		if err != nil || truth.Expect != test.expect || truth.By.After(now) || test.kind != Burst && now.Sub(truth.From) < 25*time.Hour {
			t.Fatalf("%s: %+v, %v", test.kind, truth, err)
		}
		i := s.Instrument(truth.Device)
		from := i.Samples(i.Sent().Add(-time.Hour), i.Sent())
		samples := i.Pending(now, 1000)
		litres := 1000 * (samples[len(samples)-1].Measures[0].Value - from[0].Measures[0].Value)
		if litres < test.fewest-1e-6 || litres > test.most+1e-6 {
			t.Errorf("%s: %.0f L in a day", test.kind, litres)
		}
		i.Acknowledge(samples[len(samples)-1].At)
		if test.kind == Burst {
			continue
		}
		if _, _, err := s.Incident(Leak, truth.Device, now); err == nil {
			t.Errorf("a leak on top of %s", test.kind)
		}
		if _, _, err := s.Incident(Recover, truth.Device, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		after := i.Samples(now.Add(2*time.Hour), now.Add(26*time.Hour))
		if use := 1000 * (after[len(after)-1].Measures[0].Value - after[0].Measures[0].Value); use < 10 || use > 350 {
			t.Errorf("%s: %.0f L in the day after recovery", test.kind, use)
		}
	}
}

func TestOffWristAndLowSpO2(t *testing.T) {
	s := countyAtWork(t, 2)
	sendAll(s)
	truth, m, err := s.Incident(LowSpO2, "", start)
	var samples []struct{ Metrics map[string]float64 }
	if err != nil || truth.Expect != "spo2" || json.Unmarshal(m.Payload, &samples) != nil || len(samples) != 3 {
		t.Fatalf("%+v, %s, %v", truth, m.Payload, err)
	}
	for _, x := range samples {
		if v := x.Metrics["spo2_pct"]; v < 80 || v > 89 || x.Metrics["worn"] != 1 {
			t.Errorf("sample %v", x.Metrics)
		}
	}
	truth, m, err = s.Incident(OffWrist, "", start)
	var event struct{ Event string }
	if err != nil || json.Unmarshal(m.Payload, &event) != nil || event.Event != "removed" {
		t.Fatalf("%+v, %s, %v", truth, m.Payload, err)
	}
	off := s.Instrument(truth.Device).Samples(start.Add(time.Minute), start.Add(13*time.Hour))
	for _, x := range off {
		if x.Measures[0] != (Measure{devices.Worn, 0}) {
			t.Fatalf("off the wrist: %+v", x)
		}
	}
	if _, _, err := s.Incident(OffWrist, truth.Device, start.Add(time.Hour)); err == nil {
		t.Error("taken off twice")
	}
	if _, _, err := s.Incident(Recover, truth.Device, start.Add(13*time.Hour)); err != nil {
		t.Fatal(err)
	}
	worn := 0.0
	for _, x := range s.Instrument(truth.Device).Samples(start.Add(13*time.Hour), start.Add(24*time.Hour)) {
		worn += x.Measures[0].Value
	}
	if worn < 400 {
		t.Errorf("worn in %.0f of 660 minutes after recovery", worn)
	}
}

func TestGatewayOutageSilencesAVillage(t *testing.T) {
	s := countyAtWork(t, 2)
	sendAll(s)
	truth, _, err := s.Incident(GatewayOutage, "", start)
	if err != nil || truth.Expect != "data_outage" {
		t.Fatalf("%+v, %v", truth, err)
	}
	village := s.Instrument(truth.Device).Device.Area
	silent, heard := 0, 0
	for _, i := range s.Instruments() {
		switch inside := i.Device.Area == village; {
		case i.Daily():
		case len(i.Pending(start.Add(time.Hour), 100)) > 0:
			heard++
			if inside || i.Due().After(start.Add(5*time.Minute)) {
				t.Errorf("%s is heard, or due at %s", i.Device.ID, i.Due())
			}
		case inside:
			silent++
			if got := len(i.Pending(truth.To, 1000)); i.Due() != truth.To || got < 24 {
				t.Errorf("%s: %d samples after the outage, due at %s", i.Device.ID, got, i.Due())
			}
		default:
			t.Errorf("%s of another village is silent", i.Device.ID)
		}
	}
	if silent < 10 || heard < 300 {
		t.Errorf("%d devices silent, %d heard", silent, heard)
	}
	if _, _, err := s.Incident(GatewayOutage, truth.Device, start.Add(time.Hour)); err == nil {
		t.Error("an outage within the outage")
	}
	if _, _, err := s.Incident(Recover, truth.Device, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, i := range s.Instruments() {
		if !i.Daily() && len(i.Pending(start.Add(time.Hour), 100)) == 0 {
			t.Fatalf("%s is silent after recovery", i.Device.ID)
		}
	}
}
