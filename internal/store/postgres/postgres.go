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
	"io"
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

// The most connections of one server: for statements, and for the locks that it
// holds or waits for, each of which has one to itself. Were they one pool, those who
// wait could take every connection that a holder needs to finish.
const (
	connections     = 32
	lockConnections = 16
)

const (
	connLife       = 30 * time.Minute // after which a failover behind one name is noticed anyway
	connectTimeout = 5 * time.Second
	leastVersion   = 130_000 // 13, as server_version_num says it
)

// DB is a PostgreSQL with a control store in it.
type DB struct {
	Control *control.Store

	locks *sql.DB
}

// Close closes all connections; locks that are still held are free then.
func (d *DB) Close() error { return errors.Join(d.locks.Close(), d.Control.Close()) }

// Open connects, brings the schema up to date and returns the store. What is wrong
// is said in one line with its cure, without the password.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, errors.New("database-url is not the address of a PostgreSQL: use postgres://user:password@host:5432/database")
	}
	config.ConnectTimeout = connectTimeout
	// A server that vanished must leave neither a transaction open nor a lock taken
	// for the two hours of TCP.
	db := pool(config, connections, map[string]string{"idle_in_transaction_session_timeout": "60000"})
	locks := pool(config, lockConnections, map[string]string{"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"})
	if err := start(ctx, db); err != nil {
		where := config.Host + ":" + strconv.Itoa(int(config.Port)) + "/" + config.Database
		return nil, errors.Join(fmt.Errorf("PostgreSQL at %s: %s", where, explain(err)), db.Close(), locks.Close())
	}
	dialect := control.Dialect{Rebind: rebind, Begin: begin, Again: again, Away: away}
	return &DB{Control: control.New(db, dialect), locks: locks}, nil
}

func pool(config *pgx.ConnConfig, most int, params map[string]string) *sql.DB {
	c := config.Copy()
	for name, value := range params {
		if _, given := c.RuntimeParams[name]; !given {
			c.RuntimeParams[name] = value
		}
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(connLife)
	return db
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

// again: a deadlock, or a key that another transaction made after
// this one had looked for it.
func again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01" || e.Code == "23505")
}

// away: the connection is lost or cannot be made; or the server is going down or
// coming up (classes 08 and 57P), has no connection left, or is a standby until the
// failover is through.
func away(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P") || e.Code == "53300" || e.Code == "25006"
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}

// refusal is an error of a lock; a fault with code unavailable when the server is
// away.
func refusal(what, name string, err error) error {
	err = fmt.Errorf("%s lock %s: %w", what, name, err)
	if away(err) {
		return errors.Join(control.Away(), err)
	}
	return err
}

// Lock takes a lock that one caller has at a time, over all servers, and returns
// the function that gives it back. It is lost with the connection it is held on.
func (d *DB) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	conn, err := d.locks.Conn(ctx)
	if err != nil {
		return nil, refusal("connect for", name, err)
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, name); err != nil {
		return nil, errors.Join(refusal("take", name, err), drop(conn))
	}
	return d.unlock(conn, name), nil
}

// TryLock is Lock, but does not wait: unlock is nil when another has the lock.
func (d *DB) TryLock(ctx context.Context, name string) (unlock func() error, err error) {
	conn, err := d.locks.Conn(ctx)
	if err != nil {
		return nil, refusal("connect for", name, err)
	}
	var got bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&got); err != nil {
		return nil, errors.Join(refusal("try", name, err), drop(conn))
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
			return errors.Join(refusal("give back", name, err), drop(conn))
		}
		return conn.Close()
	}
}

// drop ends a connection: whoever got it next must not hold what it may hold.
func drop(conn *sql.Conn) error {
	err := conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
