package store

import (
	"shouwang/alerting"
	"shouwang/devices/database"
)

// AddNotice puts the notice into the outbox, in the transaction of the change
// that it tells of.
func (t *tx) AddNotice(n alerting.Notice) error {
	data, err := marshal(n.Data)
	if err != nil {
		return err
	}
	t.notices++
	if n.Reason == alerting.NoticeAgain {
		return t.exec("write notice", `INSERT INTO outbox (key, person, reason, alert, severity, area, at, data, state)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, 'waiting'
WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE alert = $4 AND person = $2 AND state = 'waiting') ON CONFLICT (key) DO NOTHING`,
			n.Key, n.Person, n.Reason, n.Alert, n.Severity, n.Area, database.Micros(n.At), data)
	}
	return t.exec("write notice", `INSERT INTO outbox (key, person, reason, alert, severity, area, at, data, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting') ON CONFLICT (key) DO NOTHING`,
		n.Key, n.Person, n.Reason, n.Alert, n.Severity, n.Area, database.Micros(n.At), data)
}
