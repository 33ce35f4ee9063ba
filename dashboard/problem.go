package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Problem is the body of every error answer, an RFC 9457 problem document.
type Problem struct {
	Type   string         `json:"type" doc:"Always about:blank: the status says which problem it is."`
	Title  string         `json:"title" example:"Conflict"`
	Status int            `json:"status" example:"409"`
	Detail string         `json:"detail" doc:"What is wrong, in one sentence."`
	State  string         `json:"state,omitempty" doc:"On 409: the state that does not allow the action."`
	Code   string         `json:"code,omitempty" enum:"totp_required,totp_wrong,totp_enrolment,reason_required" doc:"What a program can do about it."`
	By     string         `json:"by,omitempty" doc:"On 409: user name of who brought it to that state, where somebody was quicker."`
	Errors []FieldProblem `json:"errors,omitempty" doc:"The fields that are wrong."`

	retryAfter int // seconds, 0 for none
}

// FieldProblem names one wrong field, what it held and the rule it breaks.
type FieldProblem struct {
	Field string `json:"field" example:"outcome"`
	Value any    `json:"value,omitempty" doc:"As sent; left out when it is no plain value."`
	Rule  string `json:"rule" example:"expected value to be one of \"well, hospital\""`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus tells huma the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells huma the headers.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return h
}

func newProblem(status int, detail string, fields ...FieldProblem) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: fields}
}

func wrongField(status int, field, value, rule string) *Problem {
	detail := field + ": " + rule
	if value != "" {
		detail = fmt.Sprintf("%s: %q: %s", field, cut(value), rule)
	}
	return newProblem(status, detail, FieldProblem{Field: field, Value: cut(value), Rule: rule})
}

func invalid(field, value, rule string) *Problem {
	return wrongField(http.StatusUnprocessableEntity, field, value, rule)
}

// orInvalid says that a field names something that does not exist; other errors
// stay what they are.
func orInvalid(err error, field, value, rule string) error {
	if errors.Is(err, devices.ErrNotFound) {
		return invalid(field, value, rule)
	}
	return err
}

func notFound(what string) *Problem { return newProblem(http.StatusNotFound, what+": not found") }

// cut bounds what is echoed of a value.
func cut(value string) string {
	if len(value) > 200 {
		return strings.ToValidUTF8(value[:200], "") + "…"
	}
	return value
}

// problem turns an error of the service into what the caller may know of it.
// Anything unexpected is logged here, once, and answered without its text.
func (d *Dashboard) problem(ctx context.Context, operation string, err error) error {
	var (
		p      *Problem
		state  *alerting.StateError
		input  *devices.InputError
		locked *access.LockedError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &state):
		p = newProblem(http.StatusConflict, state.Error())
		p.State, p.By = string(state.State), state.By
		return p
	case errors.As(err, &input):
		return invalid(input.Field, input.Value, input.Rule)
	case errors.As(err, &locked):
		p = newProblem(http.StatusTooManyRequests, locked.Error())
		p.retryAfter = int(locked.Wait.Seconds()) + 1
		return p
	case errors.Is(err, access.ErrBusy):
		p = newProblem(http.StatusTooManyRequests, err.Error())
		p.retryAfter = 2
		return p
	case errors.Is(err, devices.ErrNotFound):
		return newProblem(http.StatusNotFound, "not found")
	case errors.Is(err, access.ErrCodeNeeded):
		p = newProblem(http.StatusUnauthorized, err.Error())
		p.Code = "totp_required"
		return p
	case errors.Is(err, access.ErrCode):
		p = newProblem(http.StatusUnauthorized, err.Error())
		p.Code = "totp_wrong"
		return p
	case errors.Is(err, access.ErrEnrolled), errors.Is(err, access.ErrNotEnrolling), errors.Is(err, access.ErrLastAdministrator):
		return newProblem(http.StatusConflict, err.Error())
	case errors.Is(err, access.ErrSignIn), errors.Is(err, access.ErrNoSession):
		return newProblem(http.StatusUnauthorized, err.Error())
	case errors.Is(err, access.ErrExists):
		return newProblem(http.StatusConflict, err.Error())
	case ctx.Err() != nil:
		return newProblem(http.StatusServiceUnavailable, "the request was given up")
	}
	d.log.Error().Err(err).Str("operation", operation).Msg("request failed")
	return newProblem(http.StatusInternalServerError, "the service could not do this; its log says why")
}

// asProblem turns huma's own errors (validation, unreadable bodies) into ours.
func asProblem(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(m.Status, m.Detail)
	said := make([]string, 0, len(m.Errors))
	for _, e := range m.Errors {
		f := FieldProblem{Field: fieldName(e.Location), Value: plain(e.Value), Rule: e.Message}
		if missing := missingProperty.FindStringSubmatch(e.Message); missing != nil {
			f = FieldProblem{Field: strings.TrimPrefix(f.Field+"."+missing[1], "body."), Rule: "must be given"}
		}
		if secretField(f.Field) && f.Value != nil {
			f.Value = "(not shown)"
		}
		p.Errors = append(p.Errors, f)
		if f.Value != nil {
			said = append(said, fmt.Sprintf("%s: %v: %s", f.Field, f.Value, f.Rule))
		} else {
			said = append(said, strings.TrimPrefix(f.Field+": "+f.Rule, ": "))
		}
	}
	if len(said) > 0 {
		p.Detail = strings.Join(said, "; ")
	}
	return p, nil
}

// missingProperty is how huma says that a field is missing; its location is that
// of the object around it.
var missingProperty = regexp.MustCompile(`^expected required property (\S+) to be present$`)

// listIndex is the place in a list of a query, which people write with commas.
var listIndex = regexp.MustCompile(`^query\.(\w+)\[\d+\]$`)

// fieldName is huma's location without the part of the request it is in.
func fieldName(location string) string {
	if m := listIndex.FindStringSubmatch(location); m != nil {
		return m[1]
	}
	for _, in := range []string{"body.", "query.", "path.", "header."} {
		if name, ok := strings.CutPrefix(location, in); ok {
			return name
		}
	}
	return location
}

func secretField(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "password") || strings.Contains(name, "secret") || strings.Contains(name, "token")
}

// plain keeps values that can be shown in one line.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		return cut(v)
	case bool, float64, int, int64, json.Number:
		return v
	}
	return nil
}

// writeProblem answers on routes that are not huma's.
func writeProblem(w http.ResponseWriter, p *Problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}
