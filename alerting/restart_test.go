package alerting_test

import (
	"fmt"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// street is a row of homes, each with a meter that reports every hour and a band
// that reports every five minutes.
func (w *world) street(homes int) {
	for i := range homes {
		who := fmt.Sprintf("home%02d", i)
		w.dir.residents[who] = &devices.Resident{ID: who, Name: who, Area: "shen/east/hill", State: devices.Active}
		for id, kind := range map[devices.DeviceID]devices.Kind{
			devices.DeviceID("m/" + who): devices.WaterMeter, devices.DeviceID("b/" + who): devices.Wristband,
		} {
			w.dir.devices[id] = &devices.Device{ID: id, Kind: kind, Area: "shen/east/hill"}
			w.dir.worn[id] = who
		}
	}
}

// message is what a device has measured from (without) one time to another, in
// one message received at the last.
func message(id devices.DeviceID, from, to, received time.Time) devices.Record {
	r := devices.Record{Device: id, Received: received}
	add := func(m devices.Metric, at time.Time, v float64) {
		r.Readings = append(r.Readings, devices.Reading{Device: id, Metric: m, Value: v, At: at, Received: received})
	}
	if id.Vendor() == "m" {
		for at := from.Truncate(time.Hour).Add(time.Hour); !at.After(to); at = at.Add(time.Hour) {
			day := at.Sub(noon.Add(-12*time.Hour)) / (24 * time.Hour)
			add(devices.VolumeM3, at, 100+0.02*float64(14*int(day)+min(at.Hour(), 14))) // none at night
		}
		return r
	}
	for at := from.Truncate(5 * time.Minute).Add(5 * time.Minute); !at.After(to); at = at.Add(5 * time.Minute) {
		add(devices.HeartRateBPM, at, 70+float64(at.Minute()%7))
		add(devices.Steps, at, float64(at.Hour()*60+at.Minute()))
		add(devices.Worn, at, 1)
	}
	return r
}

// live lets the street live until then: each frame has five minutes.
func (w *world) live(until time.Time) {
	for w.now.Before(until) {
		from := w.now
		w.pass(5 * time.Minute)
		var records []devices.Record
		for at := from.Add(30 * time.Second); !at.After(w.now); at = at.Add(30 * time.Second) {
			records = append(records, devices.Record{Received: at, Tick: &devices.Tick{Connected: true}})
		}
		for id := range w.dir.worn {
			if m := message(id, from, w.now, w.now); len(m.Readings) > 0 {
				records = append(records, m)
			}
		}
		w.apply(records...)
	}
}

// After three hours in which the service was not there, its own start fires
// nothing: not what it had said before and reads again, and no device was silent
// but us. The devices then hand in what they have measured meanwhile.
func TestARestartFiresNothingOld(t *testing.T) {
	w := newWorld(t)
	w.real, w.dir = true, newDirectory()
	w.dir.worn = map[devices.DeviceID]string{}
	w.street(12)
	w.start()
	w.live(noon.Add(26 * time.Hour))
	w.must(w.engine.Checkpoint(w.ctx))
	position, saved := w.engine.Position("telemetry"), w.seq

	// Behind the checkpoint: an SOS that somebody answers, and a fall that nobody
	// does before the service stops.
	var again [][]devices.Record
	say := func(records ...devices.Record) {
		again = append(again, records)
		w.apply(records...)
	}
	w.pass(time.Minute)
	say(cry("b/home00", "sos", w.now, w.now))
	sos := w.alerts(alerting.AlertFilter{Kind: []alerting.Kind{"sos"}})[0]
	_, err := w.desk.Ack(w.ctx, sos.ID, zhang)
	w.must(err)
	w.close(sos.ID, byPhone)
	w.pass(time.Minute)
	say(cry("b/home01", "fall", w.now, w.now))
	stopped := w.now
	before := w.newest()
	if position != saved {
		t.Fatalf("checkpoint at %d, want %d", position, saved)
	}

	w.pass(3 * time.Hour)
	w.seq = position // the journal gives again what came after the checkpoint
	w.start()
	for _, records := range again {
		w.apply(records...)
	}
	w.must(w.climb.Step(w.ctx, w.now))
	var backlog []devices.Record
	for id := range w.dir.worn {
		backlog = append(backlog, message(id, stopped, w.now, w.now))
	}
	w.apply(backlog...)
	w.live(w.now.Add(90 * time.Minute).Truncate(5 * time.Minute))

	for _, e := range w.events(before) {
		if e.Type == alerting.AlertEscalated && e.Alert.Kind == "fall" || e.Type == alerting.AlertUpdated && e.Alert.Kind == "fall" {
			continue // nobody had answered it
		}
		t.Errorf("after the start: %s %s of %s at %s, %v", e.Type, e.Alert.Kind, e.Alert.Subject.ID, e.At, e.Alert.Evidence)
	}
	if a := w.alert(sos.ID); a.State != "closed" {
		t.Errorf("the SOS that was answered is %s", a.State)
	}
}

// What is read a day late, whoever was late, is listed and makes no noise.
func TestWhatIsReadADayLateMakesNoNoise(t *testing.T) {
	w := newWorld(t)
	then := w.now
	w.pass(25 * time.Hour)
	w.apply(reading("v/b1", "heart", 2, then, then)) // the journal was behind
	if a := w.only(); !a.Late || a.EscalateAt != nil {
		t.Errorf("%+v", a)
	}
}

// A data outage holds back the silences of the devices behind it: there is one row
// to answer, and when it ends only who is still silent has an alert.
func TestAnOutageHoldsBackItsSilences(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		id := devices.DeviceID(fmt.Sprintf("g/%02d", i))
		w.dir.devices[id] = &devices.Device{ID: id, Kind: devices.Wristband, Area: "shen/east/hill"}
	}
	for i := range 12 {
		w.pass(20 * time.Second)
		w.says(devices.DeviceID(fmt.Sprintf("g/%02d", i)), "silent", 1)
	}
	open := w.alerts(alerting.AlertFilter{State: []alerting.State{"open"}})
	if len(open) != 1 || open[0].Kind != "data_outage" || open[0].Evidence["devices_n"] != 12.0 {
		t.Fatalf("%d open alerts: %+v", len(open), open)
	}
	rang := 0
	for _, e := range w.events(0) {
		if e.Data["rings"] == true {
			rang++
		}
	}
	if rang != 0 {
		t.Errorf("%d rings beside the openings", rang)
	}
	w.pass(time.Hour)
	for i := range 10 {
		w.says(devices.DeviceID(fmt.Sprintf("g/%02d", i)), "silent", 0)
	}
	open = w.alerts(alerting.AlertFilter{State: []alerting.State{"open"}})
	if len(open) != 2 || open[0].Kind != "device_silent" || open[1].Kind != "device_silent" {
		t.Errorf("after the outage: %+v", open)
	}
}
