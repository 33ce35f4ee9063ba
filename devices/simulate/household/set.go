package household

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"shouwang/devices"
)

// Set is a recording in the making: who there is and what is true of them is
// known at once, the readings are made as they are written.
type Set struct {
	options Options
	start   time.Time
	first   int64 // local day
	cal     *calendar
	members []*member
	devices []device
	labels  []Label
}

// device is what the registry would know of one.
type device struct {
	id       devices.DeviceID
	kind     devices.Kind
	resident string
	area     devices.AreaPath
	tier     devices.Tier
	home     Kind
	born     int
}

// member is one resident with the devices there are.
type member struct {
	life    *life
	meter   *meter
	band    *band
	village int
	devices []devices.DeviceID
}

// villageHomes is how many residents make a village, with a gateway of its own.
const villageHomes = 20

// New draws the people and what will happen to them.
func New(o Options) (*Set, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	first := dayOf(o.Start.Unix())
	s := &Set{
		options: o, first: first, start: time.Unix(midnight(first), 0).In(zone()),
		cal: newCalendar(o.Seed, first, int64(o.Days)),
	}
	for n := range max(o.Homes, o.Wearers) {
		s.admit(n)
	}
	s.fate()
	sortLabels(s.labels)
	return s, nil
}

// admit makes the resident n with the devices.
func (s *Set) admit(n int) {
	o := s.options
	seed := mix(o.Seed ^ mix(uint64(n)+0x51))
	d := newDice(seed, "person")
	kind := o.Kind
	if x := d.Float64(); kind == Mixed {
		switch {
		case x < 0.60:
			kind = Flush
		case x < 0.85:
			kind = Dry
		default:
			kind = Vat
		}
	}
	l := &life{kind: kind, seed: seed, cal: s.cal, wild: o.Irregularity, dice: newDice(seed, "days")}
	l.habits = newHabits(d, kind, o.Irregularity)
	m := &member{life: l, village: n / villageHomes}
	tier, born := devices.TierGreen, 1936+d.IntN(25)
	switch x := d.Float64(); {
	case x < 0.10:
		tier = devices.TierRed
	case x < 0.40:
		tier = devices.TierYellow
	}
	add := func(id string, k devices.Kind, home Kind) int32 {
		s.devices = append(s.devices, device{
			devices.DeviceID(id), k, fmt.Sprintf("p%05d", n+1),
			devices.AreaPath(fmt.Sprintf("sim/town/v%03d", m.village+1)), tier, home, born,
		})
		m.devices = append(m.devices, devices.DeviceID(id))
		return int32(len(s.devices) - 1)
	}
	if n < o.Homes {
		m.meter = newMeter(o, l, add(fmt.Sprintf("simmeter/%s-%05d", kind, n+1), devices.WaterMeter, kind), s.first)
	}
	if n < o.Wearers {
		m.band = newBand(l, add(fmt.Sprintf("simband/band-%05d", n+1), devices.Wristband, ""))
	}
	s.members = append(s.members, m)
}

// Labels returns what is true, in order of beginning.
func (s *Set) Labels() []Label { return slices.Clone(s.labels) }

// Devices is how many there are.
func (s *Set) Devices() int { return len(s.devices) }

// time is the whole time of the set.
func (s *Set) time() span {
	return span{midnight(s.first), midnight(s.first + int64(s.options.Days))}
}

func (s *Set) label(id devices.DeviceID, kind string, t span) {
	s.labels = append(s.labels, Label{id, kind, time.Unix(t.from, 0).UTC(), time.Unix(t.to, 0).UTC()})
}

// labelAll says it of all devices of a resident.
func (s *Set) labelAll(m *member, kind string, t span) {
	for _, id := range m.devices {
		s.label(id, kind, t)
	}
}

// batches makes the readings day by day, in order of receipt: what is received
// before a day is over has been measured by then.
func (s *Set) batches() iter.Seq[[]row] {
	return func(yield func([]row) bool) {
		var waiting []row
		for n := s.first; n < s.first+int64(s.options.Days); n++ {
			for _, m := range s.members {
				if m.meter != nil {
					waiting = m.meter.day(n, waiting)
				}
				if m.band != nil {
					waiting = m.band.day(n, waiting)
				}
			}
			slices.SortFunc(waiting, byReceipt)
			ready := 0
			for end := midnight(n + 1); ready < len(waiting) && waiting[ready].received < end; ready++ {
				continue
			}
			if !yield(waiting[:ready]) {
				return
			}
			waiting = append(waiting[:0], waiting[ready:]...)
		}
		yield(waiting)
	}
}
