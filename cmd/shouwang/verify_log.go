package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"shouwang/alerting/store"
	"shouwang/dashboard/access"
	"shouwang/devices/database"
)

// verifyLogCmd checks the chains of the event log and of the audit log: whether anything in it was
// changed, removed or added by other hands than the service's. The service may be
// running; nothing is written.
type verifyLogCmd struct {
	Data  string    `help:"Data folder of the service." default:"./data" type:"path"`
	Noted notedHash `help:"Number and hash that were noted elsewhere at an earlier time, as this command has printed them: NUMBER:HASH." placeholder:"NUMBER:HASH"`
}

// notedHash is the number of an entry and the hash it had.
type notedHash struct {
	number int64
	hash   string
}

// UnmarshalText reads it as the command prints it.
func (n *notedHash) UnmarshalText(text []byte) error {
	number, hash, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	var err error
	if n.number, err = strconv.ParseInt(number, 10, 64); err != nil || !ok || n.number < 1 || len(hash) != 64 {
		return fmt.Errorf("%q is not NUMBER:HASH as this command prints it", text)
	}
	n.hash = strings.ToLower(hash)
	return nil
}

// errLogBroken is the error of a log that is not what was written.
var errLogBroken = errors.New("the event log is not whole")

// Run verifies, and says what it has found. The exit status is 0 only for a chain
// that is whole.
func (c *verifyLogCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	db, err := database.OpenReadOnly(ctx, filepath.Join(c.Data, "state.db"))
	if err != nil {
		return fmt.Errorf("verify-log: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	chain, err := store.New(db).Verify(ctx, c.Noted.number, c.Noted.hash)
	if err != nil {
		return err
	}
	if !chain.Whole() {
		fmt.Fprintf(stdout, "BROKEN at event %d: %s\nwhole up to event %d\n", chain.Broken, chain.Why, chain.Last)
		return errLogBroken
	}
	fmt.Fprintf(stdout, "whole: %d events\n", chain.Entries)
	lines, err := access.New(db, access.Options{}).VerifyAudit(ctx)
	if _, broken := errors.AsType[*access.BrokenError](err); broken {
		fmt.Fprintf(stdout, "BROKEN: %v\n", err)
		return errLogBroken
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "whole: %d lines of the audit log\n", lines)
	if chain.Noted {
		fmt.Fprintf(stdout, "event %d is the one that was noted\n", c.Noted.number)
	}
	if n := len(chain.Erased); n > 0 {
		fmt.Fprintf(stdout, "erased: what %d of them said (%s)\n", n, ranges(chain.Erased))
	}
	if chain.Last > 0 {
		fmt.Fprintf(stdout, "head %d:%s\n", chain.Last, chain.Head)
	}
	return nil
}

// ranges writes growing numbers shortly: 1-3, 7.
func ranges(numbers []int64) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := strconv.FormatInt(numbers[i], 10)
		if j > i {
			part += "-" + strconv.FormatInt(numbers[j], 10)
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
