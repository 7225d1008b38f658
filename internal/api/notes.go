package api

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/site"
)

type noteRow struct {
	ID        string      `json:"id"`
	WebsiteID string      `json:"websiteId"`
	Text      string      `json:"text"`
	Timestamp string      `json:"timestamp"`
	Author    *noteAuthor `json:"author"`
	CreatedAt string      `json:"createdAt"`
	UpdatedAt string      `json:"updatedAt"`
}

type noteAuthor struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Image *string `json:"image"`
}

type noteBody struct {
	Text           Opt[string] `json:"text" doc:"1 to 500 characters"`
	Timestamp      Opt[string] `json:"timestamp" doc:"ISO 8601 with a zone, or YYYY-MM-DD: midnight in the website's zone"`
	IdempotencyKey Opt[string] `json:"idempotencyKey,omitzero" doc:"1 to 128 of A-Z a-z 0-9 . _ : -"`
}

type noteChangeBody struct {
	Text      Opt[string] `json:"text,omitzero" doc:"1 to 500 characters"`
	Timestamp Opt[string] `json:"timestamp,omitzero" doc:"ISO 8601 with a zone, or YYYY-MM-DD: midnight in the website's zone"`
}

const noteExample = `{"status":"success","data":[{"id":"665f0b3c4d2e1a0012345650","websiteId":"665f0b3c4d2e1a0012345678","text":"New landing page live","timestamp":"2026-05-20T21:00:00.000Z","author":{"id":"665f0b3c4d2e1a0012345601","name":"Ana Pop","image":null},"createdAt":"2026-05-21T08:00:00.000Z","updatedAt":"2026-05-21T08:00:00.000Z"}]}`

func (a *Account) noteRoutes() []Route {
	read := auth.Rule{Kinds: auth.AllKinds, Permission: auth.NotesRead, Website: auth.ByPath, Least: account.RoleViewer}
	write := auth.Rule{Kinds: auth.AllKinds, Permission: auth.NotesWrite, Website: auth.ByPath, Least: account.RoleMember}
	const path = "/api/v1/admin/websites/{websiteId}/notes"
	return []Route{
		{Method: "GET", Path: path, Rule: read, Handle: a.listNotes, Doc: Doc{
			ID: "listNotes", Tag: "Notes", Summary: "List the team's notes",
			Query: append(spanParams(),
				Param{Name: "q", Description: "Contained in the text, in any case; at most 200 characters"},
				Param{Name: "order", Enum: []string{"desc", "asc"}, Description: "By time; default desc"},
				Param{Name: "limit", Type: "integer", Description: "Default 100, at most 1000"},
				Param{Name: "offset", Type: "integer", Description: "Default 0"}),
			Data: []noteRow{}, Paged: true, Example: noteExample,
		}},
		{Method: "POST", Path: path, Rule: write, MaxBody: smallBody, Handle: a.createNote, Doc: Doc{
			ID: "createNote", Tag: "Notes", Summary: "Create a note",
			Description: "201 when new, 200 when the same key was used for the same note before, 409 when it was used for another one.",
			Body:        noteBody{}, Data: []noteRow{}, Example: noteExample, BodyExample: `{"text":"New landing page live","timestamp":"2026-05-21"}`,
		}},
		{Method: "PUT", Path: path + "/{noteId}", Rule: write, MaxBody: smallBody, Handle: a.updateNote, Doc: Doc{
			ID: "updateNote", Tag: "Notes", Summary: "Change a note", Body: noteChangeBody{}, Data: []noteRow{}, Example: noteExample,
			BodyExample: `{"text":"New landing page, second try"}`,
		}},
		{Method: "DELETE", Path: path + "/{noteId}", Rule: write, Handle: a.deleteNote, Doc: Doc{
			ID: "deleteNote", Tag: "Notes", Summary: "Delete a note", Data: []deletedRow{},
		}},
	}
}

// spanParams are startAt, endAt and timezone.
func spanParams() []Param {
	return []Param{
		{Name: "startAt", Description: "YYYY-MM-DD, or ISO 8601 with a zone; with endAt"},
		{Name: "endAt", Description: "Likewise; a day is meant whole"},
		{Name: "timezone", Description: "IANA name; default the website's"},
	}
}

func (a *Account) listNotes(ctx context.Context, r *Request) (*Response, error) {
	q := site.NoteQuery{Text: r.Query.Get("q"), OldestFirst: r.Query.Get("order") == "asc"}
	var faults fault.List
	faults.Add(r.OnlyQuery("startAt", "endAt", "timezone", "q", "order", "limit", "offset"))
	var err error
	q.Limit, q.Offset, err = r.Paging(100, 1000)
	faults.Add(err)
	q.From, q.To, err = r.instants(r.Website.Timezone)
	faults.Add(err)
	if n := utf8.RuneCountInString(q.Text); n > 200 {
		faults.Add(fault.Invalid("q", "has %d characters; give at most 200", n))
	}
	if order := r.Query.Get("order"); order != "" && order != "asc" && order != "desc" {
		faults.Add(fault.Invalid("order", "%q is not an order; use desc or asc", order))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	notes, total, err := a.Notes.List(ctx, r.Website.ID, q)
	if err != nil {
		return nil, err
	}
	rows := make([]noteRow, len(notes))
	for i, n := range notes {
		rows[i] = noteOf(n)
	}
	return &Response{Data: rows, Pagination: Page(q.Limit, q.Offset, total, len(rows))}, nil
}

func (a *Account) createNote(ctx context.Context, r *Request) (*Response, error) {
	var body noteBody
	if err := r.DecodeStrict(&body); err != nil {
		return nil, err
	}
	n, made, err := a.Notes.Create(ctx, r.Website, r.Principal.UserID, site.NoteInput{
		Text: body.Text.Ptr(), Timestamp: body.Timestamp.Ptr(), Key: body.IdempotencyKey.Ptr(),
	})
	if err != nil {
		return nil, err
	}
	resp := One(noteOf(n))
	if made {
		resp.Status = http.StatusCreated
	}
	return resp, nil
}

func (a *Account) updateNote(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("noteId")
	if err != nil {
		return nil, err
	}
	var body noteChangeBody
	if err := r.DecodeStrict(&body); err != nil {
		return nil, err
	}
	n, err := a.Notes.Update(ctx, r.Website, id, site.NoteInput{Text: body.Text.Ptr(), Timestamp: body.Timestamp.Ptr()})
	if err != nil {
		return nil, err
	}
	return One(noteOf(n)), nil
}

func (a *Account) deleteNote(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("noteId")
	if err != nil {
		return nil, err
	}
	if err := a.Notes.Delete(ctx, r.Website.ID, id); err != nil {
		return nil, err
	}
	return One(deletedRow{true}), nil
}

func noteOf(n site.Note) noteRow {
	row := noteRow{ID: n.ID, WebsiteID: n.WebsiteID, Text: n.Text, Timestamp: Stamp(n.At), CreatedAt: Stamp(n.CreatedAt), UpdatedAt: Stamp(n.UpdatedAt)}
	if n.Author.ID != "" {
		row.Author = &noteAuthor{n.Author.ID, n.Author.Name, orNull(n.Author.Image)}
	}
	return row
}

// instants reads startAt and endAt as inclusive instants: both or neither; days
// are whole days in the reporting zone. Absent ones are zero.
func (r *Request) instants(zoneName string) (from, to time.Time, err error) {
	start, end := r.Query.Get("startAt"), r.Query.Get("endAt")
	var faults fault.List
	zone, err := r.zone(zoneName)
	faults.Add(err)
	if (start == "") != (end == "") {
		faults.Add(fault.New(fault.CodeInvalid, "startAt and endAt must be given together"))
	}
	if err := faults.Err(); err != nil || start == "" {
		return from, to, err
	}
	from, _, err = instant("startAt", start, zone)
	faults.Add(err)
	to, day, err := instant("endAt", end, zone)
	faults.Add(err)
	if day {
		to = to.AddDate(0, 0, 1).Add(-time.Millisecond)
	}
	if len(faults) == 0 && from.After(to) {
		faults.Add(fault.Invalid("startAt", "lies after endAt; swap them"))
	}
	return from, to, faults.Err()
}

// zone reads the timezone parameter.
func (r *Request) zone(fallback string) (*time.Location, error) {
	name := r.Query.Get("timezone")
	if name == "" {
		name = fallback
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return time.UTC, fault.Invalid("timezone", "%q is not a time zone; use an IANA name such as Europe/Paris", name)
	}
	return zone, nil
}

func instant(name, value string, zone *time.Location) (at time.Time, day bool, err error) {
	if at, err := time.ParseInLocation(time.DateOnly, value, zone); err == nil {
		return at, true, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return at, false, nil
	}
	return time.Time{}, false, fault.Invalid(name, "%q is neither a day such as 2026-05-21 nor a time with a zone; add Z or an offset as in 2026-05-21T09:00:00Z", value)
}
