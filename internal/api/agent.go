package api

import (
	"context"
	"net/http"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

// This file is what package mcp needs of the router: who calls, what they may
// call at all, and the decision without the deed.

// principalKey carries the principal of an endpoint behind Bearer.
type principalKey struct{}

// rehearsalKey marks a request that ends with its decision.
type rehearsalKey struct{}

// PrincipalOf is who a request behind Bearer acts for; nil elsewhere.
func PrincipalOf(ctx context.Context) *auth.Principal {
	p, _ := ctx.Value(principalKey{}).(*auth.Principal)
	return p
}

// Rehearse marks a request: the router takes it through steps 0 to 10 of the
// decision order and answers with data null instead of calling the handler.
func Rehearse(ctx context.Context) context.Context {
	return context.WithValue(ctx, rehearsalKey{}, true)
}

// Bearer lets next see only requests with a token or key in force, and counts
// them by a rate limit of their own of the same size: what next calls in turn is
// counted as any other call. A sign-in cookie is no credential here.
func (rt *Router) Bearer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &Request{HTTP: r, ID: w.Header().Get(headerRequestID), router: rt}
		p, refusal := rt.bearerOf(w, req)
		if refusal != nil {
			send(w, r, *refusal)
			return
		}
		note(r.Context()).principal = p
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
	})
}

func (rt *Router) bearerOf(w http.ResponseWriter, req *Request) (*auth.Principal, *answer) {
	if _, sent := req.HTTP.Header["Authorization"]; !sent {
		return nil, rt.unauthenticated(w, req)
	}
	p, err := rt.authenticate(req)
	switch {
	case err != nil:
		return nil, rt.refuse(req, err)
	case p == nil:
		return nil, rt.unauthenticated(w, req)
	}
	if v := rt.perAgent.take(p.ID); !v.ok {
		a := rt.perAgent.refuse(w.Header(), v)
		return nil, &a
	}
	if p.Disabled {
		_, refusal := auth.Decide(auth.Rule{Kinds: auth.AllKinds, Permission: auth.NoPermission}, auth.Facts{Principal: p})
		return nil, rt.refuse(req, refusal)
	}
	return p, nil
}

// Reach is what a principal may do somewhere.
type Reach struct{ places []auth.Facts }

// Reach looks up the websites that a principal reaches and its roles there.
func (rt *Router) Reach(ctx context.Context, p *auth.Principal) (Reach, error) {
	if p.Kind == auth.WebsiteKey {
		role, err := rt.Access.Role(ctx, p.UserID, p.WebsiteID)
		return Reach{[]auth.Facts{{Principal: p, Named: p.WebsiteID, WebsiteID: p.WebsiteID, Role: role}}}, err
	}
	memberships, err := rt.SiteOf.WebsitesOf(ctx, p.UserID)
	if err != nil {
		return Reach{}, err
	}
	var reach Reach
	for _, m := range memberships {
		if p.Reaches(m.Website.ID) {
			reach.places = append(reach.places, auth.Facts{Principal: p, Named: m.Website.ID, WebsiteID: m.Website.ID, Role: account.Role(m.Role)})
		}
	}
	if len(reach.places) == 0 {
		reach.places = []auth.Facts{{Principal: p}}
	}
	return reach, nil
}

// Refusal decides by the access table whether a route may be called on at least
// one website; nil: it may. Otherwise it is the refusal of the first website.
func (r Reach) Refusal(rule auth.Rule) *fault.Error {
	var first *fault.Error
	for _, facts := range r.places {
		_, refusal := auth.Decide(rule, facts)
		if refusal == nil {
			return nil
		}
		if first == nil {
			first = refusal
		}
	}
	return first
}

// Websites lists the ids of the websites reached.
func (r Reach) Websites() []string {
	var ids []string
	for _, facts := range r.places {
		if facts.WebsiteID != "" {
			ids = append(ids, facts.WebsiteID)
		}
	}
	return ids
}

// Changes reports whether the operation may change something.
func (r Route) Changes() bool { return r.changes() }

// NeedsConfirmation reports whether an agent has to say twice that it means it:
// what the operation does cannot be taken back, or it hands out a credential.
func (r Route) NeedsConfirmation() bool {
	return r.Grave || r.Method == http.MethodDelete
}
