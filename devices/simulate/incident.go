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
	LowSpO2   = "low_spo2"   // two hours of a saturation below 90 %
	OffWrist  = "off_wrist"  // the band is taken off and forgotten
	Collapse  = "collapse"   // no movement and no water from then on, devices still reporting
	GoingAway = "going_away" // no water from then on, and nobody was told; a band goes along
	Leak      = "leak"       // the toilet runs, some 12 L/h, until it is mended
	Burst     = "burst"      // three hours of 700 L/h
	LateBatch = "late_batch" // a daily meter uploads a day of ordinary registers, late
	// GatewayOutage: no device of the village is heard for two hours; what they
	// measure comes after that.
	GatewayOutage = "gateway_outage"
	Recover       = "recover" // the end of everything that lasts
)

// Kinds lists the incidents that can be asked for.
func (s *Simulator) Kinds() []string {
	return []string{
		SOS, Fall, Fever, LowSpO2, OffWrist, Collapse, GoingAway, Leak, Burst, GatewayOutage, LateBatch, Recover,
	}
}

// InputError is a request for an incident that cannot be had.
type InputError struct{ Field, Value, Rule string }

func (e *InputError) Error() string { return fmt.Sprintf("%s: %q: %s", e.Field, e.Value, e.Rule) }

// Problem is the error in its parts, for an answer to a program.
func (e *InputError) Problem() (field, value, rule string) { return e.Field, e.Value, e.Rule }

const (
	fallStill    = 15 * time.Minute
	feverLasts   = 2 * time.Hour
	hypoxiaLasts = 2 * time.Hour
	// offProven is how long a band must be off the wrist to be missed.
	offProven   = 12 * time.Hour
	burstLasts  = 3 * time.Hour
	burstAgo    = 6 * time.Hour // on a daily meter: over, and fresh news
	outageLasts = 2 * time.Hour
)

// Incident makes something happen now to the device's resident, or to somebody
// suitable when device is "". It returns the truth and what the device says at
// once, besides the readings that will differ from now on. A request that does
// not fit answers an *InputError.
//
// A collapse, an absence and a leak are proven by the registers of a whole day.
// On a daily meter, which still holds them, they therefore lie more than a day
// back, and show at the upload that follows; a burst lies some hours back there.
// On other devices they begin now. A collapse takes hold of all devices of the resident.
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
		return truth, i.threeSamples(now), nil
	case LowSpO2:
		truth.From, truth.To = now.Add(-3*time.Minute), now.Add(hypoxiaLasts)
		truth.Expect, truth.By = "spo2", now
		i.band.hypoxia = append(i.band.hypoxia, stop{from: truth.From, to: truth.To})
		return truth, i.threeSamples(now), nil
	case OffWrist:
		truth.Expect, truth.By = "not_worn", now.Add(offProven)
		i.busy = OffWrist
		i.band.off = append(i.band.off, stop{from: now})
		i.band.stops = append(i.band.stops, stop{from: now})
		return truth, Message{"event", i.eventPayload("removed", now)}, nil
	case GoingAway:
		truth.From, truth.Expect, truth.By = i.held(now)
		i.busy = GoingAway
		i.meter.freeze(truth.From)
	case Leak:
		truth.From, _, truth.By = i.held(now)
		truth.Expect = "water_leak"
		i.busy = Leak
		i.meter.flows = append(i.meter.flows, flow{from: truth.From, rate: leakRate})
	case Burst:
		if truth.From, _, _ = i.held(now); truth.From.Before(now) {
			truth.From = now.Add(-burstAgo)
		}
		truth.To, truth.Expect = truth.From.Add(burstLasts), "water_burst"
		truth.By = later(now, truth.To)
		i.meter.flows = append(i.meter.flows, flow{from: truth.From, to: truth.To, rate: burstRate})
	case GatewayOutage:
		truth.To, truth.Expect, truth.By = now.Add(outageLasts), "data_outage", now.Add(outageLasts)
		s.outage(i, truth.To)
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

// threeSamples is what the device has measured within two minutes.
func (i *Instrument) threeSamples(now time.Time) Message {
	var samples []Sample
	for back := 2; back >= 0; back-- {
		at := now.Add(-time.Duration(back) * time.Minute)
		samples = append(samples, Sample{at, i.sample(at, time.Minute, nil)})
	}
	return Message{"telemetry", i.encode(nil, samples)}
}

// held is where an incident of the meter begins that takes a day to show, what
// follows from a register that stands, and by when that is proven: a daily meter
// still holds the day, and from here on reports like the others, so that
// recovery shows soon. It holds i.mu.
func (i *Instrument) held(now time.Time) (from time.Time, expect string, by time.Time) {
	switch {
	case i.daily:
		i.daily, i.coarseUntil = false, now
		return i.sent, "water_inactivity", now
	case i.meter != nil:
		return now, "water_inactivity", now.Add(dailyNeeds)
	}
	return now, "", time.Time{}
}

// collapse holds i.mu.
func (s *Simulator) collapse(i *Instrument, now time.Time) (from time.Time, expect string, by time.Time) {
	from, expect, by = i.held(now)
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

// outage silences the devices of the village until the time given. It holds
// i.mu.
func (s *Simulator) outage(i *Instrument, until time.Time) {
	for _, other := range s.instruments {
		if other == i {
			i.mute = until
		} else if other.Device.Area == i.Device.Area {
			other.mu.Lock()
			other.mute = until
			other.mu.Unlock()
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
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
	if now.Before(i.mute) {
		s.outage(i, now)
	}
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
		i.meter.mend(now)
		return
	}
	end(i.band.stops, now)
	end(i.band.fevers, now)
	end(i.band.hypoxia, now)
	end(i.band.off, now)
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
	if now.Before(i.mute) && kind != Recover {
		return "nothing is heard from its village; recover comes first"
	}
	ready := i.daily && i.sent.After(i.start.Add(-HistoryLength)) && now.Sub(i.sent) >= dailyNeeds
	switch kind {
	case SOS, Fall, Fever, LowSpO2, OffWrist:
		if i.band == nil {
			return kind + " needs a wristband"
		}
		if _, charging := i.band.charge(now); !named && (charging || i.busy != "") {
			return "the band is off the wrist"
		}
		if kind == OffWrist && i.busy != "" {
			return i.busy + " lasts; recover comes first"
		}
	case GoingAway, Leak, Burst:
		switch {
		case i.meter == nil:
			return kind + " needs a water meter"
		case i.busy != "":
			return i.busy + " lasts; recover comes first"
		case !ready && (!named || i.daily):
			return kind + " needs a meter that holds the registers of 25 h"
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
			return i.busy + " lasts; recover comes first"
		case !ready && (!named || i.daily):
			return "collapse needs a meter that holds the registers of 25 h"
		}
	case Recover:
		if !named && i.busy == "" && !now.Before(i.mute) {
			return "nothing lasts"
		}
	}
	return ""
}
