package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// villageOf lets the homes of a village live for some days: hourly registers, use
// by day with the chance given. uses says whether there is water for a home then.
type villageOf struct {
	homes int
	days  int
	wet   func(home int, at time.Time) bool
	tempC float64
}

func (o villageOf) run(t *testing.T, seed uint64) []alerting.Finding {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 5))
	var d alerting.Detector = &VillageWater{}
	v := alerting.View{Subject: alerting.VillageWater("a/b/c"), Rules: alerting.DefaultRules()}
	registers := make([]float64, o.homes)
	var found []alerting.Finding
	for hour := range o.days * 24 {
		if state, err := d.Save(); err != nil {
			t.Fatal(err)
		} else if d = (&VillageWater{}); len(state) > 0 {
			if err := d.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		for home := range registers {
			at := monday.Add(time.Duration(hour)*time.Hour + time.Duration(home*3)*time.Minute)
			chance := 0.5
			if at.Hour() < 6 {
				chance = 0.05
			}
			if r.Float64() < chance && o.wet(home, at) {
				registers[home] += float64(1+r.IntN(20)) / 1000
			}
			v.Now = at
			id := devices.DeviceID(fmt.Sprintf("v/m%03d", home))
			if o.tempC != 0 {
				found = append(found, d.Observe(&v, &devices.Reading{Device: id, Metric: devices.WaterTempC, Value: o.tempC, At: at, Received: at})...)
			}
			found = append(found, d.Observe(&v, &devices.Reading{Device: id, Metric: devices.VolumeM3, Value: registers[home], At: at, Received: at})...)
		}
	}
	return found
}

func TestAWaterCutIsSeen(t *testing.T) {
	cut := monday.Add(10*24*time.Hour + 9*time.Hour)
	back := cut.Add(20 * time.Hour)
	for _, tc := range []struct {
		name  string
		tempC float64
		cause string
	}{{"by day", 0, "water_cut"}, {"in frost", 0.5, "frost"}} {
		t.Run(tc.name, func(t *testing.T) {
			o := villageOf{homes: 20, days: 13, tempC: tc.tempC, wet: func(home int, at time.Time) bool {
				return home == 7 || at.Before(cut) || at.After(back) // one has a tank
			}}
			found := o.run(t, 1)
			if len(found) != 2 || found[0].Recovered || !found[1].Recovered {
				t.Fatalf("found %v", found)
			}
			f := found[0]
			if delay := f.KnownAt.Sub(cut); delay > 8*time.Hour {
				t.Errorf("seen %s after the water stopped", delay)
			}
			if f.Evidence["cause"] != tc.cause || f.Severity != alerting.Orange {
				t.Errorf("%s %v", f.Severity, f.Evidence)
			}
			if late := found[1].KnownAt.Sub(back); late > 12*time.Hour {
				t.Errorf("over %s after the water was back", late)
			}
			t.Logf("seen %s after, over %s after; %v", f.KnownAt.Sub(cut), found[1].KnownAt.Sub(back), f.Evidence)
		})
	}
}

func TestWhatIsNoWaterCut(t *testing.T) {
	for name, o := range map[string]villageOf{
		"ordinary months":   {homes: 12, days: 120, wet: func(int, time.Time) bool { return true }},
		"nine homes":        {homes: 9, days: 14, wet: func(_ int, at time.Time) bool { return at.Before(monday.AddDate(0, 0, 12)) }},
		"four of five away": {homes: 20, days: 14, wet: func(home int, at time.Time) bool { return home < 4 || at.Before(monday.AddDate(0, 0, 12)) }},
		"not yet learnt":    {homes: 20, days: 1, wet: func(_ int, at time.Time) bool { return at.Hour() < 9 }},
	} {
		t.Run(name, func(t *testing.T) {
			if found := o.run(t, 3); len(found) != 0 {
				t.Errorf("found %v", found)
			}
		})
	}
}
