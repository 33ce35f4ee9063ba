package main

import (
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	chrome "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"shouwang/alerting"
	"shouwang/devices"
)

// mast is the way of a phone to the service: it can be out of order, or let
// everything go out and nothing come back.
type mast struct {
	addr   string
	target string

	mu    sync.Mutex
	down  bool
	loses string // the answer to the next request that has this in it
	sent  int    // requests that had it
	// answers is how many are still to be lost.
	answers int
	conns   []net.Conn
}

func newMast(t *testing.T, target string) *mast {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mast{addr: l.Addr().String(), target: strings.TrimPrefix(target, "http://")}
	t.Cleanup(func() { _ = l.Close(); m.Is(false) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.carry(c)
		}
	}()
	return m
}

// Is puts the mast out of order or in order; what is open breaks.
func (m *mast) Is(up bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = !up
	for _, c := range m.conns {
		_ = c.Close()
	}
	m.conns = nil
}

// Loses lets the next request that has the words in it out, and no answer in.
func (m *mast) Loses(words string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loses, m.sent, m.answers = words, 0, 1
}

// Sent is how many requests with the words went out since then.
func (m *mast) Sent() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent
}

func (m *mast) lost(request []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loses == "" || !strings.Contains(string(request), m.loses) {
		return false
	}
	m.sent++
	m.answers--
	return m.answers >= 0
}

func (m *mast) carry(phone net.Conn) {
	defer phone.Close() //nolint:errcheck // a line breaks
	service, err := net.Dial("tcp", m.target)
	if err != nil {
		return
	}
	defer service.Close() //nolint:errcheck // as above
	m.mu.Lock()
	down := m.down
	m.conns = append(m.conns, phone, service)
	m.mu.Unlock()
	if down {
		return
	}
	var lost atomic.Bool
	go func() {
		defer service.Close() //nolint:errcheck // as above
		part := make([]byte, 64<<10)
		for {
			n, err := phone.Read(part)
			if n > 0 && m.lost(part[:n]) {
				lost.Store(true)
			}
			if _, werr := service.Write(part[:n]); err != nil || werr != nil {
				return
			}
		}
	}()
	part := make([]byte, 64<<10)
	for {
		n, err := service.Read(part)
		if err != nil || lost.Load() {
			return
		}
		if _, err := phone.Write(part[:n]); err != nil {
			return
		}
	}
}

// phone is one with a browser of its own, whose storage outlives it.
type phone struct {
	*person

	dir  string
	mast *mast
	kill func()
	lat  float64
	lon  float64
	// behind is by how much its clock is behind.
	behind time.Duration
}

func (r *room) takePhone(m *mast, user string, lat, lon float64) *phone {
	p := &phone{dir: r.t.TempDir(), mast: m, lat: lat, lon: lon, person: &person{t: r.t, room: r, name: user}}
	r.t.Cleanup(func() { p.Dies() })
	return p
}

// Starts opens the browser and in it the field page.
func (p *phone) Starts() {
	p.t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		missing(p.t, "no Chromium is installed")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(p.dir),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-proxy-server", true), chromedp.Flag("lang", "zh-CN"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(allocator)
	p.kill = func() { stop(); closeTab() }
	p.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)); err != nil {
		p.t.Fatalf("%s: start the phone: %v", p.name, err)
	}
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(`(() => {
		const behind = %d; if (behind === 0) return
		const Real = Date
		globalThis.Date = class extends Real { constructor(...a) { a.length === 0 ? super(Real.now() - behind) : super(...a) } static now() { return Real.now() - behind } }
	})()`, p.behind.Milliseconds())})
	origin, accuracy := "http://"+p.mast.addr, 15.0
	if _, err := chromedp.CallBrowser(ctx, chrome.SetPermission, chrome.SetPermissionParams{
		Permission: &chrome.PermissionDescriptor{Name: "geolocation"}, Setting: chrome.PermissionSettingGranted, Origin: origin,
	}); err != nil {
		p.t.Fatal(err)
	}
	call(p, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &p.lat, Longitude: &p.lon, Accuracy: &accuracy})
	p.do("open the page", chromedp.Navigate(origin+"/field"))
}

// Dies is a phone whose battery is empty: nothing is shut down.
func (p *phone) Dies() {
	if p.kill != nil {
		p.kill()
		p.kill = nil
	}
}

func (p *phone) SignsIn() {
	p.t.Helper()
	p.fill("username", p.room.accounts[p.name].Username)
	p.fill("password", p.room.accounts[p.name].Password)
	p.click(byTestID("submit"))
	p.expect(10*time.Second, "the connection is live", byTestID("connection")+`?.dataset.state === "live"`)
}

// KeepsThePage waits until the page is on the phone.
func (p *phone) KeepsThePage() {
	p.t.Helper()
	p.expect(10*time.Second, "the page is kept", `(caches.match('/field').then((r) => { window.kept = !!r && !!navigator.serviceWorker.controller }), window.kept)`)
}

func call[P, R any](p *phone, cmd cdp.Command[P, R], params P) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, cmd, params); err != nil {
		p.t.Fatal(err)
	}
}

func ofVisit(id string) string { return fmt.Sprintf("[data-visit-id=%q]", id) }

// snapshot is a photo as a phone's camera takes them: large, and noisy.
func snapshot(t *testing.T) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 3000, 2200))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(i/3000/10) + byte(r.IntN(40))
	}
	file := filepath.Join(t.TempDir(), "IMG_0001.jpg")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return file
}

func (r *room) planVisit(d *device) alerting.Visit {
	r.t.Helper()
	var v alerting.Visit
	r.as("duty").must(http.StatusCreated, "POST", "/api/v1/visits", map[string]any{"resident": d.Resident, "due": time.Now().Add(time.Hour)}, &v)
	return v
}

func (r *room) entries(visit string) []alerting.DoorEntry {
	r.t.Helper()
	var list struct{ Items []alerting.DoorEntry }
	r.as("duty").must(http.StatusOK, "GET", "/api/v1/visits/"+visit+"/entries", nil, &list)
	return list.Items
}

// Two days in a village without a signal, on a phone that dies on the way home.
func TestAVisitWithoutNetworkIsReportedAfterTwoDays(t *testing.T) {
	const lat, lon = 36.2412, 115.6633
	room := demoRoom(t)
	band := room.Device(devices.Wristband)
	visit := room.planVisit(band)
	room.as("duty").must(http.StatusOK, "POST", "/api/v1/residents/"+band.Resident+"/home",
		map[string]any{"position": map[string]any{"lat_deg": lat + 0.0005, "lon_deg": lon}, "note": "钥匙在东邻"}, nil)
	mast := newMast(t, room.http)
	phone := room.takePhone(mast, "provider", lat, lon)
	twoDays := 48 * time.Hour
	phone.behind = twoDays // now is the day after tomorrow
	phone.Starts()
	phone.SignsIn()
	phone.expect(5*time.Second, "the visit", byTestID("visit-card", ofVisit(visit.ID)))
	phone.KeepsThePage()
	phone.show("list")

	mast.Is(false)
	phone.do("open the page without a network", chromedp.Navigate("http://"+mast.addr+"/field"))
	phone.expect(10*time.Second, "that it is offline", byTestID("connection", `[data-state="stale"]`))
	phone.click(byTestID("visit-card", ofVisit(visit.ID)))
	phone.expect(5*time.Second, "what matters at the door", byTestID("door-note")+`.innerText.includes("东邻")`)
	began := time.Now()
	phone.click(byTestID("arrive"))
	phone.expect(10*time.Second, "56 m from the home", byTestID("distance")+`?.innerText.includes("56")`)
	phone.click(byTestID("confirm-arrive"))
	phone.expect(5*time.Second, "checked in", byTestID("visit-sheet", `[data-stage="arrived"]`))
	phone.click(byTestID("nobody"))
	phone.click(byTestID("step-nothing"))
	phone.expect(5*time.Second, "the step is recorded", `document.querySelector('[data-step="call_again"][data-result="nothing"]')`)
	phone.click(byTestID("step-done"))
	phone.expect(5*time.Second, "the step is recorded", `document.querySelector('[data-step="knock"][data-result="done"]')`)
	phone.show("checklist")
	phone.do("leave the checklist", chromedp.Navigate("http://"+mast.addr+"/field#visit="+visit.ID), chromedp.Reload())
	phone.expect(5*time.Second, "the visit again", byTestID("visit-sheet", `[data-stage="arrived"]`))
	phone.do("take a photo", chromedp.SetUploadFiles(chromedp.CSS(selector("photo")), []string{snapshot(t)}))
	phone.expect(10*time.Second, "a photo", byTestID("visit-sheet")+`.innerText.includes("1 张照片")`)
	phone.click(byTestID("visit-report"))
	phone.click(byTestID("visit-outcome-assisted"))
	phone.click(byTestID("condition-weak"))
	phone.click(byTestID("follow-up"))
	phone.fill("visit-note", "扶起，送到卫生室")
	phone.show("report")
	phone.click(byTestID("visit-submit"))
	phone.expect(5*time.Second, "reported, and waiting", byTestID("visit-sheet", `[data-stage="done"][data-delivery="waiting"]`))
	phone.click(byTestID("leave"))
	phone.expect(5*time.Second, "left", byTestID("visit-sheet", `[data-stage="left"]`))
	t.Logf("the visit took a machine %v", time.Since(began).Round(time.Millisecond))
	phone.Dies()
	if list := room.entries(visit.ID); len(list) != 0 {
		t.Fatalf("without a network the service has %v", list)
	}

	phone.behind = 0
	phone.Starts() // still no network
	phone.click(byTestID("show-waiting"))
	phone.expect(10*time.Second, "all that was entered", `document.querySelectorAll('[data-testid="waiting-entry"]').length === 6`)
	phone.show("waiting")
	mast.Is(true)
	phone.expect(45*time.Second, "the session or the sign-in", byTestID("username")+` || !`+byTestID("outbox"))
	if phone.sees(byTestID("username")) { // the browser forgot the session with its death
		phone.SignsIn()
	}
	phone.expect(30*time.Second, "nothing waits", byTestID("connection", `[data-state="live"]`)+` && !`+byTestID("outbox"))

	var after alerting.Visit
	room.as("duty").must(http.StatusOK, "GET", "/api/v1/visits/"+visit.ID, nil, &after)
	ago := func(what string, at time.Time) {
		t.Helper()
		if d := time.Since(at) - twoDays; d < 0 || d > 2*time.Minute {
			t.Errorf("%s: %v ago, want two days", what, time.Since(at))
		}
	}
	if after.Report == nil || after.Report.Outcome != alerting.Assisted || after.Report.Condition != "weak" || !after.Report.FollowUp || after.Report.Note != "扶起，送到卫生室" || after.Report.Clock != "" {
		t.Fatalf("report %+v", after.Report)
	}
	ago("found", after.Report.At)
	if after.Arrived == nil || after.Left == nil || !after.Left.After(*after.Arrived) || after.Report.At.Before(*after.Arrived) {
		t.Fatalf("arrived %v, left %v", after.Arrived, after.Left)
	}
	ago("arrived", *after.Arrived)
	list := room.entries(visit.ID)
	kinds := map[alerting.EntryKind]int{}
	for _, e := range list {
		kinds[e.Kind]++
		if e.Kind == alerting.EntryCheckIn && (e.Mark != "" || e.DistanceM == nil || *e.DistanceM != 56) {
			t.Errorf("check-in %+v", e)
		}
		if e.Kind == alerting.EntryPhoto {
			room.smallPhoto(visit.ID, e)
		}
	}
	if len(list) != 5 || kinds[alerting.EntryChecklist] != 2 || kinds[alerting.EntryPhoto] != 1 || kinds[alerting.EntryCheckOut] != 1 {
		t.Errorf("the service has %v", kinds)
	}
	phone.Dies()
	phone.Starts()
	phone.expect(10*time.Second, "that all is sent", `document.body.innerText.length > 5 && !`+byTestID("outbox"))
	if again := room.entries(visit.ID); len(again) != len(list) {
		t.Errorf("after another start the service has %d entries, had %d", len(again), len(list))
	}
}

// smallPhoto holds a photo to what phones are to send.
func (r *room) smallPhoto(visit string, e alerting.DoorEntry) {
	r.t.Helper()
	status, body, err := r.as("duty").call("GET", "/api/v1/visits/"+visit+"/photos/"+e.Photo, nil, nil)
	if err != nil || status != http.StatusOK {
		r.t.Fatalf("photo: %d %v", status, err)
	}
	if e.Width != 1600 || e.Height != 1173 || len(body) > 400<<10 || !strings.HasPrefix(body, "\xff\xd8") || strings.Contains(body, "Exif") {
		r.t.Errorf("photo of %d x %d pixels, %d bytes", e.Width, e.Height, len(body))
	}
	if status, _, _ := r.as("vendor").call("GET", "/api/v1/visits/"+visit+"/photos/"+e.Photo, nil, nil); status != http.StatusForbidden {
		r.t.Errorf("a vendor sees the photo: %d", status)
	}
}

// While the phone is out of reach the desk goes on; and an answer is lost.
func TestWhatAPhoneBringsBackIsTakenOnceAndConflictsAreShown(t *testing.T) {
	room := demoRoom(t)
	mast := newMast(t, room.http)
	canceled, twice := room.planVisit(room.Device(devices.Wristband)), room.planVisit(room.Device(devices.WaterMeter))
	phone := room.takePhone(mast, "provider", 36.24, 115.66)
	phone.Starts()
	phone.SignsIn()
	phone.KeepsThePage()
	report := func(id, outcome string) {
		t.Helper()
		phone.do("open the visit", chromedp.Navigate("http://"+mast.addr+"/field#visit="+id))
		phone.click(byTestID("visit-report"))
		phone.click(byTestID("visit-outcome-" + outcome))
		phone.click(byTestID("visit-submit"))
		phone.expect(5*time.Second, "reported", byTestID("visit-sheet", ofVisit(id), `[data-stage="done"]`))
	}
	phone.expect(5*time.Second, "both visits", byTestID("visit-card", ofVisit(canceled.ID))+` && `+byTestID("visit-card", ofVisit(twice.ID)))
	mast.Is(false)
	report(canceled.ID, "well")
	room.as("duty").must(http.StatusOK, "POST", "/api/v1/visits/"+canceled.ID+"/cancel", map[string]any{"reason": "家属来电"}, nil)
	mast.Is(true)
	phone.click(byTestID("outbox") + `.querySelector("button:last-child")`)
	phone.expect(20*time.Second, "the conflict", byTestID("conflict", `[data-conflict="canceled"]`))
	phone.show("conflict")
	var after alerting.Visit
	room.as("duty").must(http.StatusOK, "GET", "/api/v1/visits/"+canceled.ID, nil, &after)
	if after.Report == nil || after.State != alerting.VisitReported || after.Report.Conflict != alerting.ConflictCanceled {
		t.Errorf("the canceled visit is %s with %+v", after.State, after.Report)
	}

	phone.expect(10*time.Second, "the connection", byTestID("connection", `[data-state="live"]`))
	mast.Is(false)
	report(twice.ID, "well")
	mast.Loses("/report HTTP")
	mast.Is(true)
	phone.run(`[...document.querySelectorAll('[data-testid="outbox"] button')].at(-1).click()`)
	eventually(t, 20*time.Second, "the service has the report", func() bool {
		room.as("duty").must(http.StatusOK, "GET", "/api/v1/visits/"+twice.ID, nil, &after)
		return after.Report != nil
	})
	phone.expect(30*time.Second, "nothing waits", `!`+byTestID("outbox"))
	if n := mast.Sent(); n != 2 {
		t.Errorf("sent %d times, want 2", n)
	}
	room.as("duty").must(http.StatusOK, "GET", "/api/v1/visits/"+twice.ID, nil, &after)
	if after.Report.By != "provider" || after.Report.Conflict != "" {
		t.Errorf("report %+v", after.Report)
	}
	if phone.sees(byTestID("conflict", ofVisit(twice.ID))) {
		t.Error("its own report is shown as a conflict")
	}
}

// Who shows nothing at the door says why, and the desk sees it; a code, a serial
// and a position near the home need no word.
func TestHowSomebodyShowsToBeAtTheDoor(t *testing.T) {
	const lat, lon = 36.2412, 115.6633
	room := demoRoom(t)
	duty := room.as("duty")
	meter := room.Device(devices.WaterMeter)
	phone := room.takePhone(newMast(t, room.http), "provider", lat, lon)
	phone.Starts()
	phone.SignsIn()
	var code struct{ Code string }
	duty.must(http.StatusOK, "POST", "/api/v1/residents/"+meter.Resident+"/door-code", nil, &code)
	home := func(north float64) {
		t.Helper()
		duty.must(http.StatusOK, "POST", "/api/v1/residents/"+meter.Resident+"/home", map[string]any{"position": map[string]any{"lat_deg": lat + north, "lon_deg": lon}}, nil)
	}
	checkIn := func(show func()) alerting.DoorEntry {
		t.Helper()
		visit := room.planVisit(meter)
		phone.do("open the visit", chromedp.Navigate("http://"+phone.mast.addr+"/field"), chromedp.Navigate("http://"+phone.mast.addr+"/field#visit="+visit.ID), chromedp.Reload())
		phone.expect(10*time.Second, "the visit", byTestID("visit-sheet", ofVisit(visit.ID)))
		phone.click(byTestID("arrive"))
		show()
		phone.expect(5*time.Second, "that it is enough", `!`+byTestID("confirm-arrive")+`.disabled`)
		phone.click(byTestID("confirm-arrive"))
		phone.expect(5*time.Second, "checked in", byTestID("visit-sheet", `[data-stage="arrived"][data-delivery="sent"]`))
		list := room.entries(visit.ID)
		if len(list) != 1 {
			t.Fatalf("the service has %v", list)
		}
		duty.must(http.StatusOK, "POST", "/api/v1/visits/"+visit.ID+"/cancel", map[string]any{"reason": "试过了"}, nil)
		return list[0]
	}
	with := func(how, text string) func() {
		return func() {
			phone.click(byTestID("how-" + how))
			if !phone.sees(byTestID("confirm-arrive") + `.disabled`) {
				t.Errorf("%s: nothing is entered, and it is enough", how)
			}
			phone.fill("code", text)
		}
	}
	home(0.0005)
	if e := checkIn(func() { phone.expect(10*time.Second, "56 m", byTestID("distance")+`?.innerText.includes("56")`) }); e.Mark != "" || e.How != alerting.ByPosition {
		t.Errorf("near the home: %+v", e)
	}
	if e := checkIn(with("door_code", code.Code)); e.Mark != "" || e.How != alerting.ByDoorCode {
		t.Errorf("by the code of the door: %+v", e)
	}
	if e := checkIn(with("serial", meter.ID)); e.Mark != "" || e.How != alerting.BySerial {
		t.Errorf("by the number of the meter: %+v", e)
	}
	if e := checkIn(with("serial", "000000000")); e.Mark != alerting.MarkWrongCode {
		t.Errorf("by a wrong number: %+v", e)
	}
	home(0.01)
	far := checkIn(func() {
		phone.expect(10*time.Second, "how far it is and how far it may be", byTestID("mark", `[data-mark="outside"]`)+`?.innerText.match(/1112 米.*150 米/)`)
		if !phone.sees(byTestID("confirm-arrive") + `.disabled`) {
			t.Error("far from the home, and no reason is asked for")
		}
		phone.show("outside")
		phone.fill("reason", "老人在地里干活")
	})
	if far.Mark != alerting.MarkOutside || far.Reason != "老人在地里干活" || far.DistanceM == nil || *far.DistanceM < 1000 {
		t.Errorf("far from the home: %+v", far)
	}
}
