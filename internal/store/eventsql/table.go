package eventsql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Kind is the type of a column, the same on every engine.
type Kind int

// The kinds of columns.
const (
	Text Kind = iota
	Bool
	U8
	U16
	U32
	U64
	I64
	F32
	UID      // 16 bytes
	MaybeI64 // may be NULL
	MaybeUID // may be NULL
	Sum      // I64 whose rows of equal other columns are added up
)

// Column is a column of a Table.
type Column struct {
	Name string
	Kind Kind
}

// Table describes the rows of one table for moving them between engines. The
// website's column, and those that an engine adds for itself, are left out.
type Table struct {
	Name    string
	Time    string // column of milliseconds by which rows are moved in months; "": all at once
	Columns []Column
	// Keep is how long rows are of use by Time; older ones are not moved. 0: always.
	Keep time.Duration
}

// Tables are all tables with rows of websites.
func Tables() []Table {
	const day = 24 * time.Hour
	sessions := columns("started_at ended_at", I64)
	sessions = append(sessions, columns("visitor last_id", UID)...)
	sessions = append(sessions, columns("events pageviews goals", U32)...)
	sessions = append(sessions, columns(`entry_hostname entry_path exit_hostname exit_path referrer_url referrer source channel utm_source utm_medium
		utm_campaign utm_term utm_content ref source_param via click_ids browser browser_version os os_version device country region city`, Text)...)
	sessions = append(sessions, columns("latitude longitude", F32)...)
	sessions = append(sessions, columns("viewport_width viewport_height", U16)...)
	sessions = append(sessions, Column{"language", Text}, Column{"client_first_seen", I64}, Column{"client_sessions", U32}, Column{"last_hash", U64})
	events := []Column{{"time", I64}, {"id", UID}, {"visitor", UID}, {"kind", U8}, {"server", Bool}}
	events = append(events, columns("client_session hostname path name data origin client", Text)...)
	events = append(events, Column{"duplicate_hash", U64}, Column{"import_id", Text})
	payments := []Column{
		{"time", I64},
		{"id", UID},
		{"transaction_id", Text},
		{"kind", U8},
		{"amount_minor", I64},
		{"currency", Text},
		{"site_amount", MaybeI64},
		{"estimated", Bool},
		{"visitor", MaybeUID},
		{"sent_visitor", MaybeUID},
		{"attributed_at", I64},
	}
	payments = append(payments, columns("email name customer_id refund_of", Text)...)
	// Sessions come before their events: a store that is opened in between derives
	// sessions of events that have none.
	return []Table{
		{Name: "sessions", Time: "started_at", Columns: sessions},
		{Name: "events", Time: "time", Columns: events},
		{Name: "payments", Time: "time", Columns: payments},
		{Name: "profiles", Columns: []Column{{"user_id", Text}, {"id", UID}, {"traits", Text}, {"identified_at", I64}, {"updated_at", I64}}},
		{Name: "profile_visitors", Columns: []Column{{"visitor", UID}, {"user_id", Text}, {"linked_at", I64}, {"since", I64}, {"until", I64}}},
		{Name: "drops", Columns: []Column{{"day", I64}, {"reason", Text}, {"count", Sum}}},
		{Name: "refused_hosts", Time: "seen_at", Columns: []Column{{"host", Text}, {"seen_at", I64}}, Keep: 30 * day},
		{Name: "bot_visitors", Time: "seen_at", Columns: []Column{{"visitor", UID}, {"seen_at", I64}}, Keep: day},
	}
}

func columns(names string, k Kind) []Column {
	var out []Column
	for _, name := range strings.Fields(names) {
		out = append(out, Column{name, k})
	}
	return out
}

// Bounds are milliseconds of a table's Time, From included and To not.
type Bounds struct{ From, To int64 }

// Everything is the bounds of a table without Time, and of all rows of another.
func Everything() Bounds { return Bounds{math.MinInt64, math.MaxInt64} }

// Row is one row of a table: a string, bool, uint8, uint16, uint32, uint64, int64,
// float32 or ID for each column, or nil.
type Row []any

// Digest is a count of rows and a checksum that does not depend on their order.
type Digest struct {
	Rows int64
	Sum  uint64
}

// Add takes in a row.
func (d *Digest) Add(r Row) {
	b := make([]byte, 0, 512)
	for _, v := range r {
		b = appendValue(b, v)
	}
	h := sha256.Sum256(b)
	d.Rows++
	d.Sum += binary.BigEndian.Uint64(h[:8])
}

func appendValue(b []byte, v any) []byte {
	number := func(n uint64) []byte { return binary.BigEndian.AppendUint64(append(b, 'n'), n) }
	switch v := v.(type) {
	case string:
		return append(binary.BigEndian.AppendUint64(append(b, 't'), uint64(len(v))), v...)
	case ID:
		return append(append(b, 'i'), v[:]...)
	case bool:
		if v {
			return number(1)
		}
		return number(0)
	case uint8:
		return number(uint64(v))
	case uint16:
		return number(uint64(v))
	case uint32:
		return number(uint64(v))
	case uint64:
		return number(v)
	case int64:
		return number(uint64(v))
	case float32:
		return number(uint64(math.Float32bits(v)))
	}
	return append(b, '0') // NULL
}

// Span is the first and last Time of a website's rows in a table; false: none.
func (rd *Reader) Span(ctx context.Context, t Table, websiteID string) (first, last int64, any bool, err error) {
	var lo, hi sql.NullInt64
	query := `SELECT min(` + t.Time + `), max(` + t.Time + `) FROM ` + t.Name + ` WHERE site = ?`
	if err := rd.DB.QueryRowContext(ctx, query, rd.Sites.Key(websiteID)).Scan(&lo, &hi); err != nil {
		return 0, 0, false, fmt.Errorf("read the span of %s: %w", t.Name, err)
	}
	return lo.Int64, hi.Int64, lo.Valid, nil
}

// ReadRows gives a website's rows within bounds to emit, in order of time. A row is
// valid until emit returns.
func (rd *Reader) ReadRows(ctx context.Context, t Table, websiteID string, b Bounds, emit func(Row) error) error {
	query, args := rd.rowsQuery(t, websiteID, b)
	rows, err := rd.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read rows of %s: %w", t.Name, err)
	}
	defer rows.Close()
	targets, row := targetsOf(t), make(Row, len(t.Columns))
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("scan row of %s: %w", t.Name, err)
		}
		for i := range targets {
			row[i] = valueOf(targets[i])
		}
		if err := emit(row); err != nil {
			return err
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("read rows of %s: %w", t.Name, err)
	}
	return nil
}

func (rd *Reader) rowsQuery(t Table, websiteID string, b Bounds) (string, []any) {
	var names, group []string
	for _, c := range t.Columns {
		if c.Kind == Sum {
			names = append(names, "CAST(sum("+c.Name+") AS BIGINT)")
			continue
		}
		names, group = append(names, c.Name), append(group, c.Name)
	}
	query, args := `SELECT `+strings.Join(names, ", ")+` FROM `+t.Name+` WHERE site = ?`, []any{rd.Sites.Key(websiteID)}
	if t.Time != "" {
		query += ` AND ` + t.Time + ` >= ? AND ` + t.Time + ` < ? ORDER BY ` + t.Time
		args = append(args, b.From, b.To)
	}
	if len(group) < len(names) {
		query += ` GROUP BY ` + strings.Join(group, ", ")
	}
	return query, args
}

func targetsOf(t Table) []any {
	out := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		switch c.Kind {
		case Text:
			out[i] = new(string)
		case Bool:
			out[i] = new(bool)
		case U8:
			out[i] = new(uint8)
		case U16:
			out[i] = new(uint16)
		case U32:
			out[i] = new(uint32)
		case U64:
			out[i] = new(uint64)
		case F32:
			out[i] = new(float32)
		case UID:
			out[i] = new(ID)
		case MaybeI64:
			out[i] = new(sql.NullInt64)
		case MaybeUID:
			out[i] = new(*ID)
		default: // I64, Sum
			out[i] = new(int64)
		}
	}
	return out
}

func valueOf(target any) any {
	switch v := target.(type) {
	case *string:
		return *v
	case *bool:
		return *v
	case *uint8:
		return *v
	case *uint16:
		return *v
	case *uint32:
		return *v
	case *uint64:
		return *v
	case *int64:
		return *v
	case *float32:
		return *v
	case *ID:
		return *v
	case *sql.NullInt64:
		if v.Valid {
			return v.Int64
		}
	case **ID:
		if *v != nil {
			return **v
		}
	}
	return nil
}

// Count counts a website's rows within bounds of a table with Time.
func (rd *Reader) Count(ctx context.Context, t Table, websiteID string, b Bounds) (int64, error) {
	var n int64
	query := `SELECT count(*) FROM ` + t.Name + ` WHERE site = ? AND ` + t.Time + ` >= ? AND ` + t.Time + ` < ?`
	if err := rd.DB.QueryRowContext(ctx, query, rd.Sites.Key(websiteID), b.From, b.To).Scan(&n); err != nil {
		return 0, fmt.Errorf("count rows of %s: %w", t.Name, err)
	}
	return n, nil
}
