package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"datafast/internal/audit"
	"datafast/internal/fault"
)

// Device login (cli.md §1.4): a program without a browser shows a short code, a
// signed-in person approves it on a page and chooses what the program may do, and
// the program fetches its token.
const (
	DeviceLifetime = 10 * time.Minute
	DeviceInterval = 5 * time.Second // between two questions of the program
)

// Machine keys of what a program is told while it has no token.
const (
	ReasonPending  = "authorization_pending"
	ReasonSlowDown = "slow_down"
	ReasonExpired  = "expired_token"
	ReasonDenied   = "access_denied"
)

// DeviceState says how far a device login has come.
type DeviceState string

// The states; a login whose token was fetched is gone.
const (
	DeviceWaiting  DeviceState = "waiting"
	DeviceApproved DeviceState = "approved"
	DeviceDenied   DeviceState = "denied"
)

// Device is a program that waits for its login to be approved. The code that it
// fetches its token with is kept only as a hash.
type Device struct {
	UserCode  string // as people type it: "BCDF-GHJK"
	AskedFrom string // the program's address, whole: the page shows it for ten minutes
	Program   string // as it called itself; at most 100 characters
	CreatedAt time.Time
	ExpiresAt time.Time
	PolledAt  time.Time // when it last asked; zero: not yet
	State     DeviceState

	// What was approved, by whom and from where.
	UserID       string
	ApprovedFrom string
	Name         string
	Granted      []string
	WebsiteIDs   []string
	TokenExpires time.Time
}

// DeviceStore keeps device logins. Unknown ones are faults with code not_found;
// so are those that have expired.
type DeviceStore interface {
	InTx(ctx context.Context, do func(ctx context.Context) error) error
	InsertDevice(ctx context.Context, d Device, hash string) error
	DeviceByHash(ctx context.Context, hash string, now time.Time) (Device, error)
	DeviceByUserCode(ctx context.Context, userCode string, now time.Time) (Device, error)
	// DecideDevice writes state and approval of one that is waiting; not_found
	// when somebody was faster.
	DecideDevice(ctx context.Context, d Device) error
	SeeDevice(ctx context.Context, userCode string, at time.Time) error
	DeleteDevice(ctx context.Context, userCode string) error
	// UserDisabled reports whether the operator took API access away.
	UserDisabled(ctx context.Context, userID string) (bool, error)
}

// Devices is the device login.
type Devices struct {
	store  DeviceStore
	keeper *Keeper
	sites  Finder
}

// NewDevices returns the device login; approved tokens are made by the keeper.
func NewDevices(store DeviceStore, keeper *Keeper, sites Finder) *Devices {
	return &Devices{store: store, keeper: keeper, sites: sites}
}

// Start makes a new login and returns it with the code that its program asks with.
func (d *Devices) Start(ctx context.Context, program string, from netip.Addr) (Device, string, error) {
	now := d.keeper.now()
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand documents it
	code := hex.EncodeToString(b)
	dev := Device{
		UserCode: newUserCode(), AskedFrom: from.String(), Program: program,
		CreatedAt: now, ExpiresAt: now.Add(DeviceLifetime), State: DeviceWaiting,
	}
	if !from.IsValid() {
		dev.AskedFrom = ""
	}
	return dev, code, d.store.InsertDevice(ctx, dev, HashSecret(code))
}

// userLetters are those of user codes: no vowels, so that no words appear, and
// none that are easily taken for another.
const userLetters = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode makes a code of eight letters, 34 bits, with a dash in the middle.
func newUserCode() string {
	var code []byte
	for len(code) < 8 {
		b := make([]byte, 1)
		_, _ = rand.Read(b) // never fails: crypto/rand documents it
		if int(b[0]) < 256/len(userLetters)*len(userLetters) {
			code = append(code, userLetters[int(b[0])%len(userLetters)])
		}
	}
	return string(code[:4]) + "-" + string(code[4:])
}

// ParseUserCode is a user code as people type it: in any case, with or without
// the dash and blanks.
func ParseUserCode(typed string) string {
	var code strings.Builder
	for _, r := range strings.ToUpper(typed) {
		if strings.ContainsRune(userLetters, r) {
			if code.Len() == 4 {
				code.WriteByte('-')
			}
			code.WriteRune(r)
		}
	}
	return code.String()
}

// Waiting finds a login that waits for approval; not_found when there is none
// with this code, or it is decided or over.
func (d *Devices) Waiting(ctx context.Context, typed string) (Device, error) {
	dev, err := d.store.DeviceByUserCode(ctx, ParseUserCode(typed), d.keeper.now())
	if err != nil && fault.CodeOf(err) != fault.CodeNotFound {
		return dev, err
	}
	if err != nil || dev.State != DeviceWaiting {
		return dev, fault.NotFound("No program waits with this code. Codes last ten minutes and work once; start again with `datafast login --device`")
	}
	return dev, nil
}

// Approve lets a waiting program have a token of the signed-in person, under the
// rules of CreateToken: never more than the person has.
func (d *Devices) Approve(ctx context.Context, by *Principal, from netip.Addr, typed string, n NewToken) error {
	return d.store.InTx(ctx, func(ctx context.Context) error {
		dev, err := d.Waiting(ctx, typed)
		if err != nil {
			return err
		}
		c, err := d.keeper.draft(ctx, by, n, d.sites)
		if err != nil {
			return err
		}
		if err := d.keeper.room(ctx, c); err != nil {
			return err
		}
		dev.State, dev.UserID, dev.ApprovedFrom = DeviceApproved, by.UserID, from.String()
		dev.Name, dev.Granted, dev.WebsiteIDs, dev.TokenExpires = c.Name, c.Granted, c.WebsiteIDs, c.ExpiresAt
		return d.decide(ctx, dev, "device.approve")
	})
}

// Deny turns a waiting program away.
func (d *Devices) Deny(ctx context.Context, by *Principal, typed string) error {
	return d.store.InTx(ctx, func(ctx context.Context) error {
		dev, err := d.Waiting(ctx, typed)
		if err != nil {
			return err
		}
		dev.State, dev.UserID = DeviceDenied, by.UserID
		return d.decide(ctx, dev, "device.deny")
	})
}

func (d *Devices) decide(ctx context.Context, dev Device, action string) error {
	if err := d.store.DecideDevice(ctx, dev); err != nil {
		return err
	}
	change := audit.Change{Action: action, UserID: dev.UserID, Target: dev.Program}
	if dev.State == DeviceApproved {
		from, _ := netip.ParseAddr(dev.AskedFrom) // cut: entries stay for good
		change.After = map[string]any{"name": dev.Name, "permissions": dev.Granted, "websiteIds": dev.WebsiteIDs, "askedFrom": audit.CutIP(from)}
	}
	return d.keeper.audit.Record(ctx, change)
}

// Fetch gives an approved program its token, once. Until then it is invalid,
// with one of the reasons above.
func (d *Devices) Fetch(ctx context.Context, code string) (c *Credential, secret string, err error) {
	var refused error
	err = d.store.InTx(ctx, func(ctx context.Context) error {
		c, secret, refused = nil, "", nil
		dev, err := d.store.DeviceByHash(ctx, HashSecret(code), d.keeper.now())
		switch {
		case err != nil && fault.CodeOf(err) == fault.CodeNotFound:
			refused = notYet(ReasonExpired, "This login has expired or its token was fetched; start again")
		case err != nil:
			return err
		case dev.State == DeviceWaiting:
			refused, err = d.wait(ctx, dev)
			return err
		case dev.State == DeviceDenied:
			refused = notYet(ReasonDenied, "The login was denied")
			return d.store.DeleteDevice(ctx, dev.UserCode)
		default:
			c, secret, err = d.issue(ctx, dev)
			return err
		}
		return nil
	})
	if err == nil {
		err = refused
	}
	return c, secret, err
}

func notYet(reason, message string) error {
	return fault.New(fault.CodeInvalid, "%s", message).Because(reason)
}

// wait notes the question of a program that must go on waiting.
func (d *Devices) wait(ctx context.Context, dev Device) (refused, err error) {
	now := d.keeper.now()
	if now.Sub(dev.PolledAt) < DeviceInterval-time.Second {
		refused = notYet(ReasonSlowDown, "Ask less often")
	} else {
		refused = notYet(ReasonPending, "The login is not approved yet")
	}
	return refused, d.store.SeeDevice(ctx, dev.UserCode, now)
}

// issue makes the approved token. What the person lost since the approval, the
// token does not get: their websites are checked again, and so is the account.
func (d *Devices) issue(ctx context.Context, dev Device) (*Credential, string, error) {
	disabled, err := d.store.UserDisabled(ctx, dev.UserID)
	if err != nil {
		return nil, "", err
	}
	if disabled {
		return nil, "", forbidden(ReasonDisabled, "Account does not have API access")
	}
	if err := d.store.DeleteDevice(ctx, dev.UserCode); err != nil {
		return nil, "", err
	}
	from, _ := netip.ParseAddr(dev.ApprovedFrom)
	by := SignedIn("", dev.UserID, false)
	ctx = audit.With(ctx, audit.Actor{UserID: dev.UserID, Kind: by.Kind.String(), IP: from})
	n := NewToken{
		Name: dev.Name, Permissions: append([]string{}, dev.Granted...), Websites: append([]string{}, dev.WebsiteIDs...),
		ExpiresAt: Expiry{Set: true, At: dev.TokenExpires},
	}
	return d.keeper.CreateToken(ctx, by, n, d.sites)
}
