package mqtt

import (
	"fmt"
	"testing"
	"time"

	"shouwang/devices"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

const topicA, topicB = "homecare/v1/acme/a/telemetry", "homecare/v1/acme/b/telemetry"

// taken counts how many of n messages, evenly over a time, are within the rate.
func taken(l *limiter, topic string, from time.Time, n int, over time.Duration) (ok int) {
	for i := range n {
		if l.takes(topic, from.Add(over*time.Duration(i)/time.Duration(n))) {
			ok++
		}
	}
	return ok
}

func TestLimiter(t *testing.T) {
	fresh := func() *limiter { return newLimiter(Limit{PerMinute: 60}) }
	for name, c := range map[string]struct {
		got  func() int
		want int
	}{
		"a minute's worth at once":     {func() int { return taken(fresh(), topicA, noon, 100, time.Millisecond) }, 60},
		"just as fast as it may":       {func() int { return taken(fresh(), topicA, noon, 3600, time.Hour) }, 3600},
		"ten times as fast for 10 min": {func() int { return taken(fresh(), topicA, noon, 6000, 10*time.Minute) }, 60 + 600},
		"after a rest": {func() int {
			l := fresh()
			taken(l, topicA, noon, 1000, time.Second)
			return taken(l, topicA, noon.Add(time.Hour), 1000, time.Millisecond)
		}, 60},
		"beside one that sends too much": {func() int {
			l := fresh()
			taken(l, topicB, noon, 1000, time.Second)
			return taken(l, topicA, noon, 60, time.Second)
		}, 60},
		"another channel counts with it": {func() int {
			l := fresh()
			taken(l, topicA, noon, 60, time.Millisecond)
			return taken(l, "homecare/v1/acme/a/status", noon, 10, time.Millisecond)
		}, 0},
		"what was kept while we were away for an hour": {func() int {
			l := fresh()
			taken(l, topicA, noon, 60, time.Minute)
			l.resumed(noon.Add(time.Minute), noon.Add(61*time.Minute))
			return taken(l, topicA, noon.Add(61*time.Minute), 3700, time.Second)
		}, 3661},
		"and no more than that": {func() int {
			l := fresh()
			l.resumed(noon, noon.Add(time.Hour))
			taken(l, topicA, noon.Add(time.Hour), 3700, time.Second)
			return taken(l, topicA, noon.Add(time.Hour+time.Second), 1000, time.Second)
		}, 1},
		"not for ever": {func() int {
			l := fresh()
			l.resumed(noon, noon.Add(time.Hour))
			return taken(l, topicA, noon.Add(4*time.Hour), 1000, time.Millisecond)
		}, 60},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.got(); got < c.want-1 || got > c.want+1 {
				t.Errorf("%d taken, want %d", got, c.want)
			}
		})
	}
	var none *limiter
	if !none.takes(topicA, noon) {
		t.Error("without a bound something is over it")
	}
}

// Names that nobody has entered must not fill the memory.
func TestLimiterForgets(t *testing.T) {
	l := newLimiter(Limit{PerMinute: 6000})
	for i := range 200_000 {
		l.takes(fmt.Sprintf("homecare/v1/acme/%d/telemetry", i), noon.Add(time.Duration(i)*time.Millisecond))
	}
	if len(l.due) > 2100 {
		t.Errorf("%d devices are remembered", len(l.due))
	}
	c := &Client{limits: l}
	if o := c.Overrun("acme/1"); o.Messages != 0 {
		t.Errorf("overrun %v of a device within its rate", o)
	}
	taken(l, topicA, noon.Add(time.Hour), 10_000, time.Millisecond)
	if o := c.Overrun(devices.DeviceID("acme/a")); o.Messages != 4000 || !o.Last.After(noon) {
		t.Errorf("overrun %v, want 4000 messages", o)
	}
}

func BenchmarkLimiter(b *testing.B) {
	l := newLimiter(Limit{PerMinute: 60})
	topics := make([]string, 10_000)
	for i := range topics {
		topics[i] = fmt.Sprintf("homecare/v1/acme/%d/telemetry", i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		l.takes(topics[i%len(topics)], noon.Add(time.Duration(i)*time.Millisecond))
		i++
	}
}
