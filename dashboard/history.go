package dashboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"shouwang/devices"
)

type historyIn struct {
	ByID
	Metric    string    `query:"metric" required:"true" minLength:"1" maxLength:"64" doc:"One metric of the MQTT contract, or another the device sends."`
	From      time.Time `query:"from" doc:"24 h before to, by default."`
	To        time.Time `query:"to" doc:"Now by default; not included."`
	Every     string    `query:"every" doc:"Length of a window as 5m, 1h, 1d or 1w: one value of each, null without a reading. Without it: raw points."`
	Aggregate string    `query:"aggregate" enum:"mean,min,max,last,count,use" doc:"What is told of each window, its mean by default. use is the litres that a water register (volume_m3) has counted; over a gap of more than one and a half windows it is not known, and in none. Windows of whole hours also tell their readings, and how many were expected at the device's own cadence."`
	Reason    string    `query:"reason" maxLength:"200" doc:"Why somebody wants to know where the resident was (lat_deg, lon_deg, accuracy_m) while no alert about them is open. It goes into the audit log."`
	Limit     int       `query:"limit" default:"1000" minimum:"1" maximum:"10000" doc:"The first so many points from from on."`
}

type historyOut struct {
	Metric devices.Metric  `json:"metric"`
	Unit   string          `json:"unit" doc:"Empty for a metric that is not in the contract."`
	Points []devices.Point `json:"points"`
	// Withheld is set when the resident does not agree to this type of data.
	Withheld bool `json:"withheld,omitempty" doc:"The resident does not agree to this type of data: nothing is shown."`
}

func (d *Dashboard) residentHistory(ctx context.Context, in *historyIn) (*body[historyOut], error) {
	r, err := d.resident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	q, err := in.query(time.Now())
	if err != nil {
		return nil, err
	}
	if q.Metric.Class() == devices.Position {
		if may, err := d.mayLocate(ctx, r, in.Reason); err != nil || !may {
			return nil, cmp.Or[error](err, noPosition(caller(ctx)))
		}
	} else {
		d.read(ctx, "get-resident-history", r.ID, r.Area, string(typeOf(q.Metric)))
	}
	if d.opts.Registry.WithheldOf(r.ID, time.Now()).Has(typeOf(q.Metric)) {
		return &body[historyOut]{historyOut{Metric: q.Metric, Unit: unit(q), Points: []devices.Point{}, Withheld: true}}, nil
	}
	assigned, err := d.opts.Registry.Assignments(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	points, err := d.historyOf(ctx, assigned, q)
	if err != nil {
		return nil, err
	}
	if points == nil {
		points = []devices.Point{}
	}
	return &body[historyOut]{historyOut{Metric: q.Metric, Unit: unit(q), Points: points}}, nil
}

// unit of what the query asks for.
func unit(q devices.HistoryQuery) string {
	switch q.Aggregate {
	case devices.Use:
		return "L"
	case devices.Count:
		return ""
	}
	return q.Metric.Unit()
}

// ahead is how far a device's clock may be ahead of ours and its readings still be
// taken: without a `to`, what it says now belongs to the answer.
const ahead = 10 * time.Minute

func (in *historyIn) query(now time.Time) (devices.HistoryQuery, error) {
	q := devices.HistoryQuery{Metric: devices.Metric(in.Metric), From: in.From, To: in.To, Aggregate: devices.Aggregate(in.Aggregate), Limit: in.Limit}
	if q.To.IsZero() {
		q.To = now.UTC().Add(ahead)
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-24 * time.Hour)
	}
	if in.Every != "" {
		var err error
		if q.Every, err = parseEvery(in.Every); err != nil {
			return q, err
		}
	}
	err := q.Check()
	if wrong, ok := errors.AsType[*devices.InputError](err); ok && wrong.Field == "every" {
		return q, invalid("every", in.Every, wrong.Rule) // as it was sent
	}
	return q, err
}

// parseEvery reads a Go duration, or whole days or weeks.
func parseEvery(s string) (time.Duration, error) {
	const rule = "must be a length such as 5m, 1h, 1d or 1w"
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			days, err := strconv.Atoi(n)
			if err != nil || days < 1 || days > 3660 {
				return 0, invalid("every", s, rule)
			}
			return time.Duration(days) * length, nil
		}
	}
	every, err := time.ParseDuration(s)
	if err != nil || every <= 0 {
		return 0, invalid("every", s, rule)
	}
	return every, nil
}

// historyOf joins the series of all devices a resident had, each only for the
// time it was assigned. Raw points are merged in order of time; of windows that
// several devices fill see mergeWindows.
func (d *Dashboard) historyOf(ctx context.Context, assigned []devices.Assignment, q devices.HistoryQuery) ([]devices.Point, error) {
	var series [][]devices.Point
	whole := false
	for _, a := range assigned {
		part := q
		part.Device = a.Device
		if a.From.After(part.From) {
			part.From = a.From
		}
		if !a.To.IsZero() && a.To.Before(part.To) {
			part.To = a.To
		}
		if !part.From.Before(part.To) {
			continue
		}
		points, err := d.opts.Series.History(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		whole = whole || part.From.Equal(q.From) && part.To.Equal(q.To)
		series = append(series, points)
	}
	if len(series) == 0 {
		return nil, nil
	}
	if q.Every == 0 {
		return mergeRaw(series, q.Limit), nil
	}
	if !whole {
		// The windows of the whole range, as the store lays them out.
		grid := q
		grid.Device = assigned[0].Device
		points, err := d.opts.Series.History(ctx, grid)
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		for i := range points {
			points[i].Value, points[i].Readings, points[i].Expected = nil, 0, 0
		}
		series = append(series, points)
	}
	return mergeWindows(series, q.Aggregate, q.Limit), nil
}

func mergeRaw(series [][]devices.Point, limit int) []devices.Point {
	all := slices.Concat(series...)
	slices.SortStableFunc(all, func(a, b devices.Point) int { return a.At.Compare(b.At) })
	return all[:min(len(all), limit)]
}

// mergeWindows makes one value of those that several devices have for a window:
// the sum of counts and uses, the least and the greatest, the last of the device
// that was assigned last, and the mean of means. Readings and what was expected
// are added up.
func mergeWindows(series [][]devices.Point, what devices.Aggregate, limit int) []devices.Point {
	type window struct {
		devices.Point
		n float64
	}
	windows := map[int64]*window{}
	for _, points := range series {
		for _, p := range points {
			w := windows[p.At.UnixMicro()]
			if w == nil {
				w = &window{Point: devices.Point{At: p.At}}
				windows[p.At.UnixMicro()] = w
			}
			w.Readings, w.Expected = w.Readings+p.Readings, w.Expected+p.Expected
			if p.Value == nil {
				continue
			}
			value := *p.Value
			if w.n++; w.n > 1 {
				value = merge(*w.Value, value, w.n, what)
			}
			w.Value = &value
		}
	}
	merged := make([]devices.Point, 0, len(windows))
	for _, w := range windows {
		if w.Value == nil && what == devices.Count {
			w.Value = new(float64)
		}
		merged = append(merged, w.Point)
	}
	slices.SortFunc(merged, func(a, b devices.Point) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	return merged[:min(len(merged), limit)]
}

// merge adds the n-th value to that of those before.
func merge(before, value, n float64, what devices.Aggregate) float64 {
	switch what {
	case devices.Count, devices.Use:
		return before + value
	case devices.Min:
		return min(before, value)
	case devices.Max:
		return max(before, value)
	case devices.Last:
		return value
	}
	return before + (value-before)/n
}

// offset is the zone of a time in a query whose + was not encoded, and so reads as
// a blank.
var offset = regexp.MustCompile(`(T\d\d(?::|%3A)\d\d[^&+]*)\+(\d\d)`)

// mendTimes takes such times for what they are meant to be.
func mendTimes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.ContainsRune(r.URL.RawQuery, '+') {
			r.URL.RawQuery = offset.ReplaceAllString(r.URL.RawQuery, "$1%2B$2")
		}
		next.ServeHTTP(w, r)
	})
}
