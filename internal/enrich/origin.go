package enrich

import (
	"regexp"
	"strings"

	"datafast/internal/event"
	"datafast/internal/referrer"
)

// The channels of product.md §3.
const (
	ChannelPaidSearch    = "Paid search"
	ChannelPaidSocial    = "Paid social"
	ChannelDisplay       = "Display"
	ChannelAffiliate     = "Affiliate"
	ChannelEmail         = "Email"
	ChannelAI            = "AI"
	ChannelOrganicSearch = "Organic search"
	ChannelOrganicVideo  = "Organic video"
	ChannelOrganicSocial = "Organic social"
	ChannelReferral      = "Referral"
	ChannelDirect        = "Direct"
)

// Origins derives where a page view came from. It is safe for concurrent use.
type Origins struct{ paid *regexp.Regexp }

// NewOrigins compiles the rule of paid media.
func NewOrigins() *Origins {
	return &Origins{paid: regexp.MustCompile(`^(cpc|ppc|sem|paid.*)$`)}
}

// Of derives the origin of a page view from its referrer and parameters. own
// reports whether a host belongs to the website itself.
func (o *Origins) Of(referrerURL string, p Params, own func(host string) bool) event.Origin {
	out := event.Origin{
		UTMSource: p.UTMSource, UTMMedium: p.UTMMedium, UTMCampaign: p.UTMCampaign,
		UTMTerm: p.UTMTerm, UTMContent: p.UTMContent,
		Ref: p.Ref, SourceParam: p.Source, Via: p.Via, ClickIDs: p.ClickIDs,
	}
	host := strings.TrimPrefix(ReferrerHost(referrerURL), "www.")
	row, known := referrer.ByHost(host)
	if host != "" && !own(host) && row.Kind != referrer.Internal {
		out.ReferrerURL = referrerURL
		out.Referrer = host
		if known {
			out.Referrer = row.Name
		}
	} else {
		row = referrer.Site{}
	}
	tag := firstOf(p.UTMSource, p.Ref, p.Source, p.Via)
	ad := adPlatform(p.ClickIDs)
	switch {
	case tag != "":
		out.Source = tag
	case ad != "":
		out.Source = ad
	default:
		out.Source = out.Referrer
	}
	out.Channel = o.channel(&out, tag, row.Kind)
	return out
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// adPlatform names the platform of the first ad click id (product.md §3, 2).
func adPlatform(ids string) string {
	for _, pair := range []struct{ key, name string }{
		{"gclid", "Google Ads"},
		{"gclsrc", "Google Ads"},
		{"wbraid", "Google Ads"},
		{"gbraid", "Google Ads"},
		{"fbclid", "Facebook/Instagram"},
		{"msclkid", "Microsoft Ads"},
		{"ttclid", "TikTok"},
		{"twclid", "X"},
		{"li_fat_id", "LinkedIn"},
	} {
		if hasClickID(ids, pair.key) {
			return pair.name
		}
	}
	return ""
}

func hasClickID(ids, key string) bool {
	for ids != "" {
		var pair string
		pair, ids, _ = strings.Cut(ids, "&")
		if strings.HasPrefix(pair, key+"=") {
			return true
		}
	}
	return false
}

// channel applies the rules of product.md §3, first match. kind is that of the
// referring host, "" when there is none or it is not in the table.
func (o *Origins) channel(out *event.Origin, tag string, kind referrer.Kind) string {
	medium := strings.ToLower(out.UTMMedium)
	paid := o.paid.MatchString(medium)
	if tag != "" {
		if row, ok := referrer.ByTag(tag); ok {
			kind = row.Kind
		} else if out.Referrer == "" {
			kind = ""
		}
	}
	social := kind == referrer.Social || kind == referrer.Video
	searchAd := anyClickID(out.ClickIDs, "gclid", "gclsrc", "wbraid", "gbraid", "msclkid")
	socialAd := anyClickID(out.ClickIDs, "ttclid", "twclid", "li_fat_id")
	switch {
	case searchAd || kind == referrer.Search && paid:
		return ChannelPaidSearch
	case socialAd || social && paid || hasClickID(out.ClickIDs, "fbclid") && paid:
		return ChannelPaidSocial
	case oneOf(medium, "display", "banner", "cpm", "expandable", "interstitial"):
		return ChannelDisplay
	case medium == "affiliate" || out.Via != "":
		return ChannelAffiliate
	case isEmail(medium) || isEmail(strings.ToLower(tag)) || kind == referrer.Email:
		return ChannelEmail
	case kind == referrer.AI:
		return ChannelAI
	case kind == referrer.Search:
		return ChannelOrganicSearch
	case kind == referrer.Video:
		return ChannelOrganicVideo
	case kind == referrer.Social || tag == "" && hasClickID(out.ClickIDs, "fbclid"):
		return ChannelOrganicSocial
	case out.Referrer != "" || tag != "":
		return ChannelReferral
	}
	return ChannelDirect
}

func anyClickID(ids string, keys ...string) bool {
	for _, key := range keys {
		if hasClickID(ids, key) {
			return true
		}
	}
	return false
}

func isEmail(s string) bool {
	return strings.Contains(s, "email") || strings.Contains(s, "newsletter")
}

func oneOf(s string, values ...string) bool {
	for _, v := range values {
		if s == v {
			return true
		}
	}
	return false
}
