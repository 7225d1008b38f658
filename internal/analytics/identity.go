package analytics

import (
	"time"

	"datafast/internal/event"
)

// Identity ties a visitor to the profile of a user id. Traits is a JSON object
// that is merged into the profile's; ProfileID is used when the profile is new.
type Identity struct {
	WebsiteID string
	Visitor   event.VisitorID
	UserID    string
	Traits    string
	ProfileID string
	At        time.Time
}
