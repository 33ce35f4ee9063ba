package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
)

func TestAPhonesClock(t *testing.T) {
	received := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	before := func(d time.Duration) time.Time { return received.Add(-d) }
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		at, sent time.Time
		want     time.Time
		mark     alerting.ClockMark
	}{
		"right, at once":                        {before(2 * time.Second), before(time.Second), before(2 * time.Second), alerting.ClockTrusted},
		"right, two days later":                 {before(2 * day), before(time.Second), before(2 * day), alerting.ClockTrusted},
		"right, over a slow line":               {before(time.Hour), before(25 * time.Second), before(time.Hour), alerting.ClockTrusted},
		"three hours ahead":                     {before(time.Hour - 3*time.Hour), before(-3 * time.Hour), before(time.Hour), alerting.ClockCorrected},
		"three hours ahead, sent at once":       {before(-3 * time.Hour), before(-3 * time.Hour), received, alerting.ClockCorrected},
		"twenty minutes behind":                 {before(30 * time.Minute), before(20 * time.Minute), before(10 * time.Minute), alerting.ClockCorrected},
		"in 1970 after the battery was out":     {time.Unix(60, 0), time.Unix(360, 0), before(5 * time.Minute), alerting.ClockCorrected},
		"set back between entering and sending": {before(time.Hour), before(2 * time.Hour), received, alerting.ClockImplausible},
		"of a year ago":                         {before(365 * day), before(0), received, alerting.ClockImplausible},
		"says no time":                          {time.Time{}, time.Time{}, received, alerting.ClockTrusted},
		"does not say its own, earlier":         {before(2 * day), time.Time{}, before(2 * day), alerting.ClockTrusted},
		"does not say its own, in the future":   {before(-time.Hour), time.Time{}, received, alerting.ClockImplausible},
	} {
		t.Run(name, func(t *testing.T) {
			at, mark := alerting.PhoneTime{At: c.at, Sent: c.sent}.Correct(received)
			if !at.Equal(c.want) || mark != c.mark {
				t.Errorf("%v %q, want %v %q", at, mark, c.want, c.mark)
			}
		})
	}
}
