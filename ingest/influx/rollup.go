package influx

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shouwang/devices"
	"shouwang/ingest"
)

var _ ingest.RollupStore = (*Series)(nil)

// devicesAtOnce bounds the filter of one query: a longer one takes InfluxDB
// longer to plan than two short ones take to run.
const devicesAtOnce = 100

// Readings gives every reading of the devices in [from, to), each series in
// order of time. No metric means all.
func (s *Series) Readings(ctx context.Context, of []devices.DeviceID, metric devices.Metric, from, to int64,
	fn func(devices.DeviceID, devices.Metric, int64, float64),
) error {
	for part := range slices.Chunk(of, devicesAtOnce) {
		names := make([]string, len(part))
		for i, device := range part {
			names[i] = "r.device == " + quote(string(device))
		}
		filter := `r._field == "value" and (` + strings.Join(names, " or ") + ")"
		if metric != "" {
			filter += " and r._measurement == " + quote(string(metric))
		}
		err := s.each(ctx, s.stretch(from, to)+" |> filter(fn: (r) => "+filter+")", func(r row) error {
			value, ok := r.Value().(float64)
			if !ok {
				return nil // somebody else's: ours are floats
			}
			fn(tag(r), devices.Metric(r.Measurement()), r.Time().UnixMicro(), value)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read readings: %w", err)
		}
	}
	return nil
}

func tag(r row) devices.DeviceID {
	device, _ := r.ValueByKey("device").(string)
	return devices.DeviceID(device)
}

// stretch is the Flux for everything in [from, to). To 1.8 the stop of a range
// lies inside, to 2.x outside: a nanosecond before ours, where no reading can
// be, suits both.
func (s *Series) stretch(from, to int64) string {
	return fmt.Sprintf("from(bucket: %s) |> range(start: %s, stop: %s)", quote(s.bucket), fluxTime(from, 0), fluxTime(to, -1))
}

// Hours gives the stored hours of one series in [from, to), by their starts.
func (s *Series) Hours(ctx context.Context, device devices.DeviceID, metric devices.Metric, from, to int64) (map[int64]ingest.Cell, error) {
	hours := map[int64]ingest.Cell{}
	flux := s.stretch(from, to) + fmt.Sprintf(` |> filter(fn: (r) => r._measurement == %s and r.device == %s and r._field =~ /^hour_/)`,
		quote(string(metric)), quote(string(device)))
	err := s.each(ctx, flux, func(r row) error {
		hour := r.Time().UnixMicro()
		c := hours[hour]
		value, _ := number(r.Value())
		switch r.Field() {
		case "hour_count":
			c.Count = int(value)
		case "hour_mean":
			c.Sum = value
		case "hour_min":
			c.Min = value
		case "hour_max":
			c.Max = value
		case "hour_first":
			c.First = value
		case "hour_last":
			c.Last = value
		case "hour_first_at":
			c.FirstAt, _ = r.Value().(int64)
		case "hour_last_at":
			c.LastAt, _ = r.Value().(int64)
		case "hour_use_l":
			c.Use, c.UseKnown = value, true
		}
		hours[hour] = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read hours: %w", err)
	}
	for hour, c := range hours {
		c.Sum *= float64(c.Count) // the mean until here
		if hours[hour] = c; c.Count == 0 || c.FirstAt < hour || c.LastAt < c.FirstAt {
			delete(hours, hour) // not ours, or not whole: worked out again from the readings
		}
	}
	return hours, nil
}

// PutHours stores hours, in place of those stored before (one without readings
// writes zeros over what was there): as fields hour_… of
// the series itself at the hour's start, so that whatever deletes readings
// deletes them too.
func (s *Series) PutHours(ctx context.Context, hours []ingest.SeriesHour) error {
	var buffer []byte
	for part := range slices.Chunk(hours, maxLines/5) {
		buffer = buffer[:0]
		for i := range part {
			buffer = appendHour(buffer, &part[i])
		}
		if err := classify(s.writer.WriteRecord(ctx, string(buffer))); err != nil {
			return fmt.Errorf("store hours: %w", err)
		}
	}
	return nil
}

func appendHour(b []byte, h *ingest.SeriesHour) []byte {
	c := &h.Cell
	mean := 0.0
	if c.Count > 0 {
		mean = c.Sum / float64(c.Count)
	}
	b = append(b, escapeMeasurement.Replace(string(h.Metric))...)
	b = append(b, ",device="...)
	b = append(b, escapeTag.Replace(string(h.Device))...)
	b = append(b, " hour_count="...)
	b = strconv.AppendInt(b, int64(c.Count), 10)
	b = append(b, 'i')
	for _, field := range []struct {
		name  string
		value float64
	}{
		{"mean", mean}, {"min", c.Min}, {"max", c.Max}, {"first", c.First}, {"last", c.Last},
	} {
		b = append(append(append(b, ",hour_"...), field.name...), '=')
		b = strconv.AppendFloat(b, field.value, 'g', -1, 64)
	}
	b = append(b, ",hour_first_at="...)
	b = strconv.AppendInt(b, c.FirstAt, 10)
	b = append(b, "i,hour_last_at="...)
	b = strconv.AppendInt(b, c.LastAt, 10)
	b = append(b, 'i')
	if c.UseKnown || c.Count == 0 {
		b = append(b, ",hour_use_l="...)
		b = strconv.AppendFloat(b, c.Use, 'g', -1, 64)
	}
	b = append(b, ' ')
	b = strconv.AppendInt(b, h.Start, 10)
	return append(b, '\n')
}

// Empty says that there is no reading at all.
func (s *Series) Empty(ctx context.Context) (bool, error) {
	empty := true
	err := s.each(ctx, s.stretch(minTime, maxTime)+` |> filter(fn: (r) => r._field == "value") |> first()`, func(row) error {
		empty = false
		return nil
	})
	return empty, err
}
