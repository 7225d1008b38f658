package clickhouse

import (
	"context"
	"fmt"
	"strings"
)

// table describes one table. Its rows are ordered by website first, so that a
// website's range is one read.
type table struct {
	name    string
	columns string
	engine  string // without MergeTree and what replicates
	args    string
	order   string
	month   string // column of milliseconds that rows are kept apart by; "": none
	extra   string
}

// tables are those of the first schema. Times are Unix milliseconds, UTC. Unknown
// texts are empty. Rows of Replacing tables are changed by a row of a higher
// version and removed by one that says so.
func tables() []table {
	text := func(names ...string) string { return strings.Join(names, " String, ") + " String" }
	const versioned = "version, is_deleted"
	return []table{
		{
			name: "events", order: "site, time, id", month: "time", engine: "",
			columns: `site String, time Int64 CODEC(DoubleDelta, ZSTD), id FixedString(16), visitor FixedString(16), kind UInt8, server Bool, ` +
				text("client_session", "hostname", "path", "name", "data", "origin", "client") + `, duplicate_hash UInt64, import_id String,
				stored_at Int64 CODEC(DoubleDelta, ZSTD),
				INDEX by_visitor visitor TYPE bloom_filter GRANULARITY 4, INDEX by_stored stored_at TYPE minmax`,
			extra: " SETTINGS non_replicated_deduplication_window = 1000",
		},
		{
			name: "sessions", order: "site, started_at, visitor", month: "started_at", engine: "Replacing", args: versioned,
			columns: `site String, started_at Int64, ended_at Int64, visitor FixedString(16), last_id FixedString(16),
				events UInt32, pageviews UInt32, goals UInt32, ` +
				text("entry_hostname", "entry_path", "exit_hostname", "exit_path", "referrer_url", "referrer", "source", "channel", "utm_source", "utm_medium",
					"utm_campaign", "utm_term", "utm_content", "ref", "source_param", "via", "click_ids", "browser", "browser_version", "os", "os_version",
					"device", "country", "region", "city") + `, latitude Float32, longitude Float32, viewport_width UInt16, viewport_height UInt16,
				language String, client_first_seen Int64, client_sessions UInt32, last_hash UInt64, version UInt64, is_deleted UInt8,
				INDEX by_visitor visitor TYPE bloom_filter GRANULARITY 4`,
		},
		{
			name: "payments", order: "site, id", engine: "Replacing", args: versioned,
			columns: `site String, id FixedString(16), transaction_id String, kind UInt8, amount_minor Int64, currency String, site_amount Nullable(Int64),
				estimated Bool, time Int64, visitor Nullable(FixedString(16)), sent_visitor Nullable(FixedString(16)), attributed_at Int64, ` +
				text("email", "name", "customer_id", "refund_of") + `, version UInt64, is_deleted UInt8`,
		},
		{
			name: "profiles", order: "site, user_id", engine: "Replacing", args: versioned,
			columns: `site String, user_id String, id FixedString(16), traits String, identified_at Int64, updated_at Int64, version UInt64, is_deleted UInt8`,
		},
		{
			name: "profile_visitors", order: "site, visitor, linked_at", engine: "Replacing", args: versioned,
			columns: `site String, visitor FixedString(16), user_id String, linked_at Int64, since Int64, until Int64, version UInt64, is_deleted UInt8`,
		},
		{name: "drops", order: "site, day, reason", engine: "Summing", args: "count", columns: `site String, day Int64, reason String, count Int64`},
		{
			name: "refused_hosts", order: "site, seen_at", engine: "", columns: `site String, host String, seen_at Int64`,
			extra: " TTL toDateTime(intDiv(seen_at, 1000)) + INTERVAL 31 DAY",
		},
		{
			name: "bot_visitors", order: "site, visitor, seen_at", engine: "", columns: `site String, visitor FixedString(16), seen_at Int64`,
			extra: " TTL toDateTime(intDiv(seen_at, 1000)) + INTERVAL 2 DAY",
		},
	}
}

// statements make a table. On a cluster every server has a replicated table of its
// own, and a Distributed one of the plain name spreads websites over the shards.
func (t table) statements(cluster string) []string {
	partition := ""
	if t.month != "" {
		partition = " PARTITION BY toYYYYMM(toDateTime(intDiv(" + t.month + ", 1000), 'UTC'))"
	}
	tail := partition + " ORDER BY (" + t.order + ")" + t.extra
	if cluster == "" {
		return []string{fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (%s) ENGINE = %sMergeTree(%s)%s", t.name, t.columns, t.engine, t.args, tail)}
	}
	args := "'/clickhouse/tables/{shard}/{database}/" + t.name + "', '{replica}'"
	if t.args != "" {
		args += ", " + t.args
	}
	tail = strings.ReplaceAll(tail, "non_replicated_deduplication_window", "replicated_deduplication_window")
	return []string{
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s_local ON CLUSTER %s (%s) ENGINE = Replicated%sMergeTree(%s)%s", t.name, cluster, t.columns, t.engine, args, tail),
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s ON CLUSTER %s AS %s_local ENGINE = Distributed(%s, currentDatabase(), %s_local, cityHash64(site))",
			t.name, cluster, t.name, cluster, t.name),
	}
}

// migrations lead to today's schema, in order; they only go forward.
func migrations(cluster string) [][]string {
	var first []string
	for _, t := range tables() {
		first = append(first, t.statements(cluster)...)
	}
	sessions := "ALTER TABLE sessions"
	if cluster != "" {
		sessions = "ALTER TABLE sessions_local ON CLUSTER " + cluster
	}
	second := []string{
		// Sessions that were running at a moment are found by their end, too.
		sessions + " ADD INDEX IF NOT EXISTS by_end ended_at TYPE minmax",
		sessions + " MATERIALIZE INDEX by_end",
		// A month that rests becomes one part: reading the newest versions costs nothing then.
		sessions + " MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1",
	}
	return [][]string{first, second}
}

// migrate brings the schema up to date. One newer than this program is an error.
func (s *Store) migrate(ctx context.Context) error {
	versions := table{name: "schema_versions", columns: "version UInt32", order: "version"}
	for _, statement := range versions.statements(s.cluster) {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make the table of schema versions (may this user create tables?): %w", err)
		}
	}
	var done int
	if err := s.db.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_versions`).Scan(&done); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	all := migrations(s.cluster)
	if done > len(all) {
		return fmt.Errorf("event store has schema %d, this program knows %d: use the newer program", done, len(all))
	}
	for i := done; i < len(all); i++ {
		for _, statement := range all[i] {
			if _, err := s.db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("migrate event store to schema %d: %w", i+1, err)
			}
		}
		if _, err := s.db.ExecContext(ctx, fmt.Sprintf(`INSERT INTO schema_versions SELECT %d`, i+1)); err != nil {
			return fmt.Errorf("note schema version %d: %w", i+1, err)
		}
	}
	return nil
}
