package api

import (
	"context"
	"encoding/base64"
	"net/url"

	"datafast/internal/auth"
	"datafast/internal/fault"
)

type securityRow struct {
	Email             string `json:"email"`
	TOTP              bool   `json:"totp"`
	RecoveryCodesLeft int    `json:"recoveryCodesLeft"`
	PasswordChangedAt string `json:"passwordChangedAt"`
}

type signInRow struct {
	ID         string `json:"_id"`
	Current    bool   `json:"current"`
	CreatedAt  string `json:"createdAt"`
	LastSeenAt string `json:"lastSeenAt"`
	IP         string `json:"ip" doc:"Cut to /24 or /48"`
	UserAgent  string `json:"userAgent"`
}

type passwordBody struct {
	Current  Opt[string] `json:"current"`
	Password Opt[string] `json:"password" doc:"10 to 200 characters"`
}

type confirmBody struct {
	Password Opt[string] `json:"password"`
}

type codeBody struct {
	Code Opt[string] `json:"code"`
}

type enrolment struct {
	Secret string `json:"secret" doc:"Base32"`
	URL    string `json:"url" doc:"otpauth://totp/…"`
	QR     string `json:"qr" doc:"PNG as a data URL"`
}

type recoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" doc:"Shown once"`
}

func (a *Account) securityRoutes() []Route {
	mine := auth.Rule{Kinds: auth.Session}
	route := func(method, path string, h Handler, d Doc) Route {
		d.Tag = "Dashboard"
		return Route{Method: method, Path: "/api/auth/" + path, Rule: mine, Handle: h, Doc: d}
	}
	return []Route{
		route("GET", "security", a.security, Doc{ID: "getSecurity", Summary: "How my account is secured", Data: securityRow{}}),
		route("GET", "sessions", a.listSignIns, Doc{ID: "listSignIns", Summary: "Where I am signed in", Data: []signInRow{}}),
		route("DELETE", "sessions/{signInId}", a.endSignIn, Doc{ID: "endSignIn", Summary: "End one of my sign-ins", Data: deletedRow{}}),
		route("POST", "password", a.changePassword, Doc{ID: "changePassword", Summary: "Change my password", Body: passwordBody{}, Data: nothing{}}),
		route("POST", "totp", a.startTOTP, Doc{ID: "startTotp", Summary: "Set up a second factor", Body: confirmBody{}, Data: enrolment{}}),
		route("POST", "totp/confirm", a.confirmTOTP, Doc{ID: "confirmTotp", Summary: "Put the second factor in force", Body: codeBody{}, Data: recoveryCodes{}}),
		route("POST", "totp/recovery-codes", a.newRecoveryCodes, Doc{ID: "renewRecoveryCodes", Summary: "Replace my recovery codes", Body: confirmBody{}, Data: recoveryCodes{}}),
		route("POST", "totp/disable", a.stopTOTP, Doc{ID: "disableTotp", Summary: "Switch the second factor off", Body: confirmBody{}, Data: nothing{}}),
	}
}

func (a *Account) security(ctx context.Context, r *Request) (*Response, error) {
	u, err := a.People.User(ctx, r.Principal.UserID)
	if err != nil {
		return nil, err
	}
	return OK(securityRow{u.Email, u.TOTP, u.RecoveryCodesLeft, Stamp(u.PasswordChangedAt)}), nil
}

func (a *Account) listSignIns(ctx context.Context, r *Request) (*Response, error) {
	all, err := a.SignIns.SignInsOf(ctx, r.Principal.UserID, a.Now())
	if err != nil {
		return nil, err
	}
	rows := make([]signInRow, len(all))
	for i, in := range all {
		rows[i] = signInRow{in.ID, in.ID == r.Principal.ID, Stamp(in.CreatedAt), Stamp(in.LastSeenAt), in.IP, in.UserAgent}
	}
	return OK(rows), nil
}

func (a *Account) endSignIn(ctx context.Context, r *Request) (*Response, error) {
	id, err := r.objectID("signInId")
	if err != nil {
		return nil, err
	}
	in, err := a.SignIns.SignIn(ctx, id, a.Now())
	if err == nil && in.UserID == r.Principal.UserID {
		return OK(deletedRow{true}), a.People.EndSignIn(ctx, in.UserID, in.ID, in.UserAgent)
	}
	if err == nil || fault.CodeOf(err) == fault.CodeNotFound {
		err = fault.NotFound("Sign-in not found")
	}
	return nil, err
}

func (a *Account) changePassword(ctx context.Context, r *Request) (*Response, error) {
	var body passwordBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	err := a.guarded(r, func() error {
		return a.People.ChangePassword(ctx, r.Principal.UserID, body.Current.Value, body.Password.Value, r.Principal.ID)
	})
	return OK(nothing{}), err
}

// guarded does what asks for the password again; wrong ones count as failed
// sign-ins, so that a stolen session cannot guess.
func (a *Account) guarded(r *Request, do func() error) error {
	key := "user " + r.Principal.UserID
	if v := a.signInByMail.peek(key); !v.ok {
		return a.tooMany(v)
	}
	err := do()
	if err != nil && fault.CodeOf(err) == fault.CodeForbidden {
		a.signInByMail.take(key)
	}
	return err
}

func (a *Account) startTOTP(ctx context.Context, r *Request) (*Response, error) {
	var body confirmBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	var out enrolment
	err := a.guarded(r, func() error {
		e, err := a.People.StartTOTP(ctx, r.Principal.UserID, body.Password.Value, a.issuer())
		out = enrolment{e.Secret, e.URL, "data:image/png;base64," + base64.StdEncoding.EncodeToString(e.QR)}
		return err
	})
	return OK(out), err
}

// issuer is how authenticator apps name this installation.
func (a *Account) issuer() string {
	if u, err := url.Parse(a.BaseURL); err == nil && u.Hostname() != "" {
		return "datafast " + u.Hostname()
	}
	return "datafast"
}

func (a *Account) confirmTOTP(ctx context.Context, r *Request) (*Response, error) {
	var body codeBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	codes, err := a.People.ConfirmTOTP(ctx, r.Principal.UserID, body.Code.Value)
	return OK(recoveryCodes{codes}), err
}

func (a *Account) newRecoveryCodes(ctx context.Context, r *Request) (*Response, error) {
	var body confirmBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	var codes []string
	err := a.guarded(r, func() (err error) {
		codes, err = a.People.NewRecoveryCodes(ctx, r.Principal.UserID, body.Password.Value)
		return err
	})
	return OK(recoveryCodes{codes}), err
}

func (a *Account) stopTOTP(ctx context.Context, r *Request) (*Response, error) {
	var body confirmBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	err := a.guarded(r, func() error { return a.People.StopTOTP(ctx, r.Principal.UserID, body.Password.Value) })
	return OK(nothing{}), err
}
