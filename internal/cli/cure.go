package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"datafast/internal/client"
)

// explain adds to a refusal what would cure it.
func (c *call) explain(err error) error {
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		return err
	}
	hint := c.cure(refused)
	if hint == "" {
		return err
	}
	return failure{refused, exitRefused, hint}
}

// cure says what is missing, and prints the command that would make a fitting
// token.
func (c *call) cure(refused *client.Error) string {
	website := first(c.values[argWebsite], c.website.value)
	switch refused.Reason {
	case "missing_permission":
		missing := strings.TrimPrefix(refused.Message, "Missing permission: ")
		if !isPermission(missing) {
			return "a token can give only what it has; run this with one that has more"
		}
		return "this token lacks " + missing + "; make one that has it: " + c.tokenCommand(missing, website)
	case "website_scope":
		return "this token is not for this website; make one that is: " + c.tokenCommand(first(c.leaf.needs, "*"), website)
	case "token_narrowed":
		return "this token is limited to some websites; make one that is not: " + c.tokenCommand(first(c.leaf.needs, "*"), "")
	case "account_token_required":
		return "a website key (df_) cannot do this; log in with an account token: datafast login, or make one: " + c.tokenCommand(first(c.leaf.needs, "*"), "")
	case "role":
		return "your role must be " + first(c.leaf.role, "member") + "; the owner can give it: datafast websites team role " + first(website, "<website>") + " <you> --role member"
	case "owner_only":
		return "only the owner of the website can do this; datafast websites team list " + first(website, "<website>") + " shows who that is"
	}
	return ""
}

func isPermission(s string) bool {
	return s == "*" || strings.Count(s, ":") == 1 && !strings.ContainsAny(s, " ,")
}

// tokenCommand makes a token with what the present one has and what it lacks.
func (c *call) tokenCommand(missing, website string) string {
	permissions := []string{}
	if a, err := fetch(c.cmd.Context(), c.client, "/admin/account", nil); err == nil && missing != "*" && a.one().text("token.kind") == "account" {
		have, _ := a.one().get("token.permissions").([]any)
		for _, p := range have {
			if text := plainText(p); text != "*" && text != missing {
				permissions = append(permissions, text)
			}
		}
	}
	out := fmt.Sprintf("datafast tokens create --name %q --permissions %q", "datafast "+c.leaf.path, strings.Join(append(permissions, missing), ","))
	if website != "" && isWebsiteID(website) {
		out += " --websites " + website
	}
	return out
}
