package deadletter

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"shouwang/devices"
	"shouwang/devices/database"
)

// where is the area in which a letter's device is: its resident's, or its own.
const where = `COALESCE((SELECT p.area FROM assignments a JOIN residents p ON p.id = a.resident WHERE a.device = l.device AND a.ended = 0 ORDER BY a.edit DESC LIMIT 1),
	(SELECT d.area FROM devices d WHERE d.id = l.device), '')`

// List answers one page.
func (s *Store) List(ctx context.Context, f devices.DeadLetterFilter) (devices.DeadLetterPage, error) {
	q := &database.Query{}
	switch {
	case f.Scope.Provider != "":
		return devices.DeadLetterPage{}, nil // payloads are not for those who knock on doors
	case f.Scope.Vendor != "":
		q.Where("l.vendor = ?", f.Scope.Vendor)
	default:
		q.Inside(where, f.Scope.Areas...)
	}
	if f.Device != "" {
		q.Where("l.device = ?", string(f.Device))
	}
	database.In(q, "l.code", f.Code)
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return devices.DeadLetterPage{}, err
		}
		q.Where("(l.received < ? OR l.received = ? AND l.id < ?)", at, at, id)
	}
	limit := database.Limit(f.Limit)
	items, err := s.query(ctx, `SELECT l.id, l.received, l.device, l.topic, l.code, l.field, l.value, l.rule, l.sha256, l.payload, l.count FROM dead_letters l`+
		q.SQL()+` ORDER BY l.received DESC, l.id DESC LIMIT `+strconv.Itoa(limit+1), q.Args())
	if err != nil {
		return devices.DeadLetterPage{}, fmt.Errorf("list dead letters: %w", err)
	}
	page := devices.DeadLetterPage{Items: items}
	if len(items) > limit {
		page.Items = items[:limit]
		last := items[limit-1]
		page.Next = database.Cursor(strconv.FormatInt(database.Micros(last.Received), 10) + " " + last.ID)
	}
	return page, nil
}

func (s *Store) query(ctx context.Context, query string, args []any) ([]devices.DeadLetter, error) {
	rows, err := s.db.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below says what went wrong
	var items []devices.DeadLetter
	for rows.Next() {
		var l devices.DeadLetter
		var received int64
		if err := rows.Scan(&l.ID, &received, &l.Device, &l.Topic, &l.Code, &l.Field, &l.Value, &l.Rule, &l.SHA256, &l.Payload, &l.Count); err != nil {
			return nil, err
		}
		l.Received = database.Time(received)
		items = append(items, l)
	}
	return items, rows.Err()
}

func parseCursor(cursor string) (at int64, id string, err error) {
	key, err := database.Key(cursor)
	if err != nil {
		return 0, "", err
	}
	before, id, ok := strings.Cut(key, " ")
	if at, err = strconv.ParseInt(before, 10, 64); err != nil || !ok {
		return 0, "", database.WrongCursor(cursor)
	}
	return at, id, nil
}
