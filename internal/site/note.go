package site

import (
	"context"
	"regexp"
	"time"

	"datafast/internal/fault"
	"datafast/internal/field"
)

// Note is a remark of the team on a date, shown on charts, never in public.
type Note struct {
	ID        string
	WebsiteID string
	Text      string
	At        time.Time
	Author    Author
	Key       string // idempotency key; empty: none
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Author is who wrote a note.
type Author struct {
	ID    string
	Name  string
	Image string
}

// NoteQuery selects notes; zero times are open ends, both inclusive.
type NoteQuery struct {
	From, To      time.Time
	Text          string // contained, in any case
	OldestFirst   bool
	Limit, Offset int
}

// NoteStore keeps notes. Unknown things are faults with code not_found.
type NoteStore interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error
	Notes(ctx context.Context, websiteID string, q NoteQuery) ([]Note, int, error)
	Note(ctx context.Context, websiteID, noteID string) (Note, error)
	NoteByKey(ctx context.Context, websiteID, authorID, key string) (Note, error)
	InsertNote(ctx context.Context, n Note) error
	UpdateNote(ctx context.Context, n Note) error
	DeleteNote(ctx context.Context, websiteID, noteID string) error
}

// Notes makes and changes notes.
type Notes struct {
	store NoteStore
	now   func() time.Time
	newID func() string
	key   *regexp.Regexp
}

// NewNotes returns the service over a store.
func NewNotes(store NoteStore, now func() time.Time, newID func() string) *Notes {
	return &Notes{store: store, now: now, newID: newID, key: regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)}
}

// maxNote is the longest text of a note, in characters.
const maxNote = 500

// NoteInput is what a note is made from or changed to; nil: left out.
type NoteInput struct {
	Text      *string
	Timestamp *string // ISO 8601 with zone, or YYYY-MM-DD: midnight in the website's zone
	Key       *string
}

// check returns the fields of a note; what is left out must be so by wish.
func (n *Notes) check(w *Website, in NoteInput, all bool) (text string, at time.Time, err error) {
	var faults fault.List
	if in.Text != nil {
		text, err = field.Lines("text", *in.Text, 1, maxNote)
		faults.Add(err)
	} else if all {
		faults.Add(fault.Invalid("text", "is required; give 1 to %d characters", maxNote))
	}
	if in.Timestamp != nil {
		at, err = noteTime(w, *in.Timestamp)
		faults.Add(err)
	} else if all {
		faults.Add(fault.Invalid("timestamp", "is required; give a day as 2026-05-21 or a time as 2026-05-21T09:00:00Z"))
	}
	if in.Key != nil && !n.key.MatchString(*in.Key) {
		faults.Add(fault.Invalid("idempotencyKey", "%q is not a key; use 1 to 128 of the characters A-Z, a-z, 0-9, . _ : and -", *in.Key))
	}
	return text, at, faults.Err()
}

func noteTime(w *Website, value string) (time.Time, error) {
	zone, err := time.LoadLocation(w.Timezone)
	if err != nil {
		zone = time.UTC
	}
	if day, err := time.ParseInLocation(time.DateOnly, value, zone); err == nil {
		return day.UTC(), nil
	}
	at, err := field.Instant("timestamp", value)
	if err != nil {
		return at, fault.Invalid("timestamp", "%q is neither a day such as 2026-05-21 nor a time with a zone such as 2026-05-21T09:00:00Z", value)
	}
	return at.Truncate(time.Millisecond), nil
}

// Create makes a note. With a key that the author used before it returns that
// note again (made false) when text and time are the same, else a conflict.
func (n *Notes) Create(ctx context.Context, w *Website, authorID string, in NoteInput) (note Note, made bool, err error) {
	text, at, err := n.check(w, in, true)
	if err != nil {
		return Note{}, false, err
	}
	now := n.now()
	note = Note{ID: n.newID(), WebsiteID: w.ID, Text: text, At: at, Author: Author{ID: authorID}, CreatedAt: now, UpdatedAt: now}
	if in.Key != nil {
		note.Key = *in.Key
	}
	err = n.store.InTx(ctx, func(ctx context.Context) error {
		earlier, err := n.earlier(ctx, note)
		if err != nil || earlier.ID != "" {
			note, made = earlier, false
			return err
		}
		made = true
		if err := n.store.InsertNote(ctx, note); err != nil {
			return err
		}
		note, err = n.store.Note(ctx, w.ID, note.ID) // with the author's name
		return err
	})
	return note, made, err
}

// earlier finds the note that was made with the same key; empty when there is none.
func (n *Notes) earlier(ctx context.Context, note Note) (Note, error) {
	if note.Key == "" {
		return Note{}, nil
	}
	earlier, err := n.store.NoteByKey(ctx, note.WebsiteID, note.Author.ID, note.Key)
	switch {
	case err != nil && fault.CodeOf(err) == fault.CodeNotFound:
		return Note{}, nil
	case err != nil:
		return Note{}, err
	case earlier.Text != note.Text || !earlier.At.Equal(note.At):
		return Note{}, fault.New(fault.CodeConflict, "idempotencyKey: %q was used for a note with another text or time; use a new key", note.Key)
	}
	return earlier, nil
}

// Update changes text, time or both.
func (n *Notes) Update(ctx context.Context, w *Website, noteID string, in NoteInput) (note Note, err error) {
	if in.Text == nil && in.Timestamp == nil {
		return Note{}, fault.New(fault.CodeInvalid, "Send text, timestamp or both")
	}
	text, at, err := n.check(w, in, false)
	if err != nil {
		return Note{}, err
	}
	err = n.store.InTx(ctx, func(ctx context.Context) error {
		note, err = n.store.Note(ctx, w.ID, noteID)
		if err != nil {
			return err
		}
		if in.Text != nil {
			note.Text = text
		}
		if in.Timestamp != nil {
			note.At = at
		}
		note.UpdatedAt = n.now()
		return n.store.UpdateNote(ctx, note)
	})
	return note, err
}

// Delete removes a note.
func (n *Notes) Delete(ctx context.Context, websiteID, noteID string) error {
	return n.store.DeleteNote(ctx, websiteID, noteID)
}

// List selects notes and counts all that match.
func (n *Notes) List(ctx context.Context, websiteID string, q NoteQuery) ([]Note, int, error) {
	return n.store.Notes(ctx, websiteID, q)
}
