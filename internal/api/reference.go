package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"datafast/internal/account"
	"datafast/internal/auth"
)

// Reference are the public endpoints of the OpenAPI document. The document is
// made at the first question: all routes are registered by then.
func (rt *Router) Reference(version, baseURL string) []Public {
	asJSON := sync.OnceValues(func() ([]byte, error) { return encode(rt.Document(version, baseURL)) })
	asYAML := sync.OnceValues(func() ([]byte, error) { return rt.Document(version, baseURL).YAML() })
	const why = "describes the API, without data"
	return []Public{
		{Methods: []string{http.MethodGet}, Path: "/openapi.json", Why: why, Handler: rt.document("application/json", asJSON)},
		{Methods: []string{http.MethodGet}, Path: "/openapi.yaml", Why: why, Handler: rt.document("application/yaml", asYAML)},
	}
}

func (rt *Router) document(kind string, make func() ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := make()
		if err != nil {
			rt.Log.ErrorContext(r.Context(), "describe the API", "error", err)
			send(w, r, failure(err))
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(body) // the caller has gone: nothing to tell them
	})
}

// Matrix is the access table as a Markdown page, a row for each operation.
func (rt *Router) Matrix() string {
	var b strings.Builder
	b.WriteString(`<!-- Code generated from the routes of internal/api. DO NOT EDIT. Run make generate. -->

# Who may call what

Columns: **df_** with a website key, on its own website · **permission** what an account token (` + "`dft_`" + `) needs · **viewer, member, owner** the role on the website. ✓ allowed, ✗ refused, – not bound to a website. The dashboard's sign-in counts as its user with every permission. A website key acts as a **member**: whoever may make or roll one can do what a member can.

| Operation | df_ | permission | viewer | member | owner |
|---|---|---|---|---|---|
`)
	for _, r := range rt.Routes() {
		if strings.HasPrefix(r.Path, "/api/v1/") {
			fmt.Fprintf(&b, "| %s `%s` | %s | %s | %s |\n", r.Method, strings.TrimPrefix(r.Path, "/api/v1"), keyCell(r.Rule), permissionCell(r.Rule), strings.Join(roleCells(r.Rule), " | "))
		}
	}
	b.WriteString("\n## Permissions\n\n| Permission | Allows | Included by |\n|---|---|---|\n")
	for _, p := range auth.All() {
		by := "–"
		if w := p.IncludedBy(); w != auth.NoPermission {
			by = "`" + w.String() + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p, p.Allows(), by)
	}
	b.WriteString("| `*` | everything | – |\n\n## Without a credential\n\n| Path | Why it is open |\n|---|---|\n")
	for _, p := range rt.public {
		fmt.Fprintf(&b, "| %s `%s` | %s |\n", strings.Join(p.Methods, ", "), p.Path, p.Why)
	}
	return b.String()
}

func keyCell(rule auth.Rule) string {
	switch {
	case rule.KeyOfOwner:
		return "if its creator is the owner"
	case rule.Kinds&auth.WebsiteKey != 0:
		return "✓"
	}
	return "✗"
}

func permissionCell(rule auth.Rule) string {
	if rule.Permission == auth.NoPermission {
		return "–"
	}
	cell := "`" + rule.Permission.String() + "`"
	if rule.NotNarrowed {
		cell += ", token not limited to some websites"
	}
	return cell
}

func roleCells(rule auth.Rule) []string {
	cells := []string{"–", "–", "–"}
	if rule.Website == auth.NotBound {
		return cells
	}
	for i, role := range []account.Role{account.RoleViewer, account.RoleMember, account.RoleOwner} {
		cells[i] = "✗"
		if role.AtLeast(rule.Least) {
			cells[i] = "✓"
		}
	}
	return cells
}
