package dashboard

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// walkUUID is one for each house, so that every role sends the same entry again.
func walkUUID(of string, h house) string {
	return uuid.NewSHA1(uuid.Nil, []byte(of+h.visit)).String()
}

func picture(width, height int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		img.Set(x, x%height, color.RGBA{R: 200, A: 255})
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil) // into memory
	return b.Bytes()
}

// photo takes one at the house.
func (c *county) photo(h house) string {
	e, _, err := c.desk.Enter(c.t.Context(), h.visit, alerting.System(), alerting.NewEntry{UUID: uuid.NewString(), Kind: alerting.EntryPhoto, Photo: picture(40, 30)})
	must(c.t, err)
	return e.Photo
}

func (c *county) post(path string, body any) map[string]any {
	c.t.Helper()
	status, out, _ := c.as(access.Provider, "POST", path, body)
	if status != http.StatusOK {
		c.t.Fatalf("POST %s: %d %s", path, status, text(out))
	}
	return out
}

func TestAVisitAtTheDoor(t *testing.T) {
	c := newCounty(t)
	visit := "/api/v1/visits/" + c.here.visit
	home := map[string]any{"position": map[string]any{"lat_deg": 36.2401, "lon_deg": 115.6602}, "note": "听力差，敲窗"}
	c.post("/api/v1/residents/"+c.here.resident+"/home", home)

	_, out, _ := c.as(access.Provider, "GET", "/api/v1/field", nil)
	card := out["items"].([]any)[0].(map[string]any)
	if got := card["home"].(map[string]any)["note"]; got != "听力差，敲窗" {
		t.Errorf("the card says %v of the door", got)
	}
	if card["resident"].(map[string]any)["name"] != "王v1" || card["rules"].(map[string]any)["check_in_m"] != 150.0 {
		t.Errorf("card %s", text(card))
	}

	// About 80 m from the home.
	in := map[string]any{"uuid": uuid.NewString(), "how": "position", "position": map[string]any{"lat_deg": 36.2408, "lon_deg": 115.6602, "accuracy_m": 20}}
	first := c.post(visit+"/checkin", in)
	entry := first["entry"].(map[string]any)
	if entry["mark"] != nil || entry["distance_m"] != 78.0 {
		t.Errorf("check-in %s, want it to prove that somebody was there, 78 m away", text(entry))
	}
	if v := first["visit"].(map[string]any); v["state"] != "started" || v["arrived_at"] == nil {
		t.Errorf("after the check-in the visit is %s", text(v))
	}
	if again := c.post(visit+"/checkin", in); text(again["entry"].(map[string]any)) != text(entry) {
		t.Errorf("the same check-in again answers %s, want %s", text(again), text(entry))
	}
	c.post(visit+"/checklist", map[string]any{"uuid": uuid.NewString(), "step": "neighbours", "result": "done", "note": "邻居说在家"})
	c.post(visit+"/report", map[string]any{"uuid": uuid.NewString(), "outcome": "assisted", "condition": "weak", "follow_up": true})
	left := c.post(visit+"/checkout", map[string]any{"uuid": uuid.NewString()})["visit"].(map[string]any)
	if left["left_at"] == nil {
		t.Errorf("after the check-out the visit is %s", text(left))
	}
	if r := left["report"].(map[string]any); r["condition"] != "weak" || r["follow_up"] != true || r["outcome"] != "assisted" {
		t.Errorf("report %s", text(r))
	}
	_, list, _ := c.as(access.Duty, "GET", visit+"/entries", nil)
	if n := len(list["items"].([]any)); n != 4 { // the fixture's photo is one
		t.Errorf("%d entries, want 4: %s", n, text(list))
	}
}

func TestAPhotoIsCleanedAndShownToWhoMaySeeTheVisit(t *testing.T) {
	c := newCounty(t)
	secret := "GPS 36.24N 115.66E of the phone"
	plain := picture(60, 40)
	exif := append([]byte{0xFF, 0xE1, 0, byte(len(secret) + 2)}, secret...)
	dirty := append(append(append([]byte{}, plain[:2]...), exif...), plain[2:]...)
	path := "/api/v1/visits/" + c.here.visit + "/photos"
	out := c.post(path+"?uuid="+uuid.NewString(), string(dirty))
	id := out["entry"].(map[string]any)["photo"].(string)
	if w := out["entry"].(map[string]any)["width"]; w != 60.0 {
		t.Errorf("width %v", w)
	}
	status, got, header := c.as(access.Duty, "GET", path+"/"+id, nil)
	if status != http.StatusOK || header.Get("Content-Type") != "image/jpeg" || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", status, header)
	}
	if strings.Contains(got["text"].(string), "GPS") || got["text"] != string(plain) {
		t.Error("the picture still says where it was taken, or is another one")
	}
	// Another visit's id does not open it, nor does another organisation.
	if status, _, _ := c.as(access.Administrator, "GET", "/api/v1/visits/"+c.there.visit+"/photos/"+id, nil); status != http.StatusNotFound {
		t.Errorf("by another visit: %d", status)
	}
	for name, bad := range map[string]string{"no picture": "hello", "cut off": string(plain[:len(plain)/8]), "too large": string(picture(60, 40)) + strings.Repeat("x", alerting.MaxPhoto)} {
		if status, out, _ := c.as(access.Provider, "POST", path+"?uuid="+uuid.NewString(), bad); status != http.StatusUnprocessableEntity && status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %s", name, status, text(out))
		}
	}
}

// A phone comes back into reach with what was done while the desk went on.
func TestWhatComesLateIsTakenAndSaysWhatHadHappened(t *testing.T) {
	c := newCounty(t)
	ctx := t.Context()
	made := func() string {
		v, err := c.desk.CreateVisit(ctx, alerting.System(), alerting.NewVisit{Resident: c.here.resident, Due: time.Now().Add(time.Hour)})
		must(t, err)
		return v.ID
	}
	report := func(id string) map[string]any {
		return c.post("/api/v1/visits/"+id+"/report", map[string]any{"uuid": uuid.NewString(), "outcome": "well", "at": time.Now().Add(-48 * time.Hour), "sent": time.Now()})
	}
	canceled := made()
	_, err := c.desk.CancelVisit(ctx, canceled, alerting.Actor{User: "duty"}, "本人来电")
	must(t, err)
	v := report(canceled)
	if r := v["report"].(map[string]any); v["state"] != "reported" || r["conflict"] != "canceled" {
		t.Errorf("of the canceled visit: %s", text(v))
	}
	at, err := time.Parse(time.RFC3339, v["report"].(map[string]any)["at"].(string))
	if must(t, err); time.Since(at).Round(time.Hour) != 48*time.Hour {
		t.Errorf("found %v ago, want 48 h", time.Since(at))
	}

	done := made()
	_, err = c.desk.ReportVisit(ctx, done, alerting.Actor{User: "li"}, alerting.Report{UUID: uuid.NewString(), Outcome: alerting.Well})
	must(t, err)
	if r := report(done)["report"].(map[string]any); r["by"] != "li" {
		t.Errorf("the first report gave way: %s", text(r))
	}
	e := c.post("/api/v1/visits/"+done+"/checkout", map[string]any{"uuid": uuid.NewString()})["entry"].(map[string]any)
	if e["conflict"] != "reported" {
		t.Errorf("entry %s", text(e))
	}

	// The village goes to another organisation: what the first one still has on
	// its phones is taken, and it sees nothing of it any more.
	gone := made()
	must(t, c.registry.PutProvider(ctx, "p1", "康养", []devices.AreaPath{"xian/b"}))
	must(t, c.registry.PutProvider(ctx, "p2", "安心", []devices.AreaPath{"xian/a/1"}))
	must(t, c.store.Tx(ctx, func(tx alerting.Tx) error {
		v, err := tx.Visit(gone)
		must(t, err)
		p2 := "p2"
		v.Provider = &p2
		return tx.PutVisit(v)
	}))
	if status, _, _ := c.as(access.Provider, "GET", "/api/v1/visits/"+gone, nil); status != http.StatusNotFound {
		t.Fatalf("GET: %d, want 404", status)
	}
	if r := report(gone)["report"].(map[string]any); r["conflict"] != "reassigned" {
		t.Errorf("report %s", text(r))
	}
	if status, _, _ := c.as(access.Provider, "POST", "/api/v1/visits/"+c.there.visit+"/checkout", map[string]any{"uuid": uuid.NewString()}); status != http.StatusNotFound {
		t.Errorf("a visit it never had: %d", status)
	}
}

func TestTheDoorsCode(t *testing.T) {
	c := newCounty(t)
	path := "/api/v1/residents/" + c.here.resident + "/door-code"
	_, made, _ := c.as(access.Duty, "POST", path, nil)
	code := made["code"].(string)
	if _, printed, _ := c.as(access.Duty, "POST", path+"?origin=https://county.example", nil); !strings.HasPrefix(printed["qr"].(string), "data:image/png;base64,") {
		t.Errorf("%v", printed)
	}
	if status, _, _ := c.as(access.Duty, "POST", path+"?origin=javascript:alert(1)", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("an address that is none: %d", status)
	}
	if _, again, _ := c.as(access.Duty, "POST", path, nil); again["code"] != code || len(code) != 10 {
		t.Errorf("codes %v and %v", made, again)
	}
	checkIn := func(how, typed string) map[string]any {
		return c.post("/api/v1/visits/"+c.here.visit+"/checkin", map[string]any{"uuid": uuid.NewString(), "how": how, "code": typed,
			"position": map[string]any{"lat_deg": 36.24, "lon_deg": 115.66, "accuracy_m": 12}})["entry"].(map[string]any)
	}
	if e := checkIn("door_code", "AAAAAAAAAA"); e["mark"] != "wrong_code" {
		t.Errorf("%s", text(e))
	}
	if e := checkIn("door_code", "https://county.example/field?door="+strings.ToLower(code)); e["mark"] != nil {
		t.Errorf("%s", text(e))
	}
	// The code proves the place, so the place is known from now on.
	if e := checkIn("position", ""); e["mark"] != nil || e["distance_m"] != 0.0 {
		t.Errorf("%s, want the home learnt from the check-in before", text(e))
	}
	for typed, mark := range map[string]any{"band1": nil, "BAND-1": nil, "and1": "wrong_code", "": "wrong_code"} {
		if e := checkIn("serial", typed); e["mark"] != mark {
			t.Errorf("serial %q: %s", typed, text(e))
		}
	}
}
