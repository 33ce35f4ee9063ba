package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"shouwang/devices"
)

// County is a made-up county as the registry needs to know it.
type County struct {
	Areas       []devices.Area
	Provider    Provider
	Residents   []devices.Resident
	Devices     []devices.Device
	Assignments []devices.Assignment
}

// Provider is the care organisation that serves the county.
type Provider struct {
	ID       string
	Name     string
	Villages []devices.AreaPath
}

const (
	villagesPerTown = 6
	// fewestDevices of each kind are made even for a hamlet.
	fewestDevices = 20
)

// equipment is what a resident has.
type equipment struct{ meter, band bool }

// NewCounty makes up a county of the given number of residents (20 at least),
// the same for the same seed: of 500, 150 have a meter only, 250 a band only, 50
// both and 50 neither; other numbers in proportion, but never fewer than twenty
// meters and twenty bands. Devices were installed and assigned in 2025.
func NewCounty(seed uint64, residents int) County {
	r := generator(seedOf(seed, "county"), 0)
	c := County{}
	const county = devices.AreaPath("shen")
	c.Areas = append(c.Areas, devices.Area{Path: county, Name: "莘安县"})
	for t, town := range towns() {
		path := county + "/" + devices.AreaPath(town.code)
		c.Areas = append(c.Areas, devices.Area{Path: path, Name: town.name})
		for v := range villagesPerTown {
			village := path + "/" + devices.AreaPath(fmt.Sprintf("v%02d", v+1))
			c.Areas = append(c.Areas, devices.Area{Path: village, Name: villages()[t*villagesPerTown+v]})
			c.Provider.Villages = append(c.Provider.Villages, village)
		}
	}
	c.Provider.ID, c.Provider.Name = "anhe", "安禾居家养老服务中心"

	names := map[devices.AreaPath]string{}
	for _, a := range c.Areas {
		names[a.Path] = a.Name
	}
	people := equip(r, max(residents, fewestDevices))
	phones := 0
	for n, has := range people {
		// Villages in turn: each has its share of every kind of household.
		village := c.Provider.Villages[n%len(c.Provider.Villages)]
		resident := person(r, n, village, &phones)
		resident.Address = fmt.Sprintf("%s%s%s%d号", names[county], names[village.Parent()], names[village], 1+r.IntN(180))
		c.Residents = append(c.Residents, resident)
		if has.meter {
			c.give(r, resident, devices.WaterMeter)
		}
		if has.band {
			c.give(r, resident, devices.Wristband)
		}
	}
	return c
}

// equip hands out meters and bands in the county's proportions, shuffled.
func equip(r *rand.Rand, n int) []equipment {
	meterOnly, bandOnly, both := n*3/10, n/2, n/10
	neither := n - meterOnly - bandOnly - both
	for meterOnly+both < fewestDevices || bandOnly+both < fewestDevices {
		switch {
		case neither > 0:
			neither--
		case meterOnly+both < fewestDevices:
			bandOnly--
		default:
			meterOnly--
		}
		both++
	}
	people := make([]equipment, 0, n)
	add := func(count int, e equipment) {
		for range count {
			people = append(people, e)
		}
	}
	add(meterOnly, equipment{meter: true})
	add(bandOnly, equipment{band: true})
	add(both, equipment{meter: true, band: true})
	add(neither, equipment{})
	r.Shuffle(n, func(i, j int) { people[i], people[j] = people[j], people[i] })
	return people
}

func person(r *rand.Rand, n int, village devices.AreaPath, phones *int) devices.Resident {
	next := func() string { *phones++; return phone(*phones) }
	surname := pick(r, surnames())
	resident := devices.Resident{
		ID: fmt.Sprintf("r%05d", n+1), Name: surname + pick(r, givenNames()),
		Phone: next(), Born: 1931 + r.IntN(29), Area: village, State: devices.Active,
	}
	switch x := r.Float64(); {
	case x < 0.10:
		resident.Tier = devices.TierRed
	case x < 0.40:
		resident.Tier = devices.TierYellow
	default:
		resident.Tier = devices.TierGreen
	}
	for range 1 + r.IntN(2) {
		relation := pick(r, relations())
		family := surname
		if relation != "儿子" && relation != "女儿" && relation != "妹妹" {
			family = pick(r, surnames())
		}
		resident.Contacts = append(resident.Contacts, devices.ContactPerson{
			Name: family + pick(r, youngNames()), Relation: relation, Phone: next(),
		})
	}
	return resident
}

// give installs a device of one of the two made-up vendors of its kind.
func (c *County) give(r *rand.Rand, resident devices.Resident, kind devices.Kind) {
	n := len(c.Devices) + 1
	vendor, id := "yunshui", fmt.Sprintf("YS%08d", 26000000+n)
	switch {
	case kind == devices.WaterMeter && n%2 == 0:
		vendor, id = "linquan", fmt.Sprintf("LQ-%06d", 400000+n)
	case kind == devices.Wristband && n%2 == 0:
		vendor, id = "kangwan", fmt.Sprintf("KW%07d", 1000000+n)
	case kind == devices.Wristband:
		vendor, id = "anshou", fmt.Sprintf("8800000000%05d", n)
	}
	installed := time.Date(2025, 3, 1, 1, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(270))
	device := devices.Device{
		ID: devices.DeviceID(vendor + "/" + id), Kind: kind, Area: resident.Area, Created: installed,
	}
	c.Devices = append(c.Devices, device)
	c.Assignments = append(c.Assignments, devices.Assignment{Device: device.ID, Resident: resident.ID, From: installed})
}
