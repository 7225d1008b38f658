package account

// Role is what a user may do on one website. The zero value is no membership.
type Role string

// The roles of the product contract (product.md §15), least first.
const (
	RoleNone   Role = ""
	RoleViewer Role = "viewer"
	RoleMember Role = "member"
	RoleOwner  Role = "owner"
)

// rank orders the roles; unknown ones count as none.
func (r Role) rank() int {
	switch r {
	case RoleViewer:
		return 1
	case RoleMember:
		return 2
	case RoleOwner:
		return 3
	}
	return 0
}

// AtLeast reports whether r includes everything that least may do.
func (r Role) AtLeast(least Role) bool { return r.rank() >= least.rank() }
