package store

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// Callout says who is told of a case and when.
func (s *Store) Callout(now time.Time, c *alerting.Case, tier devices.Tier, rules *alerting.Rules) alerting.Callout {
	return alerting.Callout{}
}

// AddSeen keeps that the case was shown to a person since it last rang.
func (t *tx) AddSeen(c *alerting.Case, person, via string, at time.Time) (bool, error) {
	res, err := t.tx.ExecContext(t.ctx, `INSERT INTO alert_seen (alert, rung, person, at, via) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (alert, rung, person) DO NOTHING`, c.ID, database.Micros(c.Rung()), person, database.Micros(at), via)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
