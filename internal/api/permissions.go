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

// presets are the documented ones for AI agents.
func presets() []presetRow {
	var reads []string
	for _, p := range auth.All() {
		if p.IsRead() && p != auth.PaymentsRead && p != auth.TeamRead && p != auth.APIKeysRead {
			reads = append(reads, p.String())
		}
	}
	growth := append([]string{}, reads...)
	for _, p := range []auth.Permission{auth.FunnelsWrite, auth.AlertsWrite, auth.SettingsWrite, auth.NotesWrite, auth.GoalsWrite} {
		growth = append(growth, p.String())
	}
	return []presetRow{{"inspect", "Inspect only", reads}, {"growth", "Growth workflows", growth}}
}
