package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// watchPolicy notes in every document that follows what the content security
// policy has kept it from.
func (p *person) watchPolicy() {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.violations = [];
		addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber));
	`}); err != nil {
		p.t.Fatal(err)
	}
}

// No page needs what the policy forbids: no inline script or style, nothing from
// elsewhere.
func TestPagesKeepToThePolicy(t *testing.T) {
	room := demoRoom(t)
	band := room.devices[slices.IndexFunc(room.devices, func(d readyDevice) bool { return d.Kind == "wristband" && d.Resident != "" })]
	resident := "/residents/" + band.Resident
	for user, paths := range map[string][]string{
		"administrator": {"/", "/visits", "/residents", resident, "/devices", "/areas", "/rules", "/deadletters", "/accounts", "/audit", "/mine", "/docs"},
		"duty":          {"/", "/residents", resident, "/mine"},
		"auditor":       {"/", "/residents", "/audit"},
		"vendor":        {"/devices", "/deadletters"},
	} {
		p := room.signInAnywhere(user)
		p.watchPolicy()
		for _, path := range paths {
			p.do("open "+path, navigate(room.http+path))
			p.expect(10*time.Second, path, `window.violations && document.readyState === "complete" && document.querySelector("h1, h2, table")`)
			time.Sleep(300 * time.Millisecond) // what the page loads afterwards
			if got := ask[[]string](p, "violations"); len(got) > 0 {
				t.Errorf("%s at %s: %d violations: %s", user, path, len(got), strings.Join(got, "; "))
			}
			if strings.HasPrefix(path, "/residents/") && user == "duty" {
				p.show("resident")
			}
			p.show(strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"))
		}
		// The watch itself works.
		p.run(`(() => { const s = document.createElement('script'); s.textContent = 'window.inlined = true'; document.head.append(s) })()`)
		p.expect(2*time.Second, "a violation", "violations.length > 0 && !window.inlined")
	}
}

// signInAnywhere is SignIn for those who have no live view, too.
func (r *room) signInAnywhere(user string) *person {
	r.t.Helper()
	if r.browser == nil {
		r.browser = openBrowser(r.t)
	}
	ctx, leave := chromedp.NewContext(r.browser.ctx, chromedp.WithNewBrowserContext())
	r.t.Cleanup(leave)
	p := &person{t: r.t, room: r, name: user, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		r.t.Fatalf("%s: open a window: %v", user, err)
	}
	p.do("open the page", chromedp.Navigate(r.http+"/"))
	p.fill("username", r.accounts[user].Username)
	p.fill("password", r.accounts[user].Password)
	p.click(byTestID("submit"))
	p.expect(10*time.Second, "is in", byTestID("sign-out"))
	return p
}

// Somebody sets up an authenticator app in the page, and from then on the
// password alone does not do.
func TestTwoStepSignIn(t *testing.T) {
	room := emptyRoom(t, 1, 0)
	p := room.SignIn("supervisor")
	p.click(byTestID("mine"))
	p.click(byTestID("factor-begin"))
	p.expect(5*time.Second, "the QR code", byTestID("factor-qr")+"?.naturalWidth >= 200")
	p.show("enrol")
	secret := strings.TrimSpace(ask[string](p, byTestID("factor-secret")+".textContent"))
	now := time.Now()
	code := func(at time.Time) string {
		s, err := totp.GenerateCode(secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	p.fill("factor-code", code(now))
	p.click(byTestID("factor-confirm"))
	p.expect(5*time.Second, "ten recovery codes", byTestID("recovery-codes")+"?.children.length === 10")
	recovery := ask[string](p, byTestID("recovery-codes")+".children[0].textContent")
	p.show("codes")
	p.click(byTestID("codes-kept"))
	p.expect(5*time.Second, "that it is set up", byTestID("factor")+`.innerText.includes("已绑定")`)

	for what, entered := range map[string]string{"the next code": code(now.Add(30 * time.Second)), "a recovery code": recovery} {
		p.click(byTestID("sign-out"))
		p.fill("username", room.accounts["supervisor"].Username)
		p.fill("password", room.accounts["supervisor"].Password)
		p.click(byTestID("submit"))
		p.expect(5*time.Second, "the second step", byTestID("code"))
		p.show("second")
		p.fill("code", code(now)) // used already
		p.click(byTestID("submit"))
		p.expect(5*time.Second, "that it is no good", byTestID("signin-error")+`?.innerText.includes("验证码不对")`)
		p.fill("code", entered)
		p.click(byTestID("submit"))
		p.expect(5*time.Second, what+" is taken", byTestID("sign-out"))
	}
	if out, code := shell(t, nil, "user", "totp-reset", "--data", room.dir, room.accounts["supervisor"].Username); code != 0 {
		t.Fatalf("totp-reset: exit %d\n%s", code, out)
	}
	by := &api{t: t, base: room.http}
	by.must(http.StatusOK, "POST", "/api/v1/session", map[string]string{"username": room.accounts["supervisor"].Username, "password": room.accounts["supervisor"].Password}, nil)
}
