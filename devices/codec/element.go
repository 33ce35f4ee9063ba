package codec

import (
	"strconv"
	"time"

	"shouwang/devices"
)

// element is the state of the object being read.
type element struct {
	start    int64
	at       time.Time
	hasTS    bool
	tsFault  fault
	seq      int64
	hasSeq   bool
	seqFault fault
	event    devices.EventKind
	hasEvent bool
	metrics  bool
	twice    string // a name that stands twice
	indexed  bool   // Native.names holds the metrics read so far
	detail   map[string]any
	room     int // bytes left for detail
	// reading, refusal: lengths of the lists when the element began.
	reading, refusal int
}

// object reads one element; what is wrong inside it is refused, an error is
// one of JSON.
func (n *Native) object(body []byte) error {
	kind := n.dec.PeekKind()
	if kind != '{' {
		raw, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		n.refuse(fault{devices.Malformed, string(clip(raw)), "must be an object"}, "")
		return nil
	}
	if _, err := n.dec.ReadToken(); err != nil {
		return err
	}
	n.elem = element{
		start: n.dec.InputOffset() - 1, reading: len(n.res.Readings), refusal: len(n.res.Refusals), room: maxDetail,
	}
	for n.dec.PeekKind() != '}' {
		if err := n.member(); err != nil {
			// What was read of an SOS before the fault is enough.
			if n.elem.hasEvent && n.elem.event.Urgent() {
				n.urgent()
			}
			return err
		}
	}
	if _, err := n.dec.ReadToken(); err != nil {
		return err
	}
	n.finish(body[n.elem.start:n.dec.InputOffset()])
	return nil
}

// member reads one name and its value.
func (n *Native) member() error {
	e := &n.elem
	name, err := n.dec.ReadValue()
	if err != nil {
		return err
	}
	switch string(name) {
	case `"ts"`:
		raw, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		if e.hasTS {
			e.twice = "ts"
		}
		e.hasTS = true
		e.at, e.tsFault = parseTime(raw)
	case `"seq"`:
		raw, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		if e.hasSeq {
			e.twice = "seq"
		}
		e.hasSeq = true
		e.seq, e.seqFault = parseSeq(raw)
	case `"metrics"`:
		if n.msg.Channel == Event {
			return n.keepDetail(name)
		}
		if e.metrics {
			e.twice = "metrics"
			return n.dec.SkipValue()
		}
		e.metrics = true
		return n.metrics()
	case `"event"`:
		raw, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		kind := eventKind(raw)
		switch {
		case !e.hasEvent, kind.Urgent() && !e.event.Urgent():
			e.event = kind
		case kind != e.event:
			e.twice = "event"
		}
		e.hasEvent = true
	default:
		if n.msg.Channel == Event {
			return n.keepDetail(name)
		}
		return n.dec.SkipValue()
	}
	return nil
}

// metrics reads the object of metrics. One bad metric does not take the
// others with it.
func (n *Native) metrics() error {
	if n.dec.PeekKind() != '{' {
		raw, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		n.refuse(fault{devices.Malformed, string(clip(raw)), "must be an object of names and numbers"}, "metrics")
		return nil
	}
	if _, err := n.dec.ReadToken(); err != nil {
		return err
	}
	first := true
	for n.dec.PeekKind() != '}' {
		first = false
		quoted, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		name, ok := metricName(quoted)
		if !ok {
			n.refuse(fault{devices.Malformed, string(clip(quoted)), "a metric's name has 1 to 64 of A-Z a-z 0-9 _ . : -"}, "metrics")
			if err := n.dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		raw, err := n.dec.ReadValue()
		if err != nil {
			return err
		}
		if n.named(name) {
			n.refuse(fault{devices.Malformed, string(clip(raw)), "stands twice in one object; the first counts"}, "metrics."+string(name))
			continue
		}
		v, ok := number(raw)
		if !ok {
			n.refuse(fault{devices.NotANumber, n.sent(raw), "must be a finite number"}, "metrics."+string(name))
			continue
		}
		if name == devices.SpO2Pct && v > 0 && v <= 1 {
			// 0.97 is 97 % to whoever sends it and near death to whoever reads
			// it. 0 is a placeholder that all know.
			n.refuse(fault{devices.Malformed, n.sent(raw), "must be in per cent, 97 for 97 %, not a fraction"}, "metrics."+string(name))
			continue
		}
		n.res.Readings = append(n.res.Readings, devices.Reading{
			Device: n.msg.Device, Metric: name, Value: v, Received: n.msg.Received,
		})
	}
	if _, err := n.dec.ReadToken(); err != nil {
		return err
	}
	if first {
		n.refuse(fault{devices.Malformed, "{}", "must have at least one metric"}, "metrics")
	}
	return nil
}

// named says whether the element has a reading of that metric already.
func (n *Native) named(name devices.Metric) bool {
	read := n.res.Readings[n.elem.reading:]
	if len(read) <= 32 {
		for i := range read {
			if read[i].Metric == name {
				return true
			}
		}
		return false
	}
	// Many metrics: a map keeps a hostile payload from costing the square.
	if !n.elem.indexed {
		n.elem.indexed = true
		n.names = make(map[string]bool, 64)
		for i := range read {
			n.names[string(read[i].Metric)] = true
		}
	}
	if n.names[string(name)] {
		return true
	}
	n.names[string(name)] = true
	return false
}

// finish judges an element that was read to its end.
func (n *Native) finish(raw []byte) {
	e := &n.elem
	if e.hasEvent && e.event.Urgent() {
		n.urgent()
		if n.msg.Channel == Event {
			return
		}
		if !e.metrics {
			return
		}
	}
	n.res.Readings = n.res.Readings[:n.judge(raw)]
}

// judge gives the element its time and returns up to which reading the list
// stands: an element that is refused leaves none behind.
func (n *Native) judge(raw []byte) int {
	e := &n.elem
	none := e.reading
	switch {
	case e.twice != "":
		n.refuse(fault{devices.Malformed, "", "stands twice in one object"}, e.twice)
		return none
	case n.msg.Channel == Event && !e.hasEvent:
		n.refuse(fault{devices.Malformed, "", "is missing"}, "event")
		return none
	case n.msg.Channel == Event && !e.event.Known():
		n.refuse(fault{devices.UnknownEvent, string(e.event), "must be sos, fall, worn, removed, tamper, leak, reverse_flow or low_battery"}, "event")
		return none
	case n.msg.Channel == Telemetry && !e.metrics:
		n.refuse(fault{devices.Malformed, "", "is missing"}, "metrics")
		return none
	case e.seqFault.code != "":
		n.refuse(e.seqFault, "seq")
		return none
	case n.msg.Channel == Telemetry && len(n.res.Readings) == none:
		return none // every metric was refused, each with its reason
	}
	at, quality, f := n.when()
	if f.code != "" {
		n.refuse(f, "ts")
		return none
	}
	if n.msg.Channel == Event {
		n.addEvent(at, quality, raw)
		return none
	}
	if !e.hasTS {
		// A microsecond apart, so that no element of an array stands in the
		// place of another.
		at = at.Add(time.Duration(n.index) * time.Microsecond)
	}
	for i := range n.res.Readings[none:] {
		n.res.Readings[none+i].At = at
		n.res.Readings[none+i].Quality = quality
	}
	if !e.hasTS {
		n.untimed = append(n.untimed, untimed{Element: Element{e.seq, e.hasSeq, raw}, from: none, to: len(n.res.Readings)})
	}
	return len(n.res.Readings)
}

// addEvent takes the event of the element being read. An urgent one is never a
// repeat: a second press may look like the first to the last byte. Alerting puts
// those together that ring within a minute. One whose time was refused, and
// which is delivered again later than that, rings twice: better than a press
// that is not heard.
func (n *Native) addEvent(at time.Time, quality devices.Quality, raw []byte) {
	e := &n.elem
	if !e.hasTS && !e.event.Urgent() {
		i := len(n.res.Events)
		n.untimed = append(n.untimed, untimed{Element: Element{e.seq, e.hasSeq, raw}, event: true, from: i, to: i + 1})
	}
	n.res.Events = append(n.res.Events, devices.Event{
		Device: n.msg.Device, Kind: e.event, At: at, Received: n.msg.Received, Quality: quality, Detail: e.detail,
	})
}

// urgent takes an SOS or a fall, whatever else is wrong with the element.
func (n *Native) urgent() {
	e := &n.elem
	at, quality, f := n.when()
	if f.code != "" || e.twice == "ts" {
		at, quality = n.msg.Received, devices.ClockRefused
		if !e.hasTS {
			quality = devices.ReceiptTime // a retained one without a time
		}
	}
	if n.msg.Channel == Event {
		n.unrefuse()
	}
	n.addEvent(at, quality, nil)
}

// unrefuse takes back what was refused of the element being read.
func (n *Native) unrefuse() {
	if len(n.res.Refusals) > n.elem.refusal {
		n.res.Refusals = n.res.Refusals[:n.elem.refusal]
	}
}

// when is the time of the element, or why it has none.
func (n *Native) when() (time.Time, devices.Quality, fault) {
	e := &n.elem
	if !e.hasTS {
		if n.msg.Retained {
			return time.Time{}, "", fault{devices.Malformed, "", "a retained message needs its own ts"}
		}
		return n.msg.Received, devices.ReceiptTime, fault{}
	}
	if e.tsFault.code != "" {
		return time.Time{}, "", e.tsFault
	}
	var f fault
	switch {
	case e.at.After(n.msg.Received.Add(Ahead)):
		f.code, f.rule = devices.TimeAhead, "must be at most 10 minutes ahead of the time of receipt"
	case e.at.Before(oldest):
		f.code, f.rule = devices.TooOld, "must be after the year 2000"
	case n.age > 0 && e.at.Before(n.msg.Received.Add(-n.age)):
		f.code, f.rule = devices.TooOld, "must not be older than "+ageText(n.age)
	default:
		return e.at, "", f
	}
	f.value = e.at.Format(time.RFC3339Nano)
	return time.Time{}, "", f
}

func ageText(d time.Duration) string {
	if day := 24 * time.Hour; d%day == 0 {
		return strconv.Itoa(int(d/day)) + " days"
	}
	return d.String()
}
