package detect

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strings"

	"shouwang/devices"
)

const (
	minute = 60 * second
	second = int64(1e6) // times here are Unix microseconds

	// pulseAge: a band that measures the pulse must have found one this close
	// to a saturation for the saturation to be believed.
	pulseAge = 15 * minute
	// chargeRise is the rise of the battery, in per cent, that is charging, and
	// chargeGap how far apart its two reports may be: one after a longer time
	// says that it has been charged, not that it is being charged.
	chargeRise, chargeGap = 2, 150 * minute
	// bygone is how much older than the newest a reading may be to say anything
	// of the wrist: the rest is a backlog.
	bygone = 60 * minute
)

// wrist is what one band says of whether it is on the wrist. It hears readings
// in any order; one older than what is known changes nothing.
type wrist struct {
	Device devices.DeviceID
	wristTimes
	Steps, Battery float64
}

// wristTimes are Unix microseconds, 0 for never.
type wristTimes struct {
	Newest int64
	// FlagAt is when the band last said so by flag or event; Off is since when
	// it says no, zero when it said yes.
	FlagAt, Off int64
	// Pulse is the newest believable pulse, NoPulse the first of the heart rates
	// after it that are none (zero: there was none).
	Pulse, NoPulse, HeartAt int64
	// Steps is the counter, Moved when it last grew.
	StepsAt, Moved int64
	// Charging is since when the battery rises.
	BatteryAt, Charging int64
}

func (w *wristTimes) all() [10]*int64 {
	return [...]*int64{
		&w.Newest, &w.FlagAt, &w.Off, &w.Pulse, &w.NoPulse, &w.HeartAt, &w.StepsAt, &w.Moved, &w.BatteryAt, &w.Charging,
	}
}

var errWrist = errors.New("the state of a band cannot be read")

// UnmarshalText implements encoding.TextUnmarshaler, for states of an older
// release. Times are told from the newest.
func (w *wrist) UnmarshalText(text []byte) error {
	*w = wrist{}
	code, device, ok := strings.Cut(string(text), " ")
	b, err := base64.RawStdEncoding.DecodeString(code)
	if err != nil || !ok {
		return errWrist
	}
	w.Device = devices.DeviceID(device)
	next := func() (v int64) {
		v, n := binary.Varint(b)
		if n <= 0 {
			err, b = errWrist, nil
			return 0
		}
		b = b[n:]
		return v
	}
	for i, t := range w.all() {
		switch v := next(); {
		case i == 0:
			*t = v
		case v > 0:
			*t = w.Newest - v + 1
		case v < 0:
			*t = w.Newest - v
		}
	}
	w.Steps, w.Battery = float64(next())/1000, float64(next())/1000
	return err
}

// wrists are the bands of one subject; nearly always there is one.
type wrists []wrist

func (w *wrists) of(id devices.DeviceID) *wrist {
	for i := range *w {
		if (*w)[i].Device == id {
			return &(*w)[i]
		}
	}
	// A resident's old bands are forgotten one at a time.
	if len(*w) >= 4 {
		*w = append((*w)[:0], (*w)[1:]...)
	}
	*w = append(*w, wrist{Device: id})
	return &(*w)[len(*w)-1]
}

// why a band is taken to be off the wrist.
type why string

const (
	onWrist     why = ""
	offByFlag   why = "flag"
	offByCharge why = "charging"
	offByZero   why = "no_pulse"
	offByQuiet  why = "pulse_missing"
)

// hear takes in what a reading says of the wrist.
func (w *wrist) hear(m devices.Metric, value float64, at int64) {
	if at < w.Newest-bygone {
		return
	}
	w.Newest = max(w.Newest, at)
	value = math.Round(value*1000) / 1000 // as it is saved
	switch m {
	case devices.Worn:
		w.flag(at, value == 0)
	case devices.HeartRateBPM:
		if at < w.HeartAt {
			return
		}
		w.HeartAt = at
		switch {
		case pulseRange.holds(value):
			w.Pulse, w.NoPulse = at, 0
		case w.NoPulse == 0:
			w.NoPulse = at
		}
	case devices.Steps:
		w.count(value, at)
	case devices.BatteryPct:
		w.charge(value, at)
	}
}

func (w *wrist) flag(at int64, off bool) {
	if at < w.FlagAt || at < w.Newest-bygone {
		return
	}
	w.FlagAt = at
	switch {
	case !off:
		w.Off, w.Charging = 0, 0
	case w.Off == 0:
		w.Off = at
	}
}

// count follows the counter of steps, which starts again at midnight.
func (w *wrist) count(value float64, at int64) {
	if at <= w.StepsAt || value < 0 {
		return
	}
	if w.StepsAt != 0 && (value > w.Steps || value < w.Steps && value > 0) {
		w.Moved, w.Charging = at, 0
	}
	w.Steps, w.StepsAt = value, at
}

func (w *wrist) charge(value float64, at int64) {
	if at <= w.BatteryAt || value <= 0 || value > 100 {
		return
	}
	switch {
	case w.BatteryAt == 0:
	case value >= w.Battery+chargeRise && at-w.BatteryAt <= chargeGap:
		if w.Charging == 0 {
			w.Charging = w.BatteryAt
		}
	case value <= w.Battery:
		w.Charging = 0
	}
	w.Battery, w.BatteryAt = value, at
}

// off says whether the band is off the wrist at a time, by what, and since when.
// Of times before what it has said of itself it knows nothing: then it counts as
// worn, and the sample's own value decides.
func (w *wrist) off(at int64) (why, int64) {
	switch {
	case w.Off != 0 && at >= w.Off:
		return offByFlag, w.Off
	case w.Charging != 0 && at >= w.Charging:
		return offByCharge, w.Charging
	case w.NoPulse != 0 && at >= w.NoPulse && w.Moved < w.NoPulse:
		return offByZero, w.NoPulse
	case w.Pulse != 0 && w.NoPulse == 0 && at >= w.Pulse+pulseAge &&
		w.StepsAt >= w.Pulse+pulseAge && w.Moved <= w.Pulse:
		// The band goes on counting no steps, and finds no pulse any more.
		return offByQuiet, w.Pulse
	}
	return onWrist, 0
}

// pulseless says whether a band that measures the pulse found none about then.
func (w *wrist) pulseless(at int64) bool {
	if w.HeartAt == 0 || at < w.HeartAt && w.NoPulse == 0 {
		return false
	}
	return w.NoPulse != 0 && at >= w.NoPulse || at-w.Pulse > pulseAge
}
