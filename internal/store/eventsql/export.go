package eventsql

import (
	"context"
	"errors"
	"fmt"

	"datafast/internal/analytics"
	"datafast/internal/event"
	"datafast/internal/store/sqlgen"
)

// exportChunk is how many rows an export reads at once: its memory is constant.
const exportChunk = 20_000

// ExportEvents gives a website's events, oldest first, to emit.
func (rd *Reader) ExportEvents(ctx context.Context, q analytics.ExportQuery, emit func(*event.Event) error) error {
	return rd.export(ctx, q, func(f sqlgen.Facts, q analytics.ExportQuery, n int) (analytics.Cursor, int, error) {
		st := sqlgen.ExportEvents(rd.Dialect, f, q, EventColumns, n)
		rows, err := rd.DB.QueryContext(ctx, st.SQL, st.Args...)
		if err != nil {
			return q.After, 0, fmt.Errorf("export events: %w", err)
		}
		defer rows.Close()
		count := 0
		for rows.Next() {
			e, err := ScanEvent(rows, q.WebsiteID)
			if err != nil {
				return q.After, 0, err
			}
			if err := emit(e); err != nil {
				return q.After, 0, err
			}
			id, err := PackID(e.ID)
			if err != nil {
				return q.After, 0, err
			}
			q.After = analytics.Cursor{Time: e.Time, Key: id.String()}
			count++
		}
		return q.After, count, errors.Join(rows.Err(), rows.Close())
	})
}

// ExportSessions gives a website's sessions, oldest first, to emit.
func (rd *Reader) ExportSessions(ctx context.Context, q analytics.ExportQuery, emit func(session *event.Session, bounce bool) error) error {
	return rd.export(ctx, q, func(f sqlgen.Facts, q analytics.ExportQuery, n int) (analytics.Cursor, int, error) {
		st := sqlgen.ExportSessions(rd.Dialect, f, q, SessionColumns, n)
		rows, err := rd.DB.QueryContext(ctx, st.SQL, st.Args...)
		if err != nil {
			return q.After, 0, fmt.Errorf("export sessions: %w", err)
		}
		defer rows.Close()
		count := 0
		for rows.Next() {
			var bounce bool
			session, err := ScanSession(Prefixed{rows, []any{&bounce}}, q.WebsiteID)
			if err != nil {
				return q.After, 0, err
			}
			if err := emit(session, bounce); err != nil {
				return q.After, 0, err
			}
			q.After = analytics.Cursor{Time: session.Start, Key: session.Visitor.String()}
			count++
		}
		return q.After, count, errors.Join(rows.Err(), rows.Close())
	})
}

// chunkReader reads at most n rows behind q.After and returns the new place.
type chunkReader func(f sqlgen.Facts, q analytics.ExportQuery, n int) (analytics.Cursor, int, error)

// export reads chunk after chunk until there is no more or the limit is reached.
func (rd *Reader) export(ctx context.Context, q analytics.ExportQuery, read chunkReader) error {
	if err := rd.Settle(ctx, q.WebsiteID); err != nil {
		return err
	}
	tx, err := rd.DB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin export: %w", err)
	}
	facts, err := rd.facts(ctx, tx, q.WebsiteID)
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return err
	}
	for left := q.Limit; ; {
		n := exportChunk
		if q.Limit > 0 {
			n = min(n, left)
		}
		if n == 0 {
			return nil
		}
		after, count, err := read(facts, q, n)
		if err != nil {
			return err
		}
		q.After, left = after, left-count
		if count < n {
			return nil
		}
	}
}
