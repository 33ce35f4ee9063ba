package registry

import (
	"cmp"
	"slices"
	"time"

	"shouwang/devices"
)

// Everybody is all residents as known at that time, in order of their ids. They
// are shared and must not be changed, and have what Resident's answer has.
func (r *Registry) Everybody(at time.Time) []*devices.Resident {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.asOf(at)
	list := make([]*devices.Resident, 0, len(r.residents))
	for _, e := range r.residents {
		if p := e.at(t); p != nil {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *devices.Resident) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
