package dashboard

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// ackPage is what a signed link opens. It needs no script: in-app browsers have
// their own ideas of those. The words come from ackWords.
const ackPage = `<!doctype html>
<html lang="{{.Words.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{.Words.Title}}</title><style>` + ackStyle + `</style></head>
<body><main><h1>{{.Words.Title}}</h1>
{{with .What}}<p class="what {{$.Severity}}">{{.}}</p>{{end}}
{{with .Area}}<p>{{$.Words.Area}}{{.}}</p>{{end}}
{{with .Since}}<p>{{$.Words.Since}}{{.}}</p>{{end}}
{{with .Says}}<p class="says{{if $.Refused}} refused{{end}}" role="status">{{.}}</p>{{end}}
{{if .Ask}}<form method="post"><input type="hidden" name="confirm" value="ack"><button>{{.Words.Ack}}</button></form>
<p class="small">{{.Words.As}}{{.Name}}</p>{{end}}
<p><a href="{{.Board}}">{{.Words.Board}}</a></p></main></body></html>
`

const ackStyle = `body{margin:0;font:18px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;color:#1b2733;background:#eef2f6}` +
	`main{max-width:28rem;margin:0 auto;padding:1.25rem;min-height:100vh;background:#fff;box-sizing:border-box}h1{font-size:1.1rem;margin:0 0 1rem;color:#51606f}` +
	`p{margin:.5rem 0}.what{font-size:1.5rem;font-weight:700;padding:.6rem .8rem;border-left:.5rem solid #51606f;background:#f4f6f8}` +
	`.red{border-color:#c81e1e;color:#a01515;background:#fdecec}.orange{border-color:#d9730d;background:#fff3e6}.yellow{border-color:#c9a200;background:#fffbe0}.blue{border-color:#2563c9;background:#eaf1fd}` +
	`.says{font-weight:600;padding:.6rem .8rem;background:#e8f0e8}.refused{background:#fdecec;color:#a01515}button{display:block;width:100%;margin:1.5rem 0 .5rem;padding:1rem;font:inherit;font-size:1.3rem;font-weight:700;` +
	`color:#fff;background:#0b5cad;border:0;border-radius:.4rem}button:focus-visible,a:focus-visible{outline:3px solid #f0a500;outline-offset:2px}.small{font-size:.9rem;color:#51606f}a{color:#0b5cad}`

type ackWords struct {
	Lang, Title, Area, Since, Ack, As, Board                  string
	Done, Yours, Others, Closed, Used, Wrong, Expired, Denied string
}

func ackWordsOf(language string) ackWords {
	if language == "en" {
		return ackWords{
			Lang: "en", Title: "Shouwang alert", Area: "Area: ", Since: "Since: ", Ack: "Acknowledge", As: "You acknowledge as ", Board: "Open the board (sign in)",
			Done: "Acknowledged. It is yours now: please call or send somebody.", Yours: "You have acknowledged this alert.", Others: "Acknowledged already by ",
			Closed: "This alert is closed.", Used: "This link has been used. The alert is open again: use the link of the newest message, or sign in.",
			Wrong: "This link is not valid. Please open it from the message again, or sign in.", Expired: "This link is too old. Please sign in.",
			Denied: "Your account may not acknowledge this alert.",
		}
	}
	return ackWords{
		Lang: "zh-CN", Title: "守望平台警情", Area: "区域：", Since: "起始：", Ack: "我来接警", As: "接警人：", Board: "打开值班台（需登录）",
		Done: "接警成功，此警情由您处置，请尽快回拨或派人上门。", Yours: "您已接警。", Others: "已有人接警：",
		Closed: "此警情已结案。", Used: "此链接已用过，警情又回到待接警：请用最新一条通知里的链接，或登录值班台。",
		Wrong: "链接无效，请从通知里重新打开，或登录值班台。", Expired: "链接已过期，请登录值班台查看。",
		Denied: "您的账号不能接此警情。",
	}
}

type ackView struct {
	Words                             ackWords
	What, Severity, Area, Since, Says string
	Ask, Refused                      bool
	Name, Board                       string
	status                            int
	account                           access.Account
	alert                             alerting.Alert
	link                              notify.Link
	known                             bool // link, account and alert are there
}

// serveAckLink serves the page of signed links. A GET shows it and changes
// nothing, whoever or whatever opens it; only the form's POST acknowledges.
func (d *Dashboard) serveAckLink() {
	page := template.Must(template.New("ack").Parse(ackPage)) // a constant
	sum := sha256.Sum256([]byte(ackStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	answer := func(w http.ResponseWriter, v *ackView) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		v.Refused = v.status >= http.StatusBadRequest
		var b bytes.Buffer
		if err := page.Execute(&b, v); err != nil {
			d.log.Error().Err(err).Msg("page of a link")
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(v.status)
		_, _ = w.Write(b.Bytes())
	}
	d.mux.HandleFunc("GET /a/{token}", func(w http.ResponseWriter, r *http.Request) {
		v := d.readLink(r)
		if v.known {
			d.showLink(r.Context(), v)
		}
		answer(w, v)
	})
	d.mux.HandleFunc("POST /a/{token}", func(w http.ResponseWriter, r *http.Request) {
		v := d.readLink(r)
		r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
		switch {
		case !v.known:
		case r.PostFormValue("confirm") != "ack": // no form of ours sent it
			d.showLink(r.Context(), v)
		default:
			d.ackByLink(r.Context(), v)
		}
		answer(w, v)
	})
}

// readLink finds out what the link is about; what it may show is filled in.
func (d *Dashboard) readLink(r *http.Request) *ackView {
	v := &ackView{Words: ackWordsOf("zh"), Board: "/", status: http.StatusOK}
	refuse := func(status int, says string) *ackView {
		v.status, v.Says = status, says
		return v
	}
	t := d.opts.Telling
	if t == nil {
		return refuse(http.StatusNotFound, v.Words.Wrong)
	}
	link, err := t.Links.Read(r.PathValue("token"), time.Now())
	if errors.Is(err, notify.ErrLinkWrong) {
		return refuse(http.StatusNotFound, v.Words.Wrong)
	}
	ctx := r.Context()
	person, personErr := t.People.Person(ctx, link.Person)
	if personErr == nil {
		v.Words = ackWordsOf(person.Language)
	}
	if err != nil {
		return refuse(http.StatusGone, v.Words.Expired)
	}
	account, err := d.opts.Access.Account(ctx, link.Person)
	if err != nil || account.Disabled || !mayAck(account.Role) {
		return refuse(http.StatusForbidden, v.Words.Denied)
	}
	scope := devices.Scope{Areas: account.Areas, Provider: account.Provider, Vendor: account.Vendor}
	alert, err := d.opts.Alerts.Alert(ctx, scope, link.Alert)
	if err != nil {
		if !errors.Is(err, alerting.ErrNotFound) {
			d.log.Error().Err(err).Msg("alert of a link")
		}
		return refuse(http.StatusForbidden, v.Words.Denied)
	}
	v.link, v.account, v.alert, v.known = link, account, alert, true
	v.What, v.Severity = t.Texts.What(person.Language, alert.Kind, alert.Severity), string(alert.Severity)
	v.Area, v.Since = t.Texts.Area(person.Language, alert.Area), t.Texts.Clock(alert.Since)
	v.Name, v.Board = account.Name, "/alerts/"+alert.ID
	return v
}

func mayAck(role access.Role) bool {
	for _, r := range access.Routes() {
		if r.Operation == "ack-alert" {
			return r.Allows(role)
		}
	}
	return false
}

// showLink says what can be done, and does nothing.
func (d *Dashboard) showLink(ctx context.Context, v *ackView) {
	switch v.alert.State {
	case alerting.Open:
		if used, err := d.opts.Telling.Outbox.LinkUsed(ctx, v.link.ID); err != nil || !used.IsZero() {
			v.status, v.Says = http.StatusGone, v.Words.Used
			return
		}
		v.Ask = true
	case alerting.Closed:
		v.Says = v.Words.Closed
	default:
		v.Says = d.whoTook(ctx, v, "")
	}
}

// ackByLink acknowledges as the link's person. The same form sent twice says the
// same twice.
func (d *Dashboard) ackByLink(ctx context.Context, v *ackView) {
	t := d.opts.Telling
	if v.alert.State != alerting.Open {
		d.showLink(ctx, v)
		return
	}
	if used, err := t.Outbox.LinkUsed(ctx, v.link.ID); err != nil || !used.IsZero() {
		v.status, v.Says = http.StatusGone, v.Words.Used
		return
	}
	by := alerting.Actor{User: v.account.Username, Name: v.account.Name}
	a, err := d.opts.Desk.Ack(ctx, v.link.Alert, by)
	if state, ok := errors.AsType[*alerting.StateError](err); ok {
		v.alert.State = state.State
		if state.State == alerting.Closed {
			v.Says = v.Words.Closed
		} else {
			v.Says = d.whoTook(ctx, v, state.By)
		}
		return
	}
	if err != nil {
		d.log.Error().Err(err).Msg("acknowledge by link")
		v.status, v.Says = http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError)
		return
	}
	if _, err := t.Outbox.UseLink(context.WithoutCancel(ctx), v.link.ID, time.Now()); err != nil {
		d.log.Error().Err(err).Msg("a used link may be used again")
	}
	d.auditAs(ctx, by.User, "ack-alert", a.ID, a.Area, "by link")
	v.Says = v.Words.Done
}

// whoTook names who acknowledged the alert.
func (d *Dashboard) whoTook(ctx context.Context, v *ackView, by string) string {
	if by == "" && v.alert.Assignee != nil {
		by = *v.alert.Assignee
	}
	if by == v.account.Username {
		return v.Words.Yours
	}
	name := by
	if account, err := d.opts.Access.Account(ctx, by); err == nil {
		name = account.Name
	}
	return v.Words.Others + cmp.Or(name, "-")
}
