package simulate

import (
	"strconv"
	"time"

	"shouwang/devices"
)

// Limits of one message (MQTT contract, version 1).
const (
	MaxObjects = 1000
	MaxPayload = 256 << 10
)

// Topic is where a device publishes on a channel.
func Topic(device devices.DeviceID, channel string) string {
	return "homecare/v1/" + string(device) + "/" + channel
}

// Payload writes the samples as the device would send them: one object, or an
// array. It takes as many as fit one message and returns how many those were.
func (i *Instrument) Payload(samples []Sample) (payload []byte, taken int) {
	const room = 512 // more than one object of at most 8 measures
	samples = samples[:min(len(samples), MaxObjects)]
	payload = make([]byte, 0, min(len(samples)*128+2, MaxPayload))
	if len(samples) == 1 {
		return i.object(payload, samples[0]), 1
	}
	payload = append(payload, '[')
	for _, s := range samples {
		if len(payload) > MaxPayload-room {
			break
		}
		if taken > 0 {
			payload = append(payload, ',')
		}
		payload = i.object(payload, s)
		taken++
	}
	return append(payload, ']'), taken
}

func (i *Instrument) encode(dst []byte, samples []Sample) []byte {
	payload, _ := i.Payload(samples)
	return append(dst, payload...)
}

func (i *Instrument) object(dst []byte, s Sample) []byte {
	dst = append(dst, `{"ts":`...)
	dst = i.time(dst, s.At)
	return append(appendMetrics(append(dst, ','), s.Measures), '}')
}

func (i *Instrument) time(dst []byte, at time.Time) []byte {
	if i.UnixMillis {
		return strconv.AppendInt(dst, at.UnixMilli(), 10)
	}
	dst = append(dst, '"')
	dst = at.In(zone).AppendFormat(dst, time.RFC3339)
	return append(dst, '"')
}

func appendMetrics(dst []byte, measures []Measure) []byte {
	dst = append(dst, `"metrics":{`...)
	for n, m := range measures {
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendQuote(dst, string(m.Metric))
		dst = append(dst, ':')
		dst = strconv.AppendFloat(dst, m.Value, 'f', -1, 64)
	}
	return append(dst, '}')
}

// eventPayload holds i.mu.
func (i *Instrument) eventPayload(event string, at time.Time) []byte {
	dst := i.time([]byte(`{"ts":`), at)
	dst = append(dst, `,"event":"`...)
	dst = append(dst, event...)
	pct, _ := i.band.charge(at)
	dst = append(dst, `","battery_pct":`...)
	dst = strconv.AppendFloat(dst, float64(int(pct)), 'f', -1, 64)
	return append(dst, '}')
}
