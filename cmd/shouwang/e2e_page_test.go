package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"shouwang/alerting"
)

// browser is a Chromium of its own for one test. Everybody who signs in has a
// window with cookies and storage of their own.
type browser struct{ ctx context.Context }

func openBrowser(t *testing.T) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		missing(t, "no Chromium is installed")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("lang", "zh-CN"), chromedp.WindowSize(1440, 900))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() { closeBrowser(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &browser{ctx: ctx}
}

// person is somebody in front of a screen.
type person struct {
	t    *testing.T
	room *room
	name string
	ctx  context.Context
}

// SignIn opens the page on a desk's screen and signs in as the account.
func (r *room) SignIn(user string) *person {
	r.t.Helper()
	return r.signIn(r.http+"/", user, chromedp.EmulateViewport(1440, 900))
}

// Phone opens the field page on a phone and signs in there.
func (r *room) Phone(user string) *person {
	r.t.Helper()
	return r.signIn(r.http+"/field", user, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
}

func (r *room) signIn(address, user string, screen chromedp.Action[chromedp.Void]) *person {
	r.t.Helper()
	if r.browser == nil {
		r.browser = openBrowser(r.t)
	}
	ctx, leave := chromedp.NewContext(r.browser.ctx, chromedp.WithNewBrowserContext())
	r.t.Cleanup(leave)
	p := &person{t: r.t, room: r, name: user, ctx: ctx}
	if err := chromedp.Do(ctx, screen); err != nil { // without a timeout: it makes the window
		r.t.Fatalf("%s: open a window: %v", user, err)
	}
	p.do("open the page", chromedp.Navigate(address))
	p.fill("username", r.accounts[user].Username)
	p.fill("password", r.accounts[user].Password)
	p.click(byTestID("submit"))
	p.expect(10*time.Second, "the connection is live", byTestID("connection")+`?.dataset.state === "live"`)
	p.run(recorder)
	return p
}

// recorder notes in the page when each alert first stood in the list, which
// states each was shown in, and whether one ever stood there twice. A reload
// would wipe it out, so that it is there proves that there was none.
const recorder = `
window.room = {shown: {}, states: {}, doubled: []};
(() => {
  const look = () => {
    const listed = new Set();
    for (const row of document.querySelectorAll('[data-testid="alert-row"]')) {
      const id = row.dataset.alertId;
      room.shown[id] ??= Date.now();
      if (listed.has(id)) room.doubled.push(id);
      listed.add(id);
    }
    for (const e of document.querySelectorAll('[data-alert-id][data-state]')) {
      const seen = room.states[e.dataset.alertId] ??= [];
      if (seen.at(-1) !== e.dataset.state) seen.push(e.dataset.state);
    }
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-state', 'data-alert-id']});
  look();
})()`

// byTestID is a JavaScript expression for the element.
func byTestID(id string, more ...string) string {
	return fmt.Sprintf("document.querySelector(%s)", quoted(selector(id)+strings.Join(more, "")))
}

func selector(id string) string { return fmt.Sprintf("[data-testid=%q]", id) }

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// ofAlert narrows a selector to one alert.
func ofAlert(a alerting.Alert) string { return fmt.Sprintf("[data-alert-id=%q]", a.ID) }

func (p *person) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

func (p *person) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.show("failed")
		p.t.Fatalf("%s: %s: %v", p.name, what, err)
	}
}

func ask[T any](p *person, expression string) T {
	p.t.Helper()
	ctx, cancel := p.limited()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, expression, err)
	}
	return v
}

func (p *person) run(script string) { p.t.Helper(); ask[bool](p, script+"; true") }

// sees says whether the expression is true of the page now.
func (p *person) sees(expression string) bool {
	p.t.Helper()
	return ask[bool](p, "!!("+expression+")")
}

func (p *person) expect(within time.Duration, what, expression string) {
	p.t.Helper()
	if !asked(max(within, patience), 20*time.Millisecond, func() bool { return p.sees(expression) }) {
		p.show("failed")
		p.t.Fatalf("%s does not see within %v: %s (%s)\nthe page says:\n%s", p.name, within, what, expression, ask[string](p, "document.body.innerText"))
	}
}

// click waits for the element, and clicks where it stands with the mouse: what
// lies over it is hit in its place, as it would be for a person.
func (p *person) click(element string) {
	p.t.Helper()
	for range 10 {
		p.expect(10*time.Second, "can be clicked", element+` && !`+element+`.disabled`)
		at := ask[[]float64](p, `(() => { const e = `+element+`; e.scrollIntoView({block: 'center', behavior: 'instant'});
			window.hit = false; e.addEventListener('click', () => { window.hit = true }, {once: true, capture: true});
			const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
			return [x, y, e.contains(document.elementFromPoint(x, y)) ? 1 : 0] })()`)
		if at[2] == 0 {
			p.show("covered")
			p.t.Fatalf("%s: %s is covered by something else", p.name, element)
		}
		p.do("click "+element, chromedp.MouseClickXY(at[0], at[1]))
		if ask[bool](p, "window.hit !== false") { // gone with the page it led away from is a hit too
			return
		}
		// A live page may have moved it between the look and the click.
	}
	p.t.Fatalf("%s: %s moves away from every click", p.name, element)
}

func (p *person) fill(testID, text string) {
	p.t.Helper()
	p.do("fill in "+testID, chromedp.SendKeys(chromedp.CSS(selector(testID)), text))
}

// pick chooses an entry of a select box.
func (p *person) pick(testID, value string) {
	p.t.Helper()
	p.expect(10*time.Second, "a choice", byTestID(testID))
	p.run(fmt.Sprintf(`(() => { const e = %s; e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})) })()`, byTestID(testID), value))
}

// Sees waits until the alert stands in the list, and returns how long after the
// given time it appeared, by the page's own clock.
func (p *person) Sees(a alerting.Alert, after time.Time) time.Duration {
	p.t.Helper()
	p.expect(5*time.Second, string(a.Kind)+" in the list", fmt.Sprintf("room.shown[%q]", a.ID))
	return time.UnixMilli(ask[int64](p, fmt.Sprintf("room.shown[%q]", a.ID))).Sub(after)
}

// Opens chooses the alert from the list.
func (p *person) Opens(a alerting.Alert) {
	p.t.Helper()
	p.click(byTestID("alert-row", ofAlert(a)))
	p.expect(5*time.Second, "the case", byTestID("case", ofAlert(a)))
}

// SeesState waits until the case that is open stands so.
func (p *person) SeesState(a alerting.Alert, s alerting.State) {
	p.t.Helper()
	p.expect(5*time.Second, "case is "+string(s), byTestID("case", ofAlert(a), fmt.Sprintf("[data-state=%q]", s)))
}

// SawStates are all states in which the page has shown the alert.
func (p *person) SawStates(a alerting.Alert) []alerting.State {
	p.t.Helper()
	return ask[[]alerting.State](p, fmt.Sprintf("room.states[%q] ?? []", a.ID))
}

// Acknowledges, Dispatches and Closes act on the case that is open.
func (p *person) Acknowledges(a alerting.Alert) {
	p.t.Helper()
	p.click(byTestID("action-ack"))
	p.SeesState(a, alerting.Acknowledged)
}

func (p *person) Dispatches(a alerting.Alert) {
	p.t.Helper()
	p.click(byTestID("action-dispatch"))
	p.click(byTestID("dispatch-submit"))
	p.SeesState(a, alerting.Dispatched)
}

func (p *person) Closes(a alerting.Alert, outcome alerting.Outcome) {
	p.t.Helper()
	p.click(byTestID("action-close"))
	p.pick("close-outcome", string(outcome))
	p.click(byTestID("close-submit"))
	p.SeesState(a, alerting.Closed)
}

// Reports goes to the door of the visit for the alert, and reports on the phone
// what was found.
func (p *person) Reports(a alerting.Alert, outcome alerting.Outcome, note string) {
	p.t.Helper()
	p.click(byTestID("visit-card", ofAlert(a)))
	p.click(byTestID("arrive"))
	p.click(byTestID("how-word"))
	p.fill("reason", "手机没有定位")
	p.click(byTestID("confirm-arrive"))
	p.expect(5*time.Second, "checked in", byTestID("visit-sheet", `[data-stage="arrived"][data-delivery="sent"]`))
	p.click(byTestID("visit-report"))
	p.click(byTestID("visit-outcome-" + string(outcome)))
	p.fill("visit-note", note)
	p.show("visit")
	p.click(byTestID("visit-submit"))
	p.expect(5*time.Second, "report sent", byTestID("visit-sheet", `[data-stage="done"][data-delivery="sent"]`))
}

// Undisturbed holds the page to never having been loaded again and never having
// shown an alert twice.
func (p *person) Undisturbed() {
	p.t.Helper()
	if !p.sees("window.room") {
		p.t.Errorf("%s: the page was loaded again", p.name)
		return
	}
	if twice := ask[[]string](p, "room.doubled"); len(twice) > 0 {
		p.t.Errorf("%s: shown twice: %v", p.name, twice)
	}
}

// show keeps a picture of the screen if SHOUWANG_SCREENSHOTS names a folder.
func (p *person) show(name string) {
	p.t.Helper()
	folder := os.Getenv("SHOUWANG_SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := p.limited()
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+p.name+"-"+name+".png"), picture, 0o644)
	}
	if err != nil {
		p.t.Logf("%s: no picture: %v", p.name, err)
	}
}

func navigate(address string) chromedp.Action[chromedp.Void] { return chromedp.Navigate(address) }
