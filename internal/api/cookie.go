package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

// SignInStore keeps sign-ins and the cookie sessions that point to them.
type SignInStore interface {
	InsertSignIn(ctx context.Context, in auth.SignIn) error
	SignIn(ctx context.Context, signInID string, now time.Time) (auth.SignIn, error)
	SignInsOf(ctx context.Context, userID string, now time.Time) ([]auth.SignIn, error)
	SeeSignIn(ctx context.Context, signInID string, at time.Time) error
}

// signInLifetime is how long a sign-in lasts at most.
const signInLifetime = 30 * 24 * time.Hour

// cookieName is the sign-in cookie of api.md §10.
const cookieName = "datafast_session"

// sessionKey is where the session keeps the sign-in's id.
const sessionKey = "signIn"

// Cookies ties the sign-in cookie to sign-ins. The cookie's value is kept only as
// a hash; the session behind it holds nothing but the sign-in's id, so that
// ending a sign-in ends its cookie.
type Cookies struct {
	manager *scs.SessionManager
	store   SignInStore
	now     func() time.Time
	newID   func() string
}

// NewCookies returns the cookies of an installation. secure marks them for https
// alone.
func NewCookies(sessions scs.CtxStore, store SignInStore, secure bool, now func() time.Time, newID func() string) *Cookies {
	m := scs.New()
	m.Store, m.HashTokenInStore, m.Lifetime = sessions, true, signInLifetime
	m.Cookie = scs.SessionCookie{
		Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure, Persist: true,
	}
	return &Cookies{manager: m, store: store, now: now, newID: newID}
}

// Principal implements SignIns.
func (c *Cookies) Principal(ctx context.Context, r *http.Request) (*auth.Principal, error) {
	in, err := c.signIn(ctx, r)
	if err != nil || in.ID == "" {
		return nil, err
	}
	if now := c.now(); now.Sub(in.LastSeenAt) >= time.Minute {
		if err := c.store.SeeSignIn(ctx, in.ID, now); err != nil {
			return nil, err
		}
	}
	return auth.SignedIn(in.ID, in.UserID, in.Disabled), nil
}

// signIn finds the sign-in of a request's cookie; the zero value when there is none.
func (c *Cookies) signIn(ctx context.Context, r *http.Request) (auth.SignIn, error) {
	cookie, err := r.Cookie(cookieName)
	if errors.Is(err, http.ErrNoCookie) || cookie.Value == "" {
		return auth.SignIn{}, nil
	}
	session, err := c.manager.Load(ctx, cookie.Value)
	if err != nil {
		return auth.SignIn{}, err
	}
	id := c.manager.GetString(session, sessionKey)
	if id == "" {
		return auth.SignIn{}, nil
	}
	in, err := c.store.SignIn(ctx, id, c.now())
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		return auth.SignIn{}, nil
	}
	return in, err
}

// start signs a user in and returns the cookie to set.
func (c *Cookies) start(ctx context.Context, r *Request, userID string) (*http.Cookie, error) {
	now := c.now()
	agent := []rune(strings.ToValidUTF8(r.HTTP.UserAgent(), ""))
	in := auth.SignIn{
		ID: c.newID(), UserID: userID, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(signInLifetime),
		IP: audit.CutIP(r.From()), UserAgent: string(agent[:min(len(agent), 300)]),
	}
	if err := c.store.InsertSignIn(ctx, in); err != nil {
		return nil, err
	}
	session, err := c.manager.Load(ctx, "")
	if err != nil {
		return nil, err
	}
	c.manager.Put(session, sessionKey, in.ID)
	token, expiry, err := c.manager.Commit(session)
	if err != nil {
		return nil, err
	}
	return c.cookie(token, expiry), nil
}

// end forgets the request's session and returns the cookie that clears it, and
// the sign-in behind it, which the caller ends; the zero value when there is none.
func (c *Cookies) end(ctx context.Context, r *http.Request) (*http.Cookie, auth.SignIn, error) {
	cleared := c.cookie("", time.Unix(1, 0))
	cleared.MaxAge = -1
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return cleared, auth.SignIn{}, nil //nolint:nilerr // no cookie: nothing to end
	}
	in, err := c.signIn(ctx, r)
	if err != nil {
		return cleared, in, err
	}
	session, err := c.manager.Load(ctx, cookie.Value)
	if err != nil {
		return cleared, in, err
	}
	return cleared, in, c.manager.Destroy(session)
}

func (c *Cookies) cookie(value string, expires time.Time) *http.Cookie {
	m := c.manager.Cookie
	return &http.Cookie{
		Name: m.Name, Value: value, Path: m.Path, HttpOnly: m.HttpOnly, SameSite: m.SameSite, Secure: m.Secure, Expires: expires.UTC(),
	}
}
