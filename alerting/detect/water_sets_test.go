package detect

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/recording"
)

type registerReading struct {
	at    time.Time
	value float64
}

// recordedMeters are the registers of a recording, in order of time. The test is
// skipped where the recordings are absent.
func recordedMeters(t *testing.T, name string) map[devices.DeviceID][]registerReading {
	t.Helper()
	if testing.Short() {
		t.Skip("reads 600 000 readings")
	}
	rec, err := recording.Load(filepath.Join("..", "..", "..", "shared", "data", name, "readings.csv.gz"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("NOT TESTED: the recording %s is absent", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	meters := map[devices.DeviceID][]registerReading{}
	for r := range rec.All() {
		if r.Metric == devices.VolumeM3 {
			id := devices.DeviceID(r.Device)
			meters[id] = append(meters[id], registerReading{r.At, r.Value})
		}
	}
	return meters
}

// judgedMeters gives all findings of WaterUse that are not recoveries, and the
// months they come from.
func judgedMeters(meters map[devices.DeviceID][]registerReading) (found map[devices.DeviceID][]alerting.Finding, months float64) {
	found = map[devices.DeviceID][]alerting.Finding{}
	for id, list := range meters {
		d, v := &WaterUse{}, alerting.View{Rules: alerting.DefaultRules()}
		for _, r := range list {
			v.Now = r.at
			for _, f := range d.Observe(&v, &devices.Reading{Device: id, Metric: devices.VolumeM3, Value: r.value, At: r.at, Received: r.at}) {
				if !f.Recovered {
					found[id] = append(found[id], f)
				}
			}
		}
		months += list[len(list)-1].at.Sub(list[0].at).Hours() / 24 / 30.4
	}
	return found, months
}

// between are the readings from one time to another, both included.
func between(list []registerReading, from, to time.Time) []registerReading {
	lo, _ := slices.BinarySearchFunc(list, from.Truncate(time.Second), func(r registerReading, t time.Time) int { return r.at.Compare(t) })
	hi, _ := slices.BinarySearchFunc(list, to.Add(time.Second), func(r registerReading, t time.Time) int { return r.at.Compare(t) })
	return list[lo:hi]
}

// The evidence of every alert on 87 real meters in a year, against the recorded
// registers: a leak is a stretch in which no hour was without use, a burst and a
// day of high use have the litres they say.
func TestEvidenceOnDAIAD(t *testing.T) {
	meters := recordedMeters(t, "water-daiad")
	found, months := judgedMeters(meters)
	count := map[alerting.Kind]int{}
	for id, list := range found {
		for _, f := range list {
			count[f.Kind]++
			from, to := f.Episode, f.FoundAt
			raw := between(meters[id], from, to)
			if f.Kind == alerting.KindRoutineChange {
				continue
			}
			if len(raw) < 2 || !raw[0].at.Truncate(time.Second).Equal(from) {
				t.Errorf("%s %s: %d readings from %v to %v", id, f.Kind, len(raw), from, to)
				continue
			}
			used := (raw[len(raw)-1].value - raw[0].value) * 1000
			if said := f.Evidence["used_l"].(float64); f.Evidence["proven_h"] == nil && math.Abs(used-said) > 5 && used < said {
				t.Errorf("%s %s from %v: %v L said, %.0f used", id, f.Kind, from, said, used)
			}
			if f.Kind != alerting.KindWaterLeak {
				continue
			}
			known := time.Duration(0)
			for i := 1; i < len(raw); i++ {
				step, span := (raw[i].value-raw[i-1].value)*1000, raw[i].at.Sub(raw[i-1].at)
				if span > 125*time.Minute {
					continue
				}
				known += span
				if step < 0.5 && span > 48*time.Minute {
					t.Errorf("%s: a leak from %v to %v, and no use in the hour to %v", id, from, to, raw[i].at)
				}
			}
			if known < 24*time.Hour-10*time.Minute {
				t.Errorf("%s: a leak from %v, with %v known", id, from, known)
			}
		}
	}
	for kind, most := range map[alerting.Kind]float64{
		alerting.KindWaterLeak: 0.2, alerting.KindWaterBurst: 0.06, alerting.KindWaterHighUse: 0.08, alerting.KindRoutineChange: 0.35,
	} {
		perMonth := float64(count[kind]) / months
		t.Logf("%s: %d in %.0f home-months, %.3f a home-month", kind, count[kind], months, perMonth)
		if perMonth > most || count[kind] == 0 {
			t.Errorf("%s: %.3f a home-month, want some and at most %v", kind, perMonth, most)
		}
	}
}

// One person in a flat without a leak, at one-minute resolution.
func TestNoLeakInASoundFlat(t *testing.T) {
	found, months := judgedMeters(recordedMeters(t, "water-weusedto"))
	for id, list := range found {
		for _, f := range list {
			if f.Kind != alerting.KindRoutineChange {
				t.Errorf("%s: %s from %v, %v", id, f.Kind, f.Episode, f.Evidence)
			} else {
				t.Logf("%s: %v", id, f.Evidence)
			}
		}
	}
	if months < 11 {
		t.Errorf("only %.1f months", months)
	}
}
