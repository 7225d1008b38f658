package duckdb

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations lead from an empty file to today's schema, in order. They only go
// forward; the number of those done is in meta under "schema".
//
// site is the website's number in this store: four bytes that compress well, in
// place of its id. Times are Unix milliseconds, UTC. Unknown texts are empty, not
// NULL. What reports never ask of an event itself, only of its session, is packed
// into two columns (eventsql/pack.go). Tables have no keys: a key on a big table costs
// more than it saves (design.md §2); idempotency is the writer's.
func migrations() []string {
	const origin = `
	referrer_url VARCHAR NOT NULL, referrer VARCHAR NOT NULL, source VARCHAR NOT NULL, channel VARCHAR NOT NULL,
	utm_source VARCHAR NOT NULL, utm_medium VARCHAR NOT NULL, utm_campaign VARCHAR NOT NULL,
	utm_term VARCHAR NOT NULL, utm_content VARCHAR NOT NULL,
	ref VARCHAR NOT NULL, source_param VARCHAR NOT NULL, via VARCHAR NOT NULL, click_ids VARCHAR NOT NULL,`
	const system = `
	browser VARCHAR NOT NULL, browser_version VARCHAR NOT NULL, os VARCHAR NOT NULL, os_version VARCHAR NOT NULL,
	device VARCHAR NOT NULL,`
	const place = `
	country VARCHAR NOT NULL, region VARCHAR NOT NULL, city VARCHAR NOT NULL,
	latitude FLOAT NOT NULL, longitude FLOAT NOT NULL,`
	return []string{`
CREATE TABLE websites (num UINTEGER NOT NULL, id VARCHAR NOT NULL);
CREATE TABLE events (
	site UINTEGER NOT NULL, time BIGINT NOT NULL, id UUID NOT NULL, visitor UUID NOT NULL,
	kind UTINYINT NOT NULL, server BOOLEAN NOT NULL, client_session VARCHAR NOT NULL,
	hostname VARCHAR NOT NULL, path VARCHAR NOT NULL, name VARCHAR NOT NULL, data VARCHAR NOT NULL,
	origin VARCHAR NOT NULL, client VARCHAR NOT NULL,
	duplicate_hash UBIGINT NOT NULL, import_id VARCHAR NOT NULL
);
CREATE TABLE sessions (
	site UINTEGER NOT NULL, started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, visitor UUID NOT NULL,
	last_id UUID NOT NULL, events UINTEGER NOT NULL, pageviews UINTEGER NOT NULL, goals UINTEGER NOT NULL,
	entry_hostname VARCHAR NOT NULL, entry_path VARCHAR NOT NULL,
	exit_hostname VARCHAR NOT NULL, exit_path VARCHAR NOT NULL,` + origin + system + place + `
	viewport_width USMALLINT NOT NULL, viewport_height USMALLINT NOT NULL, language VARCHAR NOT NULL,
	client_first_seen BIGINT NOT NULL, client_sessions UINTEGER NOT NULL, last_hash UBIGINT NOT NULL
);
CREATE TABLE drops (site UINTEGER NOT NULL, day BIGINT NOT NULL, reason VARCHAR NOT NULL, count BIGINT NOT NULL);
CREATE TABLE refused_hosts (site UINTEGER NOT NULL, host VARCHAR NOT NULL, seen_at BIGINT NOT NULL);
CREATE TABLE bot_visitors (site UINTEGER NOT NULL, visitor UUID NOT NULL, seen_at BIGINT NOT NULL);
`, `
CREATE TABLE payments (
	site UINTEGER NOT NULL, time BIGINT NOT NULL, id UUID NOT NULL, transaction_id VARCHAR NOT NULL,
	kind UTINYINT NOT NULL, amount_minor BIGINT NOT NULL, currency VARCHAR NOT NULL,
	site_amount BIGINT, estimated BOOLEAN NOT NULL,
	visitor UUID, sent_visitor UUID, attributed_at BIGINT NOT NULL,
	email VARCHAR NOT NULL, name VARCHAR NOT NULL, customer_id VARCHAR NOT NULL, refund_of VARCHAR NOT NULL
);
CREATE TABLE profiles (
	site UINTEGER NOT NULL, user_id VARCHAR NOT NULL, id UUID NOT NULL, traits VARCHAR NOT NULL,
	identified_at BIGINT NOT NULL, updated_at BIGINT NOT NULL
);
CREATE TABLE profile_visitors (site UINTEGER NOT NULL, visitor UUID NOT NULL, user_id VARCHAR NOT NULL, linked_at BIGINT NOT NULL);
`, `
ALTER TABLE profile_visitors ADD COLUMN since BIGINT DEFAULT 0;
ALTER TABLE profile_visitors ADD COLUMN until BIGINT DEFAULT 9223372036854775807;
`, `
-- 'merged' was the highest id of an event in a session; some from two minutes before
-- it might not have been. The first six bytes of an id are milliseconds.
INSERT INTO meta SELECT 'unmerged', format('{:012x}', greatest(('0x' || substr(replace(value, '-', ''), 1, 12))::BIGINT - 120000, 0)) || repeat('0', 20)
	FROM meta WHERE key = 'merged';
DELETE FROM meta WHERE key = 'merged';
`}
}

// migrate brings the file to today's schema. A file of a newer binary is refused.
func migrate(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)`); err != nil {
		return fmt.Errorf("create meta table: %w", err)
	}
	var done int
	err := db.QueryRowContext(ctx, `SELECT coalesce(max(value::INTEGER), 0) FROM meta WHERE key = 'schema'`).Scan(&done)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	all := migrations()
	if done > len(all) {
		return fmt.Errorf("event store has schema %d, this binary knows %d; run a newer datafast", done, len(all))
	}
	for i := done; i < len(all); i++ {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin migration %d: %w", i+1, err)
		}
		_, err = tx.ExecContext(ctx, all[i])
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO meta VALUES ('schema', ?)`, fmt.Sprint(i+1))
		}
		if err != nil {
			_ = tx.Rollback()
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("commit migration %d: %w", i+1, err)
		}
	}
	return nil
}
