package ingest

import (
	"slices"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/devices/codec"
)

// Directory tells what the registry knew of a device at a time of receipt; false
// for an unknown one.
type Directory interface {
	Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool)
}

// DecoderOptions are the settings of a Decoder.
type DecoderOptions struct {
	// Reader and Lane label the metrics.
	Reader    string
	Lane      Lane
	Directory Directory
	// AgeLimit is the age beyond which readings are refused; 0 lifts it.
	AgeLimit time.Duration
	Metrics  *Metrics // nil: not measured
	// Decoded is shared with the other reader of the lane; nil: not shared.
	Decoded *Decoded
}

// Decoder turns frames of the journal into records. What it says depends on
// the frames and on what the registry knew when they came, on nothing else: a
// frame read again says the same. It remembers the repeats of the last minute,
// so each reader of each lane has its own; it is not safe for concurrent use.
type Decoder struct {
	directory Directory
	age       time.Duration
	native    *codec.Native
	window    window
	counts    counts
	// of and received belong to the message at hand.
	of       devices.Standing
	received time.Time
	ask      func(codec.Element) bool
	// untimed is what the window has seen of the frame at hand.
	untimed []sighting
	decoded *Decoded
	// warming is set while only the window is filled.
	warming bool
}

// NewDecoder makes a decoder whose window is empty.
func NewDecoder(o DecoderOptions) *Decoder {
	d := &Decoder{directory: o.Directory, age: o.AgeLimit, native: codec.NewNative(o.AgeLimit), counts: o.Metrics.counts(o.Reader, o.Lane), decoded: o.Decoded}
	d.ask = d.repeated // once: a method value costs an allocation
	return d
}

// Decode reads one frame. There is a record for each tick and for each message
// of which something was taken, or which repeats what was taken before; a
// message of which all was refused is no record, so a device that sends only
// nonsense counts as silent. Neither list may be changed.
func (d *Decoder) Decode(f Frame) ([]devices.Record, []devices.Refusal) {
	got, known := d.decoded.frame(f.Seq, func() decodedFrame { return d.decode(f) })
	if known {
		for _, s := range got.untimed {
			d.window.note(s)
		}
	}
	d.counts.records.Add(float64(len(f.Records)))
	d.counts.readings.Add(float64(got.readings))
	d.counts.repeats.Add(float64(got.repeats))
	for data, n := range got.withheld {
		d.counts.withheld.WithLabelValues(string(data)).Add(float64(n))
	}
	for i := range got.refusals {
		d.counts.refused(got.refusals[i].Code)
	}
	return got.records, got.refusals
}

func (d *Decoder) decode(f Frame) decodedFrame {
	d.untimed = nil
	repeats, withheld := 0, map[devices.DataType]int{}
	records := make([]devices.Record, 0, len(f.Records))
	// One list for the readings of the whole frame; each record has its part.
	readings := make([]devices.Reading, 0, len(f.Records))
	var refusals []devices.Refusal
	for i := range f.Records {
		rec := &f.Records[i]
		if rec.Tick {
			records = append(records, devices.Record{Received: rec.Received, Tick: &devices.Tick{Connected: rec.Connected}})
			continue
		}
		res, refusal := d.message(&rec.Message)
		if refusal != nil {
			refusals = append(refusals, *refusal)
			continue
		}
		refusals = append(refusals, res.Refusals...)
		if len(res.Readings) == 0 && len(res.Events) == 0 && res.Repeats == 0 && res.Online == nil && len(res.Refusals) > 0 {
			continue
		}
		d.withhold(res, withheld)
		r := devices.Record{Received: rec.Received, Device: d.of.Device.ID, Retained: rec.Retained, Online: res.Online}
		if len(res.Readings) > 0 {
			from := len(readings)
			readings = append(readings, res.Readings...)
			r.Readings = readings[from:len(readings):len(readings)]
		}
		if len(res.Events) > 0 {
			r.Events = append([]devices.Event(nil), res.Events...)
		}
		repeats += res.Repeats
		records = append(records, r)
	}
	return decodedFrame{seq: f.Seq, records: records, refusals: refusals, untimed: d.untimed, repeats: repeats, readings: len(readings), withheld: withheld}
}

// withhold takes out what the resident does not agree to, and counts it. The
// record stays: the device has spoken. A cry for help is never taken out.
func (d *Decoder) withhold(res *codec.Result, count map[devices.DataType]int) {
	not := d.of.Withheld
	if not == 0 {
		return
	}
	drop := func(data devices.DataType) bool {
		if !not.Has(data) {
			return false
		}
		count[data]++
		return true
	}
	res.Readings = slices.DeleteFunc(res.Readings, func(r devices.Reading) bool { return drop(r.Metric.Data(d.of.Device.Kind)) })
	res.Events = slices.DeleteFunc(res.Events, func(e devices.Event) bool { return drop(e.Kind.Data()) })
}

// Warm fills the window with a frame that was decoded before, by a process
// that is gone. See warm.
func (d *Decoder) Warm(f Frame) {
	d.warming = true
	defer func() { d.warming = false }()
	for i := range f.Records {
		if rec := &f.Records[i]; !rec.Tick {
			d.message(&rec.Message)
		}
	}
}

// Forget empties the window.
func (d *Decoder) Forget() { d.window = window{} }

// message decodes one message, or says why the whole of it is refused. One that
// the codec breaks down on is refused too: the journal would bring it again after
// every start. It stays there and can be read again once the defect is mended.
func (d *Decoder) message(m *Message) (res *codec.Result, refusal *devices.Refusal) {
	var about devices.DeviceID
	defer func() {
		if recover() != nil {
			d.native = codec.NewNative(d.age) // nobody knows what the old one holds
			res, refusal = nil, d.refuse(m, devices.Internal, about, "", "", "the service broke down on this message: a defect of ours")
		}
	}()
	id, channel, err := codec.ParseTopic(m.Topic)
	about = id
	if err != nil {
		return nil, d.refuse(m, devices.WrongTopic, id, "topic", clip(m.Topic), err.Error())
	}
	known, ok := d.directory.Standing(id, m.Received)
	switch {
	case !ok:
		return nil, d.refuse(m, devices.UnknownDevice, id, "device", string(id), "was not entered when the message came")
	case known.Device.Disabled:
		return nil, d.refuse(m, devices.DeviceDisabled, id, "device", string(id), "is disabled")
	}
	d.of, d.received = known, m.Received
	return d.native.Decode(codec.Message{
		Device: known.Device.ID, Channel: channel, Topic: m.Topic, Payload: m.Payload, Received: m.Received, Retained: m.Retained, Repeated: d.ask,
	}), nil
}

func (d *Decoder) refuse(m *Message, code devices.RefusalCode, id devices.DeviceID, field, value, rule string) *devices.Refusal {
	if d.warming {
		return &devices.Refusal{}
	}
	sum, kept := codec.Sum(m.Payload)
	return &devices.Refusal{
		Code: code, Field: field, Value: value, Rule: rule, Device: id, Topic: clip(m.Topic), Received: m.Received, SHA256: sum, Payload: kept,
	}
}

func (d *Decoder) repeated(e codec.Element) bool {
	s := sighting{d.window.key(d.of.Device.ID, e), d.received.UnixMicro()}
	if !d.warming {
		d.untimed = append(d.untimed, s)
	}
	return d.window.note(s)
}

// clip cuts a topic, which may have 64 KiB, to what people read.
func clip(s string) string {
	const limit = 200
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.ToValidUTF8(s, "")
}
