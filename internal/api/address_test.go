package api_test

import (
	"net/http"
	"net/netip"
	"testing"

	"datafast/internal/api"
)

func TestStrictAddr(t *testing.T) {
	t.Parallel()
	read := api.StrictAddr([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")})
	tests := []struct {
		name, peer string
		header     http.Header
		want       string
	}{
		{"direct", "203.0.113.7:1234", nil, "203.0.113.7"},
		{"direct liar", "203.0.113.7:1234", http.Header{"X-Forwarded-For": {"198.51.100.1"}, "X-Real-Ip": {"198.51.100.1"}}, "203.0.113.7"},
		{"one proxy", "10.0.0.1:1234", http.Header{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"liar behind a proxy", "10.0.0.1:1234", http.Header{"X-Forwarded-For": {"192.0.2.1, 198.51.100.1"}}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:1234", http.Header{"X-Forwarded-For": {"192.0.2.1", "198.51.100.1, 10.9.9.9"}}, "198.51.100.1"},
		{"proxy that says X-Real-IP", "10.0.0.1:1234", http.Header{"X-Real-Ip": {"198.51.100.1"}}, "198.51.100.1"},
		{"proxy that says nothing", "10.0.0.1:1234", nil, "10.0.0.1"},
		{"garbage", "10.0.0.1:1234", http.Header{"X-Forwarded-For": {"unknown, , x"}}, "10.0.0.1"},
		{"IPv6", "[fd00::1]:1234", http.Header{"X-Forwarded-For": {"2001:db8::7"}}, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.7]:1234", nil, "203.0.113.7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: tt.peer, Header: tt.header}
			if r.Header == nil {
				r.Header = http.Header{}
			}
			if got := read(r).String(); got != tt.want {
				t.Errorf("StrictAddr = %s, want %s", got, tt.want)
			}
		})
	}
}
