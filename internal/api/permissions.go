package api

import (
	"context"

	"datafast/internal/auth"
)

// vocabulary is the permissions for a picker, with presets.
type vocabulary struct {
	Permissions []permissionRow `json:"permissions"`
	Presets     []presetRow     `json:"presets"`
}

type permissionRow struct {
	Name       string  `json:"name"`
	Allows     string  `json:"allows"`
	IncludedBy *string `json:"includedBy" doc:"The write permission that brings it along"`
}

type presetRow struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
}

func permissions(context.Context, *Request) (*Response, error) {
	rows := []permissionRow{}
	for _, p := range auth.All() {
		row := permissionRow{Name: p.String(), Allows: p.Allows()}
		if w := p.IncludedBy(); w != auth.NoPermission {
			name := w.String()
			row.IncludedBy = &name
		}
		rows = append(rows, row)
	}
	return OK(vocabulary{rows, presets()}), nil
}

// presets are the two grants that the model's documentation gives AI agents, as
// in datafast tokens create --preset.
func presets() []presetRow {
	return []presetRow{
		{"inspect", "Inspect only", names(auth.AnalyticsRead, auth.WebsitesRead, auth.SettingsRead, auth.AlertsRead, auth.FunnelsRead, auth.GoalsRead)},
		{"growth", "Growth workflows", names(auth.AnalyticsRead, auth.WebsitesRead, auth.SettingsWrite, auth.FunnelsWrite, auth.AlertsWrite, auth.APIKeysRead)},
	}
}

func names(ps ...auth.Permission) []string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.String()
	}
	return all
}
