package backtest

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"shouwang/devices"
)

// Set is what a backtest runs over: homes with their devices and readings.
type Set struct {
	Name  string
	Homes []*Home
	// From and To are the first and the last time of receipt.
	From, To time.Time
	metrics  []devices.Metric // row.metric counts in it
	quality  []devices.Quality
	readings int
}

// Readings is how many the set holds.
func (s *Set) Readings() int { return s.readings }

// Home is one resident with all assigned devices, or one device that nobody has.
// What happens in one home changes nothing in another, but for storms.
type Home struct {
	Resident *devices.Resident // nil: nobody has the device
	Devices  []Device
	// Absences are those that were announced, which the service knows.
	Absences []Absence
	// Labels are what truly happened, which it does not.
	Labels []Label
	set    *Set
	rows   []row // in order of receipt

	once sync.Once
	use  history
}

// Name of the home: its resident's, or its device's as recorded.
func (h *Home) Name() string {
	if h.Resident != nil {
		return h.Resident.ID
	}
	return h.Devices[0].Name
}

// Device is a device and its name in the recording.
type Device struct {
	devices.Device
	Name string
}

// Absence is a time away from home that was announced.
type Absence struct {
	devices.Absence
	Recorded time.Time // when it was entered; zero: beforehand
}

// Label is one line of ground truth.
type Label struct {
	Device   string
	Kind     string
	From, To time.Time
}

// Span is the time in which the home was watched: from the first to the last
// reading, without the stretches of over two days that have none.
func (h *Home) Span() time.Duration {
	return time.Duration(h.truth().watched) * time.Microsecond
}

// row is one reading. Times are microseconds since 1970.
type row struct {
	at, received    int64
	value           float64
	device          uint16 // of the home
	metric, quality uint16 // of the set
}

func (s *Set) metric(m devices.Metric) uint16 {
	i := slices.Index(s.metrics, m)
	if i < 0 {
		i = len(s.metrics)
		s.metrics = append(s.metrics, m)
	}
	return uint16(i) //nolint:gosec // recordings have few metrics
}

func (s *Set) qualityOf(q devices.Quality) uint16 {
	i := slices.Index(s.quality, q)
	if i < 0 {
		i = len(s.quality)
		s.quality = append(s.quality, q)
	}
	return uint16(i) //nolint:gosec // there are three
}

// finish puts the homes in order, which is part of the output, and counts.
func (s *Set) finish() {
	slices.SortFunc(s.Homes, func(a, b *Home) int { return cmp.Compare(a.Name(), b.Name()) })
	first, last := int64(0), int64(0)
	for _, h := range s.Homes {
		s.readings += len(h.rows)
		if n := len(h.rows); n > 0 {
			if first == 0 || h.rows[0].received < first {
				first = h.rows[0].received
			}
			last = max(last, h.rows[n-1].received)
		}
	}
	if s.readings > 0 {
		s.From, s.To = micros(first), micros(last)
	}
}

// Only makes a set of those homes that keep lets pass.
func (s *Set) Only(name string, keep func(*Home) bool) *Set {
	o := &Set{Name: name, metrics: s.metrics, quality: s.quality}
	for _, h := range s.Homes {
		if keep(h) {
			c := &Home{Resident: h.Resident, Devices: h.Devices, Absences: h.Absences, Labels: h.Labels, set: o, rows: h.rows}
			o.Homes = append(o.Homes, c)
		}
	}
	o.finish()
	return o
}

func micros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// history is what truly went on with the water of a home, from all readings,
// also those that came later.
type history struct {
	first, last int64   // of any reading, by event time
	watched     int64   // time that has readings
	use         []int64 // readings at which a register had moved
	labelled    bool
	away        [][2]int64 // labelled absences
}

// truth works the history out, once.
func (h *Home) truth() *history {
	h.once.Do(func() {
		perDevice := make([][]row, len(h.Devices))
		times := make([]int64, 0, len(h.rows))
		volume := slices.Index(h.set.metrics, devices.VolumeM3)
		for _, r := range h.rows {
			times = append(times, r.at)
			if int(r.metric) == volume {
				perDevice[r.device] = append(perDevice[r.device], r)
			}
		}
		slices.Sort(times)
		for i, t := range times {
			if i > 0 && t-times[i-1] <= (48*time.Hour).Microseconds() {
				h.use.watched += t - times[i-1]
			}
			h.use.first, h.use.last = times[0], t
		}
		for _, rows := range perDevice {
			slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.at, b.at) })
			var reg devices.Register
			for _, r := range rows {
				if reg.Read && !micros(r.at).After(reg.At) {
					continue
				}
				if litres, _ := reg.Next(micros(r.at), r.value); litres > 0 {
					h.use.use = append(h.use.use, r.at)
				}
			}
		}
		slices.Sort(h.use.use)
		for _, l := range h.Labels {
			if awayLabel(l.Kind) {
				h.use.away = append(h.use.away, [2]int64{l.From.UnixMicro(), l.To.UnixMicro()})
			}
		}
		h.use.labelled = len(h.Labels) > 0
	})
	return &h.use
}

// longAway: without labels, a home without any use for longer than this counts
// as left by its people.
const longAway = 30 * time.Hour

// away says whether nobody was at home at that time: inside a labelled absence,
// or without labels within a stretch of over 30 h without use. What the readings
// do not tell, before the first use and after the last, counts to their ends.
func (h *Home) away(at int64) bool {
	u := h.truth()
	if u.labelled {
		for _, a := range u.away {
			if at >= a[0] && at < a[1] {
				return true
			}
		}
		return false
	}
	if len(u.use) == 0 {
		return false
	}
	i, _ := slices.BinarySearch(u.use, at+1)
	from, to := u.first, u.last
	if i > 0 {
		from = u.use[i-1]
	}
	if i < len(u.use) {
		to = u.use[i]
	}
	return time.Duration(to-from)*time.Microsecond > longAway
}

func awayLabel(kind string) bool {
	switch kind {
	case "absence", "away", "going_away", "absence_announced", "absence_unannounced":
		return true
	}
	return false
}
