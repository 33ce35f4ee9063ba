package alerting_test

import (
	"context"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

var desk = []devices.AreaPath{"shen"}

func (w *world) handovers() *alerting.Handovers {
	return alerting.NewHandovers(alerting.HandoverOptions{
		Store: w.store, Now: func() time.Time { return w.now },
		Supervisors: func(context.Context, devices.AreaPath) ([]string, error) { return []string{"chen", "sun"}, nil },
	})
}

func (w *world) handoverNotices() (people []string) {
	w.t.Helper()
	rows, err := w.db.Read.QueryContext(w.ctx, `SELECT person FROM outbox WHERE reason = 'handover' ORDER BY person`)
	w.must(err)
	defer rows.Close() //nolint:errcheck // a test
	for rows.Next() {
		var p string
		w.must(rows.Scan(&p))
		people = append(people, p)
	}
	w.must(rows.Err())
	return people
}

func TestTheSheetOfAShiftSaysWhatIsOpen(t *testing.T) {
	w := newWorld(t)
	h := w.handovers()
	w.hush(alerting.KindSpO2, time.Hour)
	w.says("v/b1", "heart", 2)
	w.says("v/b2", "silent", 1)
	id := w.alerts(alerting.AlertFilter{Resident: wang})[0].ID
	_, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	_, err = w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Result: "no_answer", NextCall: w.now.Add(time.Hour)})
	w.must(err)
	w.pass(time.Minute)
	s, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{Remarks: map[string]string{id: "daughter comes at six"}, Note: "quiet night", SoundHeard: true, Warnings: []string{"store_damaged"}})
	w.must(err)
	got := map[alerting.Section]alerting.SheetLine{}
	for _, l := range s.Lines {
		got[l.Section] = l
	}
	if len(s.Lines) != 4 || got["case"].Remark != "daughter comes at six" || got["case"].Alert != id || got["case"].Name != "" && got["case"].Resident != wang ||
		!got["callback"].Due.Equal(noon.Add(time.Hour)) || got["silence"].Kind != "spo2" || got["silent"].Resident != li {
		t.Errorf("%+v", s.Lines)
	}
	if s.State != alerting.SheetWaiting || !s.Intact || !s.Head.SoundHeard || s.Head.Note != "quiet night" || !s.DueAt.Equal(w.now.Add(15*time.Minute)) {
		t.Errorf("%+v", s)
	}
	if _, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{Remarks: map[string]string{"none": "x"}}); inputField(err) != "remarks.none" {
		t.Error(err)
	}
}

func TestSomebodyElseSignsForTheShift(t *testing.T) {
	w := newWorld(t)
	h := w.handovers()
	s, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{})
	w.must(err)
	if _, err := h.Take(w.ctx, s.ID, zhang, "", true); refused(t, err).By != "zhang" {
		t.Error(err)
	}
	w.pass(time.Minute)
	got, err := h.Take(w.ctx, s.ID, zhao, "read", true)
	w.must(err)
	if got.State != alerting.SheetTaken || *got.Incoming != "zhao" || !got.TakenAt.Equal(w.now) || !got.TakeHeard || !got.Intact {
		t.Errorf("%+v", got)
	}
	if _, err := h.Take(w.ctx, s.ID, alerting.Actor{User: "li"}, "", true); refused(t, err).By != "zhao" {
		t.Error(err)
	}
}

func TestANewerSheetOfTheSameDeskTakesThePlaceOfOneThatWaits(t *testing.T) {
	w := newWorld(t)
	h := w.handovers()
	first, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{})
	w.must(err)
	other, err := h.Sign(w.ctx, zhang, []devices.AreaPath{"shen/east"}, alerting.NewSheet{})
	w.must(err)
	second, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{})
	w.must(err)
	for id, want := range map[string]alerting.SheetState{first.ID: "withdrawn", other.ID: "waiting", second.ID: "waiting"} {
		if s, err := w.store.Sheet(w.ctx, id); err != nil || s.State != want {
			t.Errorf("%s %v, want %s", s.State, err, want)
		}
	}
	if _, err := h.Take(w.ctx, first.ID, zhao, "", true); refused(t, err).State != "withdrawn" {
		t.Error(err)
	}
	if page, err := w.store.Sheets(w.ctx, alerting.SheetFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"shen/east"}}}); err != nil || len(page.Items) != 1 {
		t.Errorf("a town sees %d sheets, %v", len(page.Items), err)
	}
}

func TestASheetThatNobodyTakesGoesToTheSupervisorOnce(t *testing.T) {
	w := newWorld(t)
	h := w.handovers()
	s, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{})
	w.must(err)
	w.pass(15*time.Minute - time.Second)
	w.must(h.Step(w.ctx))
	if got := w.handoverNotices(); len(got) != 0 {
		t.Fatalf("told early: %v", got)
	}
	for range 3 {
		w.pass(time.Second)
		w.must(h.Step(w.ctx))
	}
	if got := w.handoverNotices(); len(got) != 2 || got[0] != "chen" || got[1] != "sun" {
		t.Errorf("%v", got)
	}
	if s, err := w.store.Sheet(w.ctx, s.ID); err != nil || s.ToldAt == nil {
		t.Errorf("%v %v", s.ToldAt, err)
	}
}

func TestASheetIsWhatWasSigned(t *testing.T) {
	w := newWorld(t)
	h := w.handovers()
	w.says("v/b1", "heart", 2)
	id := w.only().ID
	s, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{Remarks: map[string]string{id: "see to the band"}})
	w.must(err)
	// The case goes on, the sheet stays.
	_, err = w.desk.Ack(w.ctx, id, zhao)
	w.must(err)
	s, err = w.store.Sheet(w.ctx, s.ID)
	w.must(err)
	if !s.Intact || s.Lines[0].State != "open" {
		t.Fatalf("%+v", s.Lines)
	}
	// A resident is erased: the line goes, what was signed can still be proved.
	w.must(w.store.Erase(w.ctx, wang, nil))
	s, err = w.store.Sheet(w.ctx, s.ID)
	w.must(err)
	if l := s.Lines[0]; !s.Intact || !l.Erased || l.Remark != "" || l.Resident != "" {
		t.Errorf("after the erasure: %v %+v", s.Intact, l)
	}
	_, err = w.db.Write.ExecContext(w.ctx, `UPDATE handovers SET head = replace(head, '"note":""', '"note":"all well"') WHERE id = $1`, s.ID)
	w.must(err)
	if s, err := w.store.Sheet(w.ctx, s.ID); err != nil || s.Intact {
		t.Errorf("a changed sheet passes: %v", err)
	}
}

func TestASheetSentTwiceIsSignedOnce(t *testing.T) {
	w := newWorld(t)
	h := w.handovers()
	id := uuid1
	first, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{ID: id, Note: "quiet"})
	w.must(err)
	w.pass(time.Second)
	again, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{ID: id, Note: "quiet"})
	w.must(err)
	if again.ID != id || again.Digest != first.Digest || again.State != alerting.SheetWaiting || !again.SignedAt.Equal(first.SignedAt) {
		t.Errorf("%+v", again)
	}
	for name, err := range map[string]error{
		"of somebody else": func() error { _, err := h.Sign(w.ctx, zhao, desk, alerting.NewSheet{ID: id}); return err }(),
		"no UUID":          func() error { _, err := h.Sign(w.ctx, zhang, desk, alerting.NewSheet{ID: "1"}); return err }(),
	} {
		if inputField(err) != "uuid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
