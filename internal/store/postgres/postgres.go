// Package postgres opens the control store on PostgreSQL (jackc/pgx), for
// installations of more than one server, and gives locks that only one of them
// holds.
//
// It may import control. It must not know what is stored.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"datafast/internal/store/control"
)

const (
	connections    = 32
	connectTimeout = 5 * time.Second
	leastVersion   = 130_000 // 13, as server_version_num says it
)

// DB is a PostgreSQL with a control store in it.
type DB struct {
	Control *control.Store // closing it closes the DB

	db *sql.DB
}

// Open connects, brings the schema up to date and returns the store. What is wrong
// is said in one line with its cure, without the password.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, errors.New("database-url is not the address of a PostgreSQL: use postgres://user:password@host:5432/database")
	}
	config.ConnectTimeout = connectTimeout
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := start(ctx, db); err != nil {
		where := config.Host + ":" + strconv.Itoa(int(config.Port)) + "/" + config.Database
		return nil, errors.Join(fmt.Errorf("PostgreSQL at %s: %s", where, explain(err)), db.Close())
	}
	dialect := control.Dialect{Rebind: rebind, Begin: begin, Again: again, Away: away}
	return &DB{Control: control.New(db, dialect), db: db}, nil
}

func start(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return fmt.Errorf("ask for its version: %w", err)
	}
	if version < leastVersion {
		return fmt.Errorf("it has version %d and 13 is the oldest that works: upgrade it", version/10_000)
	}
	// Several servers may start at once: one of them migrates.
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("prepare the lock of migrations: %w", err)
	}
	return control.Migrate(ctx, db, goose.DialectPostgres, goose.WithSessionLocker(locker))
}

// explain says what an error means for the operator, on one line.
func explain(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "28P01", "28000":
			return "it refuses user or password: check database-url"
		case "3D000":
			return "there is no such database: create it, with the user as its owner"
		case "42501":
			return "the user may not create tables: make it the owner of the database"
		}
		return refused.Message
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Error() + ": is it running, and may this machine reach it?"
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// rebind turns each ? outside of a text into $1, $2 …
func rebind(query string) string {
	var out strings.Builder
	n, quoted := 0, false
	for _, r := range query {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == '?' && !quoted:
			n++
			out.WriteString("$" + strconv.Itoa(n))
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// begin starts a transaction that has the database's writing to itself, over all
// servers, as on SQLite: what it checks stays true until it commits. Control data
// change rarely; with SERIALIZABLE alone thirty requests at once failed each other
// more often than ten repeats could cure.
func begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('datafast writes', 0))`); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// again: of two transactions that got into each other one has to be repeated.
func again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// away: the connection is lost or cannot be made, or the server is going down or
// coming up (classes 08 and 57P).
func away(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P")
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}

// Lock takes a lock that one caller has at a time, over all servers, and returns
// the function that gives it back. It is lost with the connection it is held on.
func (d *DB) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for lock %s: %w", name, err)
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, name); err != nil {
		return nil, errors.Join(fmt.Errorf("take lock %s: %w", name, err), conn.Close())
	}
	return d.unlock(conn, name), nil
}

// TryLock is Lock, but does not wait: unlock is nil when another has the lock.
func (d *DB) TryLock(ctx context.Context, name string) (unlock func() error, err error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for lock %s: %w", name, err)
	}
	var got bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&got); err != nil {
		return nil, errors.Join(fmt.Errorf("try lock %s: %w", name, err), conn.Close())
	}
	if !got {
		return nil, conn.Close()
	}
	return d.unlock(conn, name), nil
}

// unlockTime bounds giving back: a lock ends with its connection anyway.
const unlockTime = 5 * time.Second

func (d *DB) unlock(conn *sql.Conn, name string) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), unlockTime)
		defer cancel()
		if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, name); err != nil {
			// Whoever gets this connection next must not hold the lock: end it.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
			return errors.Join(fmt.Errorf("give back lock %s: %w", name, err), conn.Close())
		}
		return conn.Close()
	}
}
