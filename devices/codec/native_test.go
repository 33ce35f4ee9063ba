package codec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/devices/codec"
)

var update = flag.Bool("update", false, "write what the codec says into want.json")

// received is the time of receipt in all golden cases.
var received = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

const age = 35 * 24 * time.Hour

type want struct {
	Readings []wantReading `json:"readings,omitempty"`
	Events   []wantEvent   `json:"events,omitempty"`
	Online   *bool         `json:"online,omitempty"`
	Refusals []wantRefusal `json:"refusals,omitempty"`
}

type wantReading struct {
	Metric  devices.Metric  `json:"metric"`
	Value   float64         `json:"value"`
	At      time.Time       `json:"at"`
	Quality devices.Quality `json:"quality,omitempty"`
}

type wantEvent struct {
	Kind    devices.EventKind `json:"kind"`
	At      time.Time         `json:"at"`
	Quality devices.Quality   `json:"quality,omitempty"`
	Detail  map[string]any    `json:"detail,omitempty"`
}

type wantRefusal struct {
	Code  devices.RefusalCode `json:"code"`
	Field string              `json:"field,omitempty"`
	Value string              `json:"value,omitempty"`
	Rule  string              `json:"rule"`
}

// TestGolden decodes each testdata/native/<case>/payload. A case whose name
// begins with retained is a retained message.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/native/*")
	if err != nil || len(cases) < 30 {
		t.Fatalf("%d cases, err %v", len(cases), err)
	}
	native := codec.NewNative(age) // one for all: nothing may be left from the case before
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			topic := strings.TrimSpace(string(read(t, dir, "topic")))
			payload := read(t, dir, "payload")
			before := bytes.Clone(payload)
			device, channel, err := codec.ParseTopic(topic)
			if err != nil {
				t.Fatal(err)
			}
			got := toWant(native.Decode(codec.Message{
				Device: device, Channel: channel, Topic: topic, Payload: payload, Received: received,
				Retained: strings.HasPrefix(filepath.Base(dir), "retained"),
			}))
			if !bytes.Equal(before, payload) {
				t.Error("the payload was changed")
			}
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			if *update {
				if err := os.WriteFile(filepath.Join(dir, "want.json"), text, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if w := read(t, dir, "want.json"); !bytes.Equal(w, text) {
				t.Errorf("got\n%s\nwant\n%s", text, w)
			}
		})
	}
}

func toWant(r *codec.Result) want {
	w := want{Online: r.Online}
	for _, x := range r.Readings {
		w.Readings = append(w.Readings, wantReading{x.Metric, x.Value, x.At, x.Quality})
	}
	for _, x := range r.Events {
		w.Events = append(w.Events, wantEvent{x.Kind, x.At, x.Quality, x.Detail})
	}
	for _, x := range r.Refusals {
		w.Refusals = append(w.Refusals, wantRefusal{x.Code, x.Field, x.Value, x.Rule})
	}
	return w
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(channel codec.Channel, payload string, edit ...func(*codec.Message)) *codec.Result {
	m := codec.Message{Device: "acme/1", Channel: channel, Topic: "t", Payload: []byte(payload), Received: received}
	for _, f := range edit {
		f(&m)
	}
	return codec.NewNative(age).Decode(m)
}

func TestBounds(t *testing.T) {
	one := `{"ts":1795420800000,"metrics":{"steps":1}}`
	array := func(n int) string { return "[" + strings.Repeat(one+",", n-1) + one + "]" }
	fill := func(n int) string { // a message of exactly n bytes
		const head, tail = `{"metrics":{"steps":1},"x":"`, `"}`
		return head + strings.Repeat("a", n-len(head)-len(tail)) + tail
	}
	at := func(d time.Duration) string {
		return `{"ts":"` + received.Add(d).Format(time.RFC3339Nano) + `","metrics":{"steps":1}}`
	}
	many := func(n int) string {
		return `{"metrics":{` + strings.TrimSuffix(strings.Repeat(`"a":"",`, n), ",") + `}}`
	}
	for name, c := range map[string]struct {
		payload  string
		readings int
		code     devices.RefusalCode
		refusals int
	}{
		"1000 elements":      {array(1000), 1000, "", 0},
		"1001 elements":      {array(1001), 0, devices.TooLarge, 1},
		"256 KiB":            {fill(256 << 10), 1, "", 0},
		"one byte more":      {fill(256<<10 + 1), 0, devices.TooLarge, 1},
		"10 min ahead":       {at(10 * time.Minute), 1, "", 0},
		"a microsecond more": {at(10*time.Minute + time.Microsecond), 0, devices.TimeAhead, 1},
		"35 days old":        {at(-age), 1, "", 0},
		"a microsecond less": {at(-age - time.Microsecond), 0, devices.TooOld, 1},
		"bad metrics listed": {many(64), 0, devices.NotANumber, 64},
		"and then counted":   {many(5000), 0, devices.NotANumber, 65},
		"deep field":         {`{"x":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"metrics":{"steps":1}}`, 1, "", 0},
		"deeper field":       {`{"x":` + strings.Repeat("[", 99000) + strings.Repeat("]", 99000) + `,"metrics":{"steps":1}}`, 0, devices.Malformed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := decode(codec.Telemetry, c.payload)
			if len(got.Readings) != c.readings || len(got.Refusals) != c.refusals {
				t.Fatalf("%d readings, %d refusals %.300v", len(got.Readings), len(got.Refusals), got.Refusals)
			}
			if c.code != "" && got.Refusals[0].Code != c.code {
				t.Errorf("code %s, want %s", got.Refusals[0].Code, c.code)
			}
		})
	}
}

func TestAgeLimitLifted(t *testing.T) {
	m := codec.Message{Channel: codec.Telemetry, Received: received, Payload: []byte(`{"ts":"2014-03-01T00:00:00Z","metrics":{"volume_m3":1}}`)}
	if got := codec.NewNative(0).Decode(m); len(got.Readings) != 1 {
		t.Errorf("refused: %v", got.Refusals)
	}
	m.Payload = []byte(`{"ts":"1999-12-31T23:59:59Z","metrics":{"volume_m3":1}}`)
	if got := codec.NewNative(0).Decode(m); len(got.Readings) != 0 || got.Refusals[0].Code != devices.TooOld {
		t.Errorf("a clock that lost its time was believed: %v", got.Refusals)
	}
}

// TestUrgentAlwaysHeard feeds payloads in which a person would read an SOS or
// a fall.
func TestUrgentAlwaysHeard(t *testing.T) {
	big := `{"event":"sos","x":"` + strings.Repeat("a", 300<<10) + `"}`
	for _, payload := range []string{
		`{"event":"sos"}`, `{"event":"fall"}`, `{"event":"SOS"}`, `{"event":" Sos "}`, `{"Event":"SOS"}`,
		`{"ts":"yesterday","event":"sos"}`, `{"ts":null,"event":"sos"}`, `{"ts":1e999,"event":"sos"}`, `{"ts":{},"event":"sos"}`,
		`{"ts":0,"event":"sos"}`, `{"ts":"1970-01-01T00:00:00Z","event":"fall"}`, `{"ts":"2099-01-01T00:00:00Z","event":"sos"}`,
		`{"ts":1,"ts":2,"event":"sos"}`, `{"seq":"x","event":"sos"}`, `{"event":"sos","event":"sos"}`, `{"event":"worn","event":"sos"}`,
		`{"event":"sos","event":"worn"}`, `{"event":"sos","lat":1e999}`, `{"event":"sos","x":nan}`, `{"event":"sos","x":`, `{"event":"sos"`,
		`{"event":"sos",}`, `{"event":"sos"}}`, `{"event":"sos"} garbage`, `{"event":"sos","note":"` + "\xff\xfe" + `"}`, "\xef\xbb\xbf" + `{"event":"sos"}`,
		`[{"event":"sos"}]`, `[{"event":"nonsense"},{"event":"sos"}]`, `[5,{"event":"sos"},`, `{"event":"\u0073os"}`, `{"metrics":5,"event":"sos"}`,
		`sos`, `"SOS"`, `{event:1,"event":"sos"}`, big, `{"event":"sos","d":` + strings.Repeat("[", 99000), `{"data":{"event":"fall"}}`,
	} {
		for _, retained := range []bool{false, true} {
			got := decode(codec.Event, payload, func(m *codec.Message) { m.Retained = retained })
			if len(got.Events) != 1 || !got.Events[0].Kind.Urgent() || !got.Events[0].At.Equal(received) || got.Events[0].Quality == "" {
				t.Errorf("%.60q: %v, refused: %v", payload, got.Events, got.Refusals)
			}
			for _, r := range got.Refusals {
				if !strings.HasPrefix(r.Field, "[0]") {
					t.Errorf("%.60q: heard and yet refused: %v", payload, r.Detail())
				}
			}
		}
	}
	for _, payload := range []string{`{"event":"sos","metrics":{"heart_rate_bpm":120}}`, `{"event":"sos"}`, `{"event":"sos","metrics":`} {
		if got := decode(codec.Telemetry, payload); len(got.Events) != 1 {
			t.Errorf("%s on telemetry: %v", payload, got.Refusals)
		}
	}
	for _, payload := range []string{`{"event":"worn"}`, `{"x":"sos"}`, `"help"`, `{"event":"sosed"}`, ``} {
		if got := decode(codec.Event, payload); len(got.Events) > 0 && got.Events[0].Kind.Urgent() {
			t.Errorf("%q became an alarm", payload)
		}
	}
}

func TestRepeats(t *testing.T) {
	var asked []codec.Element
	ask := func(answers ...bool) func(*codec.Message) {
		asked = nil
		return func(m *codec.Message) {
			m.Repeated = func(e codec.Element) bool {
				asked = append(asked, e)
				return answers[len(asked)-1]
			}
		}
	}
	got := decode(codec.Telemetry, `[{"metrics":{"a":1,"b":2}},{"seq":7,"metrics":{"a":3,"c":4}},{"ts":1795420800000,"metrics":{"a":5}},{"metrics":{"a":6}}]`, ask(true, false, true))
	if len(got.Readings) != 3 || got.Readings[0].Value != 3 || got.Readings[1].Value != 4 || got.Readings[2].Value != 5 || got.Repeats != 2 {
		t.Errorf("left: %v, %d repeats", got.Readings, got.Repeats)
	}
	if len(asked) != 3 || string(asked[0].Raw) != `{"metrics":{"a":1,"b":2}}` || !asked[1].HasSeq || asked[1].Seq != 7 {
		t.Errorf("asked %+v", asked)
	}
	// A payload that is read twice because of a bare NaN asks once.
	if decode(codec.Telemetry, `[{"metrics":{"a":1}},{"metrics":{"a":NaN,"b":2}}]`, ask(false, false)); len(asked) != 2 {
		t.Errorf("asked %d times", len(asked))
	}
	// A broken payload is not asked for what was thrown away.
	if decode(codec.Telemetry, `[{"metrics":{"a":1}},`, ask()); len(asked) != 0 {
		t.Errorf("asked %d times", len(asked))
	}
	// Nor for an urgent event, however it is written: it is never a repeat.
	for _, payload := range []string{`{"event":"sos"}`, `{"event":"fall","seq":7}`, `{"event":"sos",`, `SOS`} {
		if got := decode(codec.Event, payload, ask()); len(got.Events) != 1 || len(asked) != 0 || got.Repeats != 0 {
			t.Errorf("%s: events %v, asked %+v", payload, got.Events, asked)
		}
	}
	if decode(codec.Event, `{"event":"worn","seq":7}`, ask(true)); len(asked) != 1 || !asked[0].HasSeq {
		t.Errorf("asked %+v", asked)
	}
}

func TestRefusalKeepsPayload(t *testing.T) {
	payload := `{"metrics":{"a":"` + strings.Repeat("x", 9000) + `"}}`
	r := decode(codec.Telemetry, payload).Refusals[0]
	if len(r.Payload) != codec.MaxKept || !strings.HasPrefix(payload, string(r.Payload)) || len(r.Value) > 200 || len(r.SHA256) != 64 {
		t.Errorf("%d bytes kept, value %d, sum %q", len(r.Payload), len(r.Value), r.SHA256)
	}
	if r.Device != "acme/1" || r.Topic != "t" || !r.Received.Equal(received) {
		t.Errorf("%+v", r)
	}
}

func TestParseTopic(t *testing.T) {
	for topic, want := range map[string]struct {
		device  devices.DeviceID
		channel codec.Channel
		ok      bool
	}{
		"homecare/v1/acme/1/telemetry": {"acme/1", codec.Telemetry, true},
		"homecare/v1/厂家/表1/event":      {"厂家/表1", codec.Event, true},
		"homecare/v1/acme/1/status":    {"acme/1", codec.Status, true},
		"homecare/v1/acme/1/ack":       {"acme/1", codec.Ack, true},
		"homecare/v1/acme/1/error":     {"acme/1", "error", false},
		"homecare/v1/acme/1/command":   {"acme/1", "command", false},
		"homecare/v1/acme/1/":          {"acme/1", "", false},
		"homecare/v1/acme/1/2/event":   {"", "", false},
		"homecare/v1/acme/event":       {"", "", false},
		"homecare/v1//1/event":         {"", "", false},
		"homecare/v1/acme//event":      {"", "", false},
		"homecare/v1/a b/1/event":      {"", "", false},
		"homecare/v1/":                 {"", "", false},
		"homecare/v2/acme/1/event":     {"", "", false},
		"":                             {"", "", false},
	} {
		device, channel, err := codec.ParseTopic(topic)
		if device != want.device || channel != want.channel || (err == nil) != want.ok {
			t.Errorf("%q: %q %q %v", topic, device, channel, err)
		}
	}
}

func FuzzNative(f *testing.F) {
	cases, _ := filepath.Glob("testdata/native/*/payload")
	for _, c := range cases {
		payload, err := os.ReadFile(c)
		if err != nil {
			f.Fatal(err)
		}
		for i := range 4 {
			f.Add(payload, byte(i))
		}
	}
	native := codec.NewNative(age)
	channels := []codec.Channel{codec.Telemetry, codec.Event, codec.Status, codec.Ack}
	f.Fuzz(func(t *testing.T, payload []byte, how byte) {
		m := codec.Message{
			Device: "acme/1", Channel: channels[how%4], Payload: payload, Received: received, Retained: how&4 != 0,
			Repeated: func(e codec.Element) bool { return how&8 != 0 && len(e.Raw)%2 == 0 },
		}
		got := native.Decode(m)
		early, late := received.Add(-age), received.Add(codec.Ahead)
		for _, r := range got.Readings {
			if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
				t.Errorf("%s = %v", r.Metric, r.Value)
			}
			if r.At.Before(early) || r.At.After(late) || r.At.Nanosecond()%1000 != 0 || r.At.Location() != time.UTC {
				t.Errorf("at %v", r.At)
			}
			if r.Metric == "" || len(r.Metric) > 64 || r.Device != m.Device {
				t.Errorf("%+v", r)
			}
		}
		for _, e := range got.Events {
			if e.At.Before(early) || e.At.After(late) || !e.Kind.Known() {
				t.Errorf("%+v", e)
			}
			if _, err := json.Marshal(e.Detail); err != nil {
				t.Error(err)
			}
		}
		for _, r := range got.Refusals {
			if r.Code == "" || r.Rule == "" || len(r.Value) > 600 {
				t.Errorf("%+v", r)
			}
		}
		if len(got.Refusals) > 66 {
			t.Errorf("%d refusals", len(got.Refusals))
		}
		taken := len(got.Readings)+len(got.Events)+got.Repeats > 0 || got.Online != nil || m.Channel == codec.Ack
		if !taken && len(got.Refusals) == 0 {
			t.Error("neither taken nor refused")
		}
		// A readable object that says sos is heard, whatever else it says.
		var o map[string]any
		if m.Channel == codec.Event && how&8 == 0 && json.Unmarshal(payload, &o) == nil && o["event"] == "sos" && len(got.Events) == 0 {
			t.Error("an SOS was not heard")
		}
	})
}

func BenchmarkNative(b *testing.B) {
	for name, payload := range map[string]string{
		"band":  `{"ts":"2026-11-23T08:00:00+08:00","seq":41,"metrics":{"heart_rate_bpm":72,"spo2_pct":97,"steps":4211,"battery_pct":80}}`,
		"meter": `{"ts":1795420800000,"metrics":{"volume_m3":123.456}}`,
		"batch": "[" + strings.TrimSuffix(strings.Repeat(`{"ts":1795420800000,"metrics":{"volume_m3":123.456}},`, 100), ",") + "]",
	} {
		b.Run(name, func(b *testing.B) {
			native := codec.NewNative(age)
			m := codec.Message{Device: "acme/1", Channel: codec.Telemetry, Payload: []byte(payload), Received: received}
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				if r := native.Decode(m); len(r.Refusals) > 0 {
					b.Fatal(r.Refusals)
				}
			}
		})
	}
}
