package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"datafast/internal/audit"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/site"
)

// serve takes one request through the decision order of api.md §2.4 and its
// handler.
func (rt *Router) serve(w http.ResponseWriter, r *http.Request, route *Route) {
	ctx, end := context.WithCancel(r.Context())
	defer end()
	r = r.WithContext(ctx)
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	req := &Request{
		HTTP: r, Query: query, ID: w.Header().Get(headerRequestID),
		maxBody: route.limit(), endpoint: route, router: rt,
	}
	resp, a := rt.run(w, req, queryErr)
	switch {
	case resp != nil && resp.Stream != nil:
		go rt.guard(req, end)
		rt.stream(w, r, resp)
	default:
		send(w, r, *a)
	}
}

// run returns a response to stream, or an answer to send.
func (rt *Router) run(w http.ResponseWriter, req *Request, queryErr error) (*Response, *answer) {
	r, route := req.HTTP, req.endpoint
	if refusal := rt.admit(w, req); refusal != nil {
		return nil, refusal
	}
	if r.Context().Value(rehearsalKey{}) != nil {
		return nil, &answer{status: http.StatusOK, body: []byte(`{"status":"success","data":null}`)}
	}
	if queryErr != nil {
		return nil, rt.refuse(req, fault.New(fault.CodeInvalid, "The query string is malformed: %s", queryErr))
	}
	resp, err := route.Handle(audit.With(r.Context(), actorOf(req)), req)
	if err != nil {
		return nil, rt.refuse(req, err)
	}
	for key, values := range resp.Header {
		w.Header()[key] = values
	}
	for _, c := range resp.Cookies {
		http.SetCookie(w, c)
	}
	if resp.Stream != nil {
		return resp, nil
	}
	a, err := success(resp)
	if err != nil {
		return nil, rt.refuse(req, fmt.Errorf("encode the answer: %w", err))
	}
	return nil, &a
}

// admit is steps 1 to 10: it fills in the request's principal, website and role,
// or returns the refusal.
func (rt *Router) admit(w http.ResponseWriter, req *Request) *answer {
	route, ctx := req.endpoint, req.HTTP.Context()
	if route.Rule.Kinds == auth.Anonymous {
		if route.changes() && !rt.sameOrigin(req.HTTP) {
			return rt.refuse(req, fault.New(fault.CodeForbidden, "This request comes from another site"))
		}
		return nil
	}
	inner, nested := ctx.Value(callKey{}).(*auth.Principal)
	p, err := inner, error(nil)
	if !nested {
		p, err = rt.authenticate(req)
	}
	if err != nil {
		return rt.refuse(req, err)
	}
	if p == nil {
		return rt.unauthenticated(w, req)
	}
	req.Principal = p
	note(ctx).principal = p
	if !nested {
		if refusal := rt.meter(w, p); refusal != nil {
			return refusal
		}
	}
	return rt.decide(req)
}

// authenticate is steps 1 and 2: a bearer token, or without any Authorization
// the sign-in cookie from the same origin. Nil means neither is in force.
func (rt *Router) authenticate(req *Request) (*auth.Principal, error) {
	r := req.HTTP
	if _, sent := r.Header["Authorization"]; !sent {
		if !rt.sameOrigin(r) {
			return nil, nil
		}
		return rt.SignIns.Principal(r.Context(), r)
	}
	secret, ok := bearer(r.Header.Get("Authorization"))
	if !ok {
		return nil, nil
	}
	return rt.Access.BySecret(r.Context(), secret)
}

// bearer takes the token out of an Authorization header.
func bearer(header string) (string, bool) {
	scheme, token, found := strings.Cut(strings.TrimSpace(header), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// sameOrigin reports whether a request comes from our own pages or from no page
// at all. Browsers say so in Sec-Fetch-Site; older ones in Origin.
func (rt *Router) sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin != "" && origin == rt.Origin {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// unauthenticated answers 401, or 429 when this address failed too often (7.2.5).
// A request that carries no token at all has not tried one.
func (rt *Router) unauthenticated(w http.ResponseWriter, req *Request) *answer {
	if _, sent := req.HTTP.Header["Authorization"]; sent {
		if v := rt.failed.take(limitKey(rt.from(req))); !v.ok {
			a := rt.failed.refuse(w.Header(), v)
			return &a
		}
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	return rt.refuse(req, auth.Unauthenticated())
}

// meter is step 3, the rate limit of the credential.
func (rt *Router) meter(w http.ResponseWriter, p *auth.Principal) *answer {
	l := rt.perKey
	if p.Kind == auth.Session {
		l = rt.perSign
	}
	v := l.take(p.ID)
	if p.Kind != auth.Session {
		l.headers(w.Header(), v)
		if !p.ValidUntil.IsZero() {
			w.Header().Set("X-DataFast-Key-Valid-Until", Stamp(p.ValidUntil))
		}
	}
	if v.ok {
		return nil
	}
	a := l.refuse(w.Header(), v)
	return &a
}

// decide is steps 4 to 10.
func (rt *Router) decide(req *Request) *answer {
	ctx, rule, p := req.HTTP.Context(), req.endpoint.Rule, req.Principal
	website, facts, err := rt.facts(ctx, req)
	if err != nil {
		return rt.refuse(req, err)
	}
	grant, refusal := auth.Decide(rule, facts)
	needed := rule.Permission
	if refusal != nil {
		needed = auth.NoPermission
	}
	if p.Kind != auth.Session {
		rt.Access.Used(ctx, p, needed, rt.from(req))
	}
	if refusal != nil {
		return rt.refuse(req, refusal)
	}
	if rule.Kinds == auth.Session && req.endpoint.changes() && !rt.sameOrigin(req.HTTP) {
		return rt.refuse(req, auth.Unauthenticated())
	}
	req.Role = grant.Role
	if rule.Website != auth.NotBound {
		req.Website = website
		note(ctx).website = website.ID
	}
	return nil
}

// recheckEvery is how often a running stream's caller is looked at again: nobody
// keeps what was taken away for longer than five seconds (rule 2.1.6).
const recheckEvery = 4 * time.Second

// guard ends a stream once its caller would not be let in any more.
func (rt *Router) guard(req *Request, end context.CancelFunc) {
	ctx := req.HTTP.Context()
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := rt.stillAdmitted(ctx, *req); err != nil {
				rt.Log.LogAttrs(ctx, slog.LevelInfo, "stream ended: its caller is not admitted any more", requestAttrs(ctx, err)...)
				end()
				return
			}
		}
	}
}

// stillAdmitted decides about a request once more, from the credential on; what
// cannot be looked up now is not admitted.
func (rt *Router) stillAdmitted(ctx context.Context, again Request) error {
	p, err := rt.authenticate(&again)
	if err != nil {
		return err
	}
	if p == nil {
		return auth.Unauthenticated()
	}
	again.Principal = p
	_, facts, err := rt.facts(ctx, &again)
	if err != nil {
		return err
	}
	if _, refusal := auth.Decide(again.endpoint.Rule, facts); refusal != nil {
		return refusal
	}
	return nil
}

// facts looks up the website that the request names and the role on it.
func (rt *Router) facts(ctx context.Context, req *Request) (*site.Website, auth.Facts, error) {
	rule, p := req.endpoint.Rule, req.Principal
	facts := auth.Facts{Principal: p}
	switch rule.Website {
	case auth.NotBound:
		return nil, facts, nil
	case auth.ByQuery:
		facts.Named = req.Query.Get("websiteId")
	case auth.ByPath:
		facts.Named = req.Path("websiteId")
	}
	ref := facts.Named
	if ref == "" && p.Kind == auth.WebsiteKey {
		ref = p.WebsiteID
	}
	if !auth.WellFormedWebsite(ref) {
		return nil, facts, nil
	}
	website, err := rt.Sites.Find(ctx, ref)
	if fault.CodeOf(err) == fault.CodeNotFound {
		return nil, facts, nil
	}
	if err != nil {
		return nil, facts, fmt.Errorf("find website %s: %w", ref, err)
	}
	facts.WebsiteID = website.ID
	if p.Kind != auth.WebsiteKey || rule.KeyOfOwner {
		facts.Role, err = rt.Access.Role(ctx, p.UserID, website.ID)
	}
	return website, facts, err
}

// comeBack is when to ask again for what a store that is away could not answer.
const comeBack = 5 * time.Second

// refuse makes the error's envelope and logs what is our own fault.
func (rt *Router) refuse(req *Request, err error) *answer {
	if rt.Away != nil && fault.CodeOf(err) == fault.CodeInternal && rt.Away(err) {
		e := fault.New(fault.CodeUnavailable, "The event store cannot answer now. Try again in %d seconds.", int(comeBack.Seconds()))
		e.RetryAfter = comeBack
		err = errors.Join(e, err)
	}
	switch fault.CodeOf(err) {
	case fault.CodeInternal, fault.CodeUpstream, fault.CodeUnavailable, fault.CodeTimeout:
		rt.Log.LogAttrs(req.HTTP.Context(), levelOf(err), "request failed",
			requestAttrs(req.HTTP.Context(), err)...)
	}
	a := failure(err)
	return &a
}

// from is the caller's address by the strict list of proxies.
func (rt *Router) from(req *Request) netip.Addr { return rt.ClientAddr(req.HTTP) }

// From is the caller's address by the strict list of proxies.
func (r *Request) From() netip.Addr { return r.router.from(r) }
