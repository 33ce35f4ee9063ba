package codec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"shouwang/devices"
)

// MaxKept is how much of a refused payload is kept.
const MaxKept = 4 << 10

// refuse notes a fault of the element being read.
func (n *Native) refuse(f fault, field string) {
	if len(n.res.Refusals) >= maxRefusals {
		n.dropped++
		return
	}
	if n.array {
		element := "[" + strconv.Itoa(n.index) + "]"
		if field != "" {
			element += "."
		}
		field = element + field
	}
	n.addRefusal(f.code, field, f.value, f.rule)
}

func (n *Native) addRefusal(code devices.RefusalCode, field, value, rule string) {
	if n.sum == "" {
		n.sum, n.kept = Sum(n.msg.Payload)
	}
	n.res.Refusals = append(n.res.Refusals, devices.Refusal{
		Code: code, Field: field, Value: value, Rule: rule,
		Device: n.msg.Device, Topic: n.msg.Topic, Received: n.msg.Received, SHA256: n.sum, Payload: n.kept,
	})
}

// Sum is what a refusal says of its payload: SHA-256 of the whole, and a copy
// of its beginning.
func Sum(payload []byte) (sum string, kept []byte) {
	s := sha256.Sum256(payload)
	return hex.EncodeToString(s[:]), bytes.Clone(payload[:min(len(payload), MaxKept)])
}

// syntaxFault says where and why a payload is not JSON. Offsets count from the
// first byte of the payload; skipped is what was left out before the text.
func syntaxFault(err error, text []byte, skipped int, offset int64) fault {
	f := fault{code: devices.Malformed}
	reason := err.Error()
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		offset, reason = syntax.ByteOffset, syntax.Err.Error()
	case errors.Is(err, io.EOF):
		reason = "nothing to read"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		offset, reason = int64(len(text)), "ends too early"
	}
	if offset >= 0 && offset < int64(len(text)) {
		f.value = string(clip(text[offset:min(offset+40, int64(len(text)))]))
	}
	f.rule = "not JSON at byte " + strconv.FormatInt(offset+int64(skipped), 10) + ": " + strings.TrimPrefix(reason, "jsontext: ")
	return f
}

// control reads the channels that carry neither readings nor events.
func (n *Native) control(payload []byte) {
	n.buf = *bytes.NewBuffer(payload)
	n.dec.Reset(&n.buf, jsontext.AllowDuplicateNames(true))
	defer func() { n.buf = bytes.Buffer{} }()
	raw, err := n.dec.ReadValue()
	if err == nil {
		err = n.end(payload)
	}
	switch {
	case err != nil:
		n.refuse(syntaxFault(err, payload, 0, n.dec.InputOffset()), "")
		return
	case raw.Kind() != '{':
		n.refuse(fault{devices.Malformed, string(clip(raw)), "must be an object"}, "")
		return
	case n.msg.Channel == Ack:
		return
	}
	n.status(raw)
}

func (n *Native) status(object []byte) {
	dec := jsontext.NewDecoder(bytes.NewReader(object), jsontext.AllowDuplicateNames(true))
	var value jsontext.Value
	if _, err := dec.ReadToken(); err != nil {
		return
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadValue()
		if err != nil {
			return
		}
		isOnline := string(name) == `"online"`
		raw, err := dec.ReadValue()
		if err != nil {
			return
		}
		if isOnline {
			value = raw.Clone()
		}
	}
	switch value.Kind() {
	case 't', 'f':
		online := value.Kind() == 't'
		n.res.Online = &online
	default:
		n.refuse(fault{devices.Malformed, string(clip(value)), "must be true or false"}, "online")
	}
}

// nonFinite finds the words that firmware prints for a number that is none.
var nonFinite = regexp.MustCompile(`^[-+]?(?i:nan|inf|infinity)\b`)

// quoteNonFinite makes a payload readable whose only fault is a bare NaN or
// Infinity: each is turned into a string of the same length, so that offsets
// stay, and is then refused where it stands. The other metrics are saved.
func quoteNonFinite(text []byte) ([]byte, bool) {
	var out []byte
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && strings.IndexByte("-+nNiI", c) >= 0:
			word := nonFinite.Find(text[i:min(len(text), i+10)])
			if word == nil {
				continue
			}
			if out == nil {
				out = bytes.Clone(text)
			}
			out[i], out[i+len(word)-1] = '"', '"'
			i += len(word) - 1
		}
	}
	return out, out != nil
}

// sent is a value as the device sent it: the payload at hand may be a mended
// copy.
func (n *Native) sent(raw []byte) string {
	end := int(n.dec.InputOffset())
	text := bytes.TrimPrefix(n.msg.Payload, []byte("\xef\xbb\xbf"))
	if end <= len(text) && end-len(raw) >= 0 {
		return string(clip(text[end-len(raw) : end]))
	}
	return string(clip(raw))
}

// cry is what is left of an SOS or a fall in a payload that cannot be read.
var cry = regexp.MustCompile(`(?i)"event"\s*:\s*"\s*(sos|fall)\s*"`)

// salvage looks for an SOS or a fall in a payload that was refused: broken
// JSON, too large, a name in capitals. Better one alarm from a broken message
// than none.
func (n *Native) salvage() {
	if n.msg.Channel != Event && n.msg.Channel != Telemetry {
		return
	}
	if slices.ContainsFunc(n.res.Events, func(e devices.Event) bool { return e.Kind.Urgent() }) {
		n.clearIfBroken()
		return
	}
	var word []byte
	if m := cry.FindSubmatch(n.msg.Payload); m != nil {
		word = m[1]
	} else if n.msg.Channel == Event {
		word = bytes.Trim(n.msg.Payload, "\" \t\r\n")
	}
	if len(word) > len("fall") {
		return
	}
	kind := devices.EventKind(strings.ToLower(string(word)))
	if !kind.Urgent() {
		return
	}
	n.clearIfBroken()
	n.elem = element{event: kind}
	n.addEvent(n.msg.Received, devices.ReceiptTime, nil)
}

// clearIfBroken takes back the refusal of a whole event message of which the
// urgent part was saved: what was heard was not refused.
func (n *Native) clearIfBroken() {
	if n.msg.Channel == Event && len(n.res.Refusals) == 1 && !strings.HasPrefix(n.res.Refusals[0].Field, "[") {
		n.res.Refusals = nil
	}
}
