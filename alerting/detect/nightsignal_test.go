package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// The published algorithm in its own words: a red alert after two nights on end
// whose mean lies four or more above the median of all nights up to each, a
// yellow one for three, one missing night between two measured ones filled with
// their mean.
func TestNightSignalAsDescribed(t *testing.T) {
	for name, c := range map[string]struct {
		means []byte
		want  []nightLevel
	}{
		"steady":                     {[]byte{60, 61, 60, 62, 61}, []nightLevel{0, 0, 0, 0, 0}},
		"one night high is not two":  {[]byte{60, 60, 60, 60, 70, 60}, []nightLevel{0, 0, 0, 0, 0, 0}},
		"two nights four above":      {[]byte{60, 60, 60, 60, 64, 64, 60}, []nightLevel{0, 0, 0, 0, 0, 2, 0}},
		"two nights three above":     {[]byte{60, 60, 60, 60, 63, 63, 60}, []nightLevel{0, 0, 0, 0, 0, 1, 0}},
		"red then yellow":            {[]byte{60, 60, 60, 60, 60, 64, 64, 63, 63}, []nightLevel{0, 0, 0, 0, 0, 0, 2, 1, 1}},
		"yellow night, red night":    {[]byte{60, 60, 60, 60, 63, 70, 70}, []nightLevel{0, 0, 0, 0, 0, 1, 2}},
		"two above are none":         {[]byte{60, 60, 60, 60, 62, 62}, []nightLevel{0, 0, 0, 0, 0, 0}},
		"a gap of one is filled":     {[]byte{60, 60, 60, 60, 65, 0, 65}, []nightLevel{0, 0, 0, 0, 0, 0, 2}},
		"… with high neighbours":     {[]byte{60, 60, 60, 60, 60, 60, 65, 65, 0, 65}, []nightLevel{0, 0, 0, 0, 0, 0, 0, 2, 0, 2}},
		"a gap of two is not":        {[]byte{60, 60, 60, 60, 60, 60, 65, 0, 0, 65}, []nightLevel{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		"half a beat is cut off":     {[]byte{60, 61, 64, 64}, []nightLevel{0, 0, 0, 0}},
		"the median moves with them": {[]byte{60, 60, 70, 70, 70, 70, 70}, []nightLevel{0, 0, 0, 2, 0, 0, 0}},
	} {
		var got []nightLevel
		var n nights
		for day, m := range c.means {
			if m != 0 {
				n.put(int64(day), m)
				level, _ := n.level(3, 4)
				got = append(got, level)
			} else {
				got = append(got, nightGreen)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// described is the algorithm once more, straight from its description and as it
// would be run anew each morning over all nights so far, to hold the other to
// over long random series.
func described(means map[int]int, today int) nightLevel {
	filled := map[int]int{}
	for day := range today + 1 {
		if m, ok := means[day]; ok {
			filled[day] = m
			continue
		}
		before, b := means[day-1]
		after, a := means[day+1]
		_, bb := means[day-2]
		_, aa := means[day+2]
		if b && a && day < today && (bb || aa && day+2 <= today) {
			filled[day] = (before + after) / 2
		}
	}
	above := func(day int) int {
		m, ok := filled[day]
		if !ok {
			return -1000
		}
		var all []int
		for d, x := range filled {
			if d <= day {
				all = append(all, x)
			}
		}
		slices.Sort(all)
		n := len(all)
		if n%2 == 1 {
			return m - all[n/2]
		}
		return m - (all[n/2-1]+all[n/2])/2
	}
	switch a, b := above(today), above(today-1); {
	case a >= 4 && b >= 4:
		return nightRed
	case a >= 3 && b >= 3:
		return nightYellow
	}
	return nightGreen
}

func TestNightSignalDayByDay(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	levels := map[nightLevel]int{}
	for run := range 60 {
		means := map[int]int{}
		var n nights
		high := 0.0
		for day := range 120 {
			if random.Float64() < 0.05 {
				high = 12 * random.Float64()
			}
			high *= 0.85
			if random.Float64() < 0.12 {
				continue
			}
			m := 60 + int(high+3*random.NormFloat64())
			means[day] = m
			n.put(int64(day), byte(m))
			// Nights come back from where they are saved as they went there.
			n = savedAndRead(t, n)
			got, _ := n.level(3, 4)
			want := described(means, day)
			levels[want]++
			if got != want {
				t.Fatalf("run %d day %d: %v, want %v", run, day, got, want)
			}
		}
	}
	if levels[nightYellow] < 50 || levels[nightRed] < 50 {
		t.Errorf("the series try too little: %v", levels)
	}
}

// The mean of a night: heart rates from 00:00 to 06:59 while no step is counted,
// each cut to a whole number, and so is their mean.
func TestTheMeanOfANight(t *testing.T) {
	type row struct {
		minute int
		heart  float64
		steps  float64
	}
	rows := []row{
		{-1, 90, 900}, // yesterday
		{0, 60, 0}, {1, 62.9, 0}, {2, 99, 20}, {3, 61, 20}, {4, 99, 40}, {5, 63, 40}, {419, 65, 40},
		{420, 99, 40}, // seven o'clock
	}
	base := monday.Add(-8 * time.Hour)
	want := byte((60 + 62 + 61 + 63 + 65) / 5)
	for name, order := range map[string]func([]row){
		"in order":  func([]row) {},
		"backwards": func(r []row) { slices.Reverse(r[:8]) },
		"shuffled": func(r []row) {
			rand.New(rand.NewPCG(1, 2)).Shuffle(8, func(i, j int) { r[i], r[j] = r[j], r[i] })
		},
	} {
		mixed := slices.Clone(rows)
		order(mixed)
		b := resident(t, func() alerting.Detector { return &Trend{} })
		b.view.Resident = &devices.Resident{ID: "r1"}
		for range 2 { // all of it twice
			for _, r := range mixed {
				at := base.Add(time.Duration(r.minute) * time.Minute).Sub(monday)
				b.say(at, devices.HeartRateBPM, r.heart)
				b.say(at, devices.Steps, r.steps)
			}
		}
		got := b.detector.(*Trend).state.Nights //nolint:errcheck // it is one
		if len(got.Means) == 0 || got.Means[len(got.Means)-1] != want {
			t.Errorf("%s: means %v, want %d", name, got.Means, want)
		}
	}
}
