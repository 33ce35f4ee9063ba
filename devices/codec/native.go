package codec

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"shouwang/devices"
)

// The bounds of a message, as the MQTT contract gives them.
const (
	MaxPayload  = 256 << 10
	MaxElements = 1000
	// Ahead is how far a device's clock may run ahead of ours.
	Ahead = 10 * time.Minute
)

// oldest is the lower bound of every time, also when the age limit is lifted:
// a clock that has lost its time says 1970 or its maker's epoch, and no
// connected meter is older than this.
var oldest = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// maxRefusals is how many refusals one message may bring. A payload of 256 KiB
// has room for 30 000 bad metrics; nobody reads more than the first few.
const maxRefusals = 64

// Message is one message to decode.
type Message struct {
	Device   devices.DeviceID
	Channel  Channel
	Topic    string
	Payload  []byte
	Received time.Time
	Retained bool
	// Repeated is asked for every element that has no time of its own and is
	// dropped when it says yes, but never for an SOS or a fall. May be nil.
	Repeated func(Element) bool
}

// Element is what tells one element without a time from another.
type Element struct {
	Seq    int64
	HasSeq bool
	// Raw is the element as sent.
	Raw []byte
}

// Result is what a message says. Its slices are valid until the next call.
type Result struct {
	Readings []devices.Reading
	Events   []devices.Event
	Online   *bool
	Refusals []devices.Refusal
	// Repeats counts the elements dropped as seen before.
	Repeats int
}

// Native decodes the native payload: one JSON object or an array of them. It
// reuses its buffers and is not safe for concurrent use.
type Native struct {
	age    time.Duration
	strict []jsontext.Options
	loose  []jsontext.Options
	dec    jsontext.Decoder
	buf    bytes.Buffer
	msg    Message
	res    Result
	elem   element
	// array is set while the elements of an array are read, index counts them.
	array bool
	index int
	// mended is set when a copy of the payload is read, see quoteNonFinite.
	mended bool
	// untimed lists what was taken from elements without a time of their own.
	untimed []untimed
	// dropped counts the refusals over maxRefusals.
	dropped int
	names   map[string]bool
	// sum and kept are what refusals say of the payload, made for the first.
	sum  string
	kept []byte
}

// untimed is one element without a time, and the readings or the one event it
// gave. Whether it is a repeat is asked when the whole payload has proved to be
// JSON, once.
type untimed struct {
	Element

	event    bool
	from, to int
}

// fault is a refusal in the making.
type fault struct {
	code  devices.RefusalCode
	value string
	rule  string
}

// NewNative makes a decoder that refuses times older than age; 0 lifts that
// limit.
func NewNative(age time.Duration) *Native {
	// Names that stand twice are found where they matter; a stray byte in the
	// text of an event must not cost the event.
	twice := jsontext.AllowDuplicateNames(true)
	return &Native{
		age: age, strict: []jsontext.Options{twice}, loose: []jsontext.Options{twice, jsontext.AllowInvalidUTF8(true)},
	}
}

// Decode reads one message. Whatever it is fed, it returns: what can be used
// is in the result, and so is the reason for everything else. An SOS or a fall
// that can be read at all is never refused.
func (n *Native) Decode(m Message) *Result {
	n.msg = m
	n.res = Result{Readings: n.res.Readings[:0], Events: n.res.Events[:0]}
	n.array, n.index, n.mended, n.dropped, n.sum, n.kept = false, 0, false, 0, "", nil
	n.untimed = n.untimed[:0]
	if !n.decode(m.Payload, true) {
		n.salvage()
	}
	n.dropRepeats()
	if n.dropped > 0 {
		n.addRefusal(devices.Malformed, "", "", "and "+strconv.Itoa(n.dropped)+" more like these in this message")
	}
	n.msg = Message{}
	return &n.res
}

// decode says whether everything in the payload could be understood. repair
// allows one second try with bare NaN and Infinity made readable.
func (n *Native) decode(payload []byte, repair bool) bool {
	switch {
	case len(payload) > MaxPayload:
		n.refuse(fault{devices.TooLarge, strconv.Itoa(len(payload)) + " bytes", "a message has at most 262144 bytes"}, "")
		return false
	case n.msg.Channel == Status || n.msg.Channel == Ack:
		n.control(payload)
		return true
	}
	body := bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf"))
	options := n.strict
	if n.msg.Channel == Event {
		options = n.loose
	}
	n.buf = *bytes.NewBuffer(body)
	n.dec.Reset(&n.buf, options...)
	err := n.body(body)
	n.buf = bytes.Buffer{}
	if err == nil {
		return len(n.res.Refusals) == 0
	}
	if repair {
		if mended, ok := quoteNonFinite(body); ok {
			n.forget()
			n.res.Events, n.mended = n.res.Events[:0], true
			return n.decode(mended, false)
		}
	}
	n.forget()
	if _, tooMany := errors.AsType[tooManyError](err); tooMany {
		n.refuse(fault{devices.TooLarge, "", "an array has at most 1000 elements"}, "")
		return false
	}
	n.refuse(syntaxFault(err, body, len(payload)-len(body), n.dec.InputOffset()), "")
	return false
}

// forget drops what was read of a payload that turns out not to be JSON.
// Urgent events stay: they were read before the fault.
func (n *Native) forget() {
	n.res.Readings, n.res.Refusals, n.untimed = n.res.Readings[:0], nil, n.untimed[:0]
	n.dropped, n.array, n.index = 0, false, 0
	kept := n.res.Events[:0]
	for _, e := range n.res.Events {
		if e.Kind.Urgent() {
			kept = append(kept, e)
		}
	}
	n.res.Events = kept
}

type tooManyError struct{}

func (tooManyError) Error() string { return "too many elements" }

// body reads the one value a payload consists of.
func (n *Native) body(body []byte) error {
	switch n.dec.PeekKind() {
	case '[':
		n.array = true
		if _, err := n.dec.ReadToken(); err != nil {
			return err
		}
		for n.dec.PeekKind() != ']' {
			if n.index == MaxElements {
				return tooManyError{}
			}
			if err := n.object(body); err != nil {
				return err
			}
			n.index++
		}
		if _, err := n.dec.ReadToken(); err != nil {
			return err
		}
		if n.array = false; n.index == 0 {
			n.refuse(fault{devices.Malformed, "[]", "an array must have at least one element"}, "")
		}
	default:
		if err := n.object(body); err != nil {
			return err
		}
	}
	return n.end(body)
}

// end checks that nothing but blanks follows the value.
func (n *Native) end(text []byte) error {
	offset := n.dec.InputOffset()
	if rest := bytes.TrimLeft(text[offset:], " \t\r\n"); len(rest) > 0 {
		return &jsontext.SyntacticError{ByteOffset: int64(len(text) - len(rest)), Err: errTrailing}
	}
	return nil
}

var errTrailing = errors.New("more follows after the end of the value")

// dropRepeats asks for every element without a time whether it is a repeat,
// and takes out what it gave.
func (n *Native) dropRepeats() {
	if n.msg.Repeated == nil {
		return
	}
	var readings, events int // taken out so far
	for _, u := range n.untimed {
		if !n.msg.Repeated(u.Element) {
			continue
		}
		n.res.Repeats++
		if u.event {
			n.res.Events = slices.Delete(n.res.Events, u.from-events, u.to-events)
			events += u.to - u.from
			continue
		}
		n.res.Readings = slices.Delete(n.res.Readings, u.from-readings, u.to-readings)
		readings += u.to - u.from
	}
}
