package devices

// Scope is what part of the service a caller may see. Every list, object and
// live frame is held to it; what lies outside answers as if it did not exist.
type Scope struct {
	// Areas are the roots of the caller's area trees; "" is everything. No
	// area at all sees nothing that lies in an area.
	Areas []AreaPath
	// Provider limits residents, alerts and visits to the villages this
	// provider serves, "" when the caller is not a provider.
	Provider string
	// Vendor limits devices and dead letters to one vendor's own, "" when the
	// caller is not a vendor.
	Vendor string
}

// Everywhere is the scope of the service itself.
func Everywhere() Scope { return Scope{Areas: []AreaPath{""}} }

// Area says whether the area lies in the scope.
func (s Scope) Area(a AreaPath) bool {
	for _, root := range s.Areas {
		if root.Contains(a) {
			return true
		}
	}
	return false
}
