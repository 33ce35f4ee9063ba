// Package detect holds the detectors: small state machines that watch one
// resident or one device and say when a rule holds. They are pure, so that the
// same readings give the same findings live, after a restart, in a replay and in
// a backtest: time is an argument, nothing is logged, nothing waits. They judge
// in event time and tolerate duplicates and disorder. A missing reading is never
// read as zero and never clears a finding.
package detect

import (
	"encoding/json"
	"fmt"
	"reflect"

	"shouwang/alerting"
	"shouwang/devices"
)

// New makes the detectors of one subject, in the order in which they are asked.
func New(s alerting.Subject) []alerting.Detector {
	switch s.Type {
	case alerting.SubjectResident:
		var of struct { // together, for there are a hundred thousand
			calls    Calls
			vitals   Vitals
			trend    Trend
			position Position
			water    WaterInactivity
			life     Fusion
			returned NotReturned
			use      WaterUse
			meters   MeterFault
			faults   Faults
		}
		of.water.life, of.life.water, of.returned.life = &of.life, &of.water, &of.life
		return []alerting.Detector{
			&of.calls, &of.vitals, &of.trend, &of.position, &of.water, &of.life, &of.returned, &of.use, &of.meters, &of.faults,
		}
	case alerting.SubjectDevice:
		var of struct {
			calls   Calls
			silence Silence
			battery Battery
			meter   MeterFault
			faults  Faults
			notWorn NotWorn
		}
		return []alerting.Detector{&of.calls, &of.silence, &of.battery, &of.meter, &of.faults, &of.notWorn}
	case alerting.SubjectSystem:
		if s.IsVillageWater() {
			return []alerting.Detector{&VillageWater{}}
		}
	}
	return nil
}

// memory is what every detector here is built on: its state, and ears that hear
// nothing until the detector brings its own. None changes its state in a tick
// without a finding, unless the resident is away.
type memory[S any] struct{ state S }

// Observe implements alerting.Detector.
func (*memory[S]) Observe(*alerting.View, *devices.Reading) []alerting.Finding { return nil }

// Notice implements alerting.Detector.
func (*memory[S]) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }

// Tick implements alerting.Detector.
func (*memory[S]) Tick(*alerting.View) []alerting.Finding { return nil }

// QuietTicks implements alerting.QuietTicks.
func (*memory[S]) QuietTicks() {}

// Save implements alerting.Detector. Most detectors of a home never hear what
// concerns them, and save nothing.
func (m *memory[S]) Save() ([]byte, error) {
	state := reflect.ValueOf(&m.state).Elem()
	if state.IsZero() {
		return nil, nil
	}
	w := writer{buf: make([]byte, 0, 64)}
	w.byte(packedForm)
	w.pack(state)
	return w.buf, nil
}

// Restore implements alerting.Detector.
func (m *memory[S]) Restore(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var state S
	if b[0] != packedForm {
		if err := json.Unmarshal(b, &state); err != nil {
			return fmt.Errorf("restore detector state: %w", err)
		}
	} else {
		r := reader{buf: b[1:]}
		if r.unpack(reflect.ValueOf(&state).Elem()); r.bad || len(r.buf) > 0 {
			return fmt.Errorf("restore detector state: %w", errForm)
		}
	}
	m.state = state
	return nil
}
