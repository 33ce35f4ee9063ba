package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func waterUse(t *testing.T) *bench {
	return resident(t, func() alerting.Detector { return &WaterUse{} })
}

// uses says what was used in each hour from the given one on; the register has a
// resolution of one litre, or of that many.
func (b *bench) uses(from int, litres ...float64) { b.usesOf(1, from, litres...) }

func (b *bench) usesOf(stepL float64, from int, litres ...float64) {
	b.t.Helper()
	if b.meterL == 0 {
		b.meterL = 123_000
		b.say(time.Duration(from)*time.Hour, devices.VolumeM3, b.meterL/1000)
	}
	for i, l := range litres {
		b.meterL += l
		b.say(time.Duration(from+i+1)*time.Hour, devices.VolumeM3, math.Floor(b.meterL/stepL)*stepL/1000)
	}
}

// senior are the litres of a day (UTC) of somebody in China who rises at six,
// 22:00 UTC, and goes to bed at nine, 13:00 UTC.
var senior = []float64{12, 4, 8, 10, 0, 6, 0, 7, 3, 12, 6, 4, 9, 1, 0, 0, 6, 0, 0, 6, 0, 0, 9, 14}

// lives lets days of ordinary life pass, the first beginning at the hour; no two
// are alike.
func (b *bench) lives(from, days int) {
	b.t.Helper()
	noise := rand.New(rand.NewPCG(7, uint64(from)))
	for d := range days {
		day := make([]float64, 24)
		for h, l := range senior {
			if l > 0 {
				day[h] = math.Round(l * (0.5 + noise.Float64()))
			}
		}
		b.uses(from+24*d, day...)
	}
}

func constant(n int, litres float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = litres
	}
	return all
}

func TestAFlowThatNeverStopsForADayIsALeak(t *testing.T) {
	b := waterUse(t)
	b.uses(0, constant(23, 5)...)
	b.want()
	b.uses(23, 40, 5, 5)
	b.want("yellow water_leak")
	f := b.findings[0]
	if !f.Episode.Equal(monday) || !f.FoundAt.Equal(monday.Add(24*time.Hour)) {
		t.Errorf("from %v, found %v", f.Episode, f.FoundAt)
	}
	b.uses(26, constant(100, 5)...)
	b.want("yellow water_leak")
	b.uses(126, 0)
	b.want("yellow water_leak", "recovered water_leak")
	b.uses(127, constant(23, 5)...)
	b.want("yellow water_leak", "recovered water_leak")
	b.uses(150, 5)
	b.want("yellow water_leak", "recovered water_leak", "yellow water_leak")
}

func TestADripTakesTwoDays(t *testing.T) {
	b := waterUse(t)
	for d := range 2 {
		for h, l := range senior {
			if d*24+h == 47 {
				b.want()
			}
			b.uses(d*24+h, l+1)
		}
	}
	b.want("yellow water_leak")
	if got := b.findings[0].Evidence["least_l_per_h"].(float64); got < 0.9 || got > 3.5 {
		t.Errorf("least flow %v L/h", got)
	}
}

func TestLifeIsNoLeak(t *testing.T) {
	b := waterUse(t)
	b.lives(0, 40)
	b.want()
	b = waterUse(t) // somebody who uses water in every hour but one
	for d := range 10 {
		b.uses(24*d, constant(23, 31)...)
		b.uses(24*d+23, 0)
	}
	b.want()
}

func TestHoursInAGapProveNoLeak(t *testing.T) {
	b := waterUse(t)
	b.uses(0, constant(20, 5)...)
	b.meterL += 40 // five hours without readings
	b.uses(24, 5, 5, 5, 5)
	b.want()
	b.uses(28, 5) // the 24th hour of which something is known
	if f := b.findings[0]; !f.FoundAt.Equal(monday.Add(29 * time.Hour)) {
		t.Errorf("found %v", f.FoundAt)
	}
	b = waterUse(t)
	b.uses(0, constant(20, 5)...)
	b.meterL += 3 // too little for a leak that goes on
	b.uses(24, constant(20, 5)...)
	b.want()
	b.uses(44, 5, 5, 5)
	b.want()
	b.uses(47, 5, 5)
	b.want("yellow water_leak")

	b = waterUse(t) // more gap than knowledge
	b.uses(0, constant(10, 5)...)
	b.meterL += 100
	b.uses(29, constant(13, 5)...)
	b.want()
}

func TestLostReadingsThatComeLateAreCounted(t *testing.T) {
	b := waterUse(t)
	b.say(0, devices.VolumeM3, 1)
	at := func(h int) { b.late(time.Duration(h)*time.Hour, 30*time.Hour, devices.VolumeM3, 1+float64(h)*0.005) }
	for h := 1; h <= 28; h++ {
		if h < 8 || h > 16 {
			at(h)
		}
	}
	b.want()
	for h := 16; h >= 8; h-- {
		at(h)
		at(h) // twice
	}
	b.want("yellow water_leak")
}

func TestALeakOnAMeterOfTenLitres(t *testing.T) {
	for _, c := range []struct {
		perHour float64
		within  int // hours, 0: it cannot be shown
	}{{20, 25}, {12, 25}, {7, 50}, {2, 0}} {
		b := waterUse(t)
		b.lives(0, 1)
		b = waterUse(t)
		var found int
		for h := range 24 * 6 {
			b.usesOf(10, h, c.perHour)
			if len(b.findings) > 0 && found == 0 {
				found = h + 1
			}
		}
		if (found > 0) != (c.within > 0) || found > c.within {
			t.Errorf("%v L/h: found after %d h, want %d", c.perHour, found, c.within)
		}
	}
}

func TestDenseReadingsAreMergedIntoHours(t *testing.T) {
	b := waterUse(t)
	litres := 1000.0
	for i := range 25 * 60 { // one a minute, three litres an hour
		litres += 0.05
		b.say(time.Duration(i)*time.Minute, devices.VolumeM3, math.Floor(litres)/1000)
	}
	b.want("yellow water_leak")
	if got := b.findings[0].FoundAt.Sub(monday); got < 23*time.Hour || got > 25*time.Hour {
		t.Errorf("found after %v", got)
	}
	if n := len(b.detector.(*WaterUse).meters[0].use.cells); n > 27 {
		t.Errorf("%d cells", n)
	}
	for i := range 70 { // and an hour without
		b.say(25*time.Hour+time.Duration(i)*time.Minute, devices.VolumeM3, math.Floor(litres)/1000)
	}
	b.want("yellow water_leak", "recovered water_leak")
}

func TestABurst(t *testing.T) {
	b := waterUse(t) // a home that is not known yet
	b.uses(0, 0, 10, 300, 300)
	b.want()
	b.uses(4, 900)
	b.want("orange water_burst", "yellow water_high_use")

	b = waterUse(t)
	b.lives(0, 21)
	b.uses(21*24, 60, 80, 120)
	b.want()
	b.uses(21*24+3, 400)
	b.want("orange water_burst", "yellow water_high_use")
	b.uses(21*24+4, 400, 400)
	b.uses(21*24+6, 0, 0, 3)
	b.want("orange water_burst", "yellow water_high_use", "recovered water_burst")
}

func TestWhatIsUsedOftenIsNoBurst(t *testing.T) {
	b := waterUse(t)
	b.lives(0, 15)
	bursts := 0
	for d := range 20 { // the garden, every evening from now on
		b.lives(15*24+24*d, 1)
		b.meterL += 0
		b.uses(15*24+24*d+24, 350)
		b.meterL += 0
	}
	for _, f := range b.findings {
		if f.Kind == alerting.KindWaterBurst && !f.Recovered {
			bursts++
		}
	}
	if bursts == 0 || bursts > 3 {
		t.Errorf("%d bursts in 20 evenings of the garden", bursts)
	}
}

func TestATapThatRunsAtNight(t *testing.T) {
	night := []float64{45, 45, 45}
	b := waterUse(t)
	b.lives(0, 20)
	b.uses(20*24, senior[:17]...)
	b.uses(20*24+17, night[:2]...)
	b.want()
	b.uses(20*24+19, night[2])
	b.want("orange water_burst")

	b = waterUse(t) // at noon it is the laundry
	b.lives(0, 20)
	b.uses(20*24, senior[:4]...)
	b.uses(20*24+4, night...)
	b.want()
}

func TestHighUse(t *testing.T) {
	b := waterUse(t)
	b.uses(0, 100, 200, 300, 200, 100, 90)
	b.want()
	b.uses(6, 20)
	b.want("yellow water_high_use")
	b.uses(7, constant(17, 0)...)
	b.want("yellow water_high_use")
	b.uses(24, constant(12, 0)...)
	b.want("yellow water_high_use", "recovered water_high_use")

	b = waterUse(t) // far more than this home's days, though less than 1000 L
	b.lives(0, 20)
	b.uses(20*24, 120, 90, 130, 120, 0, 140, 60)
	b.want("yellow water_high_use")
	if e := b.findings[0].Evidence; e["limit_l"].(float64) >= 700 || e["ample_day_l"].(float64) < 100 {
		t.Errorf("evidence %v", e)
	}
}

func TestAResetAndAGarbledRegisterAreNoUse(t *testing.T) {
	b := waterUse(t)
	b.lives(0, 20)
	was := b.meterL
	b.meterL += 248_000
	b.uses(480, 3)
	b.meterL = was
	b.uses(481, 3, 2, 0, 4)
	b.meterL = 500 // a new meter
	b.uses(485, 3, 5)
	b.want()
}

func TestTwoMetersAreJudgedEachByItself(t *testing.T) {
	b := waterUse(t)
	for h := range 26 {
		b.view.Now = monday.Add(time.Duration(h) * time.Hour)
		for i, value := range []float64{5, 7 + float64(h)*0.004} {
			b.restart()
			b.findings = append(b.findings, b.detector.Observe(&b.view, &devices.Reading{
				Device: devices.DeviceID(fmt.Sprintf("acme/d%d", i)), Metric: devices.VolumeM3, Value: value, At: b.view.Now, Received: b.view.Now,
			})...)
		}
	}
	b.want("yellow water_leak")
	if b.findings[0].Evidence["device"] != "acme/d1" {
		t.Errorf("evidence %v", b.findings[0].Evidence)
	}
}

// What is kept of a register must be all of it.
func TestTheSavedRegisterIsWhole(t *testing.T) {
	if n := reflect.TypeFor[devices.Register]().NumField(); n != 6 {
		t.Errorf("a register has %d fields, 6 are saved: see writer.register", n)
	}
}

// A year of one made-up home with everything in it, with and without a restart
// before every reading: the same findings, and a small state.
func TestRestartsChangeNothingAboutWater(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	whole, pieces := &WaterUse{}, waterUse(t)
	litres, largest := 50_000.0, 0
	var want []alerting.Finding
	for h := range 24 * 120 {
		at := monday.Add(time.Duration(h) * time.Hour)
		litres += math.Round(senior[h%24] * chance.Float64() * 2)
		switch day := h / 24; {
		case day > 30 && day < 34:
			litres += 4
		case day == 40 && h%24 < 3:
			litres += 500
		case day > 60 && chance.IntN(3) == 0:
			litres += 8
		}
		if h == 24*80 {
			litres = 20
		}
		if chance.IntN(20) == 0 {
			continue
		}
		r := devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at}
		if chance.IntN(30) == 0 {
			r.At = at.Add(-90 * time.Minute)
		}
		pieces.view.Now = at
		want = append(want, whole.Observe(&pieces.view, &r)...)
		state, err := pieces.detector.Save()
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(state))
		pieces.restart()
		pieces.findings = append(pieces.findings, pieces.detector.Observe(&pieces.view, &r)...)
	}
	if len(want) < 5 {
		t.Errorf("only %d findings", len(want))
	}
	if !reflect.DeepEqual(want, pieces.findings) {
		t.Errorf("without restarts %d findings, with them %d", len(want), len(pieces.findings))
	}
	if largest > 1200 {
		t.Errorf("a state of %d bytes", largest)
	}
	t.Logf("%d findings, a state of at most %d bytes", len(want), largest)
}

// What is saved comes back to the last bit, whatever the values.
func TestNumbersAreSavedExactly(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		v := chance.Float64() * math.Pow(10, float64(chance.IntN(12)-3))
		if chance.IntN(2) == 0 {
			v = math.Round(v*1e5) / 1e5
		}
		last := chance.Int64N(1 << 40)
		w := writer{}
		n := w.scaled(v, 1e5, last)
		r := reader{buf: w.buf}
		got, m := r.scaled(1e5, last)
		if got != v || m != n || r.bad || len(r.buf) > 0 {
			t.Fatalf("%v came back as %v", v, got)
		}
	}
}

func FuzzWaterUseState(f *testing.F) {
	d := &WaterUse{}
	v := alerting.View{Rules: alerting.DefaultRules()}
	for h := range 60 {
		at := monday.Add(time.Duration(h) * time.Hour)
		d.Observe(&v, &devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: float64(h) / 100, At: at})
	}
	state, err := d.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state)
	f.Add([]byte("[]"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var d WaterUse
		if d.Restore(b) != nil {
			return
		}
		for h := range 3 {
			at := monday.Add(time.Duration(h) * time.Hour)
			d.Observe(&v, &devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: float64(h), At: at})
		}
	})
}

func BenchmarkWaterUse(b *testing.B) {
	v := alerting.View{Rules: alerting.DefaultRules()}
	d, litres := &WaterUse{}, 100_000.0
	at := monday
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Hour)
		v.Now = at
		litres += senior[i%24]
		d.Observe(&v, &devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}

func BenchmarkWaterUseSave(b *testing.B) {
	v := alerting.View{Rules: alerting.DefaultRules()}
	d := &WaterUse{}
	for i := range 24 * 30 {
		at := monday.Add(time.Duration(i) * time.Hour)
		d.Observe(&v, &devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: float64(i*(1+i%3)) / 1000, At: at})
	}
	for b.Loop() {
		state, err := d.Save()
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Restore(state); err != nil {
			b.Fatal(err)
		}
	}
}
