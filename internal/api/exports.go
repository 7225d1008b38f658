package api

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"datafast/internal/account"
	"datafast/internal/analytics"
	"datafast/internal/auth"
	"datafast/internal/event"
	"datafast/internal/fault"
	"datafast/internal/revenue"
)

func (a *Reporting) exportRoutes() []Route {
	payments := auth.Rule{Kinds: auth.AllKinds, Permission: auth.PaymentsRead, Website: auth.ByQuery, Least: account.RoleViewer}
	params := append(rangeParams(
		Param{Name: "format", Enum: []string{"ndjson", "csv"}, Description: "Default ndjson, or by Accept."},
		Param{Name: "limit", Type: "integer", Description: "Rows at most; default all."},
		Param{Name: "cursor", Description: "The X-Next-Cursor of the answer before."},
	), filterParams()...)
	route := func(what, id, summary string, rule auth.Rule, h Handler) Route {
		return Route{Method: "GET", Path: "/api/v1/exports/" + what, Rule: rule, Handle: h, Doc: Doc{
			ID: id, Tag: "Exports", Summary: summary, Query: params, ContentType: "application/x-ndjson",
			Description: "Oldest first, streamed. `X-Next-Cursor` is there when `limit` leaves more.",
		}}
	}
	return []Route{
		route("events", "exportEvents", "All events, as lines that the import takes back", reads(), a.exportEvents),
		route("sessions", "exportSessions", "All sessions with a page view", reads(), a.exportSessions),
		route("visitors", "exportVisitors", "All visitors", reads(), a.exportVisitors),
		route("payments", "exportPayments", "All payments, as bodies that POST /payments takes back", payments, a.exportPayments),
	}
}

// export is what all exports read from their parameters.
type export struct {
	query analytics.ExportQuery
	csv   bool
}

func (a *Reporting) readExport(r *Request) (export, error) {
	var errs fault.List
	q := a.question(r, &errs)
	e := export{query: analytics.ExportQuery{WebsiteID: q.WebsiteID, Range: q.Range, Filters: q.Filters}}
	switch f := r.Query.Get("format"); f {
	case "":
		e.csv = wantsCSV(r)
	case "csv":
		e.csv = true
	case "ndjson":
	default:
		errs.Add(fault.Invalid("format", "%.20q is not a format; use ndjson or csv", f))
	}
	var err error
	e.query.Limit, err = r.integer("limit", 0, 1)
	errs.Add(err)
	e.query.After, err = parseCursor(r.Query.Get("cursor"))
	errs.Add(err)
	return e, errs.Err()
}

// cursorText is a cursor as the wire has it.
func cursorText(c analytics.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(Stamp(c.Time) + "|" + c.Key))
}

func parseCursor(s string) (analytics.Cursor, error) {
	if s == "" {
		return analytics.Cursor{}, nil
	}
	bad := fault.Invalid("cursor", "is not one that this server gave; send the X-Next-Cursor as it came")
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return analytics.Cursor{}, bad
	}
	at, key, found := strings.Cut(string(raw), "|")
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || !found || len(key) != 36 {
		return analytics.Cursor{}, bad
	}
	return analytics.Cursor{Time: t, Key: key}, nil
}

// exported is one row with its place.
type exported struct {
	row   ordered
	place analytics.Cursor
}

// streamed makes the response of an export. Rows beyond the limit are asked for by
// one, so that the header can say whether there is more: with a limit the rows are
// collected before the first byte, without one they are streamed.
func streamed(e export, rows func(limit int, emit func(exported) error) error) (*Response, error) {
	header := http.Header{"Content-Type": {"application/x-ndjson"}}
	if e.csv {
		header = http.Header{"Content-Type": {"text/csv; charset=utf-8"}}
	}
	if e.query.Limit == 0 {
		return &Response{Header: header, Stream: func(w http.ResponseWriter) error {
			out := newRowWriter(w, e.csv)
			if err := rows(0, func(x exported) error { return out.write(x.row) }); err != nil {
				return err
			}
			return out.flush()
		}}, nil
	}
	var kept []exported
	err := rows(e.query.Limit+1, func(x exported) error {
		kept = append(kept, x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(kept) > e.query.Limit {
		kept = kept[:e.query.Limit]
		header.Set("X-Next-Cursor", cursorText(kept[len(kept)-1].place))
	}
	return &Response{Header: header, Stream: func(w http.ResponseWriter) error {
		out := newRowWriter(w, e.csv)
		for _, x := range kept {
			if err := out.write(x.row); err != nil {
				return err
			}
		}
		return out.flush()
	}}, nil
}

// rowWriter writes rows as NDJSON or CSV.
type rowWriter struct {
	buf    *bufio.Writer
	csv    *csv.Writer // nil: NDJSON
	headed bool
}

func newRowWriter(w io.Writer, asCSV bool) *rowWriter {
	r := &rowWriter{buf: bufio.NewWriterSize(w, 64<<10)}
	if asCSV {
		r.csv = csv.NewWriter(r.buf)
	}
	return r
}

func (r *rowWriter) write(row ordered) error {
	if r.csv == nil {
		line, err := encode(row)
		if err != nil {
			return err
		}
		_, err = r.buf.Write(append(line, '\n'))
		return err
	}
	names, cells := flatten("", row)
	if !r.headed {
		r.headed = true
		if err := r.csv.Write(names); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	return r.csv.Write(cells)
}

func (r *rowWriter) flush() error {
	if r.csv != nil {
		r.csv.Flush()
		if err := r.csv.Error(); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	return r.buf.Flush()
}

func (a *Reporting) exportEvents(ctx context.Context, r *Request) (*Response, error) {
	e, err := a.readExport(r)
	if err != nil {
		return nil, err
	}
	return streamed(e, func(limit int, emit func(exported) error) error {
		q := e.query
		q.Limit = limit
		return a.Events.ExportEvents(ctx, q, func(ev *event.Event) error {
			return emit(exported{eventLine(ev, e.csv), analytics.Cursor{Time: ev.Time, Key: idKey(ev.ID)}})
		})
	})
}

func (a *Reporting) exportSessions(ctx context.Context, r *Request) (*Response, error) {
	e, err := a.readExport(r)
	if err != nil {
		return nil, err
	}
	return streamed(e, func(limit int, emit func(exported) error) error {
		q := e.query
		q.Limit = limit
		return a.Events.ExportSessions(ctx, q, func(s *event.Session, bounce bool) error {
			return emit(exported{sessionLine(s, bounce), analytics.Cursor{Time: s.Start, Key: s.Visitor.String()}})
		})
	})
}

// exportPage is how many visitors or payments are read at once.
const exportPage = 5_000

func (a *Reporting) exportVisitors(ctx context.Context, r *Request) (*Response, error) {
	e, err := a.readExport(r)
	if err != nil {
		return nil, err
	}
	return streamed(e, func(limit int, emit func(exported) error) error {
		q := analytics.VisitorsQuery{WebsiteID: e.query.WebsiteID, Range: e.query.Range, Filters: e.query.Filters, OldestFirst: true, After: e.query.After}
		for left := limit; ; {
			q.Limit = exportPage
			if limit > 0 {
				q.Limit = min(q.Limit, left)
			}
			if q.Limit == 0 {
				return nil
			}
			res, err := a.Engine.Visitors(ctx, q)
			if err != nil {
				return err
			}
			for i := range res.Rows {
				v := &res.Rows[i]
				q.After = analytics.Cursor{Time: v.FirstSeen, Key: v.Visitor.String()}
				if err := emit(exported{visitorColumns(v), q.After}); err != nil {
					return err
				}
			}
			left -= len(res.Rows)
			if len(res.Rows) < q.Limit {
				return nil
			}
		}
	})
}

func (a *Reporting) exportPayments(ctx context.Context, r *Request) (*Response, error) {
	e, err := a.readExport(r)
	if err != nil {
		return nil, err
	}
	if len(e.query.Filters) > 0 {
		return nil, fault.New(fault.CodeInvalid, "The payments export takes no filters; leave out filter_*")
	}
	return streamed(e, func(limit int, emit func(exported) error) error {
		q := revenue.PaymentsQuery{WebsiteID: e.query.WebsiteID, From: e.query.Range.From, To: e.query.Range.To, OldestFirst: true, Limit: exportPage}
		sent := 0
		for {
			list, _, err := a.Revenue.List(ctx, q)
			if err != nil {
				return err
			}
			for i := range list {
				place := analytics.Cursor{Time: list[i].Time, Key: idKey(list[i].ID)}
				if !behind(place, e.query.After) {
					continue
				}
				if err := emit(exported{paymentLine(&list[i], r.Website.Currency), place}); err != nil {
					return err
				}
				if sent++; limit > 0 && sent == limit {
					return nil
				}
			}
			if len(list) < q.Limit {
				return nil
			}
			q.Offset += len(list)
		}
	})
}

// behind reports whether a row lies behind a cursor.
func behind(place, after analytics.Cursor) bool {
	if after.Key == "" || place.Time.After(after.Time) {
		return true
	}
	return place.Time.Equal(after.Time) && place.Key > after.Key
}
