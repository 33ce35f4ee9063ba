package dashboard

import (
	"context"
	"slices"
	"sync"
	"time"

	"shouwang/devices"
)

// since tells from when on the resident has the devices.
func (d *Dashboard) since(ctx context.Context, resident string, now time.Time) (map[devices.DeviceID]time.Time, error) {
	assigned, err := d.opts.Registry.Assignments(ctx, resident)
	if err != nil {
		return nil, err
	}
	from := map[devices.DeviceID]time.Time{}
	for _, a := range assigned {
		if !a.From.After(now) && (a.To.IsZero() || a.To.After(now)) {
			from[a.Device] = a.From
		}
	}
	return from, nil
}

// signsOf are the last signs of life that a device has seen since it is the
// resident's, of what the resident agrees to.
func (d *Dashboard) signsOf(ctx context.Context, dev devices.Device, since, now time.Time) ([]sign, error) {
	not := d.opts.Registry.Withheld(dev.ID, now)
	if dev.Kind == devices.WaterMeter {
		from := now.Add(-waterBack).Truncate(time.Hour)
		if since.After(from) {
			from = since
		}
		if not.Has(devices.VolumeM3.Data(dev.Kind)) {
			return nil, nil
		}
		used, err := d.opts.Series.History(ctx, devices.HistoryQuery{
			Device: dev.ID, Metric: devices.VolumeM3, From: from, To: now, Every: time.Hour, Aggregate: devices.Use, Limit: 80,
		})
		if err != nil {
			return nil, err
		}
		for _, p := range slices.Backward(used) {
			if p.Value != nil && *p.Value > 0 {
				return []sign{{Kind: "water", At: p.At, Value: *p.Value}}, nil
			}
		}
		return nil, nil
	}
	latest, err := d.opts.Series.Latest(ctx, dev.ID)
	if err != nil {
		return nil, err
	}
	var signs []sign
	for _, r := range latest {
		if r.At.Before(since) || not.Has(r.Metric.Data(dev.Kind)) {
			continue
		}
		switch r.Metric {
		case devices.HeartRateBPM, devices.Steps:
			if r.Value <= 0 {
				continue
			}
			signs = append(signs, sign{Kind: string(r.Metric), At: r.At, Value: r.Value})
		}
	}
	return signs, nil
}

func newestFirst(signs []sign) {
	slices.SortStableFunc(signs, func(a, b sign) int { return b.At.Compare(a.At) })
}

// daily remembers what was seen today: a phone asks every minute, and one line of
// the audit log a day tells what it was shown.
type daily struct {
	mu   sync.Mutex
	day  int64
	seen map[string]bool
}

func (s *daily) first(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if day := now.Unix() / 86_400; s.seen == nil || day != s.day {
		s.day, s.seen = day, map[string]bool{}
	}
	if s.seen[key] {
		return false
	}
	s.seen[key] = true
	return true
}
