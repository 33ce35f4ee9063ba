package recording

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/devices"
)

func rows(t testing.TB, text string) ([]Row, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var list []Row
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, row)
	}
}

const header = "ts,received,device,metric,value\n"

func TestReader(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 49, 0, time.UTC)
	want := []Row{
		{At: at, Received: at, Device: "daiad-1", Metric: "volume_m3", Value: 437.506},
		{At: at.Add(time.Second), Received: at.Add(time.Hour), Device: "v/2", Metric: "steps", Value: -1e3, Quality: "receipt_time"},
	}
	body := "2026-03-01T08:00:49+08:00,,daiad-1,volume_m3,437.506,\r\n2026-03-01T00:00:50Z,2026-03-01T01:00:49Z,v/2,steps,-1e3,receipt_time\n"
	plain := "ts,received,device,metric,value,quality\n" + body
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte(plain))
	_ = w.Close()
	for name, text := range map[string]string{"plain": plain, "gzip": z.String(), "byte order mark": "\ufeff" + plain} {
		if got, err := rows(t, text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	good := "2026-03-01T00:00:49Z,,d,volume_m3,1\n"
	for _, test := range []struct{ text, want string }{
		{"", "line 1: no header"},
		{"ts,device,metric,value\n", "line 1: the header must be"},
		{header + good + "yesterday,,d,volume_m3,1\n", `line 3, column ts: "yesterday": must be a time`},
		{header + "2026-03-01T00:00:49,,d,volume_m3,1\n", "line 2, column ts:"},
		{header + "2026-03-01T00:00:49Z,now,d,volume_m3,1\n", "line 2, column received:"},
		{header + "2026-03-01T00:00:49Z,,a b,volume_m3,1\n", "line 2, column device:"},
		{header + "2026-03-01T00:00:49Z,,a/b/c,volume_m3,1\n", "line 2, column device:"},
		{header + "2026-03-01T00:00:49Z,,d,,1\n", "line 2, column metric:"},
		{header + "2026-03-01T00:00:49Z,,d,volume_m3,NaN\n", `line 2, column value: "NaN": must be a finite number`},
		{header + "2026-03-01T00:00:49Z,,d,volume_m3,1e999\n", "line 2, column value:"},
		{header + good + good + "2026-03-01T00:00:49Z,,d,volume_m3\n", "line 4: has 4 fields, the header has 5"},
		{header + "\"\n", "line"},
	} {
		_, err := rows(t, test.text)
		var place *Error
		if !errors.As(err, &place) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s…", test.text, err, test.want)
		}
	}
}

func TestLoadOrdersByReceipt(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	a := write("a.csv", header+"2026-03-01T05:00:00Z,,m,volume_m3,5\n2026-03-01T01:00:00Z,2026-03-01T06:00:00Z,m,volume_m3,1\n")
	b := write("b.csv", header+"2026-03-01T04:00:00Z,,v/b,steps,4\n2026-03-01T05:00:00Z,,v/b,steps,6\n")
	rec, err := Load(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for row := range rec.All() {
		got = append(got, row.Value)
	}
	if !slices.Equal(got, []float64{4, 5, 6, 1}) {
		t.Errorf("order %v", got)
	}
	want := []DeviceSummary{
		{"m", devices.WaterMeter, time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), 2},
		{"v/b", devices.Wristband, time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC), 2},
	}
	if !slices.Equal(rec.Devices(), want) {
		t.Errorf("devices %v", rec.Devices())
	}
	bad := write("bad.csv", header+"x,,d,volume_m3,1\n")
	if _, err := Load(a, bad); err == nil || !strings.Contains(err.Error(), "bad.csv: line 2, column ts") {
		t.Errorf("error %v", err)
	}
}

func TestLoadRealMeters(t *testing.T) {
	const file = "../../../shared/data/water-daiad/readings.csv.gz"
	if _, err := os.Stat(file); err != nil {
		t.Skip("no recording of real meters at " + file)
	}
	began := time.Now()
	rec, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Len() != 633821 || len(rec.Devices()) != 87 {
		t.Errorf("%d rows of %d devices", rec.Len(), len(rec.Devices()))
	}
	t.Logf("%d rows in %s", rec.Len(), time.Since(began))
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(header + "2026-03-01T00:00:49Z,,d,volume_m3,1\n"))
	f.Add([]byte("ts,received,device,metric,value,quality\n2026-03-01T08:00:49+08:00,,v/d,\"steps\",1e3,q\n"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := rows(t, string(data))
		for _, row := range list {
			if row.Device == "" || row.Metric == "" || math.IsNaN(row.Value) || math.IsInf(row.Value, 0) {
				t.Errorf("accepted %+v", row)
			}
		}
		if err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}
