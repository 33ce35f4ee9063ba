package dashboard

import (
	"context"
	"slices"
	"sync"
	"time"

	"shouwang/devices"
)

// signsOf are the last signs of life that a device has seen.
func (d *Dashboard) signsOf(ctx context.Context, dev devices.Device, now time.Time) ([]sign, error) {
	if dev.Kind == devices.WaterMeter {
		used, err := d.opts.Series.History(ctx, devices.HistoryQuery{
			Device: dev.ID, Metric: devices.VolumeM3, From: now.Add(-waterBack).Truncate(time.Hour), To: now, Every: time.Hour, Aggregate: devices.Use, Limit: 80,
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
