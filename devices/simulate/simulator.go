package simulate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"shouwang/devices"
)

// HistoryLength is how far back a county's history goes.
const HistoryLength = 14 * 24 * time.Hour

// Options of a Simulator.
type Options struct {
	Seed uint64
	// Start is where history ends and live readings begin.
	Start time.Time
	// BandEvery and MeterEvery are the spacing of live readings, in whole
	// seconds: a minute and five minutes by default, so that a page lives.
	BandEvery, MeterEvery time.Duration
}

// Simulator is a county at work: its instruments and what happens to people.
// Its methods may be called from several goroutines.
type Simulator struct {
	start       time.Time
	instruments []*Instrument
	byDevice    map[devices.DeviceID]*Instrument
	byResident  map[string][]*Instrument

	mu  sync.Mutex // guards rng, and is held throughout an incident
	rng *rand.Rand
}

const (
	// One meter of travellerShare stands in the home of somebody who often
	// spends a night elsewhere unannounced, travelsPerDay times a day: in a
	// county of 500 a handful within the history. The others stay at home.
	travellerShare = 25
	travelsPerDay  = 1.5 / 30
	// One meter of dailyShare uploads a day's registers at once; its last
	// upload is a day old at the start, so that it can tell of a collapse, or
	// of nothing, within a minute of being asked.
	dailyShare = 16
	dailyFirst = 26 * time.Hour
)

// New returns a Simulator for the county. Nothing has been uploaded: history
// begins HistoryLength before the start.
func New(c County, o Options) *Simulator {
	o.Start = o.Start.UTC()
	if o.BandEvery < time.Second {
		o.BandEvery = time.Minute
	}
	if o.MeterEvery < time.Second {
		o.MeterEvery = 5 * time.Minute
	}
	s := &Simulator{
		start:    o.Start,
		byDevice: map[devices.DeviceID]*Instrument{}, byResident: map[string][]*Instrument{},
		rng: generator(seedOf(o.Seed, "incidents"), 0),
	}
	residents := map[devices.DeviceID]string{}
	owned := map[string]int{}
	for _, a := range c.Assignments {
		residents[a.Device] = a.Resident
		owned[a.Resident]++
	}
	meters := rankedMeters(c, o.Seed, residents, owned)
	nth := map[devices.DeviceID]int{}
	for n, id := range meters {
		nth[id] = n
	}
	share := max(4, len(meters)/dailyShare)
	for _, d := range c.Devices {
		seed := seedOf(o.Seed, string(d.ID))
		i := &Instrument{
			Device: d, Resident: residents[d.ID],
			UnixMillis: d.ID.Vendor() == "linquan" || d.ID.Vendor() == "kangwan",
			phase:      int64(seed % 3600), start: o.Start,
			sent: o.Start.Add(-HistoryLength), coarseUntil: o.Start.Add(-fineBefore),
		}
		switch d.Kind {
		case devices.WaterMeter:
			i.live = o.MeterEvery
			n, away := nth[d.ID], 0.0
			switch {
			case n < share: // only people with nothing but a meter, see rankedMeters
				i.daily = true
				i.release = o.Start.Add(-dailyFirst - time.Duration(n%8)*30*time.Minute)
			case n < share+len(meters)/travellerShare:
				away = travelsPerDay
			}
			i.meter = newMeter(seed, away)
		case devices.Wristband:
			i.live = o.BandEvery
			i.band = newBand(seed)
		}
		s.instruments = append(s.instruments, i)
		s.byDevice[d.ID] = i
		if i.Resident != "" {
			s.byResident[i.Resident] = append(s.byResident[i.Resident], i)
		}
	}
	return s
}

// rankedMeters puts the meters in an order that belongs to the seed, those
// first whose resident has no other device.
func rankedMeters(c County, seed uint64, residents map[devices.DeviceID]string, owned map[string]int) []devices.DeviceID {
	var meters []devices.DeviceID
	for _, d := range c.Devices {
		if d.Kind == devices.WaterMeter {
			meters = append(meters, d.ID)
		}
	}
	rank := func(id devices.DeviceID) uint64 {
		return uint64(min(owned[residents[id]], 2))<<62 | seedOf(seed, "rank "+string(id))>>2
	}
	slices.SortFunc(meters, func(a, b devices.DeviceID) int { return cmp.Compare(rank(a), rank(b)) })
	return meters
}

// Start is where history ends and live readings begin.
func (s *Simulator) Start() time.Time { return s.start }

// Instruments lists all devices, in the order of the county.
func (s *Simulator) Instruments() []*Instrument { return s.instruments }

// Instrument returns one device, nil when the county has no such device.
func (s *Simulator) Instrument(id devices.DeviceID) *Instrument { return s.byDevice[id] }

// Resume tells the simulator that a run before this one uploaded up to t: only
// what came after is sent. What daily meters may have kept until then is
// sent again; the same readings written twice change nothing.
func (s *Simulator) Resume(t time.Time) {
	if t.After(s.start) {
		t = s.start // the clock was set back
	}
	for _, i := range s.instruments {
		from := t
		if i.Daily() {
			from = t.Add(-dailyAfter)
		}
		if first := s.start.Add(-HistoryLength); from.Before(first) {
			from = first
		}
		i.Seek(from)
	}
}

// Absences tells when residents were truly away from home in [from, to).
func (s *Simulator) Absences(from, to time.Time) []Truth {
	var truths []Truth
	for _, i := range s.instruments {
		if i.meter == nil || i.meter.home.awayPerDay == 0 {
			continue
		}
		first, _ := dayOf(localMinute(from))
		last, _ := dayOf(localMinute(to))
		for day := first - maxNights - 1; day <= last; day++ {
			begin, end, ok := i.meter.home.absence(day)
			if !ok {
				continue
			}
			at := func(minute int64) time.Time {
				return time.Unix((day*minutesPerDay+minute)*60-zoneSeconds, 0).UTC()
			}
			if at(end).After(from) && at(begin).Before(to) {
				truths = append(truths, Truth{Kind: "absence", Device: i.Device.ID, Resident: i.Resident, From: at(begin), To: at(end)})
			}
		}
	}
	return truths
}
