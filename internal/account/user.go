package account

import (
	"context"
	"time"
)

// User is a person with an account.
type User struct {
	ID                string // 24 hex
	Email             string // lower case, unique
	Name              string
	Image             string // URL; empty: none
	CreatedAt         time.Time
	PasswordChangedAt time.Time
	Disabled          bool // by the operator: no sign-in, no API access
	TOTP              bool // a second factor is in force
	RecoveryCodesLeft int
}

// DisplayName is the name, or the address where there is none.
func (u *User) DisplayName() string {
	if u.Name == "" {
		return u.Email
	}
	return u.Name
}

// Secrets is what is kept to check a person; it never leaves this package and
// the store.
type Secrets struct {
	PasswordHash string // argon2id in its usual text form
	TOTPSecret   string // base32; empty: none, or not yet confirmed
	TOTPPending  string // base32; waits for its first code
	TOTPLastStep int64  // the time step of the last accepted code
}

// Member is a user's place in a website's team.
type Member struct {
	UserID   string
	Name     string
	Email    string
	Image    string
	Role     Role
	JoinedAt time.Time
}

// Invitation asks the holder of an e-mail address to join a team.
type Invitation struct {
	ID            string
	WebsiteID     string
	Email         string
	Role          Role // viewer or member
	InvitedBy     string
	InvitedByName string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// LinkKind is what a one-time link is for.
type LinkKind string

// The kinds of link.
const (
	LinkFirstRun LinkKind = "first_run"
	LinkReset    LinkKind = "reset"
)

// Link is a one-time secret, kept as its hash.
type Link struct {
	Hash      string
	Kind      LinkKind
	UserID    string // empty for the first run
	ExpiresAt time.Time
}

// Store keeps people. Unknown things are faults with code not_found. Reads and
// writes within InTx's function, with its context, see one state and happen
// together or not at all.
type Store interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error

	User(ctx context.Context, userID string) (*User, error)
	UserByEmail(ctx context.Context, email string) (*User, error)
	Users(ctx context.Context) ([]*User, error)
	InsertUser(ctx context.Context, u *User, passwordHash string) error
	UpdateUser(ctx context.Context, u *User) error // name, image, disabled

	Secrets(ctx context.Context, userID string) (Secrets, error)
	SetPassword(ctx context.Context, userID, passwordHash string, at time.Time) error
	SetTOTP(ctx context.Context, userID string, s Secrets) error // the three TOTP fields
	// UseTOTPStep accepts a time step once: false when it or a later one was used.
	UseTOTPStep(ctx context.Context, userID string, step int64) (bool, error)
	SetRecoveryCodes(ctx context.Context, userID string, hashes []string) error
	UseRecoveryCode(ctx context.Context, userID, hash string) (bool, error)

	InsertLink(ctx context.Context, l Link) error
	// TakeLink removes a link and returns it; not_found when there is none.
	TakeLink(ctx context.Context, kind LinkKind, hash string) (Link, error)
	DeleteLinks(ctx context.Context, kind LinkKind, userID string) error

	EndSignIns(ctx context.Context, userID, exceptID string) error
	DeleteSignIn(ctx context.Context, userID, signInID string) error
}
