package sms

import (
	"strings"
	"time"

	"tidings/internal/sms/gsm"
	"tidings/internal/sms/phone"
)

// Trial is a text that staff send to a number by one route, to see that it works.
// It is of no tenant, and costs nobody anything.
type Trial struct {
	ID      ID
	N       int32 // names it to the carrier
	Gateway int16
	Number  phone.Number
	Country string
	Sender  string
	Text    string
	Parts   int

	By     ID
	ByName string
	At     time.Time

	WrittenAt  *time.Time // a worker has it
	AnsweredAt *time.Time
	Took       time.Duration // from writing to the answer
	Outcome    int16         // a word of package gateway, as a number; 0: none yet
	Code       string
	Detail     string

	ReceiptState int16 // as receipts are kept; 0: none yet
	ReceiptCode  string
	ReceiptAt    *time.Time
}

// TrialTake is how long a worker may take a trial up. Later nobody waits for it.
const TrialTake = time.Minute

// TrialWait is how long a receipt of a trial is looked for.
const TrialWait = 72 * time.Hour

// Over reports whether nothing more can come of it.
func (t Trial) Over(now time.Time) bool {
	switch {
	case t.ReceiptState >= 10:
		return true
	case t.WrittenAt == nil:
		return now.Sub(t.At) > TrialTake
	case t.AnsweredAt != nil && (t.Outcome == 2 || t.Outcome == 3):
		return true
	}
	return now.Sub(t.At) > TrialWait
}

// TrialForm is the wish to send one, as typed.
type TrialForm struct {
	Number string `form:"number"`
	Sender string `form:"sender"`
	Text   string `form:"text"`
	Tick   bool   `form:"tick"`
	Token  string `form:"token"`
}

// mostTrialParts is how long a trial may be: long enough to see parts joined.
const mostTrialParts = 3

// Read understands the form.
func (f TrialForm) Read() (t Trial, p Problems) {
	n, err := phone.Parse(f.Number, "")
	if err != nil {
		p.Add("number", "Enter a mobile number with its country code, like +47 912 34 567")
	}
	t.Number, t.Country = n.Number, n.Country
	t.Sender = strings.TrimSpace(f.Sender)
	if len(t.Sender) < 3 || len(t.Sender) > 15 || strings.Trim(t.Sender, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ") != "" {
		p.Add("sender", "Enter a sender of 3 to 11 letters and digits, or a number")
	}
	t.Text = strings.TrimSpace(f.Text)
	t.Parts = gsm.Measure(t.Text).Parts
	switch {
	case t.Text == "":
		p.Add("text", "Write the message")
	case t.Parts > mostTrialParts:
		p.Add("text", "Use "+counted(mostTrialParts, "part", "parts")+" or fewer. It has "+figure(t.Parts))
	}
	if !f.Tick {
		p.Add("tick", "Tick that this is a test of ours")
	}
	return t, p
}
