package codec

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"shouwang/devices"
)

// The functions of this file read single JSON values, handed to them as sent.

// contract spares a string per reading for the metrics of the contract.
//
//nolint:gochecknoglobals // a constant table
var contract = func() map[string]devices.Metric {
	m := map[string]devices.Metric{}
	for _, k := range []devices.Metric{
		devices.VolumeM3, devices.FlowM3H, devices.WaterTempC, devices.PressureKPa, devices.HeartRateBPM, devices.SpO2Pct,
		devices.BodyTempC, devices.SkinTempC, devices.SystolicMMHg, devices.DiastolicMMHg, devices.RespRateBPM,
		devices.Steps, devices.Worn, devices.LatDeg, devices.LonDeg, devices.AccuracyM,
		devices.BatteryPct, devices.BatteryV, devices.RSSIDBm,
	} {
		m[string(k)] = k
	}
	return m
}()

// metricName is the name in a quoted JSON string, if it may stand in a tag or
// a column of any store.
func metricName(quoted []byte) (devices.Metric, bool) {
	name := quoted[1 : len(quoted)-1]
	if m, ok := contract[string(name)]; ok {
		return m, true
	}
	if len(name) == 0 || len(name) > 64 {
		return "", false
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == ':', c == '-':
		default: // a backslash too: no name of these characters needs one
			return "", false
		}
	}
	return devices.Metric(name), true
}

// number is the finite number that a JSON value is.
func number(raw []byte) (float64, bool) {
	if jsontext.Value(raw).Kind() != '0' {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false
	}
	return v, true
}

// parseTime reads RFC 3339 or Unix milliseconds.
func parseTime(raw []byte) (time.Time, fault) {
	bad := func(rule string) (time.Time, fault) {
		return time.Time{}, fault{devices.Malformed, string(clip(raw)), rule}
	}
	switch jsontext.Value(raw).Kind() {
	case '"':
		// The RFC allows small letters, the library does not know them.
		text := raw[1 : len(raw)-1]
		var t time.Time
		if t.UnmarshalText(text) != nil && t.UnmarshalText(bytes.ToUpper(text)) != nil {
			return bad("must be RFC 3339 with an offset, as 2026-11-23T08:00:00+08:00, or Unix milliseconds")
		}
		return micros(t), fault{}
	case '0':
		ms, ok := number(raw)
		switch {
		case !ok:
			return bad("must be Unix milliseconds")
		case ms >= 4e12: // the year 2096
			return time.Time{}, fault{devices.TimeAhead, string(clip(raw)), "must be Unix milliseconds, at most 10 minutes ahead of the time of receipt"}
		case ms >= 946_000_000 && ms < 4e9:
			return time.Time{}, fault{devices.TooOld, string(clip(raw)), "must be Unix milliseconds; this looks like seconds"}
		case ms < 0:
			return time.Time{}, fault{devices.TooOld, string(clip(raw)), "must be Unix milliseconds after the year 2000"}
		}
		return time.UnixMicro(int64(math.Round(ms * 1000))).UTC(), fault{}
	}
	return bad("must be RFC 3339 with an offset, or Unix milliseconds")
}

// micros is the time as it is kept everywhere: UTC, whole microseconds. Years
// that UnixMicro cannot hold are far outside every limit either way.
func micros(t time.Time) time.Time {
	t = t.UTC()
	return t.Add(-time.Duration(t.Nanosecond() % 1000))
}

// maxSeq is the largest whole number that every JSON implementation keeps.
const maxSeq = 1 << 53

func parseSeq(raw []byte) (int64, fault) {
	v, ok := number(raw)
	if !ok || v != math.Trunc(v) || v < 0 || v > maxSeq {
		return 0, fault{devices.Malformed, string(clip(raw)), "must be a whole number from 0 to 9007199254740992"}
	}
	return int64(v), fault{}
}

// eventKind reads the kind of an event. Urgent ones are recognised in any
// case and with blanks around, others as the contract writes them.
func eventKind(raw []byte) devices.EventKind {
	if jsontext.Value(raw).Kind() != '"' {
		return devices.EventKind(clip(raw))
	}
	if k := devices.EventKind(raw[1 : len(raw)-1]); k.Known() {
		return k
	}
	s := unquote(raw)
	if k := devices.EventKind(strings.ToLower(strings.TrimSpace(s))); k.Urgent() {
		return k
	}
	return devices.EventKind(clip([]byte(s)))
}

// unquote is the text of a quoted JSON string.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	s, _ := jsontext.AppendUnquote([]byte(nil), raw) // what is not UTF-8 becomes U+FFFD
	return string(s)
}

// maxDetail is how much of an event's other fields is kept, in bytes as sent.
const maxDetail = 4 << 10

// keepDetail reads the value of a field that is not ours and keeps it while
// there is room. A value that Go cannot hold (1e999) is kept as text.
func (n *Native) keepDetail(quoted []byte) error {
	name := strings.ToValidUTF8(unquote(quoted), "\ufffd")
	raw, err := n.dec.ReadValue()
	if err != nil {
		return err
	}
	e := &n.elem
	if e.room -= len(quoted) + len(raw); e.room < 0 {
		return nil
	}
	if e.detail == nil {
		e.detail = map[string]any{}
	}
	var v any
	if json.Unmarshal(raw, &v) != nil || n.mended && n.sent(raw) != string(clip(raw)) {
		v = n.sent(raw)
	}
	e.detail[name] = v
	return nil
}

// clip cuts a value for people after 200 bytes, not within a character.
func clip(raw []byte) []byte {
	const limit = 200
	if len(raw) > limit {
		raw = raw[:limit]
	}
	// NUL has no place in a text column of PostgreSQL.
	return bytes.ReplaceAll(bytes.ToValidUTF8(raw, nil), []byte{0}, []byte("\ufffd"))
}
