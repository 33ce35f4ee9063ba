package simulate

import (
	"sync"
	"time"

	"shouwang/devices"
)

// Measure is one value of a sample.
type Measure struct {
	Metric devices.Metric
	Value  float64
}

// Sample is what a device measures at one time.
type Sample struct {
	At       time.Time // UTC, whole seconds
	Measures []Measure
}

// Spacing of history: hourly, the last day before the start 5-minutely.
const (
	coarse     = time.Hour
	fine       = 5 * time.Minute
	fineBefore = 24 * time.Hour
	// A daily meter uploads dailyBatch of registers at once when its last
	// upload has become dailyAfter old, so that it always keeps more than
	// dailyNeeds: what proves a day, 24 h and one register more.
	dailyAfter = 50 * time.Hour
	dailyBatch = 24 * time.Hour
	dailyNeeds = 25 * time.Hour
)

// Instrument is one device of the county: what it measures, and how far it has
// uploaded that. Its methods may be called from several goroutines.
type Instrument struct {
	Device   devices.Device
	Resident string // "" while nobody has it
	// UnixMillis says that this vendor writes times as Unix milliseconds, not
	// RFC 3339.
	UnixMillis bool

	phase int64 // seconds: when within the hour it measures
	start time.Time
	live  time.Duration

	mu    sync.Mutex
	meter *meter // either this
	band  *band  // or this
	sent  time.Time
	// coarseUntil ends the hourly part.
	coarseUntil time.Time
	// daily meters send what they have up to release, and keep the rest.
	daily   bool
	release time.Time
	// busy is the kind of the incident that lasts, "" when there is none.
	busy string
	// mute is until when nothing of the device is heard.
	mute time.Time
}

// Daily says whether the device uploads a day's registers at once.
func (i *Instrument) Daily() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.daily
}

// Home returns the type of the home a meter stands in, "" for a band.
func (i *Instrument) Home() HomeType {
	if i.meter == nil {
		return ""
	}
	return i.meter.home.kind
}

// Seek sets how far the device has uploaded: what it measured up to t is not
// sent again.
func (i *Instrument) Seek(t time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sent = t
}

// Sent is the time up to which the device has uploaded.
func (i *Instrument) Sent() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.sent
}

// Acknowledge moves that time forward to t.
func (i *Instrument) Acknowledge(t time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t.After(i.sent) {
		i.sent = t
	}
}

// Due is when the device has something to upload next.
func (i *Instrument) Due() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	next, _ := i.next(i.sent)
	if i.daily && next.After(i.release) {
		next = i.sent.Add(dailyAfter)
	}
	return later(next, i.mute)
}

// Pending returns what the device has measured by now and not yet uploaded, in
// order of time, at most limit samples.
func (i *Instrument) Pending(now time.Time, limit int) []Sample {
	i.mu.Lock()
	defer i.mu.Unlock()
	if now.Before(i.mute) {
		return nil
	}
	if i.daily {
		if next, _ := i.next(i.sent); next.After(i.release) && now.Sub(i.sent) >= dailyAfter {
			i.release = i.sent.Add(dailyBatch)
		}
		if now.After(i.release) {
			now = i.release
		}
	}
	return i.samples(i.sent, now, limit)
}

// Samples returns what the device measures in (after, to], whatever it has
// uploaded.
func (i *Instrument) Samples(after, to time.Time) []Sample {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.samples(after, to, int(to.Sub(after)/time.Second)+1)
}

func (i *Instrument) samples(after, to time.Time, limit int) []Sample {
	var (
		samples []Sample
		arena   []Measure
	)
	for at, every := i.next(after); !at.After(to) && len(samples) < limit; at, every = i.next(at) {
		if cap(arena)-len(arena) < 8 {
			arena = make([]Measure, 0, 1024)
		}
		first := len(arena)
		arena = i.sample(at, every, arena)
		samples = append(samples, Sample{at, arena[first:len(arena):len(arena)]})
	}
	return samples
}

func (i *Instrument) sample(at time.Time, every time.Duration, measures []Measure) []Measure {
	if i.meter != nil {
		return i.meter.sample(at, measures)
	}
	return i.band.sample(at, max(every, time.Minute), measures)
}

// next is the time of the first sample after t, and the spacing that holds
// there. The grids of all spacings share one phase, so that a finer one holds
// the coarser: the same device never measures twice at nearly the same time.
func (i *Instrument) next(t time.Time) (time.Time, time.Duration) {
	period := func(d time.Duration) int64 { return int64(d / time.Second) }
	if at := onGrid(t, period(coarse), i.phase); i.daily || !at.After(i.coarseUntil) {
		return at, coarse
	}
	if t.Before(i.coarseUntil) {
		t = i.coarseUntil
	}
	if at := onGrid(t, period(fine), i.phase); !at.After(i.start) {
		return at, fine
	}
	if t.Before(i.start) {
		t = i.start
	}
	return onGrid(t, period(i.live), i.phase), i.live
}
