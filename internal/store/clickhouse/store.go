// Package clickhouse is the event store for installations that outgrew one
// machine: events, sessions, payments and profiles in ClickHouse, through the
// official driver (native protocol or HTTP).
//
// Read Open, then Append (write.go) and sessions.go. ClickHouse has no
// transactions: a block that is inserted is there or not, and rows are changed by
// inserting a newer version of them. DESIGN.md says how the rest follows.
//
// It may import event, analytics, ingest, revenue, sessionize, sqlgen and
// eventsql. It must not decide what a metric means: that is sqlgen's, after
// package analytics.
package clickhouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	chdriver "github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"datafast/internal/event"
	"datafast/internal/store/eventsql"
	"datafast/internal/store/sessionize"
	"datafast/internal/store/sqlgen"
)

// Lock takes a lock that only one server has at a time, and returns the function
// that gives it back. Package postgres has one.
type Lock func(ctx context.Context, name string) (unlock func() error, err error)

// Options say how to open a store.
type Options struct {
	URL      string           // clickhouse://user:password@host:9000/database, or http(s)://host:8123/database
	Cluster  string           // name of the cluster whose servers replicate and share the rows; "": one server
	MemoryMB int              // what one query may use; 0 means 2,048
	Lock     Lock             // for changes that read first; nil: this process is the only one
	Now      func() time.Time // nil means time.Now
	Log      *slog.Logger     // nil means none
}

// queryTime is when the engine itself gives up a query, in seconds: after the
// server, which answers 504 at 25.
const queryTime = 30

// questionsAtOnce is how many questions of one batch the engine answers at a time:
// much of a statement's time is its planning, on one core.
const questionsAtOnce = 6

// Store is an open event store. It is safe for concurrent use.
type Store struct {
	*eventsql.Reader

	db      *sql.DB
	conn    chdriver.Conn
	cluster string
	lock    Lock
	now     func() time.Time
	log     *slog.Logger
	format  eventsql.Format
	columns map[string][]clickhouse.ColumnNameAndType // of each table, in order
	stop    context.CancelFunc
	tending sync.WaitGroup

	mu      sync.Mutex // guards what follows
	tracker *sessionize.Tracker
	version uint64
	doubt   *doubt // nil: none
}

// Open connects, brings the schema up to date and derives what the last run left.
func Open(ctx context.Context, o Options) (*Store, error) {
	options, err := clickhouse.ParseDSN(o.URL)
	if err != nil || !slices.Contains([]string{"clickhouse", "http", "https"}, scheme(o.URL)) {
		return nil, errors.New("events-url is not the address of a ClickHouse server: use clickhouse://user:password@host:9000/database or https://user:password@host:8443/database")
	}
	if o.MemoryMB == 0 {
		o.MemoryMB = 2048
	}
	options.Settings = clickhouse.Settings{}
	for name, value := range querySettings(o.MemoryMB) {
		options.Settings[name] = value
	}
	options.DialTimeout, options.ReadTimeout = 5*time.Second, 2*time.Minute
	options.MaxOpenConns, options.MaxIdleConns = 32, 16
	s := &Store{cluster: o.Cluster, lock: o.Lock, now: o.Now, log: o.Log, db: clickhouse.OpenDB(options)}
	if s.conn, err = clickhouse.Open(options); err != nil {
		return nil, errors.Join(fmt.Errorf("open event store: %w", err), s.db.Close())
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.lock == nil {
		s.lock = newLocks().take
	}
	s.Reader = &eventsql.Reader{
		DB: s.db, Dialect: sqlgen.ClickHouse(), Sites: websiteIDs{}, Now: s.now, Settle: s.settle, Snapshot: s.snapshot, AtOnce: questionsAtOnce,
		Flush: func(context.Context) error { return nil }, // Append stores rows
	}
	s.format = eventsql.Format{
		Site: func(id string) driver.Value { return id },
		ID:   func(id eventsql.ID) driver.Value { return string(id[:]) },
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.conn.Close(), s.db.Close())
	}
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.tending.Go(func() { s.tend(background) })
	return s, nil
}

func scheme(address string) string {
	s, _, _ := strings.Cut(address, "://")
	return s
}

// querySettings make the engine answer as standard SQL does, exactly, from the
// newest version of each row, within bounds.
func querySettings(memoryMB int) map[string]any {
	return map[string]any{
		"final": 1, "do_not_merge_across_partitions_select_final": 1,
		"join_use_nulls": 1, "aggregate_functions_null_for_empty": 1, "cast_keep_nullable": 1, "transform_null_in": 0,
		"prefer_column_name_to_alias": 1, "count_distinct_implementation": "uniqExact",
		"max_memory_usage": memoryMB << 20, "max_execution_time": queryTime,
		"async_insert": 0, "insert_deduplicate": 1, "mutations_sync": 2, "alter_sync": 2, "distributed_foreground_insert": 1,
	}
}

// locks are for one process.
type locks struct {
	mu    sync.Mutex
	named map[string]*sync.Mutex
}

func newLocks() *locks { return &locks{named: map[string]*sync.Mutex{}} }

func (l *locks) take(_ context.Context, name string) (func() error, error) {
	l.mu.Lock()
	m := l.named[name]
	if m == nil {
		m = &sync.Mutex{}
		l.named[name] = m
	}
	l.mu.Unlock()
	m.Lock()
	return func() error { m.Unlock(); return nil }, nil
}

// websiteIDs name websites in rows by their id.
type websiteIDs struct{}

// Key implements eventsql.Sites.
func (websiteIDs) Key(websiteID string) any { return websiteID }

// Target implements eventsql.Sites.
func (websiteIDs) Target() (dest any, websiteID func() string) {
	var id string
	return &id, func() string { return id }
}

// snapshot runs f: the engine has no state that several queries could share.
func (s *Store) snapshot(_ context.Context, f func(eventsql.DB) error) error { return f(s.db) }

func (s *Store) start(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	var version string
	if err := s.db.QueryRowContext(ctx, `SELECT version()`).Scan(&version); err != nil {
		return fmt.Errorf("ask event store for its version: %w", err)
	}
	if tooOld(version) {
		return fmt.Errorf("event store is ClickHouse %s and %d.%d is the oldest that works: upgrade it", version, leastYear, leastMonth)
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.readColumns(ctx); err != nil {
		return err
	}
	return s.recover(ctx)
}

// The oldest version whose planner takes the joins by time that reports need.
const (
	leastYear  = 24
	leastMonth = 8
)

// tooOld reports whether a version such as "24.8.1.2" is one that cannot work. What
// is no version is let through: the schema's statements will tell.
func tooOld(version string) bool {
	var year, month int
	if _, err := fmt.Sscanf(version, "%d.%d", &year, &month); err != nil {
		return false
	}
	return year < leastYear || year == leastYear && month < leastMonth
}

// readColumns reads what tables take, so that a block need not ask for it.
func (s *Store) readColumns(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position`)
	if err != nil {
		return fmt.Errorf("read columns: %w", err)
	}
	defer rows.Close()
	s.columns = map[string][]clickhouse.ColumnNameAndType{}
	for rows.Next() {
		var table string
		var c clickhouse.ColumnNameAndType
		if err := rows.Scan(&table, &c.Name, &c.Type); err != nil {
			return fmt.Errorf("scan column: %w", err)
		}
		s.columns[table] = append(s.columns[table], c)
	}
	return errors.Join(rows.Err(), rows.Close())
}

// recovery is how far back a start looks for events that no session covers. The
// last run merged every two seconds, so what is older was merged.
const recovery = time.Hour

// recover takes up the open sessions, and derives those of visitors with an event
// stored shortly before the last session was merged, or after it.
func (s *Store) recover(ctx context.Context) error {
	known := s.now().Add(-event.SessionGap - time.Minute)
	open, err := s.ReadSessions(ctx, s.db, `SELECT site, `+eventsql.SessionColumns+` FROM sessions WHERE ended_at > ?`, known.UnixMilli())
	if err != nil {
		return err
	}
	s.tracker = sessionize.New(known, open)
	s.tracker.Share()
	var merged uint64
	if err := s.db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM sessions`).Scan(&merged); err != nil {
		return fmt.Errorf("read the last merge: %w", err)
	}
	s.version = merged
	from := max(int64(merged)-recovery.Nanoseconds(), 0)
	rows, err := s.db.QueryContext(ctx, `SELECT site, visitor, min(time) FROM events WHERE stored_at >= ? GROUP BY site, visitor`, from/int64(time.Millisecond))
	if err != nil {
		return fmt.Errorf("find events after the last merge: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var site string
		var visitor eventsql.ID
		var first int64
		if err := rows.Scan(&site, &visitor, &first); err != nil {
			return fmt.Errorf("scan visitor: %w", err)
		}
		s.tracker.MarkStale(sessionize.Key{WebsiteID: site, Visitor: event.VisitorID(visitor)}, eventsql.FromMillis(first))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("find events after the last merge: %w", err)
	}
	return s.merge(ctx)
}

// Close merges what waits and closes the connections.
func (s *Store) Close() error {
	s.stop()
	s.tending.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(s.resolve(ctx), s.merge(ctx), s.conn.Close(), s.db.Close())
}

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ask event store: %w", err)
	}
	return nil
}

// nextVersion is higher than any before it here, and by the clock than those of
// other servers.
func (s *Store) nextVersion() uint64 {
	s.version = max(s.version+1, uint64(s.now().UnixNano()))
	return s.version
}
