package household

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"time"

	"shouwang/devices"
)

// row is one reading on its way out. Times are Unix seconds.
type row struct {
	received, at int64
	value        float64
	device       int32
	metric       uint8 // mVolume and so on
	decimals     int8
}

// The metrics of events: a recording has no other way to tell of them. The
// value is 1.
const (
	EventSOS     devices.Metric = "event_sos"
	EventFall    devices.Metric = "event_fall"
	EventRemoved devices.Metric = "event_removed"
)

// The metrics of a row.
const (
	mVolume uint8 = iota
	mBattery
	mHeart
	mSpO2
	mSkin
	mBody
	mSteps
	mWorn
	mLat
	mLon
	mAccuracy
	mSOS
	mFall
	mRemoved
)

func metrics() [14]devices.Metric {
	return [...]devices.Metric{
		mVolume: devices.VolumeM3, mBattery: devices.BatteryPct, mHeart: devices.HeartRateBPM, mSpO2: devices.SpO2Pct,
		mSkin: devices.SkinTempC, mBody: devices.BodyTempC, mSteps: devices.Steps, mWorn: devices.Worn,
		mLat: devices.LatDeg, mLon: devices.LonDeg, mAccuracy: devices.AccuracyM,
		mSOS: EventSOS, mFall: EventFall, mRemoved: EventRemoved,
	}
}

// byReceipt is the order in which readings are received; those of the same
// second in the order of devices and of their own times.
func byReceipt(a, b row) int {
	return cmp.Or(cmp.Compare(a.received, b.received), cmp.Compare(a.device, b.device), cmp.Compare(a.at, b.at), cmp.Compare(a.metric, b.metric))
}

// stamp writes times as RFC 3339 in the zone of the set; the same day is
// written once.
type stamp struct {
	day  int64
	date []byte
}

func (s *stamp) append(dst []byte, t int64) []byte {
	if n := dayOf(t); n != s.day || s.date == nil {
		s.day = n
		s.date = time.Unix(n*day, 0).UTC().AppendFormat(s.date[:0], time.DateOnly)
	}
	t -= midnight(s.day)
	two := func(v int64) { dst = append(dst, byte('0'+v/10), byte('0'+v%10)) }
	dst = append(append(dst, s.date...), 'T')
	two(t / hour)
	dst = append(dst, ':')
	two(t / minute % 60)
	dst = append(dst, ':')
	two(t % 60)
	return append(dst, "+08:00"...)
}

// WriteReadings makes all readings and writes them as CSV, in order of receipt,
// and returns their number. It may be called once.
func (s *Set) WriteReadings(ctx context.Context, w io.Writer) (int, error) {
	out := bufio.NewWriterSize(w, 1<<16)
	if _, err := out.WriteString("ts,received,device,metric,value\n"); err != nil {
		return 0, fmt.Errorf("write readings: %w", err)
	}
	names := metrics()
	var at, received stamp
	line := make([]byte, 0, 200)
	n := 0
	for rows := range s.batches() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		for _, r := range rows {
			line = at.append(line[:0], r.at)
			line = append(line, ',')
			line = received.append(line, r.received)
			line = append(line, ',')
			line = append(line, s.devices[r.device].id...)
			line = append(line, ',')
			line = append(line, names[r.metric]...)
			line = append(line, ',')
			line = strconv.AppendFloat(line, r.value, 'f', int(r.decimals), 64)
			line = append(line, '\n')
			if _, err := out.Write(line); err != nil {
				return n, fmt.Errorf("write readings: %w", err)
			}
		}
		n += len(rows)
	}
	if err := out.Flush(); err != nil {
		return n, fmt.Errorf("write readings: %w", err)
	}
	return n, nil
}

// WriteLabels writes what is true as CSV, in order of beginning.
func (s *Set) WriteLabels(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"device", "kind", "from", "to"})
	for _, l := range s.labels {
		from, to := l.From.In(zone()).Format(time.RFC3339), l.To.In(zone()).Format(time.RFC3339)
		_ = out.Write([]string{string(l.Device), l.Kind, from, to})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return nil
}

// WriteRegistry writes whose the devices are, as CSV with the header
// resident,device,kind,area,tier,home_type; home_type is empty for a wristband.
func (s *Set) WriteRegistry(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"resident", "device", "kind", "area", "tier", "home_type"})
	for _, d := range s.devices {
		_ = out.Write([]string{d.resident, string(d.id), string(d.kind), string(d.area), string(d.tier), string(d.home)})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	return nil
}

// WriteImport writes the same as the document that the service takes as
// POST /api/v1/registry/import.
func (s *Set) WriteImport(w io.Writer) error {
	type (
		area     struct{ Path, Name string }
		object   map[string]any
		document struct {
			Areas       []object `json:"areas"`
			Residents   []object `json:"residents"`
			Devices     []object `json:"devices"`
			Assignments []object `json:"assignments"`
		}
	)
	doc := document{}
	areas := []area{{"sim", "simulated county"}, {"sim/town", "simulated town"}}
	for _, d := range s.devices {
		if v := (area{string(d.area), "village " + path.Base(string(d.area))}); !slices.Contains(areas, v) {
			areas = append(areas, v)
		}
	}
	for _, a := range areas {
		doc.Areas = append(doc.Areas, object{"path": a.Path, "name": a.Name})
	}
	people := map[string]bool{}
	for _, d := range s.devices {
		vendor, id := d.id.Split()
		if !people[d.resident] {
			people[d.resident] = true
			doc.Residents = append(doc.Residents, object{
				"id": d.resident, "name": d.resident, "phone": "", "address": "", "born": d.born,
				"area": d.area, "tier": d.tier, "state": devices.Active, "contacts": []devices.ContactPerson{},
			})
		}
		doc.Devices = append(doc.Devices, object{"vendor": vendor, "id": id, "kind": d.kind, "area": d.area})
		doc.Assignments = append(doc.Assignments, object{"device": d.id, "resident": d.resident, "from": s.start})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	return nil
}
