package auth_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"datafast/internal/account"
	"datafast/internal/auth"
	"datafast/internal/fault"
)

const (
	siteA = "665f0b3c4d2e1a00123456aa"
	siteB = "665f0b3c4d2e1a00123456bb"
)

func readRule() auth.Rule {
	return auth.Rule{Kinds: auth.AllKinds, Permission: auth.AnalyticsRead, Website: auth.ByQuery, Least: account.RoleViewer}
}

func token(permissions ...auth.Permission) *auth.Principal {
	return &auth.Principal{Kind: auth.AccountToken, Permissions: auth.SetOf(permissions...)}
}

// TestDecide shows that each step stands before the next: every case fails at
// its step and at all later ones that it can.
func TestDecide(t *testing.T) {
	t.Parallel()
	owner := auth.Rule{Kinds: auth.Tokens, Permission: auth.TeamWrite, Website: auth.ByPath, Least: account.RoleOwner}
	bots := auth.Rule{Kinds: auth.AllKinds, Permission: auth.AnalyticsRead, Website: auth.ByQuery, Least: account.RoleOwner, KeyOfOwner: true}
	session := auth.Rule{Kinds: auth.Session}
	narrow := token(auth.TeamWrite)
	narrow.WebsiteIDs = []string{siteB}
	disabled := token()
	disabled.Disabled = true
	key := &auth.Principal{Kind: auth.WebsiteKey, WebsiteID: siteA, Permissions: auth.KeyPermissions()}
	signedIn := auth.SignedIn("s", "u", false)
	tests := []struct {
		name   string
		rule   auth.Rule
		facts  auth.Facts
		code   fault.Code // empty: allowed
		reason string
	}{
		{"2: nobody", owner, auth.Facts{}, fault.CodeUnauthenticated, ""},
		{"2: token on the dashboard's own", session, auth.Facts{Principal: token()}, fault.CodeUnauthenticated, ""},
		{"4: disabled before kind and permission", owner, auth.Facts{Principal: disabled}, fault.CodeForbidden, auth.ReasonDisabled},
		{"5: key before permission", owner, auth.Facts{Principal: key}, fault.CodeForbidden, auth.ReasonTokenKind},
		{"6: permission before website", owner, auth.Facts{Principal: token(auth.AnalyticsRead)}, fault.CodeForbidden, auth.ReasonMissingPermission},
		{"7: website not named", owner, auth.Facts{Principal: narrow}, fault.CodeInvalid, auth.ReasonWebsiteRequired},
		{"7: website not named, signed in", readRule(), auth.Facts{Principal: signedIn}, fault.CodeInvalid, auth.ReasonWebsiteRequired},
		{"7a: malformed", owner, auth.Facts{Principal: narrow, Named: "hello"}, fault.CodeInvalid, ""},
		{"7a: malformed, with a key", readRule(), auth.Facts{Principal: key, Named: "hello"}, fault.CodeInvalid, ""},
		{"8: unknown website", owner, auth.Facts{Principal: narrow, Named: siteA}, fault.CodeNotFound, ""},
		{"8: no member, before the list", owner, auth.Facts{Principal: narrow, Named: siteA, WebsiteID: siteA}, fault.CodeNotFound, ""},
		{"8: outside the list, before the role", owner, auth.Facts{Principal: narrow, Named: siteA, WebsiteID: siteA, Role: account.RoleViewer}, fault.CodeForbidden, auth.ReasonWebsiteScope},
		{"8: key of another website", readRule(), auth.Facts{Principal: key, Named: siteB, WebsiteID: siteB}, fault.CodeForbidden, auth.ReasonWebsiteScope},
		{"8: key and unknown website", readRule(), auth.Facts{Principal: key, Named: siteB}, fault.CodeForbidden, auth.ReasonWebsiteScope},
		{"9: viewer", owner, auth.Facts{Principal: token(auth.TeamWrite), Named: siteA, WebsiteID: siteA, Role: account.RoleViewer}, fault.CodeForbidden, auth.ReasonRole},
		{"10: member", owner, auth.Facts{Principal: token(auth.TeamWrite), Named: siteA, WebsiteID: siteA, Role: account.RoleMember}, fault.CodeForbidden, auth.ReasonOwnerOnly},
		{"10: key whose creator is a member", bots, auth.Facts{Principal: key, WebsiteID: siteA, Role: account.RoleMember}, fault.CodeForbidden, auth.ReasonOwnerOnly},
		{"10: key whose creator is the owner", bots, auth.Facts{Principal: key, WebsiteID: siteA, Role: account.RoleOwner}, "", ""},
		{"owner", owner, auth.Facts{Principal: token(auth.TeamWrite), Named: siteA, WebsiteID: siteA, Role: account.RoleOwner}, "", ""},
		{"owner by tracking id", owner, auth.Facts{Principal: token(auth.TeamWrite), Named: "dfid_abcdef", WebsiteID: siteA, Role: account.RoleOwner}, "", ""},
		{"key alone", readRule(), auth.Facts{Principal: key, WebsiteID: siteA}, "", ""},
		{"signed in", readRule(), auth.Facts{Principal: signedIn, Named: siteA, WebsiteID: siteA, Role: account.RoleViewer}, "", ""},
		{"open to all", auth.Rule{Kinds: auth.Anonymous}, auth.Facts{}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.Decide(tt.rule, tt.facts)
			if (err == nil) != (tt.code == "") || err != nil && (err.Code != tt.code || err.Reason != tt.reason) {
				t.Errorf("Decide = %+v, want %q %q", err, tt.code, tt.reason)
			}
		})
	}
}

func TestRule_Validate(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]auth.Rule{
		"nothing":                {},
		"token, no permission":   {Kinds: auth.Tokens},
		"website, no role":       {Kinds: auth.Tokens, Permission: auth.TeamRead, Website: auth.ByPath},
		"role, no website":       {Kinds: auth.Tokens, Permission: auth.TeamRead, Least: account.RoleOwner},
		"key on owner only":      {Kinds: auth.AllKinds, Permission: auth.TeamRead, Website: auth.ByPath, Least: account.RoleOwner},
		"key of owner elsewhere": {Kinds: auth.AllKinds, Permission: auth.TeamRead, Website: auth.ByPath, Least: account.RoleMember, KeyOfOwner: true},
		"open and more":          {Kinds: auth.Anonymous | auth.Session},
	} {
		if rule.Validate() == nil {
			t.Errorf("%s: valid", name)
		}
	}
	if err := readRule().Validate(); err != nil {
		t.Error(err)
	}
}

// drawn is a random principal with the facts of a request.
func drawn(t *rapid.T) (auth.Rule, auth.Facts) {
	least := rapid.SampledFrom([]account.Role{account.RoleNone, account.RoleViewer, account.RoleMember, account.RoleOwner}).Draw(t, "least")
	rule := auth.Rule{
		Kinds:       rapid.SampledFrom([]auth.Kind{auth.Tokens, auth.AllKinds}).Draw(t, "kinds"),
		Permission:  rapid.SampledFrom(auth.All()).Draw(t, "needed"),
		Least:       least,
		NotNarrowed: rapid.Bool().Draw(t, "notNarrowed"),
	}
	if least != account.RoleNone {
		rule.Website = auth.ByPath
	}
	p := token(rapid.SliceOf(rapid.SampledFrom(auth.All())).Draw(t, "held")...)
	p.WebsiteIDs = rapid.SliceOf(rapid.SampledFrom([]string{siteA, siteB})).Draw(t, "list")
	return rule, auth.Facts{
		Principal: p, Named: siteA, WebsiteID: siteA,
		Role: rapid.SampledFrom([]account.Role{account.RoleNone, account.RoleViewer, account.RoleMember, account.RoleOwner}).Draw(t, "role"),
	}
}

func allowed(rule auth.Rule, f auth.Facts) bool {
	_, err := auth.Decide(rule, f)
	return err == nil
}

// TestDecide_properties: more permission or role never takes access away, and a
// narrower token never gains any.
func TestDecide_properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rule, f := drawn(t)
		before := allowed(rule, f)
		more, wider, narrower := *f.Principal, *f.Principal, *f.Principal

		more.Permissions |= auth.SetOf(rapid.SampledFrom(auth.All()).Draw(t, "added"))
		f.Principal = &more
		if before && !allowed(rule, f) {
			t.Error("adding a permission removed access")
		}
		higher := f
		higher.Role = account.RoleOwner
		if before && !allowed(rule, higher) {
			t.Error("a higher role removed access")
		}
		wider.WebsiteIDs = nil
		f.Principal = &wider
		if before && !allowed(rule, f) {
			t.Error("lifting the list removed access")
		}
		narrower.WebsiteIDs = append(slices.Clone(f.Principal.WebsiteIDs), siteB)
		f.Principal = &narrower
		if !allowedOn(rule, wider, f) && allowed(rule, f) {
			t.Error("narrowing the list added access")
		}
	})
}

// allowedOn decides for another principal on the same facts.
func allowedOn(rule auth.Rule, p auth.Principal, f auth.Facts) bool {
	f.Principal = &p
	return allowed(rule, f)
}

// TestPermissions_subset: what a maker may give, it may also do itself.
func TestPermissions_subset(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOf(rapid.SampledFrom(auth.All()))
		maker, made := auth.SetOf(some.Draw(t, "maker")...), auth.SetOf(some.Draw(t, "made")...)
		if len(maker.Missing(made)) > 0 {
			return
		}
		for _, p := range auth.All() {
			if made.Has(p) && !maker.Has(p) {
				t.Errorf("the token has %s, its maker does not", p)
			}
		}
		if made.Has(auth.NoPermission) && len(maker.Missing(auth.Full)) == 0 && maker != auth.Full {
			t.Error("everything was given without having it")
		}
	})
}

func TestParsePermissions(t *testing.T) {
	t.Parallel()
	_, set, err := auth.ParsePermissions([]string{"funnels:write", "payments:write"})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[auth.Permission]bool{
		auth.FunnelsWrite: true, auth.FunnelsRead: true, auth.PaymentsWrite: true, auth.PaymentsRead: false, auth.AlertsRead: false,
	} {
		if set.Has(p) != want {
			t.Errorf("Has(%s) = %v, want %v", p, set.Has(p), want)
		}
	}
	if auth.Permissions(0).Has(auth.AnalyticsRead) {
		t.Error("an empty set is read as all")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	for _, k := range []auth.Kind{auth.WebsiteKey, auth.AccountToken} {
		secret := auth.NewSecret(k)
		if got, ok := auth.SecretKind(secret); got != k || !ok {
			t.Errorf("SecretKind(new %v) = %v, %v", k, got, ok)
		}
		for i := range len(secret) {
			mistyped := []byte(secret)
			mistyped[i] ^= 1
			if _, ok := auth.SecretKind(string(mistyped)); ok {
				t.Errorf("a mistyped character %d is not noticed", i)
			}
			if _, ok := auth.SecretKind(secret[:i]); ok {
				t.Errorf("a truncation to %d is not noticed", i)
			}
		}
	}
	if got := auth.DisplayKey("dft_ab1234567890xyz9"); got != "dft_ab1...xyz9" {
		t.Errorf("DisplayKey = %q", got)
	}
}

func FuzzSecretKind(f *testing.F) {
	f.Add(auth.NewSecret(auth.AccountToken))
	f.Add("df_")
	f.Fuzz(func(t *testing.T, s string) {
		if k, ok := auth.SecretKind(s); ok && (k != auth.WebsiteKey && k != auth.AccountToken || len(s) < 51) {
			t.Errorf("SecretKind(%q) = %v", s, k)
		}
		_ = auth.DisplayKey(s)
	})
}

// BenchmarkDecide measures the decision without the store: under 2 µs, nothing
// allocated.
func BenchmarkDecide(b *testing.B) {
	p := token(auth.AnalyticsRead, auth.FunnelsWrite)
	p.WebsiteIDs = []string{siteB, siteA}
	facts := auth.Facts{Principal: p, Named: siteA, WebsiteID: siteA, Role: account.RoleViewer}
	rule := readRule()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := auth.Decide(rule, facts); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDecide_allocates_nothing(t *testing.T) {
	facts := auth.Facts{Principal: token(auth.AnalyticsRead), Named: siteA, WebsiteID: siteA, Role: account.RoleViewer}
	if n := testing.AllocsPerRun(100, func() { _, _ = auth.Decide(readRule(), facts) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
