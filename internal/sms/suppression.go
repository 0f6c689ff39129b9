package sms

import "time"

// SuppressionKind says why a number is never written to. The kinds are kept apart.
type SuppressionKind string

// The kinds of suppressions.
const (
	SuppressionOptedOut  SuppressionKind = "opted_out"
	SuppressionExcluded  SuppressionKind = "excluded" // by the tenant
	SuppressionNPAI      SuppressionKind = "npai"     // unreachable
	SuppressionComplaint SuppressionKind = "complaint"
)

// Suppression is a number that a tenant never writes to.
type Suppression struct {
	Hash   []byte // keyed: it outlives the person's erasure (D38)
	Kind   SuppressionKind
	Number int64 // E.164 digits; 0 once the person was erased
	Source string
	At     time.Time
	By     *ID
}

// Words is the kind as people read it.
func (k SuppressionKind) Words() string {
	switch k {
	case SuppressionOptedOut:
		return "Opted out"
	case SuppressionExcluded:
		return "Excluded"
	case SuppressionNPAI:
		return "Unreachable (NPAI)"
	case SuppressionComplaint:
		return "Complained"
	}
	return ""
}
