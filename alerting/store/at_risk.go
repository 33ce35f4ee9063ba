package store

import (
	"context"
	"database/sql"
	"fmt"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// AtRisk lists the residents whom an outage hides: those not seen and not phoned
// yet first.
func (s *Store) AtRisk(ctx context.Context, alert string) ([]alerting.AtRisk, error) {
	var all []alerting.AtRisk
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var one alerting.AtRisk
		var back, at int64
		if err := r.Scan(&one.Resident.ID, &one.Resident.Name, &back, &at, &one.Result); err != nil {
			return err
		}
		one.Back = back != 0
		if at != 0 {
			one.CalledAt = database.Time(at)
		}
		all = append(all, one)
		return nil
	}, `SELECT m.resident, min(m.resident_name), min(m.back) AS back, COALESCE(max(c.at), 0) AS called, COALESCE(max(c.result), '')
FROM alert_members m LEFT JOIN alert_calls c ON c.alert = m.alert AND c.resident = m.resident
WHERE m.alert = $1 AND m.resident <> '' GROUP BY m.resident ORDER BY back, called, m.resident`, alert)
	if err != nil {
		return nil, fmt.Errorf("read residents of an outage: %w", err)
	}
	return all, nil
}
