package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// loadRules reads all changes of the rules. A setting that came with a later
// release has its default.
func loadRules(ctx context.Context, q *sql.Tx, rules *alerting.Rulebook) error {
	return each(ctx, q, func(r *sql.Rows) error {
		var c alerting.RuleChange
		var held int64
		var body string
		if err := r.Scan(&c.Version, &held, &body, &c.By, &c.Reason, &c.Scope.Area, &c.Scope.Tier, &c.Scope.Resident); err != nil {
			return err
		}
		c.From, c.Settings = database.Time(held), json.RawMessage(body)
		return rules.Add(c)
	}, `SELECT version, held, body, actor, reason, area, tier, resident FROM alert_rules ORDER BY held, version`)
}

// Rules are those that held for somebody at a time of receipt.
func (s *Store) Rules(at time.Time, of alerting.RuleScope) *alerting.Rules {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules.Rules(at, of)
}

// NewestRules is the version of the newest change that held for anybody.
func (s *Store) NewestRules(at time.Time) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules.Newest(at)
}

// PutRules makes new rules hold for the whole service, as ChangeRules does.
func (s *Store) PutRules(ctx context.Context, rules *alerting.Rules, by alerting.Actor, reason string, from time.Time) (int, error) {
	if err := rules.Check(); err != nil {
		return 0, err
	}
	body, err := json.Marshal(rules)
	if err != nil {
		return 0, fmt.Errorf("rules: %w", err)
	}
	return s.ChangeRules(ctx, alerting.RuleChange{From: from, By: by.User, Reason: reason, Settings: body})
}

// ChangeRules makes the settings of a scope hold from a time on, which is neither
// before now nor before the last change, and returns the change's version. What
// would give anybody rules that no service could run with is refused with an
// *alerting.InputError.
func (s *Store) ChangeRules(ctx context.Context, c alerting.RuleChange) (int, error) {
	if c.Reason == "" {
		return 0, &alerting.InputError{Field: "reason", Rule: "must not be empty"}
	}
	c.From = c.From.UTC().Truncate(time.Microsecond)
	err := s.write(ctx, func(t *sql.Tx, note func() time.Time) error {
		// There is one write at a time, so what is tried is what will be.
		s.mu.RLock()
		_, err := s.rules.Try(c)
		last, since := s.rules.Last()
		s.mu.RUnlock()
		if err != nil {
			return err
		}
		c.Version = last + 1
		if now := note(); c.From.Before(now) {
			c.From = now
		}
		if c.From.Before(since) {
			c.From = since
		}
		_, err = t.ExecContext(ctx, `INSERT INTO alert_rules (version, held, body, actor, reason, area, tier, resident)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.Version, database.Micros(c.From), string(c.Settings), c.By, c.Reason, string(c.Scope.Area), string(c.Scope.Tier), c.Scope.Resident)
		if err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
		return nil
	}, func() {
		// Try has read the settings, so they cannot be refused here.
		_ = s.rules.Add(c)
	})
	return c.Version, err
}

// TryRules says what rules everybody would have with a change, or why it cannot
// be made.
func (s *Store) TryRules(c alerting.RuleChange) (func(alerting.RuleScope) *alerting.Rules, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.rules.Try(c); err != nil {
		return nil, err
	}
	with, err := s.rules.With(c)
	if err != nil {
		return nil, err
	}
	_, from := with.Last()
	return func(of alerting.RuleScope) *alerting.Rules { return with.Rules(from, of) }, nil
}

// RuleVersions lists the newest changes that the caller may see, newest first,
// with what their scope has had since. The version a fresh service starts with was
// changed by nobody and is not among them.
func (s *Store) RuleVersions(limit int, see func(alerting.RuleScope) bool) []alerting.RuleVersion {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules.Versions(limit, see)
}

// RuleChanges lists the changes that hold for somebody or have, newest first.
func (s *Store) RuleChanges(of alerting.RuleScope) []alerting.RuleChange {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules.Changes(of)
}

// RuleSources lists where somebody's settings that are not the defaults come from.
func (s *Store) RuleSources(at time.Time, of alerting.RuleScope) []alerting.RuleSource {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules.Sources(at, of)
}
