package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// contact is one line of a resident's contacts, ordered by recorded: newest is
// the newest contact known by then.
type contact struct {
	recorded, newest time.Time
}

// reached is one contact in the order in which they were recorded.
type reached struct {
	recorded time.Time
	resident string
}

// Load reads rules and contacts into memory and returns the last checkpoint.
// It is called once before the store is used; until then Rules are the default
// ones and nobody has been reached.
func (s *Store) Load(ctx context.Context) (alerting.Saved, error) {
	saved := alerting.Saved{Positions: map[string]uint64{}}
	if err := s.buildChain(ctx); err != nil {
		return saved, fmt.Errorf("load: %w", err)
	}
	if err := s.LoadRoster(ctx); err != nil {
		return saved, fmt.Errorf("load: %w", err)
	}
	rules := alerting.NewRulebook()
	if s.Zone != nil {
		rules.SetZone(s.Zone)
	}
	contacts := []alerting.Contact{}
	var silences map[silent][]*silence
	var unusual map[string]*oddities
	err := s.read(ctx, func(q *sql.Tx) error {
		err := loadRules(ctx, q, rules)
		if err != nil {
			return fmt.Errorf("rules: %w", err)
		}
		err = each(ctx, q, func(r *sql.Rows) error {
			var c alerting.Contact
			var at, recorded int64
			err := r.Scan(&c.Resident, &at, &recorded)
			c.At, c.Recorded = database.Time(at), database.Time(recorded)
			contacts = append(contacts, c)
			return err
		}, `SELECT resident, at, recorded FROM alert_contacts ORDER BY recorded, at`)
		if err != nil {
			return fmt.Errorf("contacts: %w", err)
		}
		if unusual, err = loadUnusual(ctx, q); err != nil {
			return fmt.Errorf("labels: %w", err)
		}
		// A journal is kept for a week at most.
		if silences, err = loadSilences(ctx, q, s.Now().AddDate(0, 0, -15)); err != nil {
			return err
		}
		return loadCheckpoint(ctx, q, &saved)
	})
	if err != nil {
		return saved, fmt.Errorf("load: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.silences = rules, silences
	if n := len(contacts); n > 0 {
		s.noted = contacts[n-1].Recorded
	}
	for _, o := range unusual {
		for i, w := range o.windows {
			for _, at := range []time.Time{w.Recorded, o.until[i]} {
				if at.After(s.noted) {
					s.noted = at
				}
			}
		}
	}
	s.unusual = unusual
	clear(s.contacts)
	s.reached = nil
	for _, c := range contacts {
		s.remember(c)
	}
	return saved, nil
}

// LastContact is the newest contact with the resident that was recorded by then.
func (s *Store) LastContact(resident string, at time.Time) time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	known := s.contacts[resident]
	i, _ := slices.BinarySearchFunc(known, at, func(c contact, at time.Time) int {
		if c.recorded.After(at) {
			return 1
		}
		return -1
	})
	if i == 0 {
		return time.Time{}
	}
	return known[i-1].newest
}

// remember takes a contact into memory; s.mu is held. They come in the order in
// which they are recorded.
func (s *Store) remember(c alerting.Contact) {
	known := s.contacts[c.Resident]
	line := contact{c.Recorded, c.At}
	if n := len(known); n > 0 && known[n-1].newest.After(line.newest) {
		line.newest = known[n-1].newest
	}
	s.contacts[c.Resident] = append(known, line)
	s.reached = append(s.reached, reached{c.Recorded, c.Resident})
}

// Turns lists who was reached, as was recorded after from and until to.
func (s *Store) Turns(from, to time.Time) (residents []string, _ []devices.DeviceID, all bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range slices.Backward(s.reached) {
		switch {
		case r.recorded.After(to):
		case r.recorded.After(from):
			residents = append(residents, r.resident)
		default:
			return residents, nil, false
		}
	}
	return residents, nil, false
}

// AddContact keeps the contact until all else is written.
func (t *tx) AddContact(c alerting.Contact) error {
	t.contacts = append(t.contacts, c)
	return nil
}

// writeContacts is the last act of a transaction, as note demands.
func (t *tx) writeContacts(note func() time.Time) error {
	for i := range t.contacts {
		c := &t.contacts[i]
		c.Recorded = note()
		err := t.exec("write contact", `INSERT INTO alert_contacts (resident, recorded, at, alert, how, actor) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (resident, recorded, at) DO NOTHING`,
			c.Resident, database.Micros(c.Recorded), database.Micros(c.At), c.Alert, c.How, c.Actor)
		if err != nil {
			return err
		}
	}
	return nil
}
