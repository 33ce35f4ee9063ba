package load

import (
	"math/rand/v2"
	"strconv"

	"shouwang/devices"
)

// source is one made-up device.
type source struct {
	topic string
	seq   int64
	last  int64 // time of its newest reading, Unix milliseconds
}

// maker writes payloads.
type maker struct {
	metrics []devices.Metric
	batch   int
	size    int
	random  *rand.Rand
}

// message appends the next message of a device: one object, or an array of
// batch objects. Each object has a time of its own, now or one millisecond after
// the device's last. A single object is filled up to size with a field that
// every reader ignores, as real devices send their model and firmware.
func (m *maker) message(b []byte, s *source, now int64) []byte {
	if m.batch == 1 {
		from := len(b)
		b = m.object(b, s, now)
		const frame = len(`,"model":""`)
		if fill := m.size - (len(b) - from) - frame; fill > 0 {
			b = append(b[:len(b)-1], `,"model":"`...)
			for range fill {
				b = append(b, 'x')
			}
			b = append(b, '"', '}')
		}
		return b
	}
	b = append(b, '[')
	for i := range m.batch {
		if i > 0 {
			b = append(b, ',')
		}
		b = m.object(b, s, now)
	}
	return append(b, ']')
}

func (m *maker) object(b []byte, s *source, now int64) []byte {
	s.seq++
	s.last = max(s.last+1, now)
	b = append(b, `{"ts":`...)
	b = strconv.AppendInt(b, s.last, 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, s.seq, 10)
	b = append(b, `,"metrics":{`...)
	for i, metric := range m.metrics {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, metric...)
		b = append(b, '"', ':')
		b = m.value(b, metric, s.seq)
	}
	return append(b, '}', '}')
}

// value appends a value over which nobody is alarmed.
func (m *maker) value(b []byte, metric devices.Metric, seq int64) []byte {
	between := func(low, high int) []byte { return strconv.AppendInt(b, int64(low+m.random.IntN(high-low+1)), 10) }
	tenths := func(low, high int) []byte {
		return strconv.AppendFloat(b, float64(low+m.random.IntN(high-low+1))/10, 'f', 1, 64)
	}
	switch metric {
	case devices.HeartRateBPM:
		return between(62, 88)
	case devices.SpO2Pct:
		return between(96, 99)
	case devices.BodyTempC:
		return tenths(363, 369)
	case devices.SkinTempC:
		return tenths(322, 344)
	case devices.SystolicMMHg:
		return between(112, 128)
	case devices.DiastolicMMHg:
		return between(72, 82)
	case devices.RespRateBPM:
		return between(13, 18)
	case devices.BatteryPct:
		return between(60, 95)
	case devices.Worn:
		return append(b, '1')
	case devices.VolumeM3: // a register: a litre each time
		return strconv.AppendFloat(b, float64(100_000+seq)/1000, 'f', 3, 64)
	case devices.Steps:
		return strconv.AppendInt(b, seq%20_000, 10)
	}
	return between(1, 100)
}
