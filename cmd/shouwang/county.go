package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/simulate"
)

// county is the demo's county with what must stay the same over restarts. It is
// kept in demo.json in the data folder.
type county struct {
	simulate.County `json:"-"`

	Seed          uint64 `json:"seed"`
	ResidentCount int    `json:"residents"`
	// Uploaded is until when readings were published, zero before the first
	// history is complete.
	Uploaded time.Time                   `json:"uploaded"`
	Accounts []demoAccount               `json:"accounts"`
	Secrets  map[devices.DeviceID]string `json:"secrets"`
}

type demoAccount struct {
	Username string           `json:"username"`
	Password string           `json:"password"`
	Role     access.Role      `json:"role"`
	Area     devices.AreaPath `json:"area"`
	Token    string           `json:"token"`
}

const demoSeed = 20261123

// openCounty takes the county of the data folder, or makes one up, and enters
// it: what is there already stays as it is.
func (a *app) openCounty(ctx context.Context, folder string, residents int) (*county, error) {
	c := &county{Seed: demoSeed, ResidentCount: residents}
	b, err := os.ReadFile(filepath.Join(folder, "demo.json"))
	switch {
	case err == nil:
		if err := json.Unmarshal(b, c); err != nil {
			return nil, fmt.Errorf("read demo.json: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	c.County = simulate.NewCounty(c.Seed, c.ResidentCount)
	a.withoutErased(c)
	if c.Secrets == nil {
		c.invent()
		if err := c.save(folder, time.Time{}); err != nil {
			return nil, err
		}
	}
	in := devices.Import{
		Areas: c.Areas, Residents: c.Residents, Devices: c.Devices, Assignments: c.Assignments,
		Providers: []devices.Provider{{ID: c.Provider.ID, Name: c.Provider.Name, Villages: c.Provider.Villages}},
	}
	for device, secret := range c.Secrets {
		in.Secrets = append(in.Secrets, devices.Secret{User: string(device), Secret: secret})
	}
	in.Consents = c.consents(a.registry.Decided)
	if err := a.registry.PutAll(ctx, in); err != nil {
		return nil, err
	}
	for _, account := range c.Accounts {
		if err := a.enter(ctx, account, c.Provider.ID, c.Devices[0].ID.Vendor()); err != nil {
			return nil, fmt.Errorf("account %s: %w", account.Username, err)
		}
	}
	if err := a.duty.read(ctx); err != nil {
		return nil, err
	}
	if err := a.enterRoster(ctx, c); err != nil {
		return nil, err
	}
	if err := a.enterVisits(ctx, c); err != nil {
		return nil, err
	}
	return c, nil
}

// consents are those to everything, of all residents of whom no decision is known.
func (c *county) consents(decided func(resident string) bool) []devices.Consent {
	var list []devices.Consent
	for _, r := range c.Residents {
		if decided(r.ID) {
			continue
		}
		for _, data := range devices.DataTypes() {
			list = append(list, devices.Consent{Resident: r.ID, Data: data, Granted: true, Paper: "演示", By: "demo"})
		}
	}
	return list
}

// enter makes the account and its token work.
func (a *app) enter(ctx context.Context, account demoAccount, provider, vendor string) error {
	in := access.Account{
		Username: account.Username, Name: demoNames[account.Role], Role: account.Role,
		Areas: []devices.AreaPath{account.Area},
	}
	switch account.Role {
	case access.Provider:
		in.Provider = provider
	case access.Vendor:
		in.Vendor = vendor
	}
	if err := a.access.Create(ctx, in, account.Password); err != nil && !errors.Is(err, access.ErrExists) {
		return err
	}
	return a.access.SetToken(ctx, account.Username, account.Token)
}

var demoNames = map[access.Role]string{
	access.Administrator: "管理员", access.Duty: "县值班员", access.TownDuty: "镇值班员", access.Assistant: "村协理员",
	access.Provider: "服务机构", access.Supervisor: "督导", access.Vendor: "设备厂家", access.Auditor: "审计员",
}

// invent makes accounts and secrets.
func (c *county) invent() {
	c.Secrets = map[devices.DeviceID]string{}
	for _, d := range c.Devices {
		c.Secrets[d.ID] = rand.Text()
	}
	root := c.Areas[0].Path
	village := c.busiestVillage()
	for _, role := range access.AllRoles() {
		account := demoAccount{Username: string(role), Password: strings.ToLower(rand.Text()[:10]), Role: role, Area: root, Token: rand.Text()}
		switch role {
		case access.TownDuty:
			account.Area = village.Parent()
		case access.Assistant:
			account.Area = village
		case access.Administrator, access.Auditor:
			account.Area = ""
		}
		c.Accounts = append(c.Accounts, account)
	}
}

// busiestVillage is where most residents with a device live.
func (c *county) busiestVillage() devices.AreaPath {
	homes := map[string]devices.AreaPath{}
	for _, r := range c.Residents {
		homes[r.ID] = r.Area
	}
	count := map[devices.AreaPath]int{}
	var most devices.AreaPath
	for _, assignment := range c.Assignments {
		area := homes[assignment.Resident]
		count[area]++
		if count[area] > count[most] {
			most = area
		}
	}
	return most
}

func (c *county) secret(id devices.DeviceID) (string, bool) {
	s, ok := c.Secrets[id]
	return s, ok
}

// save keeps the county, and until when its readings were published.
func (c *county) save(folder string, uploaded time.Time) error {
	c.Uploaded = uploaded
	return writeFile(filepath.Join(folder, "demo.json"), c)
}

// keepTime notes every minute, and at the end, until when readings were
// published, so that a killed demo sends little again.
func (c *county) keepTime(ctx context.Context, folder string) error {
	for {
		select {
		case <-ctx.Done():
			return c.save(folder, time.Now())
		case <-time.After(time.Minute):
		}
		if err := c.save(folder, time.Now()); err != nil {
			return err
		}
	}
}

// readyDevice is a device in the ready file.
type readyDevice struct {
	ID       string           `json:"id"`
	Vendor   string           `json:"vendor"`
	Username string           `json:"username"`
	Password string           `json:"password"`
	Kind     devices.Kind     `json:"kind"`
	Resident string           `json:"resident"`
	Area     devices.AreaPath `json:"area"`
}

// readyFile is what the demo says when everything answers.
type readyFile struct {
	HTTP     string        `json:"http"`
	MQTT     string        `json:"mqtt"`
	Accounts []demoAccount `json:"accounts"`
	Devices  []readyDevice `json:"devices"`
}

func (c *demoCmd) writeReady(a *app, county *county) error {
	if c.ReadyFile == "" {
		return nil
	}
	ready := readyFile{HTTP: "http://" + a.httpAddr, MQTT: "tcp://" + a.mqttAddr, Accounts: county.Accounts}
	residents := map[string]devices.Resident{}
	for _, r := range county.Residents {
		residents[r.ID] = r
	}
	owner := map[devices.DeviceID]string{}
	for _, assignment := range county.Assignments {
		owner[assignment.Device] = assignment.Resident
	}
	for _, d := range county.Devices {
		vendor, id := d.ID.Split()
		resident := residents[owner[d.ID]]
		area := resident.Area
		if area == "" {
			area = d.Area
		}
		ready.Devices = append(ready.Devices, readyDevice{
			ID: id, Vendor: vendor, Username: string(d.ID), Password: county.Secrets[d.ID], Kind: d.Kind, Resident: resident.ID, Area: area,
		})
	}
	return writeFile(c.ReadyFile, ready)
}

// writeFile writes a JSON file that only the owner can read, whole or not at
// all.
func writeFile(file string, value any) error {
	b, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(file), err)
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(b)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return os.Rename(temp.Name(), file)
}
