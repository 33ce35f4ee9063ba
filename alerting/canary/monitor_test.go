package canary

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
)

// line is everything between the devices and the board, which a test can cut at
// any stage.
type line struct {
	m       *Monitor
	cut     Stage
	once    bool // only the next message
	slow    time.Duration
	stored  atomic.Int64
	deaf    bool // the database takes no report
	reports []bool
	directs []bool
}

func (l *line) publish(_ context.Context, device devices.DeviceID, channel string, payload []byte) error {
	cut := l.cut
	if cut == Published {
		return errors.New("no broker")
	}
	var message struct {
		TS      int64 `json:"ts"`
		Metrics struct {
			Volume int64 `json:"volume_m3"`
		} `json:"metrics"`
	}
	if err := json.Unmarshal(payload, &message); err != nil {
		return err
	}
	switch {
	case device == devices.CanaryBand && channel == "event" && cut != Event:
		l.m.stream.take(frame{Type: "canary", Lane: "event", Mark: message.TS})
	case device == devices.CanaryMeter && channel == "telemetry":
		if l.once {
			l.cut, l.once = "", false
		}
		go func() {
			time.Sleep(l.slow)
			if cut != Telemetry {
				l.m.stream.take(frame{Type: "canary", Lane: "telemetry", Mark: message.Metrics.Volume})
			}
			if cut != Series {
				l.stored.Store(message.Metrics.Volume)
			}
		}()
	}
	return nil
}

func newLine() *line {
	l := &line{}
	l.m = New(Options{
		Every: time.Minute, First: time.Second, Publish: l.publish, Log: zerolog.Nop(),
		Latest: func(context.Context) (float64, error) { return float64(l.stored.Load()), nil },
		Report: func(_ context.Context, o Outcome) error {
			if l.deaf {
				return errors.New("locked")
			}
			l.reports = append(l.reports, o.Broken)
			return nil
		},
		Direct: func(_ context.Context, o Outcome) error {
			l.directs = append(l.directs, o.Broken)
			return nil
		},
	})
	l.m.stream.take(frame{Type: "hello"})
	return l
}

// pass lets the monitor work for so long, as Run does.
func (l *line) pass(d time.Duration) {
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		time.Sleep(l.m.round(context.Background()))
	}
	synctest.Wait()
}

func TestEachStageIsNamed(t *testing.T) {
	for _, stage := range []Stage{Published, Websocket, Event, Telemetry, Series} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine()
			l.pass(2 * time.Minute)
			if s := l.m.State(); s.Broken || len(l.directs) != 0 || !slices.Equal(l.reports, []bool{false}) {
				t.Fatalf("healthy: %+v, told %v %v", s, l.reports, l.directs)
			}
			l.cut = stage
			if stage == Websocket {
				l.m.stream.note(func() { l.m.stream.connected = false })
			}
			broke := time.Now()
			for !l.m.State().Broken {
				time.Sleep(l.m.round(context.Background()))
				if time.Since(broke) > 3*time.Minute {
					t.Fatalf("%s: nobody noticed", stage)
				}
			}
			if s := l.m.State(); s.Stage != stage {
				t.Errorf("%s: said to be %s", stage, s.Stage)
			}
			if err := l.m.Check(); err == nil || !strings.Contains(err.Error(), string(stage)) {
				t.Errorf("%s: %v", stage, err)
			}
			if !slices.Equal(l.reports, []bool{false, true}) || !slices.Equal(l.directs, []bool{true}) {
				t.Errorf("%s: told %v %v", stage, l.reports, l.directs)
			}
			l.cut = ""
			if stage == Websocket {
				l.m.stream.take(frame{Type: "hello"})
			}
			l.pass(30 * time.Second)
			if s := l.m.State(); s.Broken || l.m.Check() != nil || !slices.Equal(l.reports, []bool{false, true, false}) || !slices.Equal(l.directs, []bool{true, false}) {
				t.Errorf("%s: mended: %+v, told %v %v", stage, s, l.reports, l.directs)
			}
		})
	}
}

func TestOneLostMessageRingsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		l.pass(time.Minute)
		l.cut, l.once = Event, true
		l.pass(3 * time.Minute)
		if !slices.Equal(l.reports, []bool{false}) || len(l.directs) != 0 {
			t.Errorf("told %v %v", l.reports, l.directs)
		}
	})
}

func TestAReadingMayStandBehindAnUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		l.pass(time.Minute)
		l.slow = 40 * time.Second
		l.pass(5 * time.Minute)
		if s := l.m.State(); s.Broken || len(l.directs) != 0 {
			t.Errorf("behind by 40 s: %+v", s)
		}
		l.slow = 2 * time.Minute
		l.pass(5 * time.Minute)
		if s := l.m.State(); !s.Broken || s.Stage != Telemetry {
			t.Errorf("behind by 2 min: %+v", s)
		}
		time.Sleep(5 * time.Minute) // what is on its way arrives
	})
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		l.pass(time.Minute)
		l.deaf, l.cut = true, Event
		l.pass(2 * time.Minute)
		if len(l.reports) != 1 || !slices.Equal(l.directs, []bool{true}) {
			t.Errorf("told %v %v", l.reports, l.directs)
		}
		l.deaf = false
		l.pass(30 * time.Second)
		if !slices.Equal(l.reports, []bool{false, true}) {
			t.Errorf("told %v", l.reports)
		}
	})
}

func TestTheSecondWayIsNotUsedTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		for range 10 { // up and down for half an hour
			l.cut = Event
			l.pass(90 * time.Second)
			l.cut = ""
			l.pass(90 * time.Second)
		}
		said := 0
		for _, broken := range l.directs {
			if broken {
				said++
			}
		}
		if said < 2 || said > 3 {
			t.Errorf("the second way was used %v", l.directs)
		}
		if len(l.reports) < 20 {
			t.Errorf("the first way only %v", l.reports)
		}
	})
}
