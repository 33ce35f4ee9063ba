package access

import (
	"context"
	"fmt"
	"slices"

	"shouwang/devices"
)

// WorkerFilter selects accounts by what they are for.
type WorkerFilter struct {
	// Role is what they are one of; none is any.
	Role []Role
	// Provider is the organisation they work for; "" is any or none.
	Provider string
	// Area is where they must be able to work; nil is anywhere.
	Area *devices.AreaPath
	// Disabled keeps those who cannot sign in.
	Disabled bool
}

// Workers lists accounts in order of their names.
func (s *Store) Workers(ctx context.Context, f WorkerFilter) ([]Account, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT `+accountColumns+` FROM accounts a ORDER BY a.username`)
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var list []Account
	for rows.Next() {
		a, err := scanAccount(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list workers: %w", err)
		}
		if a.Disabled && !f.Disabled || len(f.Role) > 0 && !slices.Contains(f.Role, a.Role) || f.Provider != "" && a.Provider != f.Provider {
			continue
		}
		if f.Area == nil || (devices.Scope{Areas: a.Areas}).Area(*f.Area) {
			list = append(list, a)
		}
	}
	return list, rows.Err()
}

// Visitors are who goes to doors in the area: the provider's people, or without a
// provider the assistants of the village; user names in order.
func (s *Store) Visitors(ctx context.Context, provider string, area devices.AreaPath) ([]string, error) {
	f := WorkerFilter{Role: []Role{Assistant}, Area: &area}
	if provider != "" {
		f.Role, f.Provider = []Role{Provider}, provider
	}
	return s.usernames(ctx, f)
}

// Supervisors are those who see the area, or where there are none its
// administrators: what is told to supervisors reaches somebody. User names in order.
func (s *Store) Supervisors(ctx context.Context, area devices.AreaPath) ([]string, error) {
	names, err := s.usernames(ctx, WorkerFilter{Role: []Role{Supervisor}, Area: &area})
	if err != nil || len(names) > 0 {
		return names, err
	}
	return s.usernames(ctx, WorkerFilter{Role: []Role{Administrator}, Area: &area})
}

func (s *Store) usernames(ctx context.Context, f WorkerFilter) ([]string, error) {
	list, err := s.Workers(ctx, f)
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Username
	}
	return names, err
}
