package devices_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"shouwang/devices"
)

type registerReading struct {
	at    time.Time
	value float64
}

// recorded reads a recording of registers, one list for each meter, in order of
// time. The test is skipped where the recordings are absent.
func recorded(t *testing.T, name string) map[string][]registerReading {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", name, "readings.csv.gz"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("NOT TESTED: the recording %s is absent", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(unzipped)
	rows.ReuseRecord = true
	if _, err := rows.Read(); err != nil {
		t.Fatal(err)
	}
	meters := map[string][]registerReading{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			t.Fatal(err)
		}
		value, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			t.Fatal(err)
		}
		if row[3] == string(devices.VolumeM3) {
			meters[row[2]] = append(meters[row[2]], registerReading{at, value})
		}
	}
	for _, list := range meters {
		slices.SortFunc(list, func(a, b registerReading) int { return a.at.Compare(b.at) })
	}
	return meters
}

// What 87 real meters do in a year: every step has its kind, and what is counted
// as use adds up to what the register says.
func TestRegistersOfDAIAD(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 600 000 readings")
	}
	meters := recorded(t, "water-daiad")
	pairs, follows := map[devices.RegisterStep]int{}, map[devices.RegisterStep]int{}
	var excess float64 // litres that pairs count and the follower does not
	for name, list := range meters {
		var r devices.Register
		var used, largest float64
		var largestAt time.Time
		for i, reading := range list {
			litres, step := r.Next(reading.at, reading.value)
			used += litres
			if i == 0 {
				continue
			}
			follows[step]++
			elapsed := reading.at.Sub(list[i-1].at)
			pair, kind := devices.RegisterUse(list[i-1].value, reading.value, elapsed)
			pairs[kind]++
			excess += pair - litres
			if perHour := litres / max(elapsed.Hours(), 0.5); perHour > largest {
				largest, largestAt = perHour, reading.at
			}
		}
		first, last := list[0], list[len(list)-1]
		difference := (last.value - first.value) * 1000
		years := last.at.Sub(first.at).Hours() / 24 / 365
		// Noise aside, which counts once and is taken back once.
		if off := used - difference; off < -5 || off > 500 {
			t.Errorf("%s: %.0f L counted, the register says %.0f", name, used, difference)
		}
		if years > 0.5 && (used/years < 100 || used/years > 900_000) {
			t.Errorf("%s: %.0f m³ a year", name, used/years/1000)
		}
		if largest > 2000 {
			t.Errorf("%s: %.0f L in an hour at %s", name, largest, largestAt)
		}
	}
	t.Logf("%d meters; pairs: %v; followed: %v; pairs count %.0f L that were never used", len(meters), pairs, follows, excess)
	if len(meters) != 87 || pairs[devices.Backward] < 190 || pairs[devices.Backward] > 210 {
		t.Errorf("%d meters, %d steps back", len(meters), pairs[devices.Backward])
	}
	if pairs[devices.RolledOver] > 0 || follows[devices.RolledOver] > 0 {
		t.Error("a register of at most 3000 m³ has rolled over")
	}
	if excess < 3000 {
		t.Errorf("pairs count only %.0f L too much: the garbled register of September is not in the recording", excess)
	}
}

// A year of one person, minute by minute: nothing steps back, nothing is lost. The
// fixtures' ghost pulses, below 0.02 L, are less than one litre of the register,
// so no step may be smaller than that.
func TestRegisterOfWEUSEDTO(t *testing.T) {
	meters := recorded(t, "water-weusedto")
	for name, list := range meters {
		var r devices.Register
		var used float64
		steps, small := map[devices.RegisterStep]int{}, 0
		for _, reading := range list {
			litres, step := r.Next(reading.at, reading.value)
			used += litres
			steps[step]++
			if litres > 0 && litres < 1 {
				small++
			}
		}
		difference := (list[len(list)-1].value - list[0].value) * 1000
		t.Logf("%s: %d readings, steps %v, %.0f L, %d steps below 1 L", name, len(list), steps, used, small)
		if steps[devices.Forward] != len(list) {
			t.Errorf("%s: steps %v, want all forward", name, steps)
		}
		if small > 0 {
			t.Errorf("%s: %d steps of less than the register shows", name, small)
		}
		if off := used - difference; off < -1 || off > 1 {
			t.Errorf("%s: %.2f L counted, the register says %.2f", name, used, difference)
		}
	}
}

func TestRegisterFollowed(t *testing.T) {
	type step = devices.RegisterStep
	const f, b, o, x = devices.Forward, devices.Backward, devices.RolledOver, devices.Rebased
	for name, c := range map[string]struct {
		values []float64
		litres []float64
		steps  []step
	}{
		"noise of 1 L and back":          {[]float64{10, 9.999, 10, 10.005}, []float64{0, 0, 0, 5}, []step{f, b, f, f}},
		"noise over and over":            {[]float64{10, 9.999, 10, 9.999, 10}, []float64{0, 0, 0, 0, 0}, []step{f, b, f, b, f}},
		"noise that deepens":             {[]float64{10, 9.999, 9.998, 10.001}, []float64{0, 0, 0, 1}, []step{f, b, b, f}},
		"45 L flow back, and are used":   {[]float64{10, 9.955, 10}, []float64{0, 0, 45}, []step{f, b, f}},
		"garbled by 12 288 L, and back":  {[]float64{307.775, 295.487, 307.788}, []float64{0, 0, 13}, []step{f, x, f}},
		"garbled by 3076 L, and back":    {[]float64{307.788, 304.712, 307.815}, []float64{0, 0, 27}, []step{f, x, f}},
		"garbled by 248 m³, twice":       {[]float64{300, 52, 300.01, 52, 300.02}, []float64{0, 0, 10, 0, 10}, []step{f, x, f, x, f}},
		"garbled upwards, and back":      {[]float64{300, 548, 300.01}, []float64{0, 0, 10}, []step{f, x, f}},
		"a new meter, used as the old":   {[]float64{812.3, 0, 0.12, 0.3}, []float64{0, 0, 120, 180}, []step{f, x, f, f}},
		"BCD rolls over":                 {[]float64{999999.99, 0.02, 0.03}, []float64{0, 30, 10}, []step{f, o, f}},
		"never read before":              {[]float64{500}, []float64{0}, []step{f}},
		"a jump no pipe carries, upward": {[]float64{10, 900, 900.01}, []float64{0, 0, 10}, []step{f, x, f}},
	} {
		t.Run(name, func(t *testing.T) {
			var r devices.Register
			at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
			for i, value := range c.values {
				litres, step := r.Next(at, value)
				if litres != c.litres[i] || step != c.steps[i] {
					t.Errorf("reading %d, %v: %v L, step %v; want %v L, step %v", i, value, litres, step, c.litres[i], c.steps[i])
				}
				at = at.Add(time.Hour)
			}
		})
	}
}
