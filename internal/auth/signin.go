package auth

import "time"

// SignIn is one sign-in of a person in a browser.
type SignIn struct {
	ID         string
	UserID     string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	IP         string // cut to /24 or /48
	UserAgent  string // as the browser said at sign-in, cut at 300 characters
	Disabled   bool   // the user is; filled in when read
}
