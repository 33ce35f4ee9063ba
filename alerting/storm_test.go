package alerting_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/devices"
)

// village puts n residents, each with a band, into a village; the bands are
// vendor/area-1 and so on.
func (w *world) village(vendor string, area devices.AreaPath, n int) []devices.DeviceID {
	var ids []devices.DeviceID
	for i := range n {
		who := fmt.Sprintf("%s-%02d", area[len(area)-4:], i+1)
		id := devices.DeviceID(vendor + "/" + who)
		w.dir.residents[who] = &devices.Resident{ID: who, Name: "老" + who, Area: area, State: devices.Active}
		w.dir.devices[id] = &devices.Device{ID: id, Kind: devices.Wristband, Area: area}
		w.dir.worn[id] = who
		ids = append(ids, id)
	}
	return ids
}

// fall silent one after another.
func (w *world) silent(every time.Duration, ids ...devices.DeviceID) {
	w.t.Helper()
	for _, id := range ids {
		w.says(id, "silent", 1)
		w.pass(every)
	}
}

var notClosed = alerting.AlertFilter{State: []alerting.State{"open", "acknowledged", "dispatched", "visited"}}

// board is what a duty operator sees: kind and subject of each row.
func (w *world) board() []string {
	w.t.Helper()
	rows := []string{}
	for _, a := range w.alerts(notClosed) {
		rows = append(rows, fmt.Sprintf("%s %s %s %s", a.Severity, a.Kind, a.Subject.Type, a.Subject.ID))
	}
	slices.Sort(rows)
	return rows
}

func (w *world) seesOnly(rows ...string) {
	w.t.Helper()
	slices.Sort(rows)
	if diff := cmp.Diff(append([]string{}, rows...), w.board()); diff != "" {
		w.t.Fatalf("the board (-want +is):\n%s", diff)
	}
}

// outage is the one on the board, with its lists.
func (w *world) outage() alerting.Alert {
	w.t.Helper()
	for _, a := range w.alerts(notClosed) {
		if a.Kind == alerting.KindDataOutage {
			return w.alert(a.ID)
		}
	}
	w.t.Fatal("no outage on the board")
	return alerting.Alert{}
}

const hillOut = "orange data_outage area shen/east/hill"

func TestTenSilentDevicesOfAVillageAreOneOutage(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 12)
	w.silent(time.Minute/2, ids[:9]...)
	if n := len(w.board()); n != 9 {
		t.Fatalf("%d rows before the tenth, want 9", n)
	}
	w.silent(0, ids[9])
	w.seesOnly(hillOut)
	a := w.outage()
	if a.Evidence["devices_n"] != 10.0 || a.Evidence["residents_n"] != 10.0 || a.Evidence["scope"] != "village" {
		t.Errorf("evidence %v", a.Evidence)
	}
	if !a.Since.Equal(noon) {
		t.Errorf("since %s, want the first that fell silent, %s", a.Since, noon)
	}
	// The single ones say where they went.
	for _, closed := range w.alerts(alerting.AlertFilter{State: []alerting.State{"closed"}}) {
		if *closed.Outcome != alerting.Duplicate {
			t.Errorf("%s was closed as %s", closed.Subject.ID, *closed.Outcome)
		}
	}
	// Further ones join without a row and without a ring.
	rang, after := a.RangAt, w.newest()
	w.pass(time.Hour)
	w.silent(0, ids[10], ids[11])
	w.seesOnly(hillOut)
	if a = w.outage(); a.Evidence["devices_n"] != 12.0 || !a.RangAt.Equal(rang) {
		t.Errorf("after two more: %v devices, rang at %s and %s", a.Evidence["devices_n"], rang, a.RangAt)
	}
	if diff := cmp.Diff([]alerting.EventType{"alert.updated", "alert.updated"}, w.types(after)); diff != "" {
		t.Errorf("events of two more:\n%s", diff)
	}
}

func TestTenTogetherNeverShowSingly(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 10)
	var all []devices.Record
	for _, id := range ids {
		all = append(all, reading(id, "silent", 1, w.now, w.now))
	}
	w.apply(all...)
	w.seesOnly(hillOut)
	if types := w.types(0); len(types) != 1 {
		t.Errorf("events %v: the duty room hears of ten what it should hear of one", types)
	}
}

func TestNineOrTenOverTwentyMinutesAreThemselves(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 10)
	w.silent(2*time.Minute, ids...)
	if n := len(w.board()); n != 10 {
		t.Errorf("%d rows, want ten: they fell silent over 18 minutes", n)
	}
}

func TestCallsForHelpInAStorm(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 12)
	w.silent(0, ids[:10]...)
	w.cries(ids[0], devices.EventSOS, w.now)
	w.cries(ids[11], devices.EventFall, w.now)
	w.says(ids[3], "heart", 2)
	w.seesOnly("red fall resident hill-12", "red sos resident hill-01", "orange heart_rate resident hill-04", hillOut)
}

func TestATownAndAVendor(t *testing.T) {
	for _, tc := range []struct {
		name    string
		silent  func(w *world) []devices.DeviceID
		want    []string
		devices float64
	}{
		{"five in each of two villages", func(w *world) []devices.DeviceID {
			return append(w.village("v", "shen/east/hill", 5), w.village("u", "shen/east/lake", 5)...)
		}, []string{"orange data_outage area shen/east"}, 10},
		{"of one vendor all over the county", func(w *world) []devices.DeviceID {
			return append(w.village("v", "shen/east/hill", 5), w.village("v", "shen/west/lake", 5)...)
		}, []string{"orange data_outage system vendor:v@shen"}, 10},
		{"ten in one village and then ten in the next", func(w *world) []devices.DeviceID {
			return append(w.village("v", "shen/east/hill", 10), w.village("u", "shen/east/lake", 10)...)
		}, []string{"orange data_outage area shen/east"}, 20},
		{"ten in one village and then five in the next", func(w *world) []devices.DeviceID {
			return append(w.village("v", "shen/east/hill", 10), w.village("u", "shen/east/lake", 5)...)
		}, []string{"orange data_outage area shen/east"}, 15},
		{"a vendor's in two villages, and others' in one of them", func(w *world) []devices.DeviceID {
			return slices.Concat(w.village("v", "shen/east/hill", 5), w.village("v", "shen/west/lake", 5), w.village("u", "shen/east/pond", 5),
				w.village("u", "shen/east/hill", 1))
		}, []string{"orange data_outage area shen/east", "orange data_outage system vendor:v@shen"}, 6},
		{"two of another village are not drawn in", func(w *world) []devices.DeviceID {
			return append(w.village("v", "shen/east/hill", 10), w.village("u", "shen/east/lake", 1)...)
		}, []string{hillOut, "yellow device_silent device u/lake-01"}, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.silent(time.Second, tc.silent(w)...)
			w.seesOnly(tc.want...)
			if n := w.outage().Evidence["devices_n"]; n != tc.devices {
				t.Errorf("%v devices in it, want %v", n, tc.devices)
			}
		})
	}
}

func TestAnOutageEndsWhenTheDevicesSpeakAgain(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 12)
	w.silent(time.Second, ids...)
	outage := w.outage().ID
	w.pass(time.Hour)
	for _, id := range ids[:9] {
		w.says(id, "silent", 0)
	}
	if a := w.alert(outage); a.State != alerting.Open || a.Evidence["back_n"] != 9.0 {
		t.Fatalf("with 9 of 12 back it is %s, evidence %v", a.State, a.Evidence)
	}
	w.says(ids[9], "silent", 0)
	a := w.alert(outage)
	if a.State != alerting.Closed || a.RecoveredAt == nil || *a.Outcome != alerting.Recovered {
		t.Fatalf("with 10 of 12 back it is %s, recovered %v", a.State, a.RecoveredAt)
	}
	// Whoever is still silent is no longer hidden by it.
	w.seesOnly("yellow device_silent device v/hill-12", "yellow device_silent device v/hill-11")
	w.says(ids[10], "silent", 0)
	w.seesOnly("yellow device_silent device v/hill-12")
	// And the next silence is news.
	w.pass(time.Hour)
	w.silent(0, ids[0])
	if n := len(w.board()); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestThePhoneRound(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 10)
	w.silent(0, ids...)
	id := w.outage().ID
	call := func(who, result string) error {
		_, err := w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Resident: who, Result: result})
		return err
	}
	w.must(call("hill-01", "no_answer"))
	w.must(call("hill-02", "answered"))
	if field := inputField(call("wang", "answered")); field != "resident" {
		t.Errorf("a call to somebody else is refused by %q", field)
	}
	a := w.outage()
	if a.Evidence["called_n"] != 2.0 || a.Evidence["residents_n"] != 10.0 {
		t.Errorf("evidence %v", a.Evidence)
	}
	if at := w.store.LastContact("hill-02", w.now); !at.Equal(w.now) {
		t.Errorf("who has answered was reached at %s", at)
	}
	if at := w.store.LastContact("hill-01", w.now); !at.IsZero() {
		t.Errorf("who has not answered was reached at %s", at)
	}
	if list := residentsOf(t, a); list["hill-01"] != "老hill-01 no_answer" || list["hill-02"] != "老hill-02 answered" || list["hill-03"] != "老hill-03" {
		t.Errorf("the list: %v", list)
	}
	w.must(w.store.Erase(w.ctx, "hill-02", ids[1:2]))
	if list := residentsOf(t, w.outage()); len(list) != 9 {
		t.Errorf("the list after somebody was erased: %v", list)
	}
}

// residentsOf is the list of an outage: name and result of the call.
func residentsOf(t *testing.T, a alerting.Alert) map[string]string {
	t.Helper()
	raw, err := json.Marshal(a.Evidence["residents"])
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID, Name string
		Call     *struct{ Result string }
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, r := range list {
		all[r.ID] = r.Name
		if r.Call != nil {
			all[r.ID] += " " + r.Call.Result
		}
	}
	return all
}

func TestWhoIsStillInactiveWhenDataReturnsIsRaisedSingly(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 10)
	w.silent(0, ids...)
	w.pass(3 * time.Hour)
	w.apply(
		reading(ids[0], "silent", 0, w.now, w.now),
		reading(ids[0], "water", 2, w.now, w.now), // and the readings tell of no use
	)
	w.seesOnly(hillOut, "orange water_inactivity resident hill-01")
}

func TestAClosedOutageComesBackWithWhatItStandsFor(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 10)
	w.silent(0, ids...)
	w.close(w.outage().ID, alerting.Closing{Outcome: alerting.Refused, VerifiedBy: "zhang", How: "device"})
	w.seesOnly()
	w.pass(4*time.Hour + time.Minute)
	w.tick()
	w.seesOnly(hillOut)
	if n := w.outage().Evidence["devices_n"]; n != 10.0 {
		t.Errorf("it stands for %v devices", n)
	}
	for _, id := range ids {
		w.says(id, "silent", 0)
	}
	w.seesOnly()
	// One that has passed while it was closed does not.
	w.pass(time.Hour)
	w.silent(0, ids...)
	w.close(w.outage().ID, alerting.Closing{Outcome: alerting.Refused, VerifiedBy: "zhang", How: "device"})
	w.pass(time.Minute)
	for _, id := range ids {
		w.says(id, "silent", 0)
	}
	w.pass(5 * time.Hour)
	w.tick()
	w.seesOnly()
}

func TestSomebodyOnTheWayKeepsTheSingleAlert(t *testing.T) {
	w := newWorld(t)
	ids := w.village("v", "shen/east/hill", 10)
	w.silent(0, ids[0])
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: w.only().ID, Assignee: "zhao"})
	w.must(err)
	w.silent(0, ids[1:]...)
	w.seesOnly(hillOut, "yellow device_silent device v/hill-01")
}

// TestStormsHoweverTheyCome lets ten and more fall silent in any order, come back
// and fall silent again, with kills: the board is the same.
func TestStormsHoweverTheyCome(t *testing.T) {
	t.Parallel()
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		var want []string
		for try := range 3 {
			w := newWorld(t)
			ids := append(w.village("v", "shen/east/hill", 10+int(seed%4)), w.village("u", "shen/west/lake", 3)...)
			if try > 0 {
				r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			}
			var frames []devices.Record
			start := w.now
			for _, id := range ids {
				at := start.Add(time.Duration(r.IntN(500)) * time.Second)
				frames = append(frames, reading(id, "silent", 1, at, at))
			}
			slices.SortFunc(frames, func(a, b devices.Record) int { return a.Received.Compare(b.Received) })
			for i := range frames {
				w.now = frames[i].Received
				w.apply(frames[i])
				if try < 2 || r.IntN(4) > 0 {
					continue
				}
				if r.IntN(2) == 0 {
					w.must(w.engine.Checkpoint(w.ctx))
				}
				w.start() // killed
				w.seq = w.engine.Position("telemetry")
				for _, again := range frames[w.seq : i+1] {
					w.apply(again)
				}
			}
			got := w.board()
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, try %d (-want +is):\n%s", seed, try, diff)
			}
			if n := w.outage().Evidence["devices_n"]; n != float64(10+seed%4) {
				t.Fatalf("seed %d, try %d: %v devices", seed, try, n)
			}
		}
	}
}

// TestKilledInStormsTellsTheSame is TestKilledAnywhereTellsTheSame where two
// silent devices are a storm already, and the village's water is cut now and then.
func TestKilledInStormsTellsTheSame(t *testing.T) {
	t.Parallel()
	outages, closed := 0, 0
	for seed := range (seeds + 1) / 2 {
		frames := journal(rand.New(rand.NewPCG(seed, 11)), 60)
		var told [2][]string
		var episodes [2][]string
		for i := range told {
			w := newWorld(t)
			w.dir.residents[li].Area = w.dir.residents[wang].Area
			w.dir.devices[spare].Area = w.dir.residents[wang].Area
			w.meters([]devices.DeviceID{"v/b1", "v/b2"})
			rules := alerting.DefaultRules()
			rules.Storm.Devices = 2
			_, err := w.store.PutRules(w.ctx, rules, zhang, "few devices", noon)
			w.must(err)
			_, _ = w.run(frames, rand.New(rand.NewPCG(seed, uint64(i))), i == 1)
			told[i], episodes[i] = w.told(), w.episodes()
			for _, a := range w.alerts(alerting.AlertFilter{Kind: []alerting.Kind{alerting.KindDataOutage}}) {
				outages++
				if a.State == alerting.Closed {
					closed++
				}
			}
		}
		if diff := cmp.Diff(told[0], told[1]); diff != "" {
			t.Fatalf("seed %d: events differ (-calm +killed):\n%s", seed, diff)
		}
		if diff := cmp.Diff(episodes[0], episodes[1]); diff != "" {
			t.Fatalf("seed %d: episodes differ:\n%s", seed, diff)
		}
	}
	if outages < int(seeds)/2 || closed == 0 {
		t.Errorf("only %d outages, %d closed: the test shows nothing", outages, closed)
	}
	t.Logf("%d outages, %d closed", outages, closed)
}
