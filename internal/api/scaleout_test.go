package api_test

import (
	"testing"

	"datafast/internal/enginetest"
)

// TestScaleOut runs tests of people, access and settings again, on PostgreSQL and
// ClickHouse.
func TestScaleOut(t *testing.T) {
	t.Parallel()
	enginetest.Again(t,
		"TestClient_migration", "TestClient_provisioning", "TestDeviceLogin", "TestEscalation", "TestReads", "TestSettings_otherProcess",
		"TestWebsites_currency", "TestWebsites_deleteEvents", "TestFunnels", "TestAlerts", "TestNotes", "TestGoalCustomizations",
		"TestSignIn", "TestSignIn_sameTime", "TestPassword", "TestReset", "TestTOTP", "TestRevocation", "TestTeam", "TestInvitations", "TestAuditLog",
		"TestTokens_create", "TestTokens_list", "TestTokens_roll", "TestTokens_race", "TestKeys",
		"TestWebsites_create", "TestWebsites_update", "TestWebsites_delete", "TestAccount",
	)
}
