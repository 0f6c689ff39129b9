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
	// Session is the sending that made the person opt out, as far as is known.
	Session *SessionID
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

// LeftOut is a number that is never written to, with what people want to know of it.
type LeftOut struct {
	Suppression
	Campaign     ID     // that made the person opt out, as far as is known
	CampaignName string // ""
	Contact      *ID    // nil: nobody in the contacts has the number
	ContactName  string
}

// LeftOutPlace is where a page of them begins.
type LeftOutPlace struct {
	At   time.Time
	Hash []byte
}

// LeftOutFilter is which of them are looked for.
type LeftOutFilter struct {
	Kind  SuppressionKind // "": all
	Hash  []byte          // nil: all
	From  LeftOutPlace
	Limit int
}

// RetryNPAIAfter is how long an unreachable number is left alone: then it may be tried again.
const RetryNPAIAfter = 90 * 24 * time.Hour
