package alerting_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/devices"
)

const homeLat, homeLon = 36.2401, 115.6602

func (w *world) visit() alerting.Visit {
	w.t.Helper()
	v, err := w.desk.CreateVisit(w.ctx, alerting.System(), alerting.NewVisit{Resident: wang, Due: w.now.Add(time.Hour)})
	w.must(err)
	return v
}

var helper = alerting.Actor{User: "helper", Name: "小李"}

func (w *world) enters(visit string, e alerting.NewEntry) (alerting.DoorEntry, alerting.Visit) {
	w.t.Helper()
	if e.UUID == "" {
		e.UUID = uuid.NewString()
	}
	entry, v, err := w.desk.Enter(w.ctx, visit, helper, e)
	w.must(err)
	return entry, v
}

func (w *world) livesAt(lat, lon float64) {
	w.t.Helper()
	_, err := w.desk.SetHome(w.ctx, wang, helper, alerting.HomeChange{Position: &alerting.Position{Lat: lat, Lon: lon}})
	w.must(err)
}

func north(m float64) float64 { return homeLat + m/111_195 }

func TestWhatACheckInProves(t *testing.T) {
	gcjLat, gcjLon := devices.GCJ02.FromWGS84(homeLat, homeLon)
	at := func(lat, lon, accuracy float64) *alerting.Position {
		return &alerting.Position{Lat: lat, Lon: lon, AccuracyM: accuracy}
	}
	for name, c := range map[string]struct {
		how     alerting.CheckInHow
		at      *alerting.Position
		code    string
		unknown bool // nobody has entered where the home is
		mark    alerting.CheckInMark
		shifted bool
	}{
		"at the door":                       {how: alerting.ByPosition, at: at(north(20), homeLon, 15)},
		"at the end of the radius":          {how: alerting.ByPosition, at: at(north(149), homeLon, 15)},
		"in the next village":               {how: alerting.ByPosition, at: at(north(1500), homeLon, 15), mark: alerting.MarkOutside},
		"a little too far":                  {how: alerting.ByPosition, at: at(north(155), homeLon, 15), mark: alerting.MarkOutside},
		"a mast's position":                 {how: alerting.ByPosition, at: at(north(20), homeLon, 900), mark: alerting.MarkInaccurate},
		"an accuracy of nothing":            {how: alerting.ByPosition, at: at(north(20), homeLon, 0), mark: alerting.MarkInaccurate},
		"no position":                       {how: alerting.ByPosition, mark: alerting.MarkInaccurate},
		"home not known":                    {how: alerting.ByPosition, at: at(north(20), homeLon, 15), unknown: true, mark: alerting.MarkNoHome},
		"a browser on the maps' datum":      {how: alerting.ByPosition, at: at(gcjLat, gcjLon, 15), shifted: true},
		"the meter's last six":              {how: alerting.BySerial, code: "000 123"},
		"the meter's last four":             {how: alerting.BySerial, code: "0123", mark: alerting.MarkWrongCode},
		"another meter":                     {how: alerting.BySerial, code: "YS99000124", mark: alerting.MarkWrongCode},
		"a door without a code":             {how: alerting.ByDoorCode, code: "", mark: alerting.MarkWrongCode},
		"somebody's word":                   {how: alerting.ByWord, mark: alerting.MarkWord},
		"somebody's word, and a position":   {how: alerting.ByWord, at: at(north(20), homeLon, 15), mark: alerting.MarkWord},
		"a serial, and far away by its GPS": {how: alerting.BySerial, code: "YS26000123", at: at(north(5000), homeLon, 15)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if !c.unknown {
				w.livesAt(homeLat, homeLon)
			}
			e, v := w.enters(w.visit().ID, alerting.NewEntry{Kind: alerting.EntryCheckIn, How: c.how, Position: c.at, Code: c.code, Serials: []string{"YS26000123"}})
			if e.Mark != c.mark || e.Shifted != c.shifted {
				t.Errorf("%+v, want mark %q", e, c.mark)
			}
			// Whatever it proves, the visit goes on.
			if v.State != alerting.VisitStarted || v.Arrived == nil || *v.Assignee != helper.User {
				t.Errorf("visit %+v", v)
			}
		})
	}
}

func TestServiceTimeIsFromTheFirstCheckInToTheLastCheckOut(t *testing.T) {
	w := newWorld(t)
	v := w.visit()
	in := func(kind alerting.EntryKind, ago time.Duration) alerting.Visit {
		_, after := w.enters(v.ID, alerting.NewEntry{Kind: kind, How: alerting.ByWord, Time: alerting.PhoneTime{At: w.now.Add(-ago), Sent: w.now}})
		return after
	}
	w.pass(2 * time.Hour)
	// They arrive in any order.
	in(alerting.EntryCheckOut, 20*time.Minute)
	in(alerting.EntryCheckIn, 70*time.Minute)
	in(alerting.EntryCheckOut, 40*time.Minute)
	after := in(alerting.EntryCheckIn, 60*time.Minute)
	if got := after.Left.Sub(*after.Arrived); got != 50*time.Minute {
		t.Errorf("service of %v, want 50 min", got)
	}
}

func TestAnEntryIsTakenOnceAndOfOneVisit(t *testing.T) {
	w := newWorld(t)
	one, other := w.visit(), w.visit()
	e := alerting.NewEntry{UUID: uuid.NewString(), Kind: alerting.EntryChecklist, Step: "neighbours", Result: "done", Note: "昨晚还亮着灯"}
	first, _ := w.enters(one.ID, e)
	newest := w.newest()
	w.pass(time.Minute)
	if again, _ := w.enters(one.ID, e); again != first || w.newest() != newest {
		t.Errorf("again %+v, first %+v", again, first)
	}
	var wrong *alerting.InputError
	if _, _, err := w.desk.Enter(w.ctx, other.ID, helper, e); !errors.As(err, &wrong) || wrong.Field != "uuid" {
		t.Errorf("for another visit: %v", err)
	}
	for field, bad := range map[string]alerting.NewEntry{
		"uuid": {UUID: "7", Kind: alerting.EntryCheckOut}, "step": {UUID: uuid.NewString(), Kind: alerting.EntryChecklist, Step: "window", Result: "done"},
		"result": {UUID: uuid.NewString(), Kind: alerting.EntryChecklist, Step: "knock"}, "how": {UUID: uuid.NewString(), Kind: alerting.EntryCheckIn},
		"position": {UUID: uuid.NewString(), Kind: alerting.EntryCheckIn, How: alerting.ByPosition, Position: &alerting.Position{Lat: 91}},
	} {
		if _, _, err := w.desk.Enter(w.ctx, one.ID, helper, bad); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// The steps at a closed door stand in the alert's log as they are done.
func TestTheDeskSeesTheStepsAtTheDoor(t *testing.T) {
	w := newWorld(t)
	w.cries("v/b1", devices.EventSOS, w.now)
	alert := w.only()
	v, err := w.desk.CreateVisit(w.ctx, alerting.Actor{User: "duty"}, alerting.NewVisit{Alert: alert.ID})
	w.must(err)
	w.enters(v.ID, alerting.NewEntry{Kind: alerting.EntryChecklist, Step: "emergency_110", Result: "done", Note: "派出所已出警"})
	log, err := w.store.Log(w.ctx, alert.ID)
	w.must(err)
	last := log[len(log)-1]
	if last.Text != "派出所已出警" || last.Data["door_step"] != "emergency_110" || last.Actor != helper.User {
		t.Errorf("the log ends with %+v", last)
	}
}

func TestErasureTakesWhatWasEnteredAtTheDoor(t *testing.T) {
	w := newWorld(t)
	w.livesAt(homeLat, homeLon)
	note := "钥匙在邻居家"
	_, err := w.desk.SetHome(w.ctx, wang, helper, alerting.HomeChange{Note: &note})
	w.must(err)
	v := w.visit()
	photo, _ := w.enters(v.ID, alerting.NewEntry{Kind: alerting.EntryPhoto, Photo: jpegOf(t, 8, 8)})
	w.enters(v.ID, alerting.NewEntry{Kind: alerting.EntryCheckIn, How: alerting.ByPosition, Reason: "门前修路", Position: &alerting.Position{Lat: homeLat, Lon: homeLon, AccuracyM: 9}})
	_, err = w.desk.ReportVisit(w.ctx, v.ID, helper, alerting.Report{UUID: uuid.NewString(), Outcome: alerting.Assisted, ReportMore: alerting.ReportMore{Condition: "injured", FollowUp: true}})
	w.must(err)
	if h, err := w.store.Home(w.ctx, wang); err != nil || !h.Known() || h.Note != note {
		t.Fatalf("%+v %v", h, err)
	}

	w.must(w.store.Erase(w.ctx, wang, nil))
	if _, err := w.store.Photo(w.ctx, v.ID, photo.Photo); !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("the photo: %v", err)
	}
	if h, err := w.store.Home(w.ctx, wang); err != nil || h != (alerting.Home{}) {
		t.Errorf("the home: %+v %v", h, err)
	}
	entries, err := w.store.Entries(w.ctx, v.ID)
	w.must(err)
	for _, e := range entries {
		if e.DoorData != (alerting.DoorData{}) {
			t.Errorf("an entry still says %+v", e.DoorData)
		}
	}
	if len(entries) != 2 {
		t.Errorf("%d entries, want that somebody was there to stay", len(entries))
	}
	for _, e := range w.events(0) {
		if e.Visit != nil && e.Visit.Report != nil && e.Visit.Report.ReportMore != (alerting.ReportMore{}) || e.Data["reason"] != nil || e.Data["condition"] != nil {
			t.Errorf("event %d still says %+v %v", e.Number, e.Visit.Report, e.Data)
		}
	}
}
