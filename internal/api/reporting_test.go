package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"datafast/internal/fault"
)

// TestWithin_timeout: a question that takes longer than its time is cancelled and
// answers 504.
func TestWithin_timeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		_, err := within(t.Context(), func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, errors.New("interrupted")
		})
		if took := time.Since(started); took != queryTimeout {
			t.Errorf("cancelled after %s, want %s", took, queryTimeout)
		}
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.CodeTimeout || statusOf(f.Code) != http.StatusGatewayTimeout {
			t.Errorf("error %v", err)
		}
	})
}
