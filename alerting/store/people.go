package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"shouwang/alerting/notify"
	"shouwang/devices/database"
)

// People reads by which channels everybody is told.
func (s *Store) People(ctx context.Context) (map[string]notify.Person, error) {
	people := map[string]notify.Person{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var who, language string
		err := r.Scan(&who, &language)
		people[who] = notify.Person{Language: language}
		return err
	}, `SELECT person, language FROM person_languages`)
	if err != nil {
		return nil, fmt.Errorf("read languages: %w", err)
	}
	err = each(ctx, s.db.Read, func(r *sql.Rows) error {
		var who string
		var c notify.PersonChannel
		var enabled, verified int64
		if err := r.Scan(&who, &c.Channel, &c.Address, &enabled, &verified, &c.QuietFrom, &c.QuietTo); err != nil {
			return err
		}
		c.Enabled, c.VerifiedAt = enabled != 0, database.Time(verified)
		p := people[who]
		p.Channels = append(p.Channels, c)
		people[who] = p
		return nil
	}, `SELECT person, channel, address, enabled, verified_at, quiet_from, quiet_to FROM person_channels ORDER BY person, position`)
	if err != nil {
		return nil, fmt.Errorf("read people's channels: %w", err)
	}
	return people, nil
}

// PutPerson replaces a person's channels. A channel whose address stays keeps
// when it was tried.
func (s *Store) PutPerson(ctx context.Context, who string, p notify.Person) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		verified := map[[2]string]int64{}
		err := each(ctx, tx, func(r *sql.Rows) error {
			var k [2]string
			var at int64
			err := r.Scan(&k[0], &k[1], &at)
			verified[k] = at
			return err
		}, `SELECT channel, address, verified_at FROM person_channels WHERE person = $1`, who)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM person_channels WHERE person = $1`, who); err != nil {
			return err
		}
		for i, c := range p.Channels {
			if _, err := tx.ExecContext(ctx, `INSERT INTO person_channels (person, position, channel, address, enabled, verified_at, quiet_from, quiet_to)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, who, i, c.Channel, c.Address, bit(c.Enabled), verified[[2]string{c.Channel, c.Address}], c.QuietFrom, c.QuietTo); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO person_languages (person, language) VALUES ($1, $2)
ON CONFLICT (person) DO UPDATE SET language = excluded.language`, who, p.Language)
		return err
	})
	if err != nil {
		return fmt.Errorf("write channels of a person: %w", err)
	}
	return nil
}

// ServiceKey is the service's own secret of that name, 32 random bytes, made
// when it is first asked for.
func (s *Store) ServiceKey(ctx context.Context, name string) (key []byte, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT key FROM service_keys WHERE name = $1`, name).Scan(&key)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		key = make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO service_keys (name, key) VALUES ($1, $2)`, name, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("service key %s: %w", name, err)
	}
	return key, nil
}

// UseLink notes that the link was used; first is false when it had been.
func (s *Store) UseLink(ctx context.Context, link string, now time.Time) (first bool, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO used_links (link, at) VALUES ($1, $2) ON CONFLICT (link) DO NOTHING`, link, database.Micros(now))
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		first = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("use link: %w", err)
	}
	return first, nil
}

// LinkUsed says when the link was used, zero for never.
func (s *Store) LinkUsed(ctx context.Context, link string) (time.Time, error) {
	var at int64
	err := s.db.Read.QueryRowContext(ctx, `SELECT at FROM used_links WHERE link = $1`, link).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("look up link: %w", err)
	}
	return database.Time(at), nil
}
