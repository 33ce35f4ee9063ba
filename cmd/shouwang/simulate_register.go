package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"shouwang/devices"
	"shouwang/devices/recording"
	"shouwang/devices/simulate"
)

// The documents of POST /api/v1/registry/import, as far as a replay needs them.
type (
	importDoc struct {
		Areas       []importArea       `json:"areas,omitempty"`
		Residents   []importResident   `json:"residents"`
		Devices     []importDevice     `json:"devices"`
		Assignments []importAssignment `json:"assignments"`
	}
	importArea struct {
		Path devices.AreaPath `json:"path"`
		Name string           `json:"name"`
	}
	importResident struct {
		ID       string                  `json:"id"`
		Name     string                  `json:"name"`
		Phone    string                  `json:"phone"`
		Address  string                  `json:"address"`
		Born     int                     `json:"born"`
		Area     devices.AreaPath        `json:"area"`
		Tier     devices.Tier            `json:"tier"`
		State    devices.ResidentState   `json:"state"`
		Contacts []devices.ContactPerson `json:"contacts"`
	}
	importDevice struct {
		Vendor string           `json:"vendor"`
		ID     string           `json:"id"`
		Kind   devices.Kind     `json:"kind"`
		Area   devices.AreaPath `json:"area"`
	}
	importAssignment struct {
		Device   devices.DeviceID `json:"device"`
		Resident string           `json:"resident"`
	}
	importedSecret struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
)

// replaySeed makes the same people of the same recording each time.
const replaySeed = 1

// register enters every device of the recording, each with a made-up resident,
// and puts their passwords into passwords.
func (c *simulateReplayCmd) register(ctx context.Context, api *apiClient, rec *recording.Recording, names map[string]devices.DeviceID, passwords map[string]string) error {
	var list []importDevice
	for _, d := range rec.Devices() {
		vendor, short := names[d.Device].Split()
		list = append(list, importDevice{Vendor: vendor, ID: short, Kind: d.Kind})
	}
	return registerDevices(ctx, api, c.Area, "replay", list, c.User == "", passwords)
}

// registerPart is how many devices are entered with one request.
const registerPart = 5000

// registerDevices enters the devices, each with a made-up resident whose id
// begins with prefix. With secrets it puts the devices' passwords into passwords:
// one that is registered already gets a new one, since the old one cannot be
// read.
func registerDevices(ctx context.Context, api *apiClient, area, prefix string, list []importDevice, secrets bool, passwords map[string]string) error {
	doc := importDoc{}
	path := ""
	for code := range strings.SplitSeq(area, "/") {
		path = strings.TrimPrefix(path+"/"+code, "/")
		doc.Areas = append(doc.Areas, importArea{devices.AreaPath(path), prefix + " " + code})
	}
	village := devices.Area(doc.Areas[len(doc.Areas)-1])
	var ids []string
	for i := range list {
		list[i].Area = village.Path
		ids = append(ids, prefix+"-"+list[i].Vendor+"-"+list[i].ID)
	}
	people := simulate.People(replaySeed, village, ids)
	for len(list) > 0 {
		n := min(len(list), registerPart)
		doc.Devices = list[:n]
		for i, r := range people[:n] {
			doc.Residents = append(doc.Residents, importResident{r.ID, r.Name, r.Phone, r.Address, r.Born, r.Area, r.Tier, r.State, r.Contacts})
			doc.Assignments = append(doc.Assignments, importAssignment{list[i].device(), r.ID})
		}
		var answer struct {
			Secrets []importedSecret `json:"secrets"`
		}
		if err := api.post(ctx, "/api/v1/registry/import", doc, &answer); err != nil {
			return fmt.Errorf("register: %w", err)
		}
		if secrets {
			for _, s := range answer.Secrets {
				passwords[s.Username] = s.Password
			}
			if err := renewSecrets(ctx, api, doc.Devices, passwords); err != nil {
				return err
			}
		}
		list, people = list[n:], people[n:]
		doc = importDoc{}
	}
	return nil
}

// renewSecrets makes new passwords for the devices that have none here.
func renewSecrets(ctx context.Context, api *apiClient, list []importDevice, passwords map[string]string) error {
	for _, d := range list {
		id := string(d.device())
		if _, ok := passwords[id]; ok {
			continue
		}
		var secret importedSecret
		path := fmt.Sprintf("/api/v1/devices/%s/%s/secret", url.PathEscape(d.Vendor), url.PathEscape(d.ID))
		if err := api.post(ctx, path, struct{}{}, &secret); err != nil {
			return fmt.Errorf("new password of %s: %w", id, err)
		}
		passwords[id] = secret.Password
	}
	return nil
}

func (d importDevice) device() devices.DeviceID { return devices.DeviceID(d.Vendor + "/" + d.ID) }
