package analytics

import (
	"time"

	"datafast/internal/event"
)

// Tracking is what became of a website's events, for the install check
// (tracker.md §10). Dropped counts the last 30 days by reason.
type Tracking struct {
	FirstEvent, LastEvent time.Time // zero: none yet
	Dropped               map[string]int64
	RefusedHosts          []string // newest first, at most 20
}

// TrackedGoal is a goal as it was sent, over all time.
type TrackedGoal struct {
	Name                string
	Completions         int64
	Visitors            int64
	FirstSeen, LastSeen time.Time
}

// GoalDeletion names goal events. Empty fields do not narrow it.
type GoalDeletion struct {
	Visitor event.VisitorID
	Name    string
	Range   Range
}

// ExportQuery asks for stored rows, oldest first. After, when set, goes on behind
// a row of that time and id.
type ExportQuery struct {
	WebsiteID string
	Range     Range
	Filters   []Filter
	After     Cursor
	Limit     int // 0 means all
}

// Cursor is a place in an export: behind the row with this time and key. The zero
// value is the beginning.
type Cursor struct {
	Time time.Time
	Key  string
}
