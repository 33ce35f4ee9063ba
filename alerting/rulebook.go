package alerting

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"shouwang/devices"
)

// mostPlaces is how many places a Rulebook keeps in mind: all villages of a
// province, by tier. Beyond it begins anew.
const mostPlaces = 1 << 17

// Rulebook holds all changes of the rules and answers what holds for somebody at
// a time of receipt. Every set of rules is merged once: who has the same has the
// same *Rules. Its methods may be called from everywhere, but Add and Forget by
// one at a time and while nobody asks.
type Rulebook struct {
	defaults *Rules
	clock    *time.Duration // see SetZone
	changes  []RuleChange   // by the time from which they hold, and by version
	set      map[RuleScope][]int32
	own      map[string]bool // residents with settings of their own
	scoped   bool            // there are others than the service's

	mu     sync.RWMutex
	areas  map[devices.AreaPath]*[4]*timeline // by tier
	places map[RuleScope]*timeline            // of residents with settings of their own
	lines  map[string]*timeline               // by the layers that are set
	merged map[string]*Rules                  // by the changes that are laid over each other
}

// timeline is what has held somewhere, by time.
type timeline struct{ spans []span }

type span struct {
	from  int64 // receipt time, microseconds since 1970
	rules *Rules
}

// NewRulebook makes one in which nothing has been changed.
func NewRulebook() *Rulebook {
	return &Rulebook{
		defaults: DefaultRules(), set: map[RuleScope][]int32{}, own: map[string]bool{},
		areas: map[devices.AreaPath]*[4]*timeline{}, places: map[RuleScope]*timeline{}, lines: map[string]*timeline{}, merged: map[string]*Rules{},
	}
}

// SetZone makes the zone's clock, without its summer time, that of all rules,
// whatever they say: when it is night is the county's setting. It is called before
// anything is added.
func (b *Rulebook) SetZone(zone *time.Location) {
	const year = 2026
	_, winter := time.Date(year, time.January, 1, 0, 0, 0, 0, zone).Zone()
	_, summer := time.Date(year, time.July, 1, 0, 0, 0, 0, zone).Zone()
	clock := time.Duration(min(winter, summer)) * time.Second
	b.clock, b.defaults.Vitals.UTCOffset = &clock, clock
}

// Add takes a change that has been made: its version is greater than that of the
// change before, and it does not hold earlier.
func (b *Rulebook) Add(c RuleChange) error {
	if _, err := b.defaults.Over(c.Settings); err != nil {
		return fmt.Errorf("rules version %d: %w", c.Version, err)
	}
	at := c.Scope.layer()
	b.set[at] = append(b.set[at], int32(len(b.changes))) //nolint:gosec // people make them
	b.changes = append(b.changes, c)
	b.scoped = b.scoped || at != RuleScope{}
	if at.Resident != "" {
		b.own[at.Resident] = true
	}
	clear(b.areas)
	clear(b.places)
	clear(b.lines)
	return nil
}

// Forget takes the settings and reasons of one resident out; the versions stay.
func (b *Rulebook) Forget(resident string) {
	for _, i := range b.set[RuleScope{Resident: resident}] {
		b.changes[i].Settings, b.changes[i].Reason = json.RawMessage(`{}`), ""
	}
	clear(b.areas)
	clear(b.places)
	clear(b.lines)
	clear(b.merged)
}

// Last is the newest change's version and the time from which it holds.
func (b *Rulebook) Last() (version int, from time.Time) {
	if n := len(b.changes); n > 0 {
		return b.changes[n-1].Version, b.changes[n-1].From
	}
	return b.defaults.Version, time.Time{}
}

// Newest is the version of the newest change that holds for anybody.
func (b *Rulebook) Newest(at time.Time) int {
	for _, c := range slices.Backward(b.changes) {
		if !c.From.After(at) {
			return c.Version
		}
	}
	return b.defaults.Version
}

// Rules are those that hold for somebody at a time of receipt. They are shared:
// they must not be changed. Version is that of the newest change among them.
func (b *Rulebook) Rules(at time.Time, of RuleScope) *Rules {
	switch {
	case !b.scoped:
		of = RuleScope{}
	case of.Resident != "" && !b.own[of.Resident]:
		of.Resident = ""
	}
	var l *timeline
	b.mu.RLock()
	if of.Resident != "" {
		l = b.places[of]
	} else if tiers := b.areas[of.Area]; tiers != nil {
		l = tiers[tierNumber(of.Tier)]
	}
	b.mu.RUnlock()
	if l == nil {
		l = b.place(of)
	}
	us := at.UnixMicro()
	for _, s := range slices.Backward(l.spans) {
		if s.from <= us {
			return s.rules
		}
	}
	return b.defaults
}

// place works out what has held for the scope.
func (b *Rulebook) place(of RuleScope) *timeline {
	b.mu.Lock()
	defer b.mu.Unlock()
	var layers [][]int32
	var name []byte
	for _, l := range of.layers() {
		if set := b.set[l]; len(set) > 0 {
			layers = append(layers, set)
			name = binary.LittleEndian.AppendUint32(name, uint32(set[0])) //nolint:gosec // an index
		}
	}
	l, ok := b.lines[string(name)]
	if !ok {
		l = &timeline{}
		all := slices.Concat(layers...)
		slices.Sort(all)
		for _, i := range all {
			rules, err := b.merge(b.chain(layers, i), b.merged, nil)
			if err != nil {
				continue // Add has read them
			}
			l.spans = append(l.spans, span{b.changes[i].From.UnixMicro(), rules})
		}
		b.lines[string(name)] = l
	}
	if len(b.places)+len(b.areas) >= mostPlaces {
		clear(b.areas)
		clear(b.places)
	}
	if of.Resident != "" {
		b.places[of] = l
		return l
	}
	tiers := b.areas[of.Area]
	if tiers == nil {
		tiers = &[4]*timeline{}
		b.areas[of.Area] = tiers
	}
	tiers[tierNumber(of.Tier)] = l
	return l
}

// tierNumber is where the rules of a tier are; of a tier that there is not they
// are those of none.
func tierNumber(t devices.Tier) int {
	switch t {
	case devices.TierRed:
		return 1
	case devices.TierYellow:
		return 2
	case devices.TierGreen:
		return 3
	}
	return 0
}

// chain lists the newest change of each layer that is not newer than last.
func (b *Rulebook) chain(layers [][]int32, last int32) []int32 {
	var chain []int32
	for _, set := range layers {
		n, found := slices.BinarySearch(set, last)
		if found {
			n++
		}
		if n > 0 {
			chain = append(chain, set[n-1])
		}
	}
	return chain
}

// merge lays the changes of a chain over the defaults; known are merged before.
// Settings no service could run with are left out when those they are laid over
// are sound: somebody has moved to where they do not fit. trial stands for one
// change more, with which none is left out.
func (b *Rulebook) merge(chain []int32, known map[string]*Rules, trial *RuleChange) (*Rules, error) {
	if len(chain) == 0 {
		return b.defaults, nil
	}
	var name []byte
	for _, i := range chain {
		name = binary.LittleEndian.AppendUint32(name, uint32(i)) //nolint:gosec // an index
	}
	if r, ok := known[string(name)]; ok {
		return r, nil
	}
	last := chain[len(chain)-1]
	under, err := b.merge(chain[:len(chain)-1], known, trial)
	if err != nil {
		return nil, err
	}
	c := trial
	if int(last) < len(b.changes) {
		c = &b.changes[last]
	}
	r, err := under.Over(c.Settings)
	if err != nil {
		return nil, err
	}
	if trial == nil && len(chain) > 1 && r.Check() != nil && under.Check() == nil {
		if r, err = under.Over(json.RawMessage(`{}`)); err != nil {
			return nil, err
		}
	}
	if b.clock != nil {
		r.Vitals.UTCOffset = *b.clock
	}
	r.Version = max(under.Version, c.Version)
	known[string(name)] = r
	return r, nil
}

// Try says what the rules of the change's scope would be with it, or returns an
// *InputError when there is somebody it would give settings that no service could
// run with: in every area, tier and resident with settings of their own, residents
// where they lived when theirs were made.
func (b *Rulebook) Try(c RuleChange) (*Rules, error) {
	if err := c.Scope.check(); err != nil {
		return nil, err
	}
	if err := c.storm(); err != nil {
		return nil, err
	}
	known := map[string]*Rules{}
	try := func(of RuleScope) (*Rules, error) {
		r, err := b.merge(b.with(c.Scope.layer(), of), known, &c)
		if err == nil {
			err = r.Check()
		}
		if e, ok := errors.AsType[*InputError](err); ok && of != c.Scope {
			return nil, &InputError{Field: e.Field, Value: e.Value, Rule: e.Rule + " (for " + of.String() + ", which has settings of its own)"}
		}
		return r, err
	}
	result, err := try(c.Scope)
	if err != nil {
		return nil, err
	}
	for _, of := range b.reached(c.Scope) {
		if _, err := try(of); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// With is the book after the change, which Try takes.
func (b *Rulebook) With(c RuleChange) (*Rulebook, error) {
	last, since := b.Last()
	c.Version = last + 1
	if c.From.Before(since) {
		c.From = since
	}
	b.mu.RLock()
	o := &Rulebook{
		defaults: b.defaults, changes: slices.Clip(b.changes), set: map[RuleScope][]int32{}, own: maps.Clone(b.own), scoped: b.scoped,
		areas: map[devices.AreaPath]*[4]*timeline{}, places: map[RuleScope]*timeline{}, lines: map[string]*timeline{}, merged: maps.Clone(b.merged),
	}
	b.mu.RUnlock()
	for l, set := range b.set {
		o.set[l] = slices.Clip(set)
	}
	return o, o.Add(c)
}

// with is the chain that a change of the layer would make for somebody.
func (b *Rulebook) with(changed, of RuleScope) []int32 {
	var chain []int32
	for _, l := range of.layers() {
		set := b.set[l]
		switch {
		case l == changed:
			chain = append(chain, int32(len(b.changes))) //nolint:gosec // people make them
		case len(set) > 0:
			chain = append(chain, set[len(set)-1])
		}
	}
	return chain
}

// reached lists those with other settings than the rest of the scope, as far as a
// change there can reach them.
func (b *Rulebook) reached(scope RuleScope) []RuleScope {
	if scope.Resident != "" {
		return nil
	}
	areas := map[devices.AreaPath]bool{scope.Area: true}
	var list []RuleScope
	for l, set := range b.set {
		if l.Resident == "" {
			areas[l.Area] = true
		} else if home := b.changes[set[len(set)-1]].Scope; scope.covers(home) {
			list = append(list, home)
		}
	}
	for a := range areas {
		for _, tier := range []devices.Tier{"", devices.TierRed, devices.TierYellow, devices.TierGreen} {
			if of := (RuleScope{Area: a, Tier: tier}); of != scope && scope.covers(of) {
				list = append(list, of)
			}
		}
	}
	slices.SortFunc(list, func(x, y RuleScope) int {
		return cmp.Or(cmp.Compare(x.Area, y.Area), cmp.Compare(x.Tier, y.Tier), cmp.Compare(x.Resident, y.Resident))
	})
	return list
}
