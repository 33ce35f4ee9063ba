package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"shouwang/alerting"
)

// erasedData is the data of an alerting.LogErased: by number, the digest of what is left.
type erasedData struct {
	Left map[string]string `json:"left"`
}

// Chain is what Verify has found.
type Chain struct {
	Entries int64  // that were looked at
	Last    int64  // number of the last, 0 without any
	Head    string // its hash
	// Erased are the numbers of the entries of which an erasure has taken what
	// they said, in order.
	Erased []int64
	// Broken is the number of the first entry that is not what it was, or where
	// one is missing; 0 when the chain is whole. Why says what is wrong.
	Broken int64
	Why    string
	// Noted says that the entry that was noted elsewhere is there and has that
	// hash; it is false when none was asked for.
	Noted bool
}

// Whole says whether nothing is wrong.
func (c *Chain) Whole() bool { return c.Broken == 0 }

// Verify looks at every entry of the event log, in order, as of one instant. noted
// is the hash that was noted elsewhere of the entry with that number, "" for none:
// only with it can a log be found out that was written anew as a whole, or cut off
// behind its last entries.
func (s *Store) Verify(ctx context.Context, number int64, noted string) (Chain, error) {
	var c Chain
	err := s.read(ctx, func(q *sql.Tx) error {
		left, err := leftByErasures(ctx, q)
		if err != nil {
			return err
		}
		before := ""
		err = each(ctx, q, func(r *sql.Rows) error {
			e, err := scanLogged(r.Scan)
			if err != nil || c.Broken != 0 {
				return err
			}
			if c.Why = c.wrong(&e, before, left[e.number]); c.Why != "" {
				c.Broken = min(e.number, c.Last+1) // the first that is missing
				return nil
			}
			if noted != "" && e.number == number {
				if e.hash != noted {
					c.Broken, c.Why = e.number, "its hash is not the one that was noted"
					return nil
				}
				c.Noted = true
			}
			c.Entries++
			c.Last, c.Head, before = e.number, e.hash, e.hash
			return nil
		}, `SELECT `+loggedColumns+` FROM alert_events ORDER BY number`)
		if err != nil || c.Broken != 0 {
			return err
		}
		newest, err := newestEvent(ctx, q)
		switch {
		case err != nil:
			return err
		case newest != c.Last:
			c.Broken, c.Why = c.Last+1, fmt.Sprintf("the log ends before it, and %d was given last", newest)
		case noted != "" && !c.Noted:
			c.Broken, c.Why = c.Last+1, fmt.Sprintf("the log ends before it, and %d was noted", number)
		}
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("verify event log: %w", err)
	}
	return c, nil
}

// wrong says what is wrong with the entry, "" when nothing is.
func (c *Chain) wrong(e *logged, before, left string) string {
	switch {
	case e.number != c.Last+1:
		return fmt.Sprintf("it is missing: %d follows %d", e.number, c.Last)
	case e.hash == "":
		return "it is not chained; start the service once"
	case e.link(before) != e.hash:
		return "its number, type, time, alert, visit, area, provider or actor is not what was written, or it does not follow the one before"
	case e.content() == e.digest:
		return ""
	case left == "":
		return "what it says is not what was written, and no erasure has changed it"
	case e.content() != left:
		return "what an erasure has left of it was changed"
	}
	c.Erased = append(c.Erased, e.number)
	return ""
}

// leftByErasures are the digests of what erasures have left, by number; of several
// the last counts.
func leftByErasures(ctx context.Context, q queryer) (map[int64]string, error) {
	left := map[int64]string{}
	err := each(ctx, q, func(r *sql.Rows) error {
		var number int64
		var text string
		if err := r.Scan(&number, &text); err != nil {
			return err
		}
		var data erasedData
		if err := json.Unmarshal([]byte(text), &data); err != nil {
			return nil //nolint:nilerr // an entry that was tampered with is found when it is looked at
		}
		for key, digest := range data.Left {
			if n, err := strconv.ParseInt(key, 10, 64); err == nil && n < number {
				left[n] = digest
			}
		}
		return nil
	}, `SELECT number, data FROM alert_events WHERE type = $1 ORDER BY number`, alerting.LogErased)
	return left, err
}
