package dashboard

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
)

// rulesPart are some settings of alerting.Rules, written as in rulesBody. It holds
// them as alerting.RuleChange does.
type rulesPart struct{ settings json.RawMessage }

// check finds the names of severities that there are not.
func (p rulesPart) check() error {
	var held alerting.Rules
	if err := json.Unmarshal(p.settings, &held); err != nil {
		return err
	}
	return rulesBody{held}.severities()
}

// UnmarshalJSON reads them.
func (p *rulesPart) UnmarshalJSON(raw []byte) error {
	var from map[string]any
	if err := json.Unmarshal(raw, &from); err != nil {
		return err
	}
	var held alerting.Rules
	if err := fill(reflect.ValueOf(&held).Elem(), from, ""); err != nil {
		return err
	}
	kept, err := json.Marshal(&held)
	if err != nil {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(kept, &all); err != nil {
		return err
	}
	delete(from, "version")
	p.settings, err = json.Marshal(only(all, from))
	return err
}

// MarshalJSON writes them.
func (p rulesPart) MarshalJSON() ([]byte, error) {
	var held alerting.Rules
	if err := json.Unmarshal(p.settings, &held); err != nil {
		return nil, err
	}
	var named map[string]any
	if err := json.Unmarshal(p.settings, &named); err != nil {
		return nil, err
	}
	delete(named, "version")
	return json.Marshal(only(written(reflect.ValueOf(held)), named))
}

// only keeps of a value what the other names.
func only(all, named any) any {
	a, ok := all.(map[string]any)
	n, also := named.(map[string]any)
	if !ok || !also {
		return all
	}
	kept := map[string]any{}
	for k := range n {
		if v, ok := a[k]; ok {
			kept[k] = only(v, n[k])
		}
	}
	return kept
}

// Schema describes them as RulesPart.
func (rulesPart) Schema(r huma.Registry) *huma.Schema {
	const name = "RulesPart"
	if _, ok := r.Map()[name]; !ok {
		s := schemaOf(reflect.TypeFor[alerting.Rules]())
		delete(s.Properties, "version")
		optional(s)
		r.Map()[name] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

// optional lets every property be left out; what is in a list is whole.
func optional(s *huma.Schema) {
	s.Required = slices.Delete(s.Required, 0, len(s.Required))
	for _, p := range s.Properties {
		optional(p)
	}
	s.PrecomputeMessages()
}
