package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"datafast/internal/analytics"
	"datafast/internal/auth"
	"datafast/internal/event"
	"datafast/internal/fault"
)

// identifyBody documents the body; every other field is profile metadata.
type identifyBody struct {
	UserID    string `json:"user_id" doc:"1 to 255 characters"`
	VisitorID string `json:"datafast_visitor_id" doc:"UUID v4 of a visitor with a page view"`
	Email     string `json:"email,omitempty" doc:"Any further field is metadata, merged into the profile"`
}

type identified struct {
	Message   string `json:"message"`
	ProfileID string `json:"profileId,omitempty"`
}

// Limits of a profile's metadata (api.md §8.10).
const (
	maxMetadataKeys   = 50
	maxMetadataKey    = 64
	maxMetadataText   = 1000
	maxMetadataNested = 4 << 10
)

func (a *Reporting) identifyRoutes() []Route {
	return []Route{{Method: "POST", Path: "/api/v1/identify", Rule: writes(auth.IdentifyWrite), Handle: a.identify, Doc: Doc{
		ID: "identify", Tag: "Visitors", Summary: "Tie a visitor to a user of yours",
		Description: "Makes or updates the profile of user_id; fields beside the two are merged into its metadata. On a cookieless website nothing is stored.",
		Body:        identifyBody{}, Data: identified{},
		BodyExample: `{"user_id":"user_123","datafast_visitor_id":"5b0c8a52-0f3e-4d0a-9a51-2f3f4f2f7b11","email":"ana@example.com"}`,
		Example:     `{"status":"success","data":{"message":"User profile created successfully","profileId":"665f0b3c4d2e1a0012345678"}}`,
	}}}
}

func (a *Reporting) identify(ctx context.Context, r *Request) (*Response, error) {
	fields := map[string]json.RawMessage{}
	if err := r.Decode(&fields); err != nil {
		return nil, err
	}
	in, err := readIdentity(fields)
	if err != nil {
		return nil, err
	}
	if r.Website.IsCookieless {
		return OK(identified{Message: "User profile created successfully"}), nil
	}
	if _, err := a.knownVisitor(ctx, r, in.Visitor); err != nil {
		return nil, err
	}
	in.WebsiteID, in.ProfileID, in.At = r.Website.ID, r.router.NewID(), a.Now()
	profileID, created, err := a.Events.Identify(ctx, in)
	if err != nil {
		return nil, err
	}
	for _, address := range addressesOf(in) {
		if err := a.Revenue.EmailSeen(ctx, r.Website.ID, address); err != nil {
			return nil, err
		}
	}
	out := identified{Message: "User profile updated successfully", ProfileID: profileID}
	if created {
		out.Message = "User profile created successfully"
	}
	return OK(out), nil
}

// addressesOf lists the email addresses by which a payment may find the profile.
func addressesOf(in analytics.Identity) []string {
	var traits struct {
		Email string `json:"email"`
	}
	_ = json.Unmarshal([]byte(in.Traits), &traits) // a trait of another type is no address
	var out []string
	for _, s := range []string{in.UserID, traits.Email} {
		if strings.Contains(s, "@") {
			out = append(out, s)
		}
	}
	return out
}

// readIdentity checks the fields of a body.
func readIdentity(fields map[string]json.RawMessage) (analytics.Identity, error) {
	var errs fault.List
	var in analytics.Identity
	text := func(name string) string {
		var s string
		if raw, ok := fields[name]; ok && json.Unmarshal(raw, &s) != nil {
			errs.Add(fault.Invalid(name, "is not a string"))
		}
		return strings.TrimSpace(s)
	}
	in.UserID = text("user_id")
	if n := len([]rune(in.UserID)); n < 1 || n > maxText {
		errs.Add(fault.Invalid("user_id", "is required: a string of 1 to %d characters", maxText))
	}
	id := pickVisitor(text("datafast_visitor_id"), text("visitorId"))
	var err error
	in.Visitor, err = event.ParseVisitorID("datafast_visitor_id", id)
	errs.Add(err)
	for _, name := range []string{"user_id", "datafast_visitor_id", "visitorId"} {
		delete(fields, name)
	}
	if len(fields) > maxMetadataKeys {
		errs.Add(fault.New(fault.CodeInvalid, "The body has %d metadata fields; at most %d are allowed", len(fields), maxMetadataKeys))
	}
	for name, raw := range fields {
		errs.Add(checkMetadata(name, raw))
	}
	if err := errs.Err(); err != nil {
		return in, err
	}
	if len(fields) > 0 {
		traits, err := json.Marshal(fields)
		if err != nil {
			return in, fmt.Errorf("encode metadata: %w", err)
		}
		in.Traits = string(traits)
	}
	return in, nil
}

func checkMetadata(name string, raw json.RawMessage) error {
	if n := len([]rune(name)); n < 1 || n > maxMetadataKey {
		return fault.Invalid(short(name), "is a metadata name of %d characters; use 1 to %d", n, maxMetadataKey)
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if n := len([]rune(s)); n > maxMetadataText {
			return fault.Invalid(name, "has %d characters; at most %d are allowed", n, maxMetadataText)
		}
		return nil
	}
	if len(raw) > maxMetadataNested {
		return fault.Invalid(name, "is %d bytes of JSON; at most %d are allowed", len(raw), maxMetadataNested)
	}
	return nil
}

// short cuts a name for a message.
func short(s string) string {
	if r := []rune(s); len(r) > maxMetadataKey {
		return string(r[:maxMetadataKey]) + "…"
	}
	return s
}
