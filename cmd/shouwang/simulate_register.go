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
		Areas       []importArea       `json:"areas"`
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
// and puts their passwords into passwords. A device that is registered already
// gets a new one, since the old one cannot be read.
func (c *simulateReplayCmd) register(ctx context.Context, api *apiClient, rec *recording.Recording, names map[string]devices.DeviceID, passwords map[string]string) error {
	doc := importDoc{}
	path := ""
	for code := range strings.SplitSeq(c.Area, "/") {
		path = strings.TrimPrefix(path+"/"+code, "/")
		doc.Areas = append(doc.Areas, importArea{devices.AreaPath(path), "回放 " + code})
	}
	village := devices.Area(doc.Areas[len(doc.Areas)-1])
	var ids []string
	for _, d := range rec.Devices() {
		id := names[d.Device]
		vendor, short := id.Split()
		resident := "replay-" + vendor + "-" + short
		ids = append(ids, resident)
		doc.Devices = append(doc.Devices, importDevice{vendor, short, d.Kind, village.Path})
		doc.Assignments = append(doc.Assignments, importAssignment{id, resident})
	}
	for _, r := range simulate.People(replaySeed, village, ids) {
		doc.Residents = append(doc.Residents, importResident{r.ID, r.Name, r.Phone, r.Address, r.Born, r.Area, r.Tier, r.State, r.Contacts})
	}
	var answer struct {
		Secrets []importedSecret `json:"secrets"`
	}
	if err := api.post(ctx, "/api/v1/registry/import", doc, &answer); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	for _, s := range answer.Secrets {
		passwords[s.Username] = s.Password
	}
	if c.User != "" {
		return nil // a gateway speaks for them
	}
	for _, id := range names {
		if _, ok := passwords[string(id)]; ok {
			continue
		}
		vendor, short := id.Split()
		var secret importedSecret
		path := fmt.Sprintf("/api/v1/devices/%s/%s/secret", url.PathEscape(vendor), url.PathEscape(short))
		if err := api.post(ctx, path, struct{}{}, &secret); err != nil {
			return fmt.Errorf("new password of %s: %w", id, err)
		}
		passwords[string(id)] = secret.Password
	}
	return nil
}
