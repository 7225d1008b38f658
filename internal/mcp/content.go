package mcp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// Addresses of resources.
const (
	docsURI    = "datafast://docs"
	websiteURI = "datafast://websites/"
)

// addResources offers the documentation to all, and the metadata of the websites
// reached to those who may read it.
func (c *session) addResources(server *sdk.Server) {
	for _, p := range c.Docs.List() {
		server.AddResource(&sdk.Resource{
			URI: docsURI + strings.TrimPrefix(p.Path, "/docs"), Name: strings.TrimPrefix(p.Path, "/"), Title: p.Title, Description: p.Description, MIMEType: "text/markdown",
		}, c.readPage)
	}
	if c.hidden(c.metadata) != "" {
		return
	}
	for _, id := range c.reach.Websites() {
		server.AddResource(&sdk.Resource{
			URI: websiteURI + id, Name: "website-" + id, Title: "Metadata of website " + id,
			Description: "Domain, time zone, currency and KPI", MIMEType: "application/json",
		}, c.readWebsite)
	}
}

func (c *session) readPage(_ context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	text, ok := c.Docs.Markdown("/docs" + strings.TrimPrefix(req.Params.URI, docsURI))
	if !ok {
		return nil, sdk.ResourceNotFoundError(req.Params.URI)
	}
	return contents(req.Params.URI, "text/markdown", text), nil
}

func (c *session) readWebsite(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	query := url.Values{"websiteId": {strings.TrimPrefix(req.Params.URI, websiteURI)}}
	a, err := c.ask(ctx, http.MethodGet, c.metadata.route.Path, query, nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, fmt.Errorf("the API answered %d: %s", a.status, a.body.String())
	}
	return contents(req.Params.URI, "application/json", a.body.String()), nil
}

func contents(uri, kind, text string) *sdk.ReadResourceResult {
	return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: uri, MIMEType: kind, Text: text}}}
}

// prompt is a task that people ask for again and again. %s is the website.
type prompt struct{ name, title, description, text string }

func prompts() []prompt {
	return []prompt{
		{
			"weekly_review", "Weekly review", "What changed last week, and why",
			`Review the last full week (Monday to Sunday, in the website's time zone) of %s against the week before.
1. datafast_get_metadata for zone, currency and KPI.
2. datafast_get_overview for both weeks; name every metric that moved by more than 10 %%.
3. datafast_get_timeseries by day for the last week; point out the odd days. Look for an explanation in datafast_list_notes, if it is there.
4. datafast_get_referrers, datafast_get_pages, datafast_get_countries and datafast_get_goals for both weeks; find which rows explain the movement.
Answer with five sentences for a busy owner, then a table of metric, last week, week before, change. Say what you could not explain. Change nothing.`,
		},
		{
			"find_best_channel", "Find the best channel", "Which channel is worth more effort",
			`Find out which channel earns %s the most, over the last 90 days.
1. datafast_get_channels and datafast_get_referrers with fields visitors, revenue, conversion_rate and revenue_per_visitor.
2. datafast_get_campaigns for what paid effort brings.
3. For the best three: datafast_get_entry_pages and datafast_get_goals with filter_channel, to see where they land and what they do.
Rank by revenue per visitor, and set aside channels with fewer than 30 visitors as too small to judge. Recommend one thing to do more of and one to stop, each with its figures. Change nothing.`,
		},
		{
			"investigate_drop", "Investigate a drop", "Where a loss of visitors or revenue comes from",
			`The figures of %s have dropped. Find where.
1. datafast_get_timeseries by day for the last 30 days, with visitors and revenue: find the day it began.
2. datafast_get_tracking, if it is there: does the script still send? A drop of everything at once is most often the script.
3. Compare seven days before with seven days after that day in datafast_get_referrers, datafast_get_channels, datafast_get_countries, datafast_get_devices, datafast_get_browsers, datafast_get_pages and datafast_get_hostnames: the dimension with one row that fell far more than the rest holds the cause.
4. Confirm with a filter (filter_referrer, filter_page and so on) that the rest of the traffic did not move.
Say what fell, since when, by how much, and how sure you are. Change nothing.`,
		},
	}
}

func addPrompts(server *sdk.Server) {
	for _, p := range prompts() {
		def := &sdk.Prompt{
			Name: p.name, Title: p.title, Description: p.description,
			Arguments: []*sdk.PromptArgument{{Name: "websiteId", Description: "Website; not needed with a website key"}},
		}
		server.AddPrompt(def, func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
			which := "the website"
			if id := req.Params.Arguments["websiteId"]; id != "" {
				which = "the website with websiteId " + id
			}
			return &sdk.GetPromptResult{Description: p.description, Messages: []*sdk.PromptMessage{{
				Role: "user", Content: &sdk.TextContent{Text: fmt.Sprintf(p.text, which)},
			}}}, nil
		})
	}
}
