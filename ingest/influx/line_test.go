package influx

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"shouwang/devices"
)

// Writes are compressed unless the server is on this machine.
func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:8086": true, "http://127.0.0.1": true, "http://[::1]:8086": true,
		"http://influxdb:8086": false, "https://10.0.0.1": false, "https://localhost.example": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := loopback(u); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestLine(t *testing.T) {
	at := time.Date(2026, 3, 14, 4, 0, 0, 1000, time.UTC)
	for _, test := range []struct {
		name    string
		reading devices.Reading
		want    string
	}{
		{"plain", devices.Reading{Device: "v/1", Metric: devices.VolumeM3, Value: 123.456, At: at, Received: at.Add(time.Second)},
			`volume_m3,device=v/1 value=123.456,received=1773460801000001i 1773460800000001`},
		{"not received, doubtful", devices.Reading{Device: "v/1", Metric: devices.Steps, Value: -1e-7, At: at, Quality: devices.ReceiptTime},
			`steps,device=v/1 value=-1e-07,quality="receipt_time" 1773460800000001`},
		{"signs", devices.Reading{Device: "v/a=b,c d\\e\"", Metric: "a=b,c d\\e\"", Value: 1, At: at, Quality: `q"\`},
			`a=b\,c\ d\e",device=v/a\=b\,c\ d\e" value=1,quality="q\"\\" 1773460800000001`},
	} {
		if got := string(appendLine(nil, &test.reading)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// FuzzLine: no name makes a second line, or a field of its own.
func FuzzLine(f *testing.F) {
	f.Add("v/1", "steps", "")
	f.Add(`v/a\,b`, "m value=1\nx", `"`)
	f.Fuzz(func(t *testing.T, device, metric, quality string) {
		r := devices.Reading{Device: devices.DeviceID(device), Metric: devices.Metric(metric), Quality: devices.Quality(quality), Value: 1, At: time.Unix(1, 0)}
		if unwritable(&r) != "" {
			return
		}
		line := string(appendLine(nil, &r))
		if strings.ContainsAny(line, "\n\r") {
			t.Fatalf("two lines: %q", line)
		}
		// Without what is escaped, two spaces part the line in three.
		name, _, _ := strings.Cut(line, " value=1")
		bare := strings.NewReplacer(`\ `, "", `\,`, "", `\=`, "").Replace(name)
		if strings.Contains(bare, " ") || strings.Count(bare, ",") != 1 {
			t.Fatalf("name falls apart: %q", line)
		}
	})
}

// FuzzQuote: a literal holds nothing that could end it or begin an expression.
func FuzzQuote(f *testing.F) {
	f.Add(`") |> drop()`)
	f.Add("${r.device}\n")
	f.Fuzz(func(t *testing.T, s string) {
		literal := quote(s)
		inner := literal[1 : len(literal)-1]
		for i := range len(inner) {
			switch inner[i] {
			case '"', '$', '\n':
				t.Fatalf("%q is in %s", inner[i], literal)
			case '\\':
				if !strings.HasPrefix(inner[i:], `\x`) || len(inner) < i+4 {
					t.Fatalf("bad escape in %s", literal)
				}
			}
		}
	})
}

// BenchmarkLines is what a reading costs before it goes to the network.
func BenchmarkLines(b *testing.B) {
	r := devices.Reading{Device: "load/load-000001", Metric: devices.HeartRateBPM, Value: 71, At: time.Now(), Received: time.Now()}
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		if unwritable(&r) != "" {
			b.Fatal("refused")
		}
		line = appendLine(line[:0], &r)
	}
}
