package ingest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"datafast/internal/event"
	"datafast/internal/fault"
)

// claimKeys are the ways in which a browser may name a payment (tracker.md §6.1).
func claimKeys() []string {
	return []string{"email", "stripe_session_id", "lemonsqueezy_order_id", "polar_checkout_id", "paddle_transaction_id"}
}

// extra reads extraData by type into the name and data of the event.
func extra(kind event.Kind, raw json.RawMessage) (name, data string, err error) {
	if kind == event.Pageview {
		return "", "", nil
	}
	fields := map[string]any{}
	if len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, &fields); err != nil {
			return "", "", fault.Invalid("extraData", "is not a JSON object")
		}
	}
	switch kind {
	case event.Goal:
		return goal(fields)
	case event.Identify:
		return identify(fields)
	case event.PaymentClaim:
		data, err = claim(fields)
		return "", data, err
	case event.ExternalLink:
		return externalLink(fields)
	}
	return "", "", nil
}

func goal(fields map[string]any) (name, data string, err error) {
	raw, ok := fields["eventName"].(string)
	if !ok {
		return "", "", fault.Invalid("extraData.eventName", "is required: the goal's name as a string")
	}
	delete(fields, "eventName")
	var errs fault.List
	name, err = event.ParseGoalName("extraData.eventName", raw)
	errs.Add(err)
	data, err = event.CleanParams("extraData", fields)
	errs.Add(err)
	return name, data, errs.Err()
}

// identify keeps user_id as the name and name, image and free keys as data.
func identify(fields map[string]any) (userID, data string, err error) {
	switch v := fields["user_id"].(type) {
	case string:
		userID = strings.TrimSpace(v)
	case float64:
		userID = fmt.Sprintf("%.0f", v)
	}
	if userID == "" || len([]rune(userID)) > maxUserID {
		return "", "", fault.Invalid("extraData.user_id", "is required: 1 to %d characters", maxUserID)
	}
	traits := map[string]any{}
	if s, ok := fields["name"].(string); ok && s != "" {
		traits["name"] = event.CleanValue(s)
	}
	if s, ok := fields["image"].(string); ok && isImage(s) {
		traits["image"] = s
	}
	for _, k := range []string{"user_id", "name", "image"} {
		delete(fields, k)
	}
	free, err := event.CleanParams("extraData", fields)
	if err != nil {
		return "", "", err
	}
	if free != "" {
		if err := json.Unmarshal([]byte(free), &traits); err != nil {
			return "", "", fmt.Errorf("merge traits: %w", err)
		}
	}
	if len(traits) == 0 {
		return userID, "", nil
	}
	out, err := json.Marshal(traits)
	if err != nil {
		return "", "", fmt.Errorf("encode traits: %w", err)
	}
	return userID, string(out), nil
}

func isImage(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxImage && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func claim(fields map[string]any) (string, error) {
	kept := map[string]any{}
	for _, key := range claimKeys() {
		if s, ok := fields[key].(string); ok && strings.TrimSpace(s) != "" {
			kept[key] = cut(strings.TrimSpace(s), maxText)
		}
	}
	if len(kept) == 0 {
		return "", fault.Invalid("extraData", "names no payment; send one of %s", strings.Join(claimKeys(), ", "))
	}
	if amount, ok := fields["amount"].(float64); ok && amount >= 0 {
		kept["amount"] = amount
	}
	if currency, ok := fields["currency"].(string); ok && len(currency) == 3 {
		kept["currency"] = strings.ToUpper(currency)
	}
	out, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("encode claim: %w", err)
	}
	return string(out), nil
}

func externalLink(fields map[string]any) (link, data string, err error) {
	link, _ = fields["url"].(string)
	u, parseErr := url.Parse(link)
	if parseErr != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(link) > maxReferrer {
		return "", "", fault.Invalid("extraData.url", "%q is not an http or https URL of at most %d bytes", short(link), maxReferrer)
	}
	text, _ := fields["text"].(string)
	if text = event.CleanValue(strings.TrimSpace(text)); text == "" {
		return link, "", nil
	}
	out, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return "", "", fmt.Errorf("encode link text: %w", err)
	}
	return link, string(out), nil
}
