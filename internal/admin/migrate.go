package admin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"datafast/internal/store"
	"datafast/internal/store/transfer"
)

// move is what `datafast admin migrate` is told.
type move struct {
	dir, databaseURL, eventsURL, cluster string
	back                                 bool
	memoryMB                             int
}

func migrateCommand() *cobra.Command {
	var from, to string
	var m move
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Move an installation to PostgreSQL and ClickHouse, or back",
		Long: `Copy everything from a data directory (--from) into an empty PostgreSQL and ClickHouse, or from those into a new data directory (--to).

Stop every server first. Each month of each website is compared by count and checksum after it was copied. If it is interrupted, run it again: what is there is left, what differs is copied anew. The source is not changed.`,
		Example: "datafast admin migrate --from ./data --database-url postgres://datafast@db/datafast --events-url clickhouse://datafast@ch:9000/datafast\n" +
			"datafast admin migrate --to ./data --database-url postgres://datafast@db/datafast --events-url clickhouse://datafast@ch:9000/datafast",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if (from == "") == (to == "") {
				return errors.New("give either --from, to move out of a data directory, or --to, to move into one")
			}
			m.dir, m.back = from+to, to != ""
			if m.databaseURL, err = cmd.Flags().GetString("database-url"); err != nil {
				return err
			}
			if m.databaseURL == "" || m.eventsURL == "" {
				return errors.New("give both --database-url and --events-url: the PostgreSQL and the ClickHouse of the other side")
			}
			return m.run(cmd)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "Data directory to move from.")
	cmd.Flags().StringVar(&to, "to", "", "Data directory to move to; it is made.")
	cmd.Flags().StringVar(&m.eventsURL, "events-url", os.Getenv("DATAFAST_EVENTS_URL"), "ClickHouse for events. Also DATAFAST_EVENTS_URL.")
	cmd.Flags().StringVar(&m.cluster, "events-cluster", os.Getenv("DATAFAST_EVENTS_CLUSTER"), "Name of the ClickHouse cluster. Also DATAFAST_EVENTS_CLUSTER.")
	cmd.Flags().IntVar(&m.memoryMB, "events-memory", 1024, "Megabytes that the event stores may use.")
	return cmd
}

// installation is one side of a move.
type installation struct {
	control *store.Control
	events  store.Events
	side    transfer.Side
}

func (i *installation) close() error {
	var err error
	if i.events != nil {
		err = i.events.Close()
	}
	return errors.Join(err, i.control.Close())
}

func (m *move) open(ctx context.Context, dir string, mustExist bool) (_ *installation, err error) {
	databaseURL, o := m.databaseURL, store.EventsOptions{URL: m.eventsURL, Cluster: m.cluster, MemoryMB: m.memoryMB}
	if dir != "" {
		databaseURL, o = "", store.EventsOptions{DataDir: dir, MemoryMB: m.memoryMB, MustExist: mustExist}
	}
	i := &installation{}
	if i.control, err = store.OpenControl(ctx, dir, databaseURL); err != nil {
		return nil, err
	}
	o.Lock = i.control.Lock
	if i.events, err = store.OpenEvents(ctx, o); err != nil {
		return nil, errors.Join(err, i.close())
	}
	side, ok := i.events.(transfer.Side)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a %T cannot be moved", i.events), i.close())
	}
	i.side = side
	return i, nil
}

func (m *move) run(cmd *cobra.Command) (err error) {
	ctx := cmd.Context()
	fromDir, toDir := m.dir, ""
	if m.back {
		fromDir, toDir = "", m.dir
	} else if _, err := os.Stat(filepath.Join(m.dir, store.ControlFile)); err != nil {
		return fmt.Errorf("no installation to move from: %w", err)
	}
	from, err := m.open(ctx, fromDir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	if err := from.control.Moving(ctx); err != nil {
		return err
	}
	to, err := m.open(ctx, toDir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	if err := to.control.BeginMove(ctx); err != nil {
		return err
	}
	return copyAll(cmd, from, to)
}

// copyAll copies the events first: the control data, whose copying ends the move,
// says that all of it is there.
func copyAll(cmd *cobra.Command, from, to *installation) error {
	ctx, started := cmd.Context(), time.Now()
	websites, err := from.control.Websites(ctx)
	if err != nil {
		return err
	}
	var ids []string
	domains := map[string]string{}
	for _, w := range websites {
		ids = append(ids, w.ID)
		domains[w.ID] = w.Domain
	}
	rows, copied := int64(0), int64(0)
	progress := cmd.ErrOrStderr()
	err = transfer.Copy(ctx, from.side, to.side, ids, func(p transfer.Piece) error {
		did := "there already"
		if rows += p.Rows; p.Copied {
			copied, did = copied+p.Rows, "copied and compared"
		}
		month := p.Month
		if month == "" {
			month = "all"
		}
		_, err := fmt.Fprintf(progress, "%s %s %s: %d rows, checksum %016x, %s\n", domains[p.WebsiteID], p.Table, month, p.Rows, p.Sum, did)
		return err
	})
	if err != nil {
		return err
	}
	tables, err := from.control.MoveTo(ctx, to.control.Store)
	if err != nil {
		return err
	}
	kept := 0
	for _, t := range tables {
		kept += t.Rows
		if _, err := fmt.Fprintf(progress, "%s: %d rows, checksum %016x, copied and compared\n", t.Table, t.Rows, t.Checksum); err != nil {
			return err
		}
	}
	return show(cmd, field{"websites", len(ids)}, field{"event_rows", rows}, field{"event_rows_copied", copied}, field{"control_rows", kept},
		field{"seconds", int(time.Since(started).Seconds())})
}
