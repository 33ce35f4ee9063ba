package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// missing lets the nightly uploads of these be missed, one after another.
func (w *world) missing(every time.Duration, ids ...devices.DeviceID) {
	w.t.Helper()
	for _, id := range ids {
		w.says(id, "silent", forTheList)
		w.pass(every)
	}
}

func TestTheUploadsThatATownMissesInANightAreOneRoundOfCalls(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 6)
	ids = append(ids, w.village("v", "shen/east/vale", 6)...)
	other := w.village("v", "shen/west/lake", 1)
	day := w.now.Add(8 * time.Hour).Format(time.DateOnly)
	east, west := "blue data_outage system uploads:"+day+"@shen/east", "blue data_outage system uploads:"+day+"@shen/west"
	w.missing(10*time.Minute, ids...)
	w.missing(0, other...)
	w.seesOnly(east, west)
	var list alerting.Alert
	for _, a := range w.alerts(notClosed) {
		if a.Area == "shen/east" {
			list = w.alert(a.ID)
		}
	}
	if list.Evidence["residents_n"] != 12.0 || list.Evidence["cause"] != "uploads" || len(residentsOf(t, list)) != 12 {
		t.Errorf("evidence %v", list.Evidence)
	}
	_, err := w.desk.Call(w.ctx, list.ID, zhang, alerting.Call{Whom: "resident", Resident: "hill-03", Result: "answered"})
	w.must(err)
	if at := w.store.LastContact("hill-03", w.now); !at.Equal(w.now) {
		t.Errorf("who has answered was reached at %s", at)
	}

	// A day later all but two are back; these are looked for one by one.
	w.pass(24 * time.Hour)
	for _, id := range ids[2:] {
		w.says(id, "silent", 0)
	}
	w.says(other[0], "silent", 0)
	w.seesOnly(east)
	w.says(ids[0], "silent", 2)
	w.seesOnly(east, "orange device_silent device v/hill-01")
	w.says(ids[1], "silent", 2)
	w.seesOnly("orange device_silent device v/hill-01", "orange device_silent device v/hill-02")
	if a := w.alert(list.ID); a.State != alerting.Closed || *a.Outcome != alerting.Recovered {
		t.Errorf("the list is %s", a.State)
	}
	w.pass(time.Hour)
	w.says(ids[0], "silent", 0)
	w.seesOnly("orange device_silent device v/hill-02")

	// The next night has a list of its own.
	day = w.now.Add(8 * time.Hour).Format(time.DateOnly)
	w.missing(0, ids[4])
	w.seesOnly("orange device_silent device v/hill-02", "blue data_outage system uploads:"+day+"@shen/east")
}

// A carrier that fails shows as an outage, however the meters are spread.
func TestAListThatGrowsTooFastIsAnOutage(t *testing.T) {
	w := newWorld(t)
	var ids []devices.DeviceID
	for _, v := range []devices.AreaPath{"shen/east/hill", "shen/east/vale", "shen/east/mill"} {
		ids = append(ids, w.village("v", v, 5)...)
	}
	w.missing(50*time.Second, ids[:9]...)
	list := w.outage()
	if list.Severity != alerting.Blue {
		t.Fatalf("nine in ten minutes are %s", list.Severity)
	}
	w.must(w.engine.Checkpoint(w.ctx))
	w.start()
	w.missing(0, ids[9])
	if list = w.outage(); list.Severity != alerting.Orange || len(w.board()) != 1 || list.Evidence["at_least"] != 10.0 {
		t.Errorf("ten in ten minutes are %s, %v", list.Severity, w.board())
	}
	w.missing(0, ids[10:]...)
	w.says(ids[0], "silent", 2) // it is of the outage
	if n := len(w.board()); n != 1 {
		t.Errorf("%d rows, want 1: %v", n, w.board())
	}
}

// Twenty homes of one gateway that come at once are an outage of their village.
func TestListedOnesThatComeTogetherAreAStorm(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 12)
	var all []devices.Record
	for _, id := range ids {
		all = append(all, reading(id, "silent", forTheList, w.now, w.now))
	}
	w.apply(all...)
	w.seesOnly(hillOut)
}

// An empty band falls silent: that is the same task, and says why. With a wearer of
// tier red, or once somebody has closed the first, it is one of its own.
func TestWhatIsWrongWithOneBandIsOneTask(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 3)
	w.dir.residents["hill-02"].Tier = devices.TierRed
	for _, id := range ids {
		w.says(id, "battery", 0.5)
	}
	first := w.alerts(alerting.AlertFilter{})
	for _, a := range first {
		if a.Subject.ID == "v/hill-03" {
			w.close(a.ID, alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "device", Note: "充好了"})
		}
	}
	w.pass(time.Hour)
	for _, id := range ids {
		w.says(id, "silent", 0.5)
	}
	w.seesOnly("blue low_battery device v/hill-01", "blue low_battery device v/hill-02", "blue device_silent device v/hill-02", "blue device_silent device v/hill-03")
	w.pass(time.Hour)
	// It speaks again and is still low, then it is charged.
	w.says(ids[0], "silent", 0)
	w.seesOnly("blue low_battery device v/hill-01", "blue low_battery device v/hill-02", "blue device_silent device v/hill-02", "blue device_silent device v/hill-03")
	w.says(ids[0], "battery", 0)
	w.seesOnly("blue low_battery device v/hill-02", "blue device_silent device v/hill-02", "blue device_silent device v/hill-03")
}
