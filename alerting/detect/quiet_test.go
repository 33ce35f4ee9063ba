package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// A hand that moves or is cold shows a saturation that is far lower once and back at
// once. Two of them with a good one between are no low saturation; two on end are,
// and as early as ever.
func TestASingleDipOfSaturationIsNoValidSample(t *testing.T) {
	const quarter = 15 * time.Minute
	for name, c := range map[string]struct {
		values []float64
		want   int // the sample that confirms, -1 for none
	}{
		"two dips, one good between":         {[]float64{97, 82, 98, 84, 97, 96}, -1},
		"a dip and another an hour after":    {[]float64{97, 79, 97, 97, 80, 97}, -1},
		"low and stays":                      {[]float64{97, 86, 85, 86}, 2},
		"falls and falls":                    {[]float64{97, 88, 77, 76}, 3}, // 88 and 77 do not prove one another
		"a dip before it begins":             {[]float64{97, 79, 97, 86, 85}, 4},
		"swings about the bound":             {[]float64{94, 90, 93, 90, 93}, 3}, // no dips: the fall is small
		"comes back after more than an hour": {[]float64{97, 84}, -1},
	} {
		b := vitals(t)
		got := -1
		for i, x := range c.values {
			if len(b.say(time.Duration(i)*quarter, devices.SpO2Pct, x)) > 0 && got < 0 {
				got = i
			}
		}
		if got != c.want {
			t.Errorf("%s: confirmed by sample %d, want %d", name, got, c.want)
		}
	}
	b := vitals(t) // hours apart, nobody knows how long it was low
	for i, x := range []float64{97, 84, 97, 85} {
		b.say(time.Duration(i)*40*time.Minute, devices.SpO2Pct, x)
	}
	b.want("orange spo2")
}

// Many sleep at 38 and are well. By day, and while the counter of steps does not
// prove that they sleep, the bound is that of NEWS2.
func TestAPulseOfSleepIsHeldToTheLeastPersonalBound(t *testing.T) {
	night := 17 * time.Hour // 01:00 by the wearer's clock
	for name, c := range map[string]struct {
		at    time.Duration
		steps float64 // of each five minutes
		known bool    // that the counter stands
		heart float64
		want  []string
	}{
		"asleep":                      {night, 0, true, 38, nil},
		"asleep, and far too slow":    {night, 0, true, 35, []string{"orange heart_rate"}},
		"at night, nobody counts":     {night, 0, false, 38, []string{"orange heart_rate"}},
		"at night, and walks":         {night, 9, true, 38, []string{"orange heart_rate"}},
		"sits still in the afternoon": {6 * time.Hour, 0, true, 38, []string{"orange heart_rate"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wearing{bench: vitals(t), at: c.at}
			for range 12 {
				if c.known {
					w.packet(56, c.steps)
				} else {
					w.at += step
					w.say(w.at, devices.HeartRateBPM, 56)
				}
			}
			for range 4 {
				if c.known {
					w.packet(c.heart, c.steps)
				} else {
					w.at += step
					w.say(w.at, devices.HeartRateBPM, c.heart)
				}
			}
			w.want(c.want...)
			if len(w.findings) > 0 && c.heart == 35 && (w.findings[0].Evidence["low"] != 35.0 || w.findings[0].Evidence["low_general"] != 40.0) {
				t.Errorf("evidence %v", w.findings[0].Evidence)
			}
		})
	}
}

// Of somebody who is known never to have a slow pulse, 38 asleep is news.
func TestASlowSleepOfSomebodyWhoNeverHadOne(t *testing.T) {
	w := &wearing{bench: vitals(t)}
	for range 9 * 24 * 12 { // nine days at 62
		w.packet(62, 0)
	}
	w.at = 9*24*time.Hour + 17*time.Hour
	for range 4 {
		w.packet(62, 0)
	}
	for range 3 {
		w.packet(38, 0)
	}
	w.want("orange heart_rate")
}

func TestWhoSleepsWithoutTheBandIsGivenALongNight(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &NotWorn{} })
	const day = 24 * time.Hour
	off := func(at, long time.Duration) { // the flag, every half-hour
		for x := time.Duration(0); x < long; x += 30 * time.Minute {
			b.say(at+x, devices.Worn, 0)
		}
		b.say(at+long, devices.Worn, 1)
	}
	evening := 11*time.Hour + 30*time.Minute // 19:30 by the wearer's clock
	off(evening, 13*time.Hour)               // nobody knows the habit yet
	b.want("blue not_worn", "recovered not_worn")
	for d := range 3 {
		off(time.Duration(d+1)*day+evening, 11*time.Hour)
	}
	off(4*day+evening, 13*time.Hour+30*time.Minute) // a long night
	b.want("blue not_worn", "recovered not_worn")
	off(6*day+evening, 15*time.Hour) // no night is so long
	b.want("blue not_worn", "recovered not_worn", "blue not_worn", "recovered not_worn")
	if got := b.findings[2].Evidence["limit_h"]; got != 14.0 {
		t.Errorf("a limit of %v h", got)
	}
	off(8*day, 13*time.Hour) // forgotten in the morning
	b.want("blue not_worn", "recovered not_worn", "blue not_worn", "recovered not_worn", "blue not_worn", "recovered not_worn")
}

// Who charges the band every third evening need not be told at noon.
func TestALowBandIsLeftToTheHourAtWhichItIsCharged(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/b1"), func() alerting.Detector { return &Battery{} })
	b.view.Device = &devices.Device{ID: "acme/b1", Kind: devices.Wristband}
	const day, evening = 24 * time.Hour, 11 * time.Hour
	// spell is a time between two charges: the charge falls in a straight line to low
	// at a time, then by each an hour until it is charged.
	spell := func(from, lowAt, to time.Duration, low, each float64) {
		for i, pct := range []float64{50, 80, 98} {
			b.say(from+time.Duration(i)*20*time.Minute, devices.BatteryPct, pct)
		}
		for at := from + time.Hour; at < to; at += time.Hour {
			pct := 98 - (98-low)*float64(at-from)/float64(lowAt-from)
			if at > lowAt {
				pct = low - each*(at-lowAt).Hours()
			}
			b.say(at, devices.BatteryPct, max(pct, 1))
		}
	}
	for n := range time.Duration(5) { // in time
		spell(evening+2*n*day, evening+2*(n+1)*day, evening+2*(n+1)*day, 40, 0)
	}
	b.want()
	// At 10 % at noon, and good until late at night: the wearer is left alone.
	noon := 4 * time.Hour
	spell(10*day+evening, 16*day+noon, 16*day+evening, 10, 0.6)
	b.want()
	// The same, and it is forgotten.
	spell(16*day+evening, 22*day+noon, 22*day+evening+2*time.Hour, 10, 0.6)
	b.want()
	b.say(22*day+evening+3*time.Hour, devices.BatteryPct, 4)
	b.want("blue low_battery")
	// It is used up long before the evening: that cannot wait.
	spell(22*day+evening+4*time.Hour, 24*day+evening+4*time.Hour, 24*day+evening+6*time.Hour, 10, 2)
	b.want("blue low_battery", "recovered low_battery", "blue low_battery")
}

// Two waking minutes of a night without the band are no fever.
func TestAFewWakingMinutesAreNoNight(t *testing.T) {
	for name, c := range map[string]struct {
		samples int
		rise    float64
		want    bool
	}{
		"a whole night": {60, 5, true}, "ten minutes": {4, 5, false}, "ten minutes, far too fast": {4, 14, true}, "one sample": {1, 14, false},
	} {
		b := resident(t, func() alerting.Detector { return &Trend{} })
		for n := range 24 {
			w := &wearing{bench: b, at: time.Duration(n)*24*time.Hour + 16*time.Hour}
			beats, samples := 60.0+float64(n%2), 60
			if n >= 22 {
				beats, samples = 60+c.rise, c.samples
			}
			w.packet(-1, 0)
			w.repeat(samples, beats, 0)
		}
		w := &wearing{bench: b, at: 24*24*time.Hour + 2*time.Hour}
		w.packet(70, 20)
		found := false
		for _, f := range b.findings {
			found = found || f.Kind == alerting.KindVitalTrend && !f.Recovered
		}
		if found != c.want {
			t.Errorf("%s: found %v", name, found)
		}
	}
}
