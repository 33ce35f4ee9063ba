package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/report"
	"shouwang/devices"
	"shouwang/devices/database"
)

// MonthCases are the alerts that were opened in [from, to) in an area of the
// scope, with when each step was first taken, oldest first.
func (s *Store) MonthCases(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to time.Time) ([]report.Case, error) {
	cond := &database.Query{}
	inScope(cond, scope)
	cond.Inside("area", area)
	cond.Where(`opened_at >= ?`, database.Micros(from))
	cond.Where(`opened_at < ?`, database.Micros(to))
	list := []report.Case{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var c report.Case
		var late, wasRed, opened, red, seen, acked, called, door, closed int64
		err := r.Scan(&c.ID, &c.Kind, &c.Severity, &c.State, &late, &c.Area, &c.Resident, &c.Outcome, &opened, &closed,
			&red, &wasRed, &seen, &acked, &called, &door, &c.Cause)
		c.Late = late != 0
		c.Opened, c.Closed = database.Time(opened), database.Time(closed)
		c.Seen, c.Acked, c.Called, c.AtDoor = database.Time(seen), database.Time(acked), database.Time(called), database.Time(door)
		if wasRed != 0 { // and was lowered
			c.Severity = alerting.Red
		}
		if c.Severity == alerting.Red {
			c.Red = c.Opened
			if red != 0 {
				c.Red = database.Time(red)
			}
		}
		list = append(list, c)
		return err
		// An alert that is closed without having been taken up before is so with
		// its end: acked_at says it. One that became red and rang is taken up anew.
	}, `SELECT id, kind, severity, state, late, area, resident, outcome, opened_at, closed_at, red, was_red,
COALESCE((SELECT min(s.at) FROM alert_seen s WHERE s.alert = a.id), 0),
COALESCE((SELECT min(e.at) FROM alert_events e WHERE e.alert = a.id AND e.type = 'alert.acked' AND e.at >= red), acked_at),
COALESCE((SELECT min(c.started) FROM calls c WHERE c.alert = a.id), 0),
COALESCE((SELECT min(CASE WHEN v.arrived_at > 0 THEN v.arrived_at ELSE v.report_at END) FROM visits v
  WHERE v.alert = a.id AND v.kind = 'home' AND (v.arrived_at > 0 OR v.report_at > 0)), 0),
COALESCE((SELECT l.cause FROM alert_labels l WHERE l.alert = a.id ORDER BY l.recorded DESC LIMIT 1), '')
FROM (SELECT *,
  COALESCE((SELECT min(e.at) FROM alert_events e WHERE e.alert = alerts.id AND e.data LIKE '%"severity_to":"red"%'), 0) AS red,
  EXISTS (SELECT 1 FROM alert_events e WHERE e.alert = alerts.id AND e.data LIKE '%"severity_from":"red"%') AS was_red
  FROM alerts`+cond.SQL()+`) a ORDER BY opened_at, id`, cond.Args()...)
	if err != nil {
		return nil, fmt.Errorf("read the month's alerts: %w", err)
	}
	return list, nil
}

// MonthSilences are the times in which devices of residents said nothing that
// reach into [from, to), alone or as part of an outage.
func (s *Store) MonthSilences(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to time.Time) ([]report.Silence, error) {
	cond := &database.Query{}
	inScope(cond, scope)
	cond.Inside("area", area)
	cond.Where(`resident <> ''`)
	cond.Where(`since < ?`, database.Micros(to))
	cond.Where(`(until_at = 0 OR until_at > ?)`, database.Micros(from))
	list := []report.Silence{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var one report.Silence
		var since, until int64
		err := r.Scan(&one.Device, &one.Resident, &one.Area, &since, &until)
		one.From, one.To = database.Time(since), database.Time(until)
		list = append(list, one)
		return err
	}, `SELECT subject, resident, area, since, until_at FROM (
SELECT subject, resident, area, provider, since, CASE WHEN recovered_at > 0 THEN recovered_at ELSE closed_at END AS until_at
FROM alerts WHERE kind = 'device_silent' AND subject_type = 'device'
UNION ALL
SELECT m.subject, m.resident, m.area, m.provider, m.episode, CASE WHEN o.recovered_at > 0 THEN o.recovered_at WHEN m.back = 1 THEN m.known_at ELSE o.closed_at END
FROM alert_members m JOIN alerts o ON o.id = m.alert WHERE m.kind = 'device_silent' AND m.subject_type = 'device') d`+cond.SQL()+` ORDER BY since`, cond.Args()...)
	if err != nil {
		return nil, fmt.Errorf("read the month's silences: %w", err)
	}
	return list, nil
}
