package api

import (
	"context"

	"datafast/internal/fault"
)

type mentionRow struct {
	ID        string         `json:"id"`
	WebsiteID string         `json:"websiteId"`
	Platform  string         `json:"platform" enum:"x,reddit"`
	Timestamp string         `json:"timestamp"`
	Text      string         `json:"text"`
	URL       string         `json:"url"`
	Author    map[string]any `json:"author"`
}

type mentionExtra struct {
	Meta struct {
		TotalMentions int `json:"totalMentions"`
	} `json:"meta"`
}

const maxSearch = 200

func (a *Reporting) mentionRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/mentions", Rule: reads(), Handle: a.mentions, Doc: Doc{
		ID: "listMentions", Tag: "Analytics", Summary: "Mentions on X and Reddit",
		Description: "No crawler ships with this server: the list is empty until mentions are imported.",
		Query: append(rangeParams(
			Param{Name: "q", Description: "Search in text, author and URL; at most 200 characters"},
			Param{Name: "platform", Enum: []string{"x", "reddit"}},
			Param{Name: "order", Enum: []string{"desc", "asc"}},
		), pageParams("1000")...),
		Data: []mentionRow{}, Extra: mentionExtra{}, Paged: true,
		Example: `{"status":"success","data":[],"pagination":{"limit":100,"offset":0,"total":0,"hasMore":false},"meta":{"totalMentions":0}}`,
	}}}
}

func (a *Reporting) mentions(_ context.Context, r *Request) (*Response, error) {
	var errs fault.List
	errs.Add(r.OnlyQuery("startAt", "endAt", "timezone", "q", "platform", "limit", "offset", "order"))
	timeRange(r, &errs)
	if n := len([]rune(r.Query.Get("q"))); n > maxSearch {
		errs.Add(fault.Invalid("q", "has %d characters; at most %d are allowed", n, maxSearch))
	}
	if p := r.Query.Get("platform"); p != "" && p != "x" && p != "reddit" {
		errs.Add(fault.Invalid("platform", "%.20q is not a platform; use x or reddit", p))
	}
	if o := r.Query.Get("order"); o != "" && o != "desc" && o != "asc" {
		errs.Add(fault.Invalid("order", "%.20q is not an order; use desc or asc", o))
	}
	limit, offset, err := r.Paging(100, 1000)
	errs.Add(err)
	if err := errs.Err(); err != nil {
		return nil, err
	}
	extra := mentionExtra{}
	return &Response{Data: []mentionRow{}, Pagination: Page(limit, offset, 0, 0), Extra: []Field{{"meta", extra.Meta}}}, nil
}
