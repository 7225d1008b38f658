package api

import (
	"context"
	"net/http"
	"strings"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

// The dashboard's own routes; their shapes stand in docs/design/app-api.md.

type stateRow struct {
	FirstRun bool   `json:"firstRun"`
	SignedIn bool   `json:"signedIn"`
	Mail     bool   `json:"mail"`
	Version  string `json:"version"`
}

type firstRunBody struct {
	Secret   Opt[string] `json:"secret"`
	Name     Opt[string] `json:"name"`
	Email    Opt[string] `json:"email"`
	Password Opt[string] `json:"password"`
}

type signInBody struct {
	Email    Opt[string] `json:"email"`
	Password Opt[string] `json:"password"`
	Code     Opt[string] `json:"code,omitzero"`
}

type userRow struct {
	UserID string `json:"userId"`
}

type nothing struct{}

func (a *Account) signInRoutes() []Route {
	open, mine := auth.Rule{Kinds: auth.Anonymous}, auth.Rule{Kinds: auth.Session}
	return []Route{
		{Method: "GET", Path: "/api/app/state", Rule: open, Handle: a.state, Doc: Doc{
			ID: "getState", Tag: "Dashboard", Summary: "What the dashboard needs before anyone is signed in", Data: stateRow{},
		}},
		{Method: "POST", Path: "/api/auth/first-run", Rule: open, Handle: a.firstRun, Doc: Doc{
			ID: "firstRun", Tag: "Dashboard", Summary: "Make the first account", Body: firstRunBody{}, Data: userRow{},
		}},
		{Method: "POST", Path: "/api/auth/sign-in", Rule: open, Handle: a.signIn, Doc: Doc{
			ID: "signIn", Tag: "Dashboard", Summary: "Sign in", Body: signInBody{}, Data: userRow{},
			BodyExample: `{"email":"ana@example.com","password":"…"}`,
		}},
		{Method: "POST", Path: "/api/auth/sign-out", Rule: open, Handle: a.signOut, Doc: Doc{
			ID: "signOut", Tag: "Dashboard", Summary: "Sign out", Data: nothing{},
		}},
		{Method: "POST", Path: "/api/auth/sign-out-everywhere", Rule: mine, Handle: a.signOutEverywhere, Doc: Doc{
			ID: "signOutEverywhere", Tag: "Dashboard", Summary: "End all my sign-ins", Data: nothing{},
		}},
	}
}

func (a *Account) state(ctx context.Context, r *Request) (*Response, error) {
	empty, err := a.People.Empty(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.Cookies.Principal(ctx, r.HTTP)
	if err != nil {
		return nil, err
	}
	return OK(stateRow{empty, p != nil && !p.Disabled, a.Mail.Enabled(), a.Version}), nil
}

func (a *Account) firstRun(ctx context.Context, r *Request) (*Response, error) {
	var body firstRunBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	if v := a.signInByIP.peek(limitKey(r.From())); !v.ok {
		return nil, a.tooMany(v)
	}
	u, err := a.People.FirstRun(ctx, body.Secret.Value, account.NewUser{
		Name: body.Name.Value, Email: body.Email.Value, Password: body.Password.Value,
	})
	if err != nil {
		a.countFailure(r, err, "")
		return nil, err
	}
	return a.signedIn(ctx, r, u.ID, userRow{u.ID})
}

// signedIn answers with the cookie of a new sign-in.
func (a *Account) signedIn(ctx context.Context, r *Request, userID string, data any) (*Response, error) {
	cookie, err := a.Cookies.start(ctx, r, userID)
	if err != nil {
		return nil, err
	}
	return &Response{Data: data, Cookies: []*http.Cookie{cookie}}, nil
}

func (a *Account) signIn(ctx context.Context, r *Request) (*Response, error) {
	var body signInBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	email := strings.ToLower(strings.TrimSpace(body.Email.Value))
	for _, v := range []verdict{a.signInByIP.peek(limitKey(r.From())), a.signInByMail.peek(email)} {
		if !v.ok {
			return nil, a.tooMany(v)
		}
	}
	u, err := a.People.Verify(ctx, email, body.Password.Value, body.Code.Value)
	if err != nil {
		a.countFailure(r, err, email)
		return nil, err
	}
	return a.signedIn(ctx, r, u.ID, userRow{u.ID})
}

// countFailure counts a failed attempt against the address and the e-mail
// address. Being asked for a code is none; neither are field errors.
func (a *Account) countFailure(r *Request, err error, email string) {
	if code := fault.CodeOf(err); code != fault.CodeUnauthenticated && code != fault.CodeForbidden {
		return
	}
	a.signInByIP.take(limitKey(r.From()))
	if email != "" {
		a.signInByMail.take(email)
	}
}

// tooMany is a refusal that the router turns into 429 with Retry-After.
func (a *Account) tooMany(v verdict) error { return retryLater(v.reset.Sub(a.Now())) }

func (a *Account) signOut(ctx context.Context, r *Request) (*Response, error) {
	cookie, in, err := a.Cookies.end(ctx, r.HTTP)
	if err == nil && in.ID != "" {
		err = a.People.EndSignIn(ctx, in.UserID, in.ID, in.UserAgent)
	}
	if err != nil {
		return nil, err
	}
	return &Response{Data: nothing{}, Cookies: []*http.Cookie{cookie}}, nil
}

func (a *Account) signOutEverywhere(ctx context.Context, r *Request) (*Response, error) {
	if err := a.People.EndSignIns(ctx, r.Principal.UserID); err != nil {
		return nil, err
	}
	return a.signOut(ctx, r)
}
