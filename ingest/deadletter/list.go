package deadletter

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
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
	var conditions []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	switch {
	case f.Scope.Provider != "":
		return devices.DeadLetterPage{}, nil // payloads are not for those who knock on doors
	case f.Scope.Vendor != "":
		conditions = append(conditions, "l.vendor = "+arg(f.Scope.Vendor))
	case !slices.Contains(f.Scope.Areas, ""):
		inside := []string{"1 = 0"}
		for _, a := range f.Scope.Areas {
			p := arg(string(a))
			inside = append(inside, where+" = "+p, "("+where+" > "+p+" || '/' AND "+where+" < "+p+" || '0')")
		}
		conditions = append(conditions, "("+strings.Join(inside, " OR ")+")")
	}
	if f.Device != "" {
		conditions = append(conditions, "l.device = "+arg(string(f.Device)))
	}
	if len(f.Code) > 0 {
		codes := make([]string, len(f.Code))
		for i, c := range f.Code {
			codes[i] = arg(string(c))
		}
		conditions = append(conditions, "l.code IN ("+strings.Join(codes, ", ")+")")
	}
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return devices.DeadLetterPage{}, err
		}
		t := arg(at)
		conditions = append(conditions, "(l.received < "+t+" OR l.received = "+t+" AND l.id < "+arg(id)+")")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	query := `SELECT l.id, l.received, l.device, l.topic, l.code, l.field, l.value, l.rule, l.sha256, l.payload, l.count FROM dead_letters l`
	if len(conditions) > 0 {
		query += " WHERE " + strings.Join(conditions, " AND ")
	}
	items, err := s.query(ctx, query+" ORDER BY l.received DESC, l.id DESC LIMIT "+strconv.Itoa(limit+1), args)
	if err != nil {
		return devices.DeadLetterPage{}, fmt.Errorf("list dead letters: %w", err)
	}
	page := devices.DeadLetterPage{Items: items}
	if len(items) > limit {
		page.Items = items[:limit]
		last := items[limit-1]
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(database.Micros(last.Received), 10) + " " + last.ID))
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
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	before, id, ok := strings.Cut(string(text), " ")
	if err == nil && ok {
		if at, err = strconv.ParseInt(before, 10, 64); err == nil {
			return at, id, nil
		}
	}
	return 0, "", &devices.InputError{Field: "cursor", Value: cursor[:min(len(cursor), 100)], Rule: "must be one that a page before gave"}
}
