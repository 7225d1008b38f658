package control

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"datafast/internal/fault"
)

// tables are all tables, each after those that it references.
func tables() []string {
	return []string{
		"installation", "users", "recovery_codes", "links", "sessions", "sign_ins", "websites", "members", "invitations", "credentials",
		"permission_uses", "audit", "notes", "goal_customizations", "funnels", "alerts", "alert_log", "devices",
	}
}

// movingFact says that a store is the target of a move that has not ended.
const movingFact = "moving"

// Moving returns a refusal while a move of an installation into this store has not
// ended.
func (s *Store) Moving(ctx context.Context) error {
	from, err := s.Fact(ctx, movingFact)
	if err != nil || from == "" {
		return err
	}
	return fault.New(fault.CodeConflict, "an installation is being moved here and the move has not ended: run `datafast admin migrate` again until it says that it is done")
}

// BeginMove prepares the store as the target of a move. It must be empty, or the
// target of a move that has not ended.
func (s *Store) BeginMove(ctx context.Context) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		moving, err := s.Fact(ctx, movingFact)
		if err != nil || moving != "" {
			return err
		}
		people, err := s.count(ctx, "count users", `SELECT COUNT(*) FROM users`)
		if err != nil {
			return err
		}
		if people > 0 {
			return fault.New(fault.CodeConflict, "the target holds an installation with %d people already: move into an empty one", people)
		}
		return s.SetFact(ctx, movingFact, "1")
	})
}

// Moved is what became of a table.
type Moved struct {
	Table    string
	Rows     int
	Checksum uint64
}

// MoveTo replaces everything in the target, which BeginMove prepared, by what is
// here, compares both, and ends the move: all of it in one transaction.
func (s *Store) MoveTo(ctx context.Context, target *Store) ([]Moved, error) {
	var out []Moved
	err := target.InTx(ctx, func(ctx context.Context) error {
		out = nil
		all := tables()
		for i := len(all) - 1; i >= 0; i-- {
			if err := target.do(ctx, "empty "+all[i], `DELETE FROM `+all[i]); err != nil {
				return err
			}
		}
		for _, table := range all {
			moved, err := s.moveTable(ctx, target, table)
			if err != nil {
				return err
			}
			out = append(out, moved)
		}
		return nil
	})
	return out, err
}

func (s *Store) moveTable(ctx context.Context, target *Store, table string) (Moved, error) {
	m := Moved{Table: table}
	insert := ""
	err := s.eachRow(ctx, table, func(columns []string, row []any) error {
		if insert == "" {
			insert = `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES (` + strings.Repeat("?, ", len(columns)-1) + `?)`
		}
		m.Rows++
		m.Checksum += checksum(columns, row)
		return target.do(ctx, "copy row of "+table, insert, row...)
	})
	if err != nil {
		return m, err
	}
	there := Moved{Table: table}
	err = target.eachRow(ctx, table, func(columns []string, row []any) error {
		there.Rows++
		there.Checksum += checksum(columns, row)
		return nil
	})
	if err == nil && there != m {
		err = fmt.Errorf("table %s differs after copying: %d rows here, %d there", table, m.Rows, there.Rows)
	}
	return m, err
}

// eachRow gives the rows of a table to emit; texts and int64 are all there is.
func (s *Store) eachRow(ctx context.Context, table string, emit func(columns []string, row []any) error) (err error) {
	rows, err := s.on(ctx).QueryContext(ctx, `SELECT * FROM `+table)
	if err != nil {
		return s.outside(ctx, fmt.Errorf("read %s: %w", table, err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("read columns of %s: %w", table, err)
	}
	for rows.Next() {
		row, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("read row of %s: %w", table, err)
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = string(b)
			}
		}
		if err := emit(columns, row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// checksum of a row does not depend on the order of its columns.
func checksum(columns []string, row []any) uint64 {
	var sum uint64
	for i, name := range columns {
		h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%T\x00%v", name, row[i], row[i]))
		sum += binary.BigEndian.Uint64(h[:8])
	}
	h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, sum))
	return binary.BigEndian.Uint64(h[:8])
}
