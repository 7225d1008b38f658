package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// StrictAddr returns a reader of the caller's address that believes
// X-Forwarded-For (from the right, over the trusted proxies) and X-Real-IP only
// when the connection comes from a trusted proxy.
func StrictAddr(trusted []netip.Prefix) func(*http.Request) netip.Addr {
	isTrusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return func(r *http.Request) netip.Addr {
		peer := addrOf(r.RemoteAddr)
		if !isTrusted(peer) {
			return peer
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for _, hop := range slices.Backward(hops) {
			if a := addrOf(strings.TrimSpace(hop)); a.IsValid() && !isTrusted(a) {
				return a
			}
		}
		if a := addrOf(r.Header.Get("X-Real-Ip")); a.IsValid() {
			return a
		}
		return peer
	}
}

// addrOf reads an address with or without a port; invalid when it is none.
func addrOf(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// limitKey is what an address is counted by: an IPv6 one by its /64, since
// whoever has one address there has them all.
func limitKey(a netip.Addr) string {
	if !a.Is6() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}
