package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

const schemaPrefix = "#/components/schemas/"

func apiConfig() huma.Config {
	// Not huma's default configuration: that one loads its documentation page
	// from other sites and puts a $schema field into every answer.
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Shouwang", Version: "1", Description: "Errors are problem documents (RFC 9457). Lists are paged by cursor: hand `next` back as `cursor`; null is the end. Every answer is limited to the caller's areas."},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: cookieName},
					"bearer":  {Type: "http", Scheme: "bearer"},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{asProblem},
	}
}

// add serves one operation of the table. Where it answers and to whom is the
// table's word; the types of input and output are the handler's.
func add[I, O any](d *Dashboard, operation, summary string, h func(context.Context, *I) (*O, error), more ...func(*huma.Operation)) {
	var route access.Route
	for _, r := range d.mux.table {
		if r.Operation == operation {
			route = r
		}
	}
	if route.Operation == "" {
		d.mux.errs = append(d.mux.errs, fmt.Errorf("operation %q is not in the authorisation table", operation))
		return
	}
	op := huma.Operation{
		OperationID: operation, Method: route.Method, Path: route.Path, Summary: summary,
		Tags:            []string{tagOf(route.Path)},
		BodyReadTimeout: 10 * time.Second,
		Responses: map[string]*huma.Response{"default": {
			Description: "Problem",
			Content: map[string]*huma.MediaType{"application/problem+json": {
				Schema: d.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem"),
			}},
		}},
	}
	if route.Reach != access.Public {
		op.Security = []map[string][]string{{"session": {}}, {"bearer": {}}}
		roles := make([]string, len(route.Roles))
		for i, r := range route.Roles {
			roles[i] = string(r)
		}
		op.Description = "Open to " + strings.Join(roles, ", ") + "."
		switch route.By {
		case access.People:
			op.Description += " For people who are signed in, not for tokens."
			op.Security = op.Security[:1]
		case access.Whole:
			op.Description += " Not for tokens that are narrowed or have an end."
		}
	}
	for _, m := range more {
		m(&op)
	}
	huma.Register(d.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, d.problem(ctx, operation, err)
		}
		return out, nil
	})
}

// status makes another status than 200 the one of success.
func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

func tagOf(path string) string {
	rest, ok := strings.CutPrefix(path, "/api/v1/")
	if !ok {
		return "service"
	}
	tag, _, _ := strings.Cut(rest, "/")
	return tag
}

// list is the shape of every paged answer.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next" doc:"Cursor of the next page, null on the last."`
}

type listOut[T any] struct{ Body list[T] }

func newList[T any](items []T, next string) list[T] {
	l := list[T]{Items: items}
	if l.Items == nil {
		l.Items = []T{}
	}
	if next != "" {
		l.Next = &next
	}
	return l
}

// Page is the part of a query that all lists share.
type Page struct {
	Cursor string `query:"cursor" maxLength:"500" doc:"The next of the page before."`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
}

type body[T any] struct{ Body T }

// finishOpenAPI makes the document say what encoding/json does: an array is
// never null, a pointer to an object may be, and our words have their values.
func finishOpenAPI(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas
	for _, left := range []string{"ErrorModel", "ErrorDetail"} {
		delete(schemas.Map(), left)
	}
	// The live view's frames, for the page's types.
	for _, f := range []reflect.Type{reflect.TypeFor[liveFrame](), reflect.TypeFor[liveHello](), reflect.TypeFor[liveBeat](), reflect.TypeFor[liveReset](), reflect.TypeFor[liveSeen]()} {
		schemas.Schema(f, true, f.Name())
	}
	words := map[reflect.Type][]any{
		reflect.TypeFor[alerting.Severity]():     values(alerting.Red, alerting.Orange, alerting.Yellow, alerting.Blue),
		reflect.TypeFor[alerting.State]():        values(alerting.Open, alerting.Acknowledged, alerting.Dispatched, alerting.Visited, alerting.Closed),
		reflect.TypeFor[alerting.VisitState]():   values(alerting.VisitPlanned, alerting.VisitStarted, alerting.VisitReported, alerting.VisitCanceled),
		reflect.TypeFor[alerting.SubjectType]():  values(alerting.SubjectResident, alerting.SubjectDevice, alerting.SubjectArea, alerting.SubjectSystem),
		reflect.TypeFor[alerting.Outcome]():      values(alerting.Outcomes()...),
		reflect.TypeFor[devices.Tier]():          values(devices.TierRed, devices.TierYellow, devices.TierGreen),
		reflect.TypeFor[devices.ResidentState](): values(devices.Active, devices.Hospital, devices.Institution, devices.Moved, devices.Deceased, devices.Left),
		reflect.TypeFor[access.Role]():           values(access.AllRoles()...),
	}
	for _, name := range slices.Sorted(maps.Keys(schemas.Map())) {
		t := schemas.TypeFromRef(schemaPrefix + name)
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		finishSchema(schemas.Map()[name], t, words)
	}
}

func finishSchema(s *huma.Schema, t reflect.Type, words map[reflect.Type][]any) {
	for _, f := range reflect.VisibleFields(t) {
		key, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[key]
		if p == nil {
			continue
		}
		ft, pointer := f.Type, false
		if ft.Kind() == reflect.Pointer {
			ft, pointer = ft.Elem(), true
		}
		if p.Type == huma.TypeArray {
			p.Nullable = false
		}
		if enum := words[ft]; enum != nil && len(p.Enum) == 0 {
			p.Enum = enum
			if pointer {
				p.Enum = append(slices.Clone(enum), nil)
			}
		}
		if pointer && p.Ref != "" && !strings.Contains(opts, "omitempty") {
			s.Properties[key] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
		}
	}
}

func values[T any](of ...T) []any {
	list := make([]any, len(of))
	for i, v := range of {
		list[i] = fmt.Sprint(v)
	}
	return list
}

// OpenAPI is the OpenAPI 3.1 document of the API, the demo's routes included,
// indented and ending in a line feed.
func OpenAPI() ([]byte, error) {
	d, err := New(Options{Incidents: noIncidents{}})
	if err != nil {
		return nil, err
	}
	doc, err := json.MarshalIndent(d.api.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode OpenAPI: %w", err)
	}
	return append(doc, '\n'), nil
}

type noIncidents struct{}

func (noIncidents) Kinds() []string { return nil }

func (noIncidents) Start(context.Context, string, string) (any, error) { return nil, nil }
