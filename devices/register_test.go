package devices

import (
	"testing"
	"time"
)

func TestRegisterUse(t *testing.T) {
	for name, c := range map[string]struct {
		before, after float64
		elapsed       time.Duration
		litres        float64
		step          RegisterStep
	}{
		"no use":                      {123.456, 123.456, time.Hour, 0, Forward},
		"one tick of 10 L":            {123.45, 123.46, time.Hour, 10, Forward},
		"a day of 120 L":              {0, 0.12, 24 * time.Hour, 120, Forward},
		"back by 1 L":                 {123.456, 123.455, time.Hour, 0, Backward},
		"back by 248 m³":              {300, 52, time.Hour, 0, Rebased},
		"and forward again":           {52, 300, time.Hour, 0, Rebased},
		"five wheels roll over":       {99999.99, 0.02, time.Hour, 30, RolledOver},
		"BCD field rolls over":        {999999.99, 0, time.Hour, 10, RolledOver},
		"32 bits of litres roll over": {4294967.290, 0.004, time.Hour, 10, RolledOver},
		"replaced near the top":       {99999.99, 500, time.Hour, 0, Rebased},
		"replaced by a new meter":     {812.3, 0, 24 * time.Hour, 0, Rebased},
		"a month's gap with use":      {100, 108, 30 * 24 * time.Hour, 8000, Forward},
	} {
		litres, step := RegisterUse(c.before, c.after, c.elapsed)
		if litres != c.litres || step != c.step {
			t.Errorf("%s: %v L, step %v; want %v L, step %v", name, litres, step, c.litres, c.step)
		}
	}
}
