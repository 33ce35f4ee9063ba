package alerting

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
)

// RuleScope says for whom rules are: all of the service (zero), an area, the
// residents of a tier there, or one resident. As the scope of somebody it is where
// they live, their tier and who they are; so is that of a change for one resident.
type RuleScope struct {
	Area     devices.AreaPath
	Tier     devices.Tier
	Resident string
}

// String names the scope in words for errors and the audit log.
func (s RuleScope) String() string {
	switch {
	case s.Resident != "":
		return "resident " + s.Resident
	case s.Area == "" && s.Tier == "":
		return "the service"
	case s.Tier == "":
		return "area " + string(s.Area)
	case s.Area == "":
		return "tier " + string(s.Tier)
	}
	return "tier " + string(s.Tier) + " in " + string(s.Area)
}

// layer is the scope without what only says where somebody lives.
func (s RuleScope) layer() RuleScope {
	if s.Resident != "" {
		return RuleScope{Resident: s.Resident}
	}
	return s
}

// layers are the scopes whose settings hold for somebody, the later ones over the
// earlier: the service, county, town, village; the tier in the service, county,
// town, village; the resident.
func (s RuleScope) layers() []RuleScope {
	var areas []devices.AreaPath
	for a := s.Area; a != ""; a = a.Parent() {
		areas = append(areas, a)
	}
	areas = append(areas, "")
	slices.Reverse(areas)
	list := make([]RuleScope, 0, 2*len(areas)+1)
	for _, a := range areas {
		list = append(list, RuleScope{Area: a})
	}
	if s.Tier != "" {
		for _, a := range areas {
			list = append(list, RuleScope{Area: a, Tier: s.Tier})
		}
	}
	if s.Resident != "" {
		list = append(list, RuleScope{Resident: s.Resident})
	}
	return list
}

// covers says whether a change for s can reach somebody of the scope o.
func (s RuleScope) covers(o RuleScope) bool {
	if s.Resident != "" {
		return s.Resident == o.Resident
	}
	return s.Area.Contains(o.Area) && (s.Tier == "" || s.Tier == o.Tier)
}

// check returns an *InputError for a scope that nobody can be in.
func (s RuleScope) check() error {
	switch s.Tier {
	case "", devices.TierRed, devices.TierYellow, devices.TierGreen:
		return nil
	}
	return &InputError{Field: "tier", Value: string(s.Tier), Rule: "must be red, yellow or green"}
}

// RuleChange sets what differs in one scope, in place of what the scope's change
// before it has set; without any setting the scope has what it inherits.
type RuleChange struct {
	Version int
	Scope   RuleScope
	From    time.Time
	By      string // user name
	Reason  string
	// Settings are the fields of Rules that differ, as JSON of encoding/json.
	Settings json.RawMessage
}

// RuleSource is where a setting that is not the default comes from.
type RuleSource struct {
	Field   string // as in an InputError, "water_use.high_l"
	Version int
	Scope   RuleScope
}

// Over returns the rules with the settings laid over them, which stay as they are.
// Of a list all is replaced, of escalation and visit_due the severities named.
func (r *Rules) Over(settings json.RawMessage) (*Rules, error) {
	own, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("copy rules: %w", err)
	}
	over := &Rules{}
	if err := json.Unmarshal(own, over); err != nil {
		return nil, fmt.Errorf("copy rules: %w", err)
	}
	if err := json.Unmarshal(settings, over); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	over.Version = r.Version
	return over, nil
}

// settingsOf lists the fields that a document sets and their values, by name.
func settingsOf(doc json.RawMessage) (map[string]any, error) {
	var tree map[string]any
	if err := json.Unmarshal(doc, &tree); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	flat := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for k, v := range m {
			if sub, ok := v.(map[string]any); ok {
				walk(prefix+k+".", sub)
			} else {
				flat[prefix+k] = v
			}
		}
	}
	walk("", tree)
	delete(flat, "version") // no setting
	return flat, nil
}

// storm refuses what can only hold for the whole service.
func (c *RuleChange) storm() error {
	if c.Scope == (RuleScope{}) {
		return nil
	}
	set, err := settingsOf(c.Settings)
	if err != nil {
		return err
	}
	for _, f := range slices.Sorted(maps.Keys(set)) {
		if strings.HasPrefix(f, "storm.") {
			return &InputError{Field: f, Value: fmt.Sprint(set[f]), Rule: "can only be set for the whole service: what counts as one outage is looked for across areas and vendors"}
		}
	}
	return nil
}

func compareSources(a, b RuleSource) int { return cmp.Compare(a.Field, b.Field) }

// rulesOf are the rules of a case, and who is told of it.
func rulesOf(b Book, d Directory, c *Case, at time.Time) *terms { return termsOf(b, d, c, at) }

// scope is whose rules hold there.
func (p *place) scope() RuleScope {
	s := RuleScope{Area: p.area}
	if p.resident != nil {
		s.Tier, s.Resident = p.resident.Tier, p.resident.ID
	}
	return s
}
