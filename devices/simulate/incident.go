package simulate

import (
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
)

// Truth is what really happened to somebody, whatever the service makes of it.
type Truth struct {
	Kind     string           `json:"kind"`
	Device   devices.DeviceID `json:"device"`
	Resident string           `json:"resident"`
	// From is when it began, To when it was over (zero: it lasts).
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
	// Expect is the kind of alert that should follow, "" when none should, and
	// By the time at which the readings prove it.
	Expect string    `json:"expect,omitempty"`
	By     time.Time `json:"by,omitzero"`
}

// Message is something a device says beside its ordinary readings.
type Message struct {
	Channel string
	Payload []byte
}

// The kinds of incident.
const (
	SOS       = "sos"        // the wearer presses the button
	Fall      = "fall"       // the band feels a fall; its wearer lies still for a quarter of an hour
	Fever     = "fever"      // two hours of 39.6 °C and a fast pulse
	Collapse  = "collapse"   // no movement and no water from then on, devices still reporting
	LateBatch = "late_batch" // a daily meter uploads a day of ordinary registers, late
	Recover   = "recover"    // the end of everything that lasts
)

// Kinds lists the incidents that can be asked for.
func (s *Simulator) Kinds() []string {
	return []string{SOS, Fall, Fever, Collapse, LateBatch, Recover}
}

// InputError is a request for an incident that cannot be had.
type InputError struct{ Field, Value, Rule string }

func (e *InputError) Error() string { return fmt.Sprintf("%s: %q: %s", e.Field, e.Value, e.Rule) }

// Problem is the error in its parts, for an answer to a program.
func (e *InputError) Problem() (field, value, rule string) { return e.Field, e.Value, e.Rule }

const (
	fallStill  = 15 * time.Minute
	feverLasts = 2 * time.Hour
)

// Incident makes something happen now to the device's resident, or to somebody
// suitable when device is "". It returns the truth and what the device says at
// once, besides the readings that will differ from now on. A request that does
// not fit answers an *InputError.
//
// A collapse is proven by the registers of a whole day. On a daily meter, which
// still holds them, it therefore lies more than a day back, and shows at the
// upload that follows; on other devices it begins now. It takes hold of all
// devices of the resident.
func (s *Simulator) Incident(kind string, device devices.DeviceID, now time.Time) (Truth, Message, error) {
	now = now.UTC().Truncate(time.Second)
	if !slices.Contains(s.Kinds(), kind) {
		return Truth{}, Message{}, &InputError{"kind", kind, fmt.Sprintf("must be one of %q", s.Kinds())}
	}
	// One incident at a time: it may take hold of several instruments.
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.choose(kind, device, now)
	if err != nil {
		return Truth{}, Message{}, err
	}
	truth := Truth{Kind: kind, Device: i.Device.ID, Resident: i.Resident, From: now}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch kind {
	case SOS:
		truth.To, truth.Expect, truth.By = now, SOS, now
		return truth, Message{"event", i.eventPayload("sos", now)}, nil
	case Fall:
		truth.To, truth.Expect, truth.By = now.Add(fallStill), Fall, now
		i.band.stops = append(i.band.stops, stop{from: now, to: truth.To})
		return truth, Message{"event", i.eventPayload("fall", now)}, nil
	case Fever:
		truth.From, truth.To = now.Add(-3*time.Minute), now.Add(feverLasts)
		truth.Expect, truth.By = "body_temp", now
		i.band.fevers = append(i.band.fevers, stop{from: truth.From, to: truth.To})
		var samples []Sample
		for back := 2; back >= 0; back-- {
			at := now.Add(-time.Duration(back) * time.Minute)
			samples = append(samples, Sample{at, i.sample(at, time.Minute, nil)})
		}
		return truth, Message{"telemetry", i.encode(nil, samples)}, nil
	case LateBatch:
		i.daily, i.coarseUntil = false, now // from here on it reports like the others
		truth.To = now
	case Collapse:
		truth.From, truth.Expect, truth.By = s.collapse(i, now)
	case Recover:
		s.recover(i, now)
		truth.To = now
	}
	return truth, Message{}, nil
}

// collapse holds i.mu.
func (s *Simulator) collapse(i *Instrument, now time.Time) (from time.Time, expect string, by time.Time) {
	from = now
	switch {
	case i.daily:
		from, by = i.sent, now
		// From here on it reports like the others, so that recovery shows soon.
		i.daily, i.coarseUntil = false, now
		expect = "water_inactivity"
	case i.meter != nil:
		by, expect = now.Add(dailyNeeds), "water_inactivity"
	}
	i.collapse(from)
	for _, other := range s.byResident[i.Resident] {
		if other != i {
			other.mu.Lock()
			other.collapse(from)
			other.mu.Unlock()
		}
	}
	return from, expect, by
}

func (i *Instrument) collapse(from time.Time) {
	i.busy = Collapse
	if i.meter != nil {
		i.meter.freeze(from)
		return
	}
	i.band.stops = append(i.band.stops, stop{from: from})
}

// recover holds i.mu.
func (s *Simulator) recover(i *Instrument, now time.Time) {
	i.recover(now)
	for _, other := range s.byResident[i.Resident] {
		if other != i {
			other.mu.Lock()
			other.recover(now)
			other.mu.Unlock()
		}
	}
}

func (i *Instrument) recover(now time.Time) {
	i.busy = ""
	if i.meter != nil {
		i.meter.thaw(now)
		return
	}
	end(i.band.stops, now)
	end(i.band.fevers, now)
}

// choose finds the device an incident is to happen to. It holds s.mu.
func (s *Simulator) choose(kind string, device devices.DeviceID, now time.Time) (*Instrument, error) {
	if device != "" {
		i := s.byDevice[device]
		if i == nil {
			return nil, &InputError{"device", string(device), "no such device in the simulated county"}
		}
		if rule := i.unsuitable(kind, now, true); rule != "" {
			return nil, &InputError{"device", string(device), rule}
		}
		return i, nil
	}
	var suitable []*Instrument
	for _, i := range s.instruments {
		if i.unsuitable(kind, now, false) == "" {
			suitable = append(suitable, i)
		}
	}
	if len(suitable) == 0 {
		return nil, &InputError{"kind", kind, "no device of the county is suitable now"}
	}
	return suitable[s.rng.IntN(len(suitable))], nil
}

// unsuitable says why the incident cannot happen to the device, "" if it can. A
// device that was named may be one that shows the incident only in hours.
func (i *Instrument) unsuitable(kind string, now time.Time, named bool) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	ready := i.daily && i.sent.After(i.start.Add(-HistoryLength)) && now.Sub(i.sent) >= dailyNeeds
	switch kind {
	case SOS, Fall, Fever:
		if i.band == nil {
			return kind + " needs a wristband"
		}
		if _, charging := i.band.charge(now); !named && (charging || i.busy != "") {
			return "the band is off the wrist"
		}
	case LateBatch:
		if !ready {
			return "late_batch needs a meter that uploads daily and holds the registers of 25 h"
		}
	case Collapse:
		switch {
		case i.Resident == "":
			return "collapse needs a resident"
		case i.busy != "":
			return "the resident has collapsed already; recover comes first"
		case !ready && (!named || i.daily):
			return "collapse needs a meter that holds the registers of 25 h"
		}
	case Recover:
		if !named && i.busy == "" {
			return "nothing lasts"
		}
	}
	return ""
}
