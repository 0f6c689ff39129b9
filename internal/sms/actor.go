package sms

// Role is what a member may do in a tenant (D42).
type Role string

// The roles of a tenant.
const (
	RoleOwner  Role = "owner"
	RoleSender Role = "sender" // may confirm
	RoleAuthor Role = "author" // composes, asks a sender
	RoleViewer Role = "viewer"
)

// Staff is what a person of ours may do across tenants. Empty for customers.
type Staff string

// The roles of staff.
const (
	StaffModerator Staff = "moderator"
	StaffAdmin     Staff = "admin"
)

// Right is one thing a role may be allowed to do. Rights are one table, deny
// by default (D42).
type Right string

// The rights of members.
const (
	RightSee      Right = "see"      // campaigns, reports, contacts
	RightContacts Right = "contacts" // import and edit contacts
	RightCompose  Right = "compose"  // write campaigns, send tests
	RightSend     Right = "send"     // finalize, confirm, pause, resume, cancel
	RightReload   Right = "reload"   // ask for credits
	RightNumbers  Right = "numbers"  // see phone numbers in full
	RightSettings Right = "settings" // what an owner alone decides, and the log
)

// The rights of staff.
const (
	RightReview Right = "review" // the queue and its decisions
	RightAdmin  Right = "admin"  // tenants, credits, gateways, audit
)

var roleRights = map[Role][]Right{
	RoleOwner:  {RightSee, RightContacts, RightCompose, RightSend, RightReload, RightNumbers, RightSettings},
	RoleSender: {RightSee, RightContacts, RightCompose, RightSend, RightNumbers},
	RoleAuthor: {RightSee, RightContacts, RightCompose},
	RoleViewer: {RightSee},
}

var staffRights = map[Staff][]Right{
	StaffModerator: {RightReview},
	StaffAdmin:     {RightAdmin},
}

// Actor is who asks: a member in a tenant, a person of staff, or the system.
type Actor struct {
	User   ID
	Name   string
	Email  string
	Tenant TenantID // 0 for staff and for platform pages
	Slug   string   // the tenant's, as in addresses
	Role   Role     // in Tenant
	Staff  Staff    // empty for customers
	IP     string
	System bool // a job, not a person
}

// SystemActor is the actor of jobs that act in tenant.
func SystemActor(tenant TenantID) Actor {
	return Actor{Name: "Tidings", Tenant: tenant, System: true}
}

// Can reports whether the actor has the right (D42).
func (a Actor) Can(r Right) bool {
	if a.System {
		return true
	}
	if a.Tenant != 0 && a.Role.Has(r) {
		return true
	}
	for _, x := range staffRights[a.Staff] {
		if x == r {
			return true
		}
	}
	return false
}

// RolesWith returns the roles that have the right, most able first: who can help.
func RolesWith(r Right) []Role {
	var out []Role
	for _, role := range Roles {
		if role.Has(r) {
			out = append(out, role)
		}
	}
	return out
}

// In is the actor as a member of a tenant: nothing of staff reaches into a
// customer's pages.
func (a Actor) In(m Member) Actor {
	a.Tenant, a.Slug, a.Role, a.Staff = m.Tenant, m.Slug, m.Role, ""
	return a
}

// Words is the role as people read it.
func (r Role) Words() string {
	switch r {
	case RoleOwner:
		return "Owner"
	case RoleSender:
		return "Sender"
	case RoleAuthor:
		return "Author"
	case RoleViewer:
		return "Viewer"
	}
	return string(r)
}

// Roles are the roles of a tenant, most able first.
var Roles = []Role{RoleOwner, RoleSender, RoleAuthor, RoleViewer}

// Has reports whether the role has the right.
func (r Role) Has(right Right) bool {
	for _, x := range roleRights[r] {
		if x == right {
			return true
		}
	}
	return false
}
