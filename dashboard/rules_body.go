package dashboard

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
)

// rulesBody is alerting.Rules as the API writes them: every setting under its own
// name, lengths of time as people write them ("24h0m0s").
type rulesBody struct{ held alerting.Rules }

func showRules(r alerting.Rules) rulesBody { return rulesBody{r} }

// rules are what the body says, if a service could run with it.
func (b rulesBody) rules() (alerting.Rules, error) {
	if err := b.severities(); err != nil {
		return b.held, err
	}
	return b.held, b.held.Check()
}

// severities finds the names of severities that there are not.
func (b rulesBody) severities() error {
	for s := range b.held.Escalation {
		if s.Rank() > alerting.Blue.Rank() {
			return invalid("escalation", string(s), "must be red, orange, yellow or blue")
		}
	}
	for s := range b.held.VisitDue {
		if s.Rank() > alerting.Blue.Rank() {
			return invalid("visit_due", string(s), "must be red, orange, yellow or blue")
		}
	}
	return nil
}

// MarshalJSON writes the settings.
func (b rulesBody) MarshalJSON() ([]byte, error) {
	return json.Marshal(written(reflect.ValueOf(b.held)))
}

// UnmarshalJSON reads them; a setting that is not there is zero.
func (b *rulesBody) UnmarshalJSON(raw []byte) error {
	var from any
	if err := json.Unmarshal(raw, &from); err != nil {
		return err
	}
	b.held = alerting.Rules{}
	return fill(reflect.ValueOf(&b.held).Elem(), from, "")
}

// Schema describes them as RulesBody.
func (rulesBody) Schema(r huma.Registry) *huma.Schema {
	const name = "RulesBody"
	if _, ok := r.Map()[name]; !ok {
		s := schemaOf(reflect.TypeFor[alerting.Rules]())
		s.Required = slices.DeleteFunc(s.Required, func(f string) bool { return f == "version" })
		s.Properties["version"].Description = "Given by the service. On a change: the version it started from, refused when another came first; 0 does not check."
		r.Map()[name] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

var lengthType = reflect.TypeFor[time.Duration]()

// named is a field's name in JSON.
func named(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// written is a value as JSON has it.
func written(v reflect.Value) any {
	switch {
	case v.Type() == lengthType:
		return time.Duration(v.Int()).String()
	case v.Kind() == reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			m[named(v.Type().Field(i))] = written(v.Field(i))
		}
		return m
	case v.Kind() == reflect.Map:
		m := map[string]any{}
		for k, e := range v.Seq2() {
			m[k.String()] = written(e)
		}
		return m
	case v.Kind() == reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = written(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// fill sets a value from what JSON has.
func fill(v reflect.Value, from any, path string) error {
	wrong := func(want string) error { return fmt.Errorf("%s: must be %s", strings.TrimPrefix(path, "."), want) }
	switch {
	case v.Type() == lengthType:
		text, _ := from.(string)
		d, err := time.ParseDuration(text)
		if err != nil {
			return wrong("a length of time such as 45m or 24h")
		}
		v.SetInt(int64(d))
		return nil
	case v.Kind() == reflect.Struct:
		m, ok := from.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		for i := range v.NumField() {
			name := named(v.Type().Field(i))
			if e, ok := m[name]; ok {
				if err := fill(v.Field(i), e, path+"."+name); err != nil {
					return err
				}
			}
		}
		return nil
	case v.Kind() == reflect.Map:
		m, ok := from.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range slices.Sorted(maps.Keys(m)) {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := fill(e, m[k], path+"."+k); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), e)
		}
		return nil
	case v.Kind() == reflect.Slice:
		list, ok := from.([]any)
		if !ok && from != nil {
			return wrong("a list")
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i := range list {
			if err := fill(v.Index(i), list[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	}
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, v.Addr().Interface())
	}
	if err != nil {
		return wrong("a " + v.Kind().String())
	}
	return nil
}

// schemaOf describes a type as it is written.
func schemaOf(t reflect.Type) *huma.Schema {
	// One for all lengths of time: there are many, and each would compile its pattern.
	length := &huma.Schema{
		Type: huma.TypeString, Description: "A length of time such as 45m or 24h0m0s.", Examples: []any{"24h0m0s"},
		Pattern: `^-?([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$`, PatternDescription: "a length of time such as 45m or 24h",
	}
	length.PrecomputeMessages()
	return schemaIn(t, length)
}

func schemaIn(t reflect.Type, length *huma.Schema) *huma.Schema {
	s := &huma.Schema{}
	switch {
	case t == lengthType:
		return length
	case t.Kind() == reflect.Struct:
		s.Type, s.Properties, s.AdditionalProperties = huma.TypeObject, map[string]*huma.Schema{}, false
		for f := range t.Fields() {
			name := named(f)
			s.Properties[name] = schemaIn(f.Type, length)
			s.Required = append(s.Required, name)
		}
	case t.Kind() == reflect.Map:
		s.Type, s.AdditionalProperties = huma.TypeObject, schemaIn(t.Elem(), length)
	case t.Kind() == reflect.Slice:
		s.Type, s.Items = huma.TypeArray, schemaIn(t.Elem(), length)
	case t.Kind() == reflect.Bool:
		s.Type = huma.TypeBoolean
	case t.Kind() == reflect.String:
		s.Type = huma.TypeString
	case t.Kind() == reflect.Int:
		s.Type = huma.TypeInteger
	default:
		s.Type = huma.TypeNumber
	}
	s.PrecomputeMessages()
	return s
}
