// Package duckdb is the embedded event store: events, sessions, payments and
// profiles of all websites in one DuckDB file.
//
// Read Open, then Append (write.go) and sessions.go; reads are eventsql's. An event
// is durable in the log, then a row, then part of a session. One connection writes
// rows, guarded by Store.mu; any number read. A read of a website first makes rows of
// what the log holds and merges that website's waiting sessions, so that it sees
// every acknowledged event.
//
// It may import event, analytics, ingest, revenue, eventlog, eventsql, sessionize and
// sqlgen. It must not decide what a metric means: that is sqlgen's, after package
// analytics.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"datafast/internal/event"
	"datafast/internal/store/eventlog"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
	"datafast/internal/store/sqlgen"
)

// Options say how to open a store.
type Options struct {
	Path      string           // the file; its folder must exist
	MustExist bool             // a missing file is an error, never a fresh store
	MemoryMB  int              // the engine's memory limit; 0 means 512
	Threads   int              // 0 means all cores
	Now       func() time.Time // nil means time.Now
	Log       *slog.Logger     // nil means none
}

// Store is an open event store.
type Store struct {
	*eventsql.Reader

	db      *sql.DB
	now     func() time.Time
	log     *slog.Logger
	tending sync.WaitGroup
	stop    context.CancelFunc

	// layout is held by whoever changes or removes rows of sealed days: Cluster, and
	// the writer, which takes it before mu, so that ingest need not wait for it.
	layout      sync.Mutex
	clusterRows int64

	arriving *eventlog.Log // what is durable and may not be a row yet
	format   eventsql.Format

	mu       sync.Mutex // guards the writer and what follows
	writer   *sql.Conn
	arrived  []*event.Event // taken from the log, and not rows yet
	tracker  *sessionize.Tracker
	unmerged string // lowest id of the events that became rows since the last merge; "": none
	written  bool   // since the last checkpoint

	numMu sync.RWMutex
	nums  map[string]uint32 // website id -> number
	ids   map[uint32]string
}

// Open opens or makes the store.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.MustExist {
		if _, err := os.Stat(o.Path); err != nil {
			return nil, fmt.Errorf("event store %s is missing although this installation has one; restore it from a backup", o.Path)
		}
	}
	if o.MemoryMB == 0 {
		o.MemoryMB = 512
	}
	dsn := fmt.Sprintf("%s?memory_limit=%dMB&wal_autocheckpoint=64MB&preserve_insertion_order=false", o.Path, o.MemoryMB)
	if o.Threads > 0 {
		dsn += fmt.Sprintf("&threads=%d", o.Threads)
	}
	connector, err := duckdb.NewConnector(dsn, nil)
	if err != nil {
		return nil, openError(o.Path, err)
	}
	s := &Store{
		db: sql.OpenDB(connector), clusterRows: clusterRows, now: o.Now, log: o.Log,
		nums: map[string]uint32{}, ids: map[uint32]string{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.Reader = &eventsql.Reader{DB: s.db, Dialect: sqlgen.DuckDB(), Sites: numbers{s}, Now: s.now, Flush: s.flush, Settle: s.settle, Snapshot: s.snapshot, AtOnce: 1}
	s.format = eventsql.Format{
		Site: func(id string) driver.Value { return s.numOf(id) },
		ID:   func(id eventsql.ID) driver.Value { return duckdb.UUID(id) },
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.start(ctx, o.Path); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.tending.Go(func() { s.tend(background) })
	s.tending.Go(func() { s.clusterNightly(background) })
	return s, nil
}

func openError(path string, err error) error {
	if strings.Contains(err.Error(), "Could not set lock") || strings.Contains(err.Error(), "Conflicting lock") {
		return fmt.Errorf("event store %s is in use by another process; stop it first, or give another --data", path)
	}
	return fmt.Errorf("open event store %s: %w", path, err)
}

func (s *Store) start(ctx context.Context, path string) error {
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if err := s.readWebsites(ctx); err != nil {
		return err
	}
	var err error
	if s.writer, err = s.db.Conn(ctx); err != nil {
		return fmt.Errorf("open writer: %w", err)
	}
	if _, err := s.writer.ExecContext(ctx, `CREATE TEMP TABLE staged AS FROM sessions LIMIT 0;
		CREATE TEMP TABLE staged_visitors (site UINTEGER, visitor UUID)`); err != nil {
		return fmt.Errorf("make staging tables: %w", err)
	}
	if err := s.recover(ctx); err != nil {
		return err
	}
	return s.openLog(ctx, path)
}

// openLog opens the log beside the file, and makes rows of what the last run left in it.
func (s *Store) openLog(ctx context.Context, path string) error {
	var logged uint64
	err := s.db.QueryRowContext(ctx, `SELECT value::UBIGINT FROM meta WHERE key = 'logged'`).Scan(&logged)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the number of stored events: %w", err)
	}
	if s.arriving, err = eventlog.Open(path+".log", logged); err != nil {
		return err
	}
	if _, err = s.mergeIfWaiting(ctx); err != nil {
		return errors.Join(err, s.arriving.Close())
	}
	return nil
}

// recover derives the sessions of the events that became rows and were not merged in
// the last run, and takes up the open ones.
func (s *Store) recover(ctx context.Context) error {
	known := s.now().Add(-event.SessionGap - time.Minute)
	open, err := s.ReadSessions(ctx, s.db, `SELECT site, `+eventsql.SessionColumns+` FROM sessions WHERE ended_at > ?`, known.UnixMilli())
	if err != nil {
		return err
	}
	s.tracker = sessionize.New(known, open)
	var unmerged eventsql.ID
	err = s.db.QueryRowContext(ctx, `SELECT value::UUID FROM meta WHERE key = 'unmerged'`).Scan(&unmerged)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the first unmerged event: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT DISTINCT site, visitor FROM events WHERE id >= CAST(? AS UUID)`, unmerged.String())
	if err != nil {
		return fmt.Errorf("find unmerged events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var num uint32
		var visitor eventsql.ID
		if err := rows.Scan(&num, &visitor); err != nil {
			return fmt.Errorf("scan unmerged events: %w", err)
		}
		s.tracker.MarkStale(sessionize.Key{WebsiteID: s.idOf(num), Visitor: event.VisitorID(visitor)}, time.Time{})
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("find unmerged events: %w", err)
	}
	return s.merge(ctx)
}

// numbers names websites in rows by their number.
type numbers struct{ s *Store }

// Key implements eventsql.Sites.
func (n numbers) Key(websiteID string) any { return n.s.numOf(websiteID) }

// Target implements eventsql.Sites.
func (n numbers) Target() (dest any, websiteID func() string) {
	var num uint32
	return &num, func() string { return n.s.idOf(num) }
}

// snapshot runs f in a transaction that sees the store at one time.
func (s *Store) snapshot(ctx context.Context, f func(eventsql.DB) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	return errors.Join(f(tx), tx.Rollback())
}

// Close merges what waits, writes a checkpoint and closes the file.
func (s *Store) Close() error {
	s.stop()
	s.tending.Wait()
	ctx := context.Background()
	_, err := s.mergeIfWaiting(ctx)
	return errors.Join(err, s.checkpoint(ctx), s.arriving.Close(), s.writer.Close(), s.db.Close())
}

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ask event store: %w", err)
	}
	return nil
}

func (s *Store) readWebsites(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `SELECT num, id FROM websites`)
	if err != nil {
		return fmt.Errorf("read websites: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var num uint32
		var id string
		if err := rows.Scan(&num, &id); err != nil {
			return fmt.Errorf("scan website: %w", err)
		}
		s.nums[id], s.ids[num] = num, id
	}
	return rows.Err()
}

// numOf returns the website's number; 0 when it has no rows yet.
func (s *Store) numOf(id string) uint32 {
	s.numMu.RLock()
	defer s.numMu.RUnlock()
	return s.nums[id]
}

func (s *Store) idOf(num uint32) string {
	s.numMu.RLock()
	defer s.numMu.RUnlock()
	return s.ids[num]
}

// number returns the website's number and gives it one at its first event. The
// caller holds s.mu. Numbers are committed at once: one without rows harms nobody.
func (s *Store) number(ctx context.Context, id string) (uint32, error) {
	if n := s.numOf(id); n != 0 {
		return n, nil
	}
	s.numMu.Lock()
	defer s.numMu.Unlock()
	n := uint32(len(s.nums) + 1)
	if _, err := s.db.ExecContext(ctx, `INSERT INTO websites VALUES (?, ?)`, n, id); err != nil {
		return 0, fmt.Errorf("number website %s: %w", id, err)
	}
	s.nums[id], s.ids[n] = n, id
	return n, nil
}
