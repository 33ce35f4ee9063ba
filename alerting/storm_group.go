package alerting

import (
	"slices"
	"strings"

	"shouwang/devices"
)

// group is where a cause may be. With a vendor it is that vendor's devices in the
// county, else all devices of a village or a town. The registry knows neither
// gateways nor carriers nor batches; what it will know becomes a group here.
type group struct {
	scope  Scope
	area   devices.AreaPath
	vendor string
}

// Scope is how far an outage reaches.
type Scope string

// The scopes, narrowest first.
const (
	ScopeVillage Scope = "village"
	ScopeTown    Scope = "town"
	ScopeVendor  Scope = "vendor"
)

var scopes = [...]Scope{ScopeVillage, ScopeTown, ScopeVendor}

// groupOf is the group of one scope that a device in the area is in, false for
// none: a depot at the town lies in no village.
func groupOf(scope Scope, area devices.AreaPath, d devices.DeviceID) (group, bool) {
	g := group{scope: scope}
	depth := map[Scope]int{ScopeVillage: 3, ScopeTown: 2, ScopeVendor: 1}[scope]
	if scope == ScopeVendor {
		if g.vendor = d.Vendor(); g.vendor == "" {
			return g, false
		}
	}
	end := 0
	for range depth {
		if end > len(area) {
			return g, false
		}
		i := strings.IndexByte(string(area[end:]), '/')
		if i < 0 {
			i = len(area) - end
		}
		end += i + 1
	}
	g.area = area[:end-1]
	return g, g.area != ""
}

func (g group) holds(area devices.AreaPath, d devices.DeviceID) bool {
	return g.area.Contains(area) && (g.vendor == "" || g.vendor == d.Vendor())
}

// The subjects of outages that are no area's alone say where they are behind the
// first mark.
const (
	vendorOutage = "vendor:"
	waterOutage  = "water:"
)

func (g group) subject() Subject {
	if g.vendor != "" {
		return Subject{SubjectSystem, vendorOutage + g.vendor + "@" + string(g.area)}
	}
	return Subject{SubjectArea, string(g.area)}
}

// areaOf is where an outage of the system is, "" for what is nowhere.
func areaOf(s Subject) devices.AreaPath {
	if rest, ok := strings.CutPrefix(s.ID, vendorOutage); ok {
		_, area, _ := strings.Cut(rest, "@")
		return devices.AreaPath(area)
	}
	if rest, ok := strings.CutPrefix(s.ID, uploadsList); ok {
		_, area, _ := strings.Cut(rest, "@")
		return devices.AreaPath(area)
	}
	if area, ok := strings.CutPrefix(s.ID, waterOutage); ok {
		return devices.AreaPath(area)
	}
	return ""
}

// groupOfOutage is that of a case, false when it is no storm's.
func groupOfOutage(c *Case) (group, bool) {
	scope, _ := c.Evidence["scope"].(string)
	vendor, _ := c.Evidence["vendor"].(string)
	g := group{Scope(scope), c.Area, vendor}
	return g, slices.Contains(scopes[:], g.scope) && g.subject() == c.Subject
}
