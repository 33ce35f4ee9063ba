package detect

import (
	"compress/gzip"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/codec"
)

// welltory reads a table of the Welltory COVID-19 and wearables data (CC0), by
// the names of its columns.
func welltory(t *testing.T, name string) []map[string]string {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "vitals-welltory", name))
	if os.IsNotExist(err) {
		t.Skipf("the recording %s is not here", name)
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := make([]map[string]string, 0, len(rows))
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, v := range row {
			m[rows[0][i]] = v
		}
		all = append(all, m)
	}
	return all
}

// 28 people measured their pressure 721 times, and 256 rows are another row once
// more, three hours later: those confirm nothing.
func TestPressureOfRealPeople(t *testing.T) {
	people := map[string]*bench{}
	for _, row := range welltory(t, "blood_pressure.csv.gz") {
		at, err := time.Parse("2006-01-02  15:04:05", row["measurement_datetime"])
		if err != nil {
			t.Fatal(err)
		}
		value, err := strconv.ParseFloat(row["systolic"], 64)
		if err != nil {
			continue
		}
		b := people[row["user_code"]]
		if b == nil {
			b = vitals(t)
			b.view.Rules.Vitals.ValidatedPressure = []string{"*"}
			people[row["user_code"]] = b
		}
		b.say(at.Sub(monday), devices.SystolicMMHg, value)
	}
	found := 0
	for _, b := range people {
		for _, f := range b.findings {
			if f.Recovered {
				continue
			}
			found++
			values, ok := f.Evidence["values"].([]float64)
			if beyond := slices.DeleteFunc(slices.Clone(values), func(x float64) bool { return x > 90 && x < 220 }); !ok || len(beyond) < 2 {
				t.Errorf("%v", f.Evidence)
			}
		}
	}
	t.Logf("%d people, %d alerts", len(people), found)
	if len(people) != 28 || found > 1 {
		t.Errorf("%d people, %d alerts", len(people), found)
	}
}

// The oxygen of that data is a fraction. What is not refused by the decoder would
// be near death for everybody.
func TestOxygenOfRealPeopleIsAFraction(t *testing.T) {
	decoder, seen := codec.NewNative(0), 0
	for _, row := range welltory(t, "wearables.csv.gz") {
		value := row["average_spo2_value"]
		if value == "" {
			continue
		}
		seen++
		r := decoder.Decode(codec.Message{
			Device: "acme/d1", Channel: codec.Telemetry, Received: monday,
			Payload: []byte(`{"ts":"2026-11-22T00:00:00Z","metrics":{"spo2_pct":` + value + `}}`),
		})
		if len(r.Readings) != 0 || len(r.Refusals) != 1 || r.Refusals[0].Field != "metrics.spo2_pct" {
			t.Fatalf("%s: %v %v", value, r.Readings, r.Refusals)
		}
	}
	if seen == 0 {
		t.Error("no row has oxygen")
	}
	t.Logf("%d values refused", seen)
}

// NightSignal over the resting pulse of each day, in place of the night's: how
// often it would speak about people of whom few were ill.
func TestRestingPulseOfRealPeople(t *testing.T) {
	people := map[string]*nights{}
	days, red, asked := 0, 0, 0
	rules := alerting.DefaultRules().Vitals.Trend
	for _, row := range welltory(t, "wearables.csv.gz") {
		pulse, err := strconv.ParseFloat(row["resting_pulse"], 64)
		if err != nil || pulse < 25 || pulse > 240 {
			continue
		}
		at, err := time.Parse(time.DateOnly, row["day"])
		if err != nil {
			t.Fatal(err)
		}
		n := people[row["user_code"]]
		if n == nil {
			n = &nights{}
			people[row["user_code"]] = n
		}
		n.put(at.Unix()/86400, byte(math.Trunc(pulse)))
		days++
		if level, _ := n.level(rules.NightYellow, rules.NightRed); level == nightRed {
			red++
			if n.known() >= rules.LearnDays && n.z() >= rules.NightZ {
				asked++
			}
		}
	}
	t.Logf("%d people, %d days: red on %d, said of %d", len(people), days, red, asked)
	if days == 0 || asked > days/20 {
		t.Errorf("of %d days, %d would be said", days, asked)
	}
}
