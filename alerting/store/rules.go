package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// RuleVersions lists the newest versions of the rules, newest first, each laid
// over the defaults as it holds. The version a fresh service starts with was
// changed by nobody and is not among them.
func (s *Store) RuleVersions(ctx context.Context, limit int) ([]alerting.RuleVersion, error) {
	var versions []alerting.RuleVersion
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		v := alerting.RuleVersion{Rules: alerting.DefaultRules()}
		var held int64
		var body string
		if err := r.Scan(&v.Rules.Version, &held, &body, &v.By, &v.Reason); err != nil {
			return err
		}
		number := v.Rules.Version
		if err := json.Unmarshal([]byte(body), v.Rules); err != nil {
			return fmt.Errorf("rules version %d: %w", number, err)
		}
		v.From, v.Rules.Version = database.Time(held), number
		versions = append(versions, v)
		return nil
	}, `SELECT version, held, body, actor, reason FROM alert_rules ORDER BY version DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("versions of rules: %w", err)
	}
	return versions, nil
}
