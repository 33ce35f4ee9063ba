package detect

import (
	"bytes"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/recording"
	"shouwang/devices/simulate/household"
)

// wearers makes up people with bands, and hands all they send to fn in order of
// receipt, with the readings of one packet in the order the engine gives them.
func wearers(t *testing.T, people, days int, fn func(person int, r devices.Reading)) {
	t.Helper()
	o := household.Defaults()
	o.Seed, o.Homes, o.Wearers, o.Days = 99, 0, people, days
	set, err := household.New(o)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := set.WriteReadings(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	in, err := recording.NewReader(&text)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	var packet []devices.Reading
	flush := func() {
		rank := func(m devices.Metric) int {
			return slices.Index([]devices.Metric{devices.HeartRateBPM, devices.Worn}, m)
		}
		slices.SortStableFunc(packet, func(a, b devices.Reading) int { return rank(b.Metric) - rank(a.Metric) })
		for _, r := range packet {
			fn(names[string(r.Device)], r)
		}
		packet = packet[:0]
	}
	for {
		row, err := in.Read()
		if err == io.EOF { //nolint:errorlint // the reader says so itself
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(row.Metric), "event_") {
			continue
		}
		if _, ok := names[row.Device]; !ok {
			names[row.Device] = len(names)
		}
		r := devices.Reading{Device: devices.DeviceID(row.Device), Metric: row.Metric, Value: row.Value, At: row.At, Received: row.Received}
		if len(packet) > 0 && (packet[0].Device != r.Device || !packet[0].At.Equal(r.At)) {
			flush()
		}
		packet = append(packet, r)
	}
	flush()
}

// worn is one person's detectors of the band.
type worn struct {
	resident, device []alerting.Detector
	findings         []alerting.Finding
}

func newWorn() *worn {
	return &worn{
		resident: []alerting.Detector{&Calls{}, &Vitals{}, &Trend{}, &Position{}}, device: []alerting.Detector{&NotWorn{}},
	}
}

func (w *worn) observe(rules *alerting.Rules, r devices.Reading) {
	v := alerting.View{Now: r.Received, Subject: alerting.ResidentSubject("r1"), Resident: &devices.Resident{ID: "r1"}, Rules: rules}
	for _, d := range w.resident {
		w.findings = append(w.findings, d.Observe(&v, &r)...)
	}
	v.Subject, v.Device = alerting.DeviceSubject(r.Device), &devices.Device{ID: r.Device, Kind: devices.Wristband}
	for _, d := range w.device {
		w.findings = append(w.findings, d.Observe(&v, &r)...)
	}
}

// save is the size of the state; the detectors go on from what was saved.
func (w *worn) save(t *testing.T) int {
	t.Helper()
	size, fresh := 0, newWorn()
	for i, d := range slices.Concat(w.resident, w.device) {
		state, err := d.Save()
		if err != nil {
			t.Fatal(err)
		}
		size += len(state)
		if err := slices.Concat(fresh.resident, fresh.device)[i].Restore(state); err != nil {
			t.Fatal(err)
		}
	}
	w.resident, w.device = fresh.resident, fresh.device
	return size
}

// People who are well, two of them away from time to time, with artefacts,
// charging, bands taken off at night and backlogs in any order: hardly an alarm.
func TestPeopleWhoAreWellAreLeftAlone(t *testing.T) {
	const people, days = 25, 60
	all := make([]*worn, people)
	for i := range all {
		all[i] = newWorn()
	}
	rules := alerting.DefaultRules()
	wearers(t, people, days, func(person int, r devices.Reading) { all[person].observe(rules, r) })
	count, most := map[alerting.Kind]float64{}, 0
	for _, w := range all {
		for _, f := range w.findings {
			if !f.Recovered && !f.More {
				count[f.Kind] += 30.4 / (people * days)
			}
		}
		most = max(most, w.save(t))
	}
	t.Logf("alerts a month: %v; states of at most %d bytes", count, most)
	vital := count[alerting.KindHeartRate] + count[alerting.KindSpO2] + count[alerting.KindBodyTemp]
	if vital > 0.5 || count[alerting.KindVitalTrend] > 0.25 || count[alerting.KindWandering] > 0.1 || count[alerting.KindGeofence] > 0 {
		t.Errorf("%v", count)
	}
}

// However often the service is stopped and started, it finds the same.
func TestRestartsChangeNothingAboutBands(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 8))
	rules := alerting.DefaultRules()
	rules.Vitals.HeartRate.High, rules.Vitals.SpO2.Low, rules.Vitals.Trend.Z = 105, 94, 1.5 // to find a lot
	rules.Position.FenceM = 500
	steady, stopped := newWorn(), newWorn()
	most := 0
	wearers(t, 1, 40, func(_ int, r devices.Reading) {
		steady.observe(rules, r)
		stopped.observe(rules, r)
		if random.IntN(5) == 0 {
			most = max(most, stopped.save(t))
		}
	})
	if !reflect.DeepEqual(steady.findings, stopped.findings) {
		t.Errorf("%d findings without restarts, %d with", len(steady.findings), len(stopped.findings))
	}
	t.Logf("%d findings, states of at most %d bytes", len(steady.findings), most)
	if len(steady.findings) < 20 {
		t.Errorf("only %d findings: this proves little", len(steady.findings))
	}
}
