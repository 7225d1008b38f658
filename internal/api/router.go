package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/site"
)

// Access looks up what a decision needs; auth.Keeper is one.
type Access interface {
	// BySecret finds whom a raw website key or account token stands for; nil when
	// it is not in force.
	BySecret(ctx context.Context, secret string) (*auth.Principal, error)
	// Role returns a user's role on a website, RoleNone when there is none.
	Role(ctx context.Context, userID, websiteID string) (account.Role, error)
	// Used notes that a credential was used from an address, and for what.
	Used(ctx context.Context, p *auth.Principal, permission auth.Permission, from netip.Addr)
}

// SignIns finds the principal of a request's sign-in cookie; nil when there is
// none in force.
type SignIns interface {
	Principal(ctx context.Context, r *http.Request) (*auth.Principal, error)
}

// Sites finds a website by its id or tracking id; site.Directory is one. Unknown
// is a fault with code not_found.
type Sites interface {
	Find(ctx context.Context, ref string) (*site.Website, error)
}

// Config is what a Router needs. All fields but the limits are mandatory.
type Config struct {
	Log     *slog.Logger
	Now     func() time.Time
	NewID   func() string
	Access  Access
	SignIns SignIns
	Sites   Sites
	SiteOf  Memberships
	// ClientAddr reads the caller's address by the strict list of proxies
	// (tracker.md §8.1).
	ClientAddr func(*http.Request) netip.Addr
	// Origin is the base URL's origin; a browser's request from there counts as
	// same-origin whatever the Host header says. Empty: the Host header decides.
	Origin string

	// Away reports whether an error that is no refusal says that a store cannot answer
	// for a while: 503 then, not 500. nil: they always can.
	Away func(error) bool

	// Observe is told of every request but those of hot endpoints; nil: nobody is.
	Observe func(method, route string, status int, took time.Duration)

	RateLimit   int // requests a minute and credential; 0 = off
	FailedLimit int // failed authentications a minute and address; 0 = off
	CookieLimit int // requests a minute and sign-in; 0 = off
}

// Router serves the registered routes. Register everything before serving.
type Router struct {
	Config
	mux     *http.ServeMux
	paths   map[string]*endpoints
	routes  []Route
	public  []Public
	ids     map[string]string
	perKey  *limiter
	failed  *limiter
	perSign *limiter
	// perAgent counts requests to /api/mcp, whose tool calls perKey counts.
	perAgent *limiter
}

// endpoints are the operations of one path.
type endpoints struct {
	router *Router
	byVerb map[string]*Route
	public http.Handler
	allow  []string
	hot    bool
}

// NewRouter returns a router that knows only the 404 of /api/.
func NewRouter(c Config) *Router {
	rt := &Router{
		Config: c, mux: http.NewServeMux(), paths: map[string]*endpoints{}, ids: map[string]string{},
		perKey: newLimiter(c.RateLimit, c.Now), failed: newLimiter(c.FailedLimit, c.Now), perSign: newLimiter(c.CookieLimit, c.Now),
		perAgent: newLimiter(c.RateLimit, c.Now),
	}
	rt.mux.HandleFunc("/api/", notFound)
	return rt
}

func notFound(w http.ResponseWriter, r *http.Request) {
	send(w, r, failure(fault.NotFound("There is no such path; see /docs for the API")))
}

// Register adds routes. A route without a valid rule, without a description, or
// registered twice is an error.
func (rt *Router) Register(routes ...Route) error {
	for _, route := range routes {
		if err := route.validate(); err != nil {
			return err
		}
		if other, taken := rt.ids[route.Doc.ID]; taken {
			return fmt.Errorf("routes %s and %s have the same Doc.ID %q", other, route.name(), route.Doc.ID)
		}
		rt.ids[route.Doc.ID] = route.name()
		e, err := rt.at(route.Path)
		if err != nil {
			return err
		}
		if e.byVerb[route.Method] != nil || e.public != nil {
			return fmt.Errorf("route %s is registered twice", route.name())
		}
		kept := route
		e.byVerb[route.Method] = &kept
		e.allowed(route.Method)
		rt.routes = append(rt.routes, route)
	}
	return nil
}

// Public adds endpoints outside the envelope and the access table.
func (rt *Router) Public(endpoints ...Public) error {
	for _, p := range endpoints {
		if err := p.validate(); err != nil {
			return err
		}
		e, err := rt.at(p.Path)
		if err != nil {
			return err
		}
		if e.public != nil || len(e.byVerb) > 0 {
			return fmt.Errorf("public route %s is registered twice", p.Path)
		}
		e.public, e.hot = p.Handler, p.Hot
		e.allowed(p.Methods...)
		rt.public = append(rt.public, p)
	}
	return nil
}

// Routes lists the registered routes, sorted by path and method.
func (rt *Router) Routes() []Route {
	sorted := slices.Clone(rt.routes)
	slices.SortFunc(sorted, func(a, b Route) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	return sorted
}

// PublicRoutes lists the endpoints outside the access table, as registered.
func (rt *Router) PublicRoutes() []Public { return slices.Clone(rt.public) }

// at returns the endpoints of a path, made on first use. ServeMux panics on
// patterns it cannot take; here that is an error.
func (rt *Router) at(path string) (e *endpoints, err error) {
	if e := rt.paths[path]; e != nil {
		return e, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("path %s: %v", path, p)
		}
	}()
	e = &endpoints{router: rt, byVerb: map[string]*Route{}}
	rt.mux.Handle(path, e)
	rt.paths[path] = e
	return e, nil
}

func (e *endpoints) allowed(methods ...string) {
	for _, m := range methods {
		e.allow = append(e.allow, m)
		if m == http.MethodGet {
			e.allow = append(e.allow, http.MethodHead)
		}
	}
	slices.Sort(e.allow)
	e.allow = slices.Compact(e.allow)
}

// ServeHTTP is step 0 of the decision order: the method exists on this path.
func (e *endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route := e.byVerb[method]
	switch {
	case e.public != nil && slices.Contains(e.allow, r.Method):
		note(r.Context()).pattern = r.Pattern
		e.public.ServeHTTP(w, r)
	case route != nil:
		note(r.Context()).pattern = route.Path
		e.router.serve(w, r, route)
	default:
		w.Header().Set("Allow", strings.Join(e.allow, ", "))
		send(w, r, failure(fault.New(fault.CodeMethod, "%s is not possible here; use %s", r.Method, strings.Join(e.allow, ", "))))
	}
}
