package auth

import (
	"slices"
	"strings"

	"datafast/internal/fault"
)

// Permission is one permission string of api.md §2.2, as a small number so that
// a set of them is one word. The zero value asks for nothing.
type Permission uint8

// The permissions, in the order in which they are listed to people.
const (
	NoPermission Permission = iota
	AnalyticsRead
	GoalsRead
	GoalsWrite
	PaymentsRead
	PaymentsWrite
	IdentifyWrite
	WebsitesRead
	WebsitesWrite
	SettingsRead
	SettingsWrite
	APIKeysRead
	APIKeysWrite
	FunnelsRead
	FunnelsWrite
	AlertsRead
	AlertsWrite
	TeamRead
	TeamWrite
	NotesRead
	NotesWrite
	permissionEnd
)

// Everything is the wildcard as it is granted and stored.
const Everything = "*"

// String returns the spelling of the wire, as in "funnels:write".
func (p Permission) String() string {
	switch p {
	case AnalyticsRead:
		return "analytics:read"
	case GoalsRead:
		return "goals:read"
	case GoalsWrite:
		return "goals:write"
	case PaymentsRead:
		return "payments:read"
	case PaymentsWrite:
		return "payments:write"
	case IdentifyWrite:
		return "identify:write"
	case WebsitesRead:
		return "websites:read"
	case WebsitesWrite:
		return "websites:write"
	case SettingsRead:
		return "settings:read"
	case SettingsWrite:
		return "settings:write"
	case APIKeysRead:
		return "api-keys:read"
	case APIKeysWrite:
		return "api-keys:write"
	case FunnelsRead:
		return "funnels:read"
	case FunnelsWrite:
		return "funnels:write"
	case AlertsRead:
		return "alerts:read"
	case AlertsWrite:
		return "alerts:write"
	case TeamRead:
		return "team:read"
	case TeamWrite:
		return "team:write"
	case NotesRead:
		return "notes:read"
	case NotesWrite:
		return "notes:write"
	}
	return ""
}

// IsRead reports whether p ends in ":read"; such a permission never changes anything.
func (p Permission) IsRead() bool { return strings.HasSuffix(p.String(), ":read") }

// includes returns the read that a write brings along (rule 2.2.1), or
// NoPermission: for event data write is write only.
func (p Permission) includes() Permission {
	switch p {
	case WebsitesWrite, SettingsWrite, APIKeysWrite, FunnelsWrite, AlertsWrite, TeamWrite, NotesWrite:
		return p - 1
	}
	return NoPermission
}

// All lists every permission in order.
func All() []Permission {
	all := make([]Permission, 0, permissionEnd-1)
	for p := NoPermission + 1; p < permissionEnd; p++ {
		all = append(all, p)
	}
	return all
}

// Names lists every permission's spelling in order, without the wildcard.
func Names() []string {
	names := make([]string, 0, permissionEnd-1)
	for _, p := range All() {
		names = append(names, p.String())
	}
	return names
}

// Permissions is a set, expanded by what a write includes. The zero value holds
// nothing: it is never read as "all".
type Permissions uint32

const star Permissions = 1 << 31

// Full is the set of the wildcard.
const Full = star

// SetOf returns the expanded set of single permissions.
func SetOf(ps ...Permission) Permissions {
	var s Permissions
	for _, p := range ps {
		s |= 1<<p | 1<<p.includes()
	}
	return s &^ 1
}

// KeyPermissions is what a website key holds on its own website (rule 2.2.3):
// all but creating and deleting websites. Its role stays that of a member.
func KeyPermissions() Permissions {
	var s Permissions
	for _, p := range All() {
		if p != WebsitesWrite {
			s |= 1 << p
		}
	}
	return s
}

// Has reports whether the set allows p. NoPermission is always allowed.
func (s Permissions) Has(p Permission) bool {
	return s&star != 0 || p == NoPermission || s&(1<<p) != 0
}

// Missing lists what t holds and s does not; "*" when only the wildcard lacks.
func (s Permissions) Missing(t Permissions) []string {
	switch {
	case s&star != 0:
		return nil
	case t&star != 0:
		return []string{Everything}
	}
	return (t &^ s).Strings()
}

// Strings lists the members in order; the wildcard alone stands for all.
func (s Permissions) Strings() []string {
	if s&star != 0 {
		return []string{Everything}
	}
	names := []string{}
	for _, p := range All() {
		if s&(1<<p) != 0 {
			names = append(names, p.String())
		}
	}
	return names
}

// ParsePermissions checks granted strings and returns them as they are stored
// (duplicates removed, the wildcard alone when it is among them) and their set.
// An empty list or an unknown string is an invalid "permissions" field.
func ParsePermissions(granted []string) ([]string, Permissions, error) {
	if len(granted) == 0 {
		return nil, 0, fault.Invalid("permissions", "must not be empty; give at least one of %s, or leave it out", list())
	}
	var set Permissions
	var stored, unknown []string
	for _, g := range granted {
		p, known := lookup(g)
		switch {
		case !known:
			unknown = append(unknown, `"`+g+`"`)
		case g == Everything:
			set |= star
		case !slices.Contains(stored, g):
			stored = append(stored, g)
			set |= SetOf(p)
		}
	}
	if len(unknown) > 0 {
		return nil, 0, fault.Invalid("permissions", "unknown %s; use %s", strings.Join(unknown, ", "), list())
	}
	if set&star != 0 {
		return []string{Everything}, star, nil
	}
	return stored, set, nil
}

func lookup(name string) (Permission, bool) {
	if name == Everything {
		return NoPermission, true
	}
	for p := NoPermission + 1; p < permissionEnd; p++ {
		if p.String() == name {
			return p, true
		}
	}
	return NoPermission, false
}

func list() string { return strings.Join(Names(), ", ") + " or *" }

// Allows says in a phrase what a permission is for.
func (p Permission) Allows() string {
	switch p {
	case AnalyticsRead:
		return "analytics, breakdowns, visitors, realtime, funnel results, exports but payments, and who one is"
	case GoalsRead:
		return "how goals are shown"
	case GoalsWrite:
		return "create and delete goal events, change how goals are shown"
	case PaymentsRead:
		return "list and export payments, with customers' names and addresses"
	case PaymentsWrite:
		return "create and delete payments"
	case IdentifyWrite:
		return "tie visitors to your users"
	case WebsitesRead:
		return "list websites"
	case WebsitesWrite:
		return "create websites"
	case SettingsRead:
		return "a website's settings, tracked goals and tracking status"
	case SettingsWrite:
		return "change a website's settings and one's own name, import events"
	case APIKeysRead:
		return "list tokens and website keys, never their values"
	case APIKeysWrite:
		return "create, roll and revoke tokens and website keys; with a website key one can act as a member"
	case FunnelsRead:
		return "list funnels"
	case FunnelsWrite:
		return "create, change and delete funnels"
	case AlertsRead:
		return "list alerts and when they went off"
	case AlertsWrite:
		return "create, change and delete alerts"
	case TeamRead:
		return "list the team; for owners also invitations and the audit log"
	case TeamWrite:
		return "invite and remove people and change their roles; owners only"
	case NotesRead:
		return "list notes"
	case NotesWrite:
		return "create, change and delete notes"
	}
	return ""
}

// IncludedBy returns the write that brings p along, or NoPermission.
func (p Permission) IncludedBy() Permission {
	if p+1 < permissionEnd && (p+1).includes() == p {
		return p + 1
	}
	return NoPermission
}
