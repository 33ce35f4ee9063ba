package devices

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// MaxPoints is the most points, or windows, of one answer.
const MaxPoints = 10_000

// Check returns an *InputError for the first part of the query that no store
// answers. A Limit of 0 leaves it to the store.
func (q HistoryQuery) Check() error {
	const day = 24 * time.Hour
	wrong := func(field, value, rule string) error { return &InputError{Field: field, Value: value, Rule: rule} }
	switch {
	case q.To.IsZero():
		return wrong("to", "", "must be given")
	case !q.From.Before(q.To):
		return wrong("from", q.From.Format(time.RFC3339), "must be before to")
	case q.Limit < 0 || q.Limit > MaxPoints:
		return wrong("limit", strconv.Itoa(q.Limit), fmt.Sprintf("must be 1 to %d", MaxPoints))
	case q.Aggregate != "" && !q.Aggregate.Known():
		return wrong("aggregate", string(q.Aggregate), "must be one of mean, min, max, last, count, use")
	case q.Aggregate != "" && q.Every == 0:
		return wrong("aggregate", string(q.Aggregate), "needs every: raw points are not aggregated")
	case q.Aggregate == Use && q.Metric != VolumeM3:
		return wrong("aggregate", string(q.Aggregate), "is only of "+string(VolumeM3))
	case q.Every == 0:
		return nil
	case q.Every < time.Second || q.Every%time.Second != 0:
		return wrong("every", q.Every.String(), "must be whole seconds")
	case q.Every >= day && q.Every%day != 0:
		return wrong("every", q.Every.String(), "must be whole days (multiples of 24h) when a day or longer")
	}
	// In seconds: a Duration is too short for the years a time may have.
	if n := math.Ceil(float64(q.To.Unix()-q.From.Unix()) / q.Every.Seconds()); n >= MaxPoints {
		return wrong("every", q.Every.String(), fmt.Sprintf("makes %.0f windows; fewer than %d are allowed", n, MaxPoints))
	}
	return nil
}
