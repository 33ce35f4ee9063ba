package alerting

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Changes lists the changes that hold for somebody or have, newest first.
func (b *Rulebook) Changes(of RuleScope) []RuleChange {
	var all []int32
	for _, l := range of.layers() {
		all = append(all, b.set[l]...)
	}
	slices.Sort(all)
	list := make([]RuleChange, 0, len(all))
	for _, i := range slices.Backward(all) {
		list = append(list, b.changes[i])
	}
	return list
}

// Versions lists the newest changes of which see is true, newest first, at most
// limit, each with the rules that its scope has had since.
func (b *Rulebook) Versions(limit int, see func(RuleScope) bool) []RuleVersion {
	var list []RuleVersion
	for i := len(b.changes) - 1; i >= 0 && len(list) < limit; i-- {
		c := b.changes[i]
		if !see(c.Scope) {
			continue
		}
		var layers [][]int32
		for _, l := range c.Scope.layers() {
			layers = append(layers, b.set[l])
		}
		b.mu.Lock()
		rules, err := b.merge(b.chain(layers, int32(i)), b.merged, nil) //nolint:gosec // people make them
		b.mu.Unlock()
		if err != nil {
			continue // Add has read it
		}
		list = append(list, RuleVersion{Rules: rules, RuleChange: c})
	}
	return list
}

// Sources lists where the settings that differ from the defaults come from: of each
// the last scope that sets it, by field.
func (b *Rulebook) Sources(at time.Time, of RuleScope) []RuleSource {
	from := map[string]RuleSource{}
	for _, l := range of.layers() {
		set := b.set[l]
		for len(set) > 0 && b.changes[set[len(set)-1]].From.After(at) {
			set = set[:len(set)-1]
		}
		if len(set) == 0 {
			continue
		}
		c := &b.changes[set[len(set)-1]]
		settings, err := settingsOf(c.Settings)
		if err != nil {
			continue // Add has read them
		}
		for f := range settings {
			from[f] = RuleSource{Field: f, Version: c.Version, Scope: c.Scope}
		}
	}
	now, fresh := b.flat(b.Rules(at, of)), b.flat(b.defaults)
	list := []RuleSource{}
	for f, s := range from {
		if s.Scope == (RuleScope{}) && fmt.Sprint(now[f]) == fmt.Sprint(fresh[f]) {
			continue // the service's may be all there are
		}
		list = append(list, s)
	}
	slices.SortFunc(list, compareSources)
	return list
}

func (*Rulebook) flat(r *Rules) map[string]any {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil
	}
	flat, err := settingsOf(raw)
	if err != nil {
		return nil
	}
	return flat
}
