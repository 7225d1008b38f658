package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"datafast/internal/event"
)

const (
	day = 24 * time.Hour
	// clusterHour is the hour of the server's day in which sealed days are rewritten.
	clusterHour = 3
	// clusterRows is about how many events one step rewrites: enough row groups for
	// a website to lie in few of them, few enough to sort in memory in a second or so.
	clusterRows = 1_000_000
	// clusterSpan is over how many days so many events may be spread. Spread wider,
	// a report's range alone keeps it from reading much of others, and order by
	// website would only mix the days.
	clusterSpan = 15
)

// clusterNightly rewrites sealed days once a night.
func (s *Store) clusterNightly(ctx context.Context) {
	tick := time.NewTicker(time.Hour / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.now().Hour() != clusterHour {
			continue
		}
		if err := s.Cluster(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("sealed days not rewritten", "error", err)
		}
	}
}

// Cluster rewrites the events and sessions of sealed days, those before yesterday,
// ordered by website and time, where there are many. Rows lie in order of arrival
// before that, and a small website's report would read those of all others
// (design.md §2). It goes on where the last run ended.
func (s *Store) Cluster(ctx context.Context) error {
	for {
		more, err := s.clusterStep(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (s *Store) clusterStep(ctx context.Context) (more bool, err error) {
	s.layout.Lock()
	defer s.layout.Unlock()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return false, fmt.Errorf("open connection: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	from, to, err := s.nextToCluster(ctx, tx)
	if err != nil || to == 0 {
		return false, errors.Join(err, tx.Rollback())
	}
	for _, t := range []struct{ table, time string }{{"events", "time"}, {"sessions", "started_at"}} {
		if to-from > clusterSpan*day.Milliseconds() {
			break
		}
		within := fmt.Sprintf("%s >= %d AND %s < %d", t.time, from, t.time, to)
		for _, statement := range []string{
			fmt.Sprintf("CREATE OR REPLACE TEMP TABLE moved AS SELECT * FROM %s WHERE %s", t.table, within),
			fmt.Sprintf("DELETE FROM %s WHERE %s", t.table, within),
			fmt.Sprintf("INSERT INTO %s SELECT * FROM moved ORDER BY site, %s", t.table, t.time),
			"DROP TABLE moved",
		} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return false, errors.Join(fmt.Errorf("rewrite %s: %w", t.table, err), tx.Rollback())
			}
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO meta VALUES ('clustered', ?)`, fmt.Sprint(to)); err != nil {
		return false, errors.Join(fmt.Errorf("note rewritten days: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("commit rewritten days: %w", err)
	}
	return true, nil
}

// nextToCluster finds the next days to rewrite, in Unix milliseconds; to is 0 when
// there are too few events to be worth it.
func (s *Store) nextToCluster(ctx context.Context, tx *sql.Tx) (from, to int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(value::BIGINT), 0) FROM meta WHERE key = 'clustered'`).Scan(&from)
	if err != nil {
		return 0, 0, fmt.Errorf("read rewritten days: %w", err)
	}
	rows, err := tx.QueryContext(ctx, `SELECT time // ? AS day, count(*) FROM events WHERE time >= ? AND time < ? GROUP BY day ORDER BY day`,
		day.Milliseconds(), from, s.sealed().UnixMilli())
	if err != nil {
		return 0, 0, fmt.Errorf("count events of days: %w", err)
	}
	defer rows.Close()
	var first, number, total int64
	for total < s.clusterRows && rows.Next() {
		var n int64
		if err := rows.Scan(&number, &n); err != nil {
			return 0, 0, fmt.Errorf("scan count of day: %w", err)
		}
		if total += n; first == 0 {
			first = number
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, 0, fmt.Errorf("count events of days: %w", err)
	}
	if total < s.clusterRows {
		return 0, 0, nil
	}
	return first * day.Milliseconds(), (number + 1) * day.Milliseconds(), nil
}

// sealed is the time before which days are sealed.
func (s *Store) sealed() time.Time { return s.now().UTC().Truncate(day).Add(-day) }

// rewrites reports whether a merge writes to sealed days, and must not run beside
// a step of Cluster: of two transactions that change one row the later fails.
func (s *Store) rewrites(changed []*event.Session) bool {
	sealed := s.sealed()
	for _, c := range changed {
		if c.Start.Before(sealed) {
			return true
		}
	}
	return false
}
