package simulate

import "shouwang/devices"

// People makes up one resident of the village for each id, the same for the
// same seed: for recordings that tell nothing of the people behind them.
func People(seed uint64, village devices.Area, ids []string) []devices.Resident {
	r := generator(seedOf(seed, "people"), 0)
	phones := 0
	list := make([]devices.Resident, 0, len(ids))
	for n, id := range ids {
		p := person(r, n, village.Path, &phones)
		p.ID, p.Address = id, village.Name
		list = append(list, p)
	}
	return list
}
