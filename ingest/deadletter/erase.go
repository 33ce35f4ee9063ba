package deadletter

import (
	"context"
	"database/sql"
	"fmt"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Erase deletes the letters of the spans' devices that came within the spans,
// those that were only counted too.
func (s *Store) Erase(ctx context.Context, spans []devices.Span) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, span := range spans {
			if _, err := tx.ExecContext(ctx, `DELETE FROM dead_letters WHERE device = $1 AND received >= $2 AND received < $3`,
				string(span.Device), database.Micros(span.From), database.Micros(span.To)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("erase dead letters: %w", err)
	}
	return nil
}
