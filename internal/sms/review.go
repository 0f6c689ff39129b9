package sms

import "time"

// ReviewPromise is how soon staff decide, day and night.
const ReviewPromise = 30 * time.Minute

// ClaimFor is how long a moderator holds an item; activity renews it (D13).
const ClaimFor = 10 * time.Minute

// ReviewDue is when a session must be decided: 30 minutes after it was
// submitted, or 15 minutes before its start if that is earlier (D13).
func ReviewDue(s Session) time.Time {
	due := s.SubmittedAt.Add(ReviewPromise)
	if s.Mode == ModeScheduled {
		if before := s.StartsAt.Add(-15 * time.Minute); before.Before(due) {
			return before
		}
	}
	return due
}

// Review is the moderation of a session.
type Review struct {
	Tenant       TenantID
	Session      SessionID
	DueAt        time.Time
	Risk         string // low, medium, high
	ClaimedBy    *ID
	ClaimedName  string
	ClaimedUntil *time.Time
	Decision     string // "", approved, refused, cancelled
	DecidedBy    *ID
	DecidedName  string
	DecidedAt    *time.Time
	Family       string // of a refusal: technical or conduct (D9)
	Reasons      []string
	Instruction  string // what the customer must do
	Note         string // for staff only
	Answer       string // the customer's, when it was submitted again
}

// HeldBy reports whether somebody else holds the item at now, and who.
func (r Review) HeldBy(now time.Time, me ID) (string, bool) {
	if r.ClaimedBy == nil || *r.ClaimedBy == me || r.ClaimedUntil == nil || !r.ClaimedUntil.After(now) {
		return "", false
	}
	return r.ClaimedName, true
}

// Reason is a coded reason for a refusal (D9).
type Reason struct {
	Code        string // M01 …
	Family      string // technical: a problem in reception; conduct: a breach of the Code of Conduct
	Title       string // the customer reads it
	Instruction string // what it proposes to say
}

// The families of refusals.
const (
	FamilyTechnical = "technical"
	FamilyConduct   = "conduct"
)

// Reasons are the coded reasons, in the order of their keys.
var Reasons = []Reason{
	{"M01", FamilyConduct, "Proof or licence missing", "Send us the licence or proof for this offer (PDF)."},
	{"M02", FamilyConduct, "Link leads somewhere else", "Link to your own site, without a public shortener."},
	{"M03", FamilyConduct, "Misleading promise or urgency", "Remove the promise or the pressure that the offer does not keep."},
	{"M04", FamilyConduct, "Sender name not theirs", "Use a sender name that is yours."},
	{"M05", FamilyConduct, "No way to opt out", "Say in the message how to stop."},
	{"M06", FamilyConduct, "List looks bought or old", "Tell us where these people agreed, or use a list of people who did."},
	{"M07", FamilyConduct, "Forbidden content", "Remove the content that the Code of Conduct forbids."},
	{"M08", FamilyConduct, "Pretends to be a bank, parcel or authority", "Write in your own name only."},
	{"M09", FamilyTechnical, "Technical: the message arrives broken", "Repair the field, the characters or the link that arrives broken."},
	{"M10", FamilyConduct, "Wrong kind: marketing sent as service", "Choose the kind Marketing, or remove the offer."},
	{"M11", FamilyConduct, "Other", "Say what must change."},
}

// ReasonByCode finds a coded reason.
func ReasonByCode(code string) (Reason, bool) {
	for _, r := range Reasons {
		if r.Code == code {
			return r, true
		}
	}
	return Reason{}, false
}

// Verdict is a moderator's decision, as typed.
type Verdict struct {
	Decision    string // approve or refuse
	Reasons     []string
	Instruction string
	Note        string
}

// Check reads the verdict: the family of a refusal, or what must be mended.
// highRisk asks for a note with an approval.
func (v Verdict) Check(highRisk bool) (family string, err error) {
	var p Problems
	switch v.Decision {
	case "approve":
		if highRisk && len([]rune(v.Note)) < 3 {
			p.Add("note", "Write a short note: why is this fine in spite of the high risk?")
		}
	case "refuse":
		if len(v.Reasons) == 0 {
			p.Add("reasons", "Choose a reason.")
		}
		family = FamilyTechnical
		for _, c := range v.Reasons {
			r, ok := ReasonByCode(c)
			if !ok {
				p.Add("reasons", "Choose a reason from the list.")
			}
			if r.Family == FamilyConduct {
				family = FamilyConduct
			}
		}
		if n := len([]rune(v.Instruction)); n < 10 || n > 1000 {
			p.Add("instruction", "Say what they need to do, in 10 to 1,000 characters.")
		}
	default:
		p.Add("decision", "Choose Approve or Refuse.")
	}
	return family, p.Err()
}

// QueueItem is one session that waits for a decision.
type QueueItem struct {
	Session Session
	Tenant  Tenant
	Review  Review
	Flags   int
}

// Precedent is an earlier session with a like text, and its decision.
type Precedent struct {
	Decision string
	Tenant   string
	Name     string
	Text     string
	Alike    int
	At       time.Time
}
