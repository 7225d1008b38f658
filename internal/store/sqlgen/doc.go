// Package sqlgen compiles questions of package analytics into SQL, once for every
// engine. No SQL for reports is written anywhere else.
//
// Read Compile (reports.go), then visits.go: what a session contributes to a
// range or bucket; money.go: which session a payment is attributed to; filter.go.
// Dialects are small tables (dialect.go). DESIGN.md says why.
//
// It may import analytics and event. It must not know a driver, and every value
// reaches SQL as a bound parameter.
package sqlgen
