package ingest

import (
	"net/http"
	"net/netip"
	"strings"
)

// Trust says from whom headers about the client's address are believed.
type Trust struct {
	Any     bool           // from every peer (DATAFAST_INGEST_TRUST=any)
	Proxies []netip.Prefix // else from these alone
}

// ClientAddr determines the client's address (tracker.md §8.1). It is used for
// place, exclusions, the cookieless hash and rate limits, and never stored.
func (t Trust) ClientAddr(h http.Header, remote string) netip.Addr {
	peer := peerAddr(remote)
	if !t.believes(peer) {
		return peer
	}
	for _, key := range []string{
		"X-Datafast-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "Fly-Client-Ip", "X-Vercel-Forwarded-For", "X-Real-Ip",
	} {
		list := h[key] // keys are as net/http writes them: Get would write each anew
		if len(list) == 0 {
			continue
		}
		first, _, _ := strings.Cut(list[0], ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
			return a.Unmap()
		}
	}
	for _, list := range h["X-Forwarded-For"] {
		for part := range strings.SplitSeq(list, ",") {
			if a := peerAddr(strings.TrimSpace(part)); public(a) {
				return a
			}
		}
	}
	return peer
}

func (t Trust) believes(peer netip.Addr) bool {
	if t.Any {
		return true
	}
	for _, p := range t.Proxies {
		if p.Contains(peer) {
			return true
		}
	}
	return false
}

// peerAddr reads "host", "host:port" or "[v6]:port".
func peerAddr(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		a = withPort.Addr()
	}
	return a.Unmap().WithZone("")
}

func public(a netip.Addr) bool {
	return a.IsValid() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsUnspecified()
}
