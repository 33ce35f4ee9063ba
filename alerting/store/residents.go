package store

import (
	"fmt"

	"shouwang/alerting"
)

// OpenOfResident are the resident's alerts that are not closed, oldest first.
func (t *tx) OpenOfResident(resident string) ([]*alerting.Case, error) {
	ids, err := t.idsOf(`SELECT id FROM alerts WHERE resident = $1 AND state <> 'closed' ORDER BY opened_at, id`, resident)
	if err != nil {
		return nil, fmt.Errorf("open alerts of a resident: %w", err)
	}
	cases := make([]*alerting.Case, len(ids))
	for i, id := range ids {
		if cases[i], err = t.Alert(id); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

// VisitsOfResident are the visits to the resident that are still to come.
func (t *tx) VisitsOfResident(resident string) ([]*alerting.Visit, error) {
	ids, err := t.idsOf(`SELECT id FROM visits WHERE resident = $1 AND state IN ('planned', 'started') ORDER BY due, id`, resident)
	if err != nil {
		return nil, fmt.Errorf("visits of a resident: %w", err)
	}
	visits := make([]*alerting.Visit, len(ids))
	for i, id := range ids {
		if visits[i], err = t.Visit(id); err != nil {
			return nil, err
		}
	}
	return visits, nil
}

func (t *tx) idsOf(query string, args ...any) ([]string, error) {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
