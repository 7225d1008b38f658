package server

import (
	"testing"

	"datafast/internal/enginetest"
)

// TestScaleOut runs tests of events and reports again, on PostgreSQL and ClickHouse.
func TestScaleOut(t *testing.T) {
	t.Parallel()
	enginetest.Again(t,
		"TestWorld", "TestClients_websiteAPI", "TestServerCalls", "TestBots", "TestExport_roundTrip", "TestBatch", "TestRealtime",
		"TestEvents_answers", "TestEvents_attackModeKnowsApps", "TestRealtimeStream", "TestIdentify_moves",
	)
}
