// Package control keeps the control data: people, websites, teams, credentials,
// audit log, notes, funnels, alerts. It speaks one portable SQL with `?`
// placeholders, ON CONFLICT and RETURNING; an engine package (sqlite, postgres)
// opens the database, runs Migrate and hands it over with its Dialect.
//
// A Store implements the Store interfaces of account, auth, site, funnel, alert
// and audit, one file per package. Check-then-act rules (limits, unique names)
// run in InTx, of which the engine lets one run at a time: SQLite by taking the
// write lock at BEGIN, PostgreSQL by an advisory lock.
//
// It may import the domain packages and fault. It must not know HTTP.
package control

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"datafast/internal/fault"
)

// Migrations are the goose migrations, in directory "migrations".
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Dialect is how an engine differs.
type Dialect struct {
	// Rebind turns `?` placeholders into the engine's; nil: they stay.
	Rebind func(query string) string
	// Begin starts a transaction that sees one state and excludes other writers
	// of what it read.
	Begin func(ctx context.Context, db *sql.DB) (*sql.Tx, error)
	// Again reports whether a transaction failed only because of another one.
	Again func(err error) bool
	// Away reports whether an error says that the database cannot be reached, or
	// that its disk is full; nil: it always can be used.
	Away func(err error) bool
}

// Store keeps the control data. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	dialect Dialect
}

// New returns a store over a migrated database, which it owns from now on.
func New(db *sql.DB, d Dialect) *Store { return &Store{db: db, dialect: d} }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "SELECT 1")
	return s.away(err)
}

// away turns the loss of the database, or having lost against others too often,
// into a refusal for a while: 503.
func (s *Store) away(err error) error {
	if err == nil || !s.isAway(err) && !s.again(err) {
		return err
	}
	return &awayError{cause: err}
}

func (s *Store) isAway(err error) bool { return s.dialect.Away != nil && s.dialect.Away(err) }

func (s *Store) again(err error) bool { return s.dialect.Again != nil && s.dialect.Again(err) }

// awayError keeps the cause for the log; callers learn only to come again.
type awayError struct{ cause error }

func (e *awayError) Error() string { return e.cause.Error() }

func (e *awayError) Unwrap() []error { return []error{Away(), e.cause} }

// Away is the refusal while the database cannot be reached or written.
func Away() error {
	e := fault.New(fault.CodeUnavailable, "The control store cannot answer now. Try again in 5 seconds.")
	e.RetryAfter = 5 * time.Second
	return e
}

// outside is away for a statement that stands alone. Within a transaction the error
// goes up as it is, for InTx to judge.
func (s *Store) outside(ctx context.Context, err error) error {
	if ctx.Value(txKey{s}) != nil {
		return err
	}
	return s.away(err)
}

// Waits between the attempts at a read that lost the database.
const (
	mostReads = 3
	readPause = 200 * time.Millisecond
)

// reading repeats a read outside a transaction while the database is away: it
// changes nothing, and most losses are short. What changes and returns rows is not
// repeated: it may have been done.
func (s *Store) reading(ctx context.Context, query string, read func() error) error {
	once := ctx.Value(txKey{s}) != nil || !strings.HasPrefix(query, "SELECT")
	for attempt := 1; ; attempt++ {
		err := read()
		if once || err == nil || !s.isAway(err) || attempt == mostReads {
			return s.outside(ctx, err)
		}
		select {
		case <-time.After(readPause << attempt):
		case <-ctx.Done():
			return s.away(err)
		}
	}
}

type txKey struct{ s *Store }

// mostAttempts is how often InTx tries again after losing against another.
const mostAttempts = 10

// longestPause bounds the random wait between those attempts: losers that start
// again at once lose again.
const longestPause = 50 * time.Millisecond

// InTx runs do in one transaction; its context carries it to the store's other
// methods. Within a transaction it joins that one. An error of do undoes all. do
// may run several times: it must change nothing but the store.
func (s *Store) InTx(ctx context.Context, do func(ctx context.Context) error) error {
	if ctx.Value(txKey{s}) != nil {
		return do(ctx)
	}
	var err error
	for range mostAttempts {
		err = s.once(ctx, do)
		if err == nil || !s.again(err) {
			break
		}
		select {
		case <-time.After(rand.N(longestPause)):
		case <-ctx.Done():
			return s.away(err)
		}
	}
	return s.away(err)
}

func (s *Store) once(ctx context.Context, do func(ctx context.Context) error) (err error) {
	tx, err := s.dialect.Begin(ctx, s.db)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error counts
		}
	}()
	if err := do(context.WithValue(ctx, txKey{s}, tx)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// querier is a database or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) on(ctx context.Context) querier {
	if tx, ok := ctx.Value(txKey{s}).(*sql.Tx); ok {
		return tx
	}
	return s.db
}

func (s *Store) bind(query string) string {
	if s.dialect.Rebind == nil {
		return query
	}
	return s.dialect.Rebind(query)
}

// exec runs a statement and returns how many rows it touched.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	res, err := s.on(ctx).ExecContext(ctx, s.bind(query), clean(args)...)
	if err != nil {
		return 0, s.outside(ctx, fmt.Errorf("%s: %w", what, err))
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

// do is exec for statements whose count does not matter.
func (s *Store) do(ctx context.Context, what, query string, args ...any) error {
	_, err := s.exec(ctx, what, query, args...)
	return err
}

// must is exec for statements that have to touch a row: not_found otherwise.
func (s *Store) must(ctx context.Context, what, query string, args ...any) error {
	n, err := s.exec(ctx, what, query, args...)
	if err == nil && n == 0 {
		return fault.NotFound("%s: not found", what)
	}
	return err
}

// scanner is a row to read.
type scanner interface{ Scan(dest ...any) error }

// one reads a single row; not_found when there is none.
func one[T any](ctx context.Context, s *Store, what string, read func(scanner) (T, error), query string, args ...any) (T, error) {
	var v T
	err := s.reading(ctx, query, func() (err error) {
		v, err = read(s.on(ctx).QueryRowContext(ctx, s.bind(query), clean(args)...))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return v, fault.NotFound("%s: not found", what)
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}

// many reads all rows; an empty slice when there are none.
func many[T any](ctx context.Context, s *Store, what string, read func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	err = s.reading(ctx, query, func() (err error) {
		all, err = rowsOf(ctx, s, what, read, query, args...)
		return err
	})
	return all, err
}

func rowsOf[T any](ctx context.Context, s *Store, what string, read func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := s.on(ctx).QueryContext(ctx, s.bind(query), clean(args)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all = []T{}
	for rows.Next() {
		v, err := read(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return all, nil
}

// clean makes texts valid UTF-8 without NUL, which is what every engine keeps.
func clean(args []any) []any {
	for i, a := range args {
		if text, ok := a.(string); ok && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// count reads a single number.
func (s *Store) count(ctx context.Context, what, query string, args ...any) (int, error) {
	return one(ctx, s, what, func(r scanner) (n int, err error) { return n, r.Scan(&n) }, query, args...)
}

// millis is a time as it is kept.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is a kept time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// stored is a value as JSON text.
func stored(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
