package deadletter_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
	"shouwang/ingest/deadletter"
)

var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func open(t *testing.T) (*deadletter.Store, *database.DB) {
	t.Helper()
	db := databasetest.Open(t)
	return deadletter.New(db), db
}

func refusal(device devices.DeviceID, after time.Duration) devices.Refusal {
	return devices.Refusal{
		Code: devices.NotANumber, Field: "metrics.steps", Value: `"x"`, Rule: "must be a finite number", Device: device,
		Topic: "homecare/v1/" + string(device) + "/telemetry", Received: epoch.Add(after), SHA256: fmt.Sprint(after), Payload: []byte(`{"metrics":{"steps":"x"}}`),
	}
}

var everything = devices.Scope{Areas: []devices.AreaPath{""}}

// list reads all pages, two letters a page.
func list(t *testing.T, s *deadletter.Store, f devices.DeadLetterFilter) []devices.DeadLetter {
	t.Helper()
	var all []devices.DeadLetter
	f.Limit = 2
	for {
		page, err := s.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if f.Cursor = page.Next; f.Cursor == "" {
			return all
		}
	}
}

func add(t *testing.T, s *deadletter.Store, refusals ...devices.Refusal) {
	t.Helper()
	if err := s.Add(t.Context(), refusals); err != nil {
		t.Fatal(err)
	}
}

func TestKeptOnceAsGiven(t *testing.T) {
	s, _ := open(t)
	first, second := refusal("acme/1", 0), refusal("acme/1", 0)
	second.Field = "metrics.worn" // of the same message
	long := refusal("acme/2", time.Second)
	long.Payload = bytes.Repeat([]byte("x"), 10<<10)
	for range 3 {
		add(t, s, first, second, long, first)
	}
	got := list(t, s, devices.DeadLetterFilter{Scope: everything})
	if len(got) != 3 || len(got[0].Payload) != 4<<10 {
		t.Fatalf("%d letters: %.500v", len(got), got)
	}
	for _, l := range got[1:] {
		want := first
		if l.Field == second.Field {
			want = second
		}
		if d := cmp.Diff(want, l.Refusal); d != "" || l.Count != 1 {
			t.Errorf("count %d %s", l.Count, d)
		}
	}
}

func TestTooThickIsCounted(t *testing.T) {
	s, _ := open(t)
	var storm []devices.Refusal
	for i := range 500 {
		r := refusal("acme/1", time.Duration(i/2)*100*time.Millisecond) // two of each message
		r.Field = fmt.Sprint(i)
		storm = append(storm, r)
	}
	quiet := refusal("acme/2", 20*time.Second)
	// In pieces of whole messages, some handed in twice or thrice, as the
	// journal does after a crash.
	for _, p := range [][2]int{{0, 40}, {0, 40}, {40, 140}, {40, 140}, {140, 500}, {40, 140}, {140, 500}, {0, 500}} {
		add(t, s, storm[p[0]:p[1]]...)
	}
	add(t, s, quiet)
	var kept, counted int64
	for _, l := range list(t, s, devices.DeadLetterFilter{Scope: everything, Device: "acme/1"}) {
		if l.Payload != nil {
			kept++
		} else {
			counted += l.Count
		}
	}
	if kept != 60 || counted != 440 {
		t.Errorf("%d kept, %d counted", kept, counted)
	}
	if got := list(t, s, devices.DeadLetterFilter{Scope: everything, Device: "acme/2"}); len(got) != 1 || got[0].Payload == nil {
		t.Errorf("another device pays for it: %v", got)
	}
}

func TestMadeUpDevicesShareABucket(t *testing.T) {
	s, _ := open(t)
	var flood []devices.Refusal
	for i := range 300 {
		r := refusal(devices.DeviceID(fmt.Sprintf("acme/x%d", i)), time.Duration(i)*time.Millisecond)
		r.Code, r.Topic = devices.UnknownDevice, "homecare/v1/acme/x/telemetry"
		flood = append(flood, r)
	}
	add(t, s, flood...)
	if got := list(t, s, devices.DeadLetterFilter{Scope: everything}); len(got) != 61 {
		t.Errorf("%d rows", len(got))
	}
}

func TestListed(t *testing.T) {
	s, db := open(t)
	for _, q := range []string{
		`INSERT INTO areas VALUES ('shen', 'x'), ('shen/t1', 'x'), ('shen/t10', 'x')`,
		`INSERT INTO devices VALUES ('acme/1', 'acme', 'wristband', 'shen/t1', '', 0, 0, 1), ('acme/2', 'acme', 'wristband', 'shen/t10', '', 0, 0, 1), ('acme/3', 'acme', 'wristband', 'shen/t10', '', 0, 0, 1)`,
		`INSERT INTO residents VALUES ('r', 'x', '', '', 0, 'shen/t1', 'green', 'active', '[]', 1)`,
		`INSERT INTO assignments VALUES ('acme/3', 1, 0, 'r', 0, 0, 0)`,
	} {
		if _, err := db.Write.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for i, d := range []devices.DeviceID{"acme/1", "acme/2", "acme/3", "other/1", ""} {
		r := refusal(d, time.Duration(i)*time.Second)
		if d == "" {
			r.Code = devices.WrongTopic
		}
		add(t, s, r)
	}
	for name, c := range map[string]struct {
		filter devices.DeadLetterFilter
		want   string
	}{
		"newest first":   {devices.DeadLetterFilter{Scope: everything}, "[ other/1 acme/3 acme/2 acme/1]"},
		"no scope":       {devices.DeadLetterFilter{}, "[]"},
		"a vendor's own": {devices.DeadLetterFilter{Scope: devices.Scope{Vendor: "acme"}}, "[acme/3 acme/2 acme/1]"},
		"not another's":  {devices.DeadLetterFilter{Scope: devices.Scope{Vendor: "acme"}, Device: "other/1"}, "[]"},
		"a town":         {devices.DeadLetterFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"shen/t1"}}}, "[acme/3 acme/1]"},
		"a county":       {devices.DeadLetterFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"shen"}}}, "[acme/3 acme/2 acme/1]"},
		"a provider":     {devices.DeadLetterFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}, Provider: "p"}}, "[]"},
		"code":           {devices.DeadLetterFilter{Scope: everything, Code: []devices.RefusalCode{devices.WrongTopic, devices.TooOld}}, "[]"},
		"device":         {devices.DeadLetterFilter{Scope: everything, Device: "acme/2"}, "[acme/2]"},
	} {
		ids := []devices.DeviceID{}
		for _, l := range list(t, s, c.filter) {
			ids = append(ids, l.Device)
		}
		if got := fmt.Sprint(ids); got != c.want && name != "code" || name == "code" && len(ids) != 1 {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if _, err := s.List(t.Context(), devices.DeadLetterFilter{Cursor: "nonsense"}); err == nil {
		t.Error("took a made-up cursor")
	}
	if n, err := s.Purge(t.Context(), epoch.Add(2*time.Second)); n != 2 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
}
