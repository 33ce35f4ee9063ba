// Package registry keeps who and what the service knows: areas, providers,
// residents, devices, the devices' secrets, who has which device and who is
// away. Everything is in SQL; what the pipeline asks for every record is also
// in memory, with its versions, and is answered as of a time of receipt, so
// that a journal read again gives the same answers.
package registry

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Registry is safe for concurrent use.
type Registry struct {
	db  *database.DB
	now func() time.Time

	// editing lets one edit happen at a time, from its checks to its commit.
	editing sync.Mutex
	edits   int64 // number of the newest edit
	last    int64 // its time, microseconds

	// mu guards what is below. An edit takes it before it notes its time and
	// holds it over the commit: whoever asks about a later moment waits those
	// milliseconds and sees the edit, whoever asked before asked about an
	// earlier moment. So live and in a replay a record sees the same.
	mu        sync.RWMutex
	areas     map[devices.AreaPath]string
	providers map[string]string // id: name
	villages  map[devices.AreaPath][]*serving
	residents map[string]*residentEntry
	devices   map[devices.DeviceID]*deviceEntry
	absences  map[string]*absence
	gateways  map[string]*gatewayEntry
	turns     turns
	asked     atomic.Pointer[asked]
	// erased are the residents whose data was erased, erasedSpans the readings.
	erased      map[string]bool
	erasedSpans map[devices.DeviceID][]devices.Span
	// erasedData are the spans of which one type of data was erased.
	erasedData map[devices.DeviceID][]erasedData

	consentRequired bool // never changed once it is asked
}

// Open loads the registry from db.
func Open(ctx context.Context, db *database.DB) (*Registry, error) {
	r := &Registry{
		db: db, now: time.Now,
		areas: map[devices.AreaPath]string{}, providers: map[string]string{}, villages: map[devices.AreaPath][]*serving{},
		residents: map[string]*residentEntry{}, devices: map[devices.DeviceID]*deviceEntry{},
		absences: map[string]*absence{}, gateways: map[string]*gatewayEntry{},
		erased: map[string]bool{}, erasedSpans: map[devices.DeviceID][]devices.Span{}, erasedData: map[devices.DeviceID][]erasedData{},
	}
	if err := r.load(ctx); err != nil {
		return nil, fmt.Errorf("load registry: %w", err)
	}
	return r, nil
}

// edit is one durable change: SQL first, memory after the commit.
type edit struct {
	ctx   context.Context //nolint:containedctx // lives no longer than the call it belongs to
	tx    *sql.Tx
	id    int64
	now   time.Time
	stmts map[string]*sql.Stmt

	by, reason string         // of a change of state
	within     *devices.Scope // nil: everything
	onlyNew    bool
	// numbered: also the only element of a list is named by its number.
	numbered bool

	// What this edit has entered so far, for the checks of what follows.
	areas     map[devices.AreaPath]bool
	residents map[string]*residentEntry
	devices   map[devices.DeviceID]*deviceEntry
	gateways  map[string]bool
	assigned  map[devices.DeviceID][]*assignment
	ended     map[*assignment]bool
	// apply brings memory up to date; recorded is the time of the edit.
	apply []func(recorded int64)
}

// exec runs a statement that is prepared once per edit.
func (e *edit) exec(query string, args ...any) error {
	stmt := e.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = e.tx.PrepareContext(e.ctx, query); err != nil {
			return err
		}
		e.stmts[query] = stmt
	}
	_, err := stmt.ExecContext(e.ctx, args...)
	return err
}

func (e *edit) then(f func(recorded int64)) { e.apply = append(e.apply, f) }

// edit runs fn in one transaction. When fn has nothing to apply, no edit is
// noted.
func (r *Registry) edit(ctx context.Context, fn func(*edit) error) error {
	r.editing.Lock()
	defer r.editing.Unlock()
	e := &edit{
		ctx: ctx, id: r.edits + 1, now: database.Time(r.present()), stmts: map[string]*sql.Stmt{},
		areas: map[devices.AreaPath]bool{}, residents: map[string]*residentEntry{}, devices: map[devices.DeviceID]*deviceEntry{},
		gateways: map[string]bool{}, assigned: map[devices.DeviceID][]*assignment{}, ended: map[*assignment]bool{},
	}
	locked, recorded := false, int64(0)
	err := r.db.Tx(ctx, func(tx *sql.Tx) error {
		e.tx = tx
		if err := fn(e); err != nil {
			return err
		}
		if len(e.apply) == 0 {
			return nil
		}
		r.mu.Lock()
		locked = true
		// A clock set back must not put this edit before the one it builds on.
		recorded = max(r.now().UnixMicro(), r.last)
		return e.exec(`INSERT INTO registry_edits (id, recorded) VALUES ($1, $2)`, e.id, recorded)
	})
	if locked {
		defer r.mu.Unlock()
	}
	if err != nil || !locked {
		return err
	}
	r.edits, r.last = e.id, recorded
	for _, f := range e.apply {
		f(recorded)
	}
	return nil
}
