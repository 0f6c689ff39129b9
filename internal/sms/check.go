package sms

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CheckFacts is what the automatic checks look at: the session, and what its
// messages look like when they are really rendered.
type CheckFacts struct {
	Session     Session
	TenantAge   time.Duration
	SentBefore  int  // campaigns of the tenant that completed
	SenderUsed  bool // by an earlier session
	SenderKnown bool // approved for this tenant
	Longest     int  // parts of the longest message
	Unfilled    int  // people for whom a field is empty and has no fallback
	NoOptOut    int  // marketing messages without the notice
	Unpriced    int  // people in countries without a price
	FreshPeople int  // whose contact was imported within 24 hours
	Sequential  int  // people whose number is one above another's
	MostAlike   int  // percent, to a refused text
	AlikeTo     string
}

var (
	linkPattern = regexp.MustCompile(`(?i)\b(https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(/[^\s]*)?`)
	urgency     = regexp.MustCompile(`(?i)\b(urgent|immediately|final notice|last chance|within 24 ?h|expires? today|act now|dernière chance|sofort|suspended|blocked)\b`)
	money       = regexp.MustCompile(`(?i)([€$£]\s?\d|\d\s?(€|\$|£|eur|gbp|usd|nok)\b|\bcash\b|\bprize\b|\brefund\b|\bpayment\b)`)
)

var shorteners = []string{"bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "t.ly", "rb.gy", "shorturl.at"}

var topLevels = []string{"com", "net", "org", "fr", "de", "uk", "no", "se", "dk", "es", "it", "be", "nl", "ch", "pl", "ly", "gl", "co", "gd", "me", "io", "app", "shop", "eu", "info", "biz", "at", "gs", "gy", "example"}

var categories = []struct{ name, words string }{
	{"loans", `loan|credit check|pre-?approved|payday|prêt|darlehen`},
	{"gambling", `casino|bet now|betting|jackpot|free spins|poker`},
	{"adult", `xxx|escort|adult only|sexy`},
	{"crypto", `bitcoin|crypto|ethereum|nft|invest(ment)? return`},
	{"parcels", `parcel|package is waiting|customs fee|colis|paket`},
	{"banks", `your bank|account (has been )?(suspended|locked)|verify your (account|identity)|iban`},
	{"prizes", `you('ve| have) won|winner|claim your prize|congratulations`},
}

// brands are names that only their owners may send as; look-alikes are caught
// after folding digits to the letters they imitate.
var brands = []string{"PAYPAL", "AMAZON", "NETFLIX", "APPLE", "GOOGLE", "DHL", "UPS", "FEDEX", "CHRONOPOST", "LAPOSTE", "HSBC", "BARCLAYS", "AMELI", "IMPOTS", "WHATSAPP", "MICROSOFT"}

var lookAlike = strings.NewReplacer("0", "O", "1", "I", "3", "E", "4", "A", "5", "S", "7", "T", "8", "B", " ", "")

// RunChecks looks at the facts and returns what it found, the heaviest first.
func RunChecks(f CheckFacts) []Finding {
	var out []Finding
	add := func(level Level, code, title, evidence string) {
		out = append(out, Finding{Code: code, Level: level, Title: title, Evidence: evidence})
	}
	if f.Longest > MaxParts {
		add(LevelBlocking, "too-long", fmt.Sprintf("The longest message is %d parts", f.Longest), fmt.Sprintf("The most is %d.", MaxParts))
	}
	if f.Unfilled > 0 {
		add(LevelBlocking, "field-empty", "Some people get a gap where a field should be", fmt.Sprintf("%d people lack a value that has no fallback.", f.Unfilled))
	}
	if f.NoOptOut > 0 {
		add(LevelBlocking, "no-opt-out", "No way to opt out", fmt.Sprintf("%d marketing messages do not say how to stop.", f.NoOptOut))
	}
	if f.Unpriced > 0 {
		add(LevelBlocking, "no-price", "Some countries have no price", fmt.Sprintf("%d people are in countries that are not open for this tenant.", f.Unpriced))
	}
	if !f.SenderKnown {
		add(LevelBlocking, "sender-not-approved", "The sender is not approved for this tenant", f.Session.Sender+" has not been approved.")
	}
	if b := brandLike(f.Session.Sender); b != "" {
		add(LevelBlocking, "sender-brand", "The sender looks like a protected brand", f.Session.Sender+" is close to "+b+".")
	}
	out = append(out, linkChecks(f.Session.Text)...)
	out = append(out, wordChecks(f.Session.Text)...)
	if f.MostAlike >= 70 {
		add(LevelWarning, "like-refused", "The text is like one that was refused", fmt.Sprintf("%d%% alike: %s", f.MostAlike, f.AlikeTo))
	}
	if f.TenantAge < 30*24*time.Hour && f.Session.People >= 1000 {
		add(LevelWarning, "new-and-large", "New account, first large send", fmt.Sprintf("%d days old, %d campaigns before this one, %d people now.", int(f.TenantAge.Hours()/24), f.SentBefore, f.Session.People))
	}
	if f.Session.People >= 50 && f.Sequential*5 > f.Session.People {
		add(LevelWarning, "sequential", "Many numbers follow one another", fmt.Sprintf("%d of %d numbers are one above another: the list may be made up.", f.Sequential, f.Session.People))
	}
	if f.FreshPeople > 0 {
		add(LevelHint, "fresh-list", "Imported in the last 24 hours", fmt.Sprintf("%d of %d people.", f.FreshPeople, f.Session.People))
	}
	if !f.SenderUsed && f.SenderKnown {
		add(LevelHint, "sender-first", "Sender name used for the first time", f.Session.Sender)
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return a.Level.weight() - b.Level.weight() })
	return out
}

func (l Level) weight() int {
	switch l {
	case LevelBlocking:
		return 0
	case LevelWarning:
		return 1
	}
	return 2
}

// Risk is the word by which a moderator sorts at a glance: high with a blocking
// check or three warnings, medium with a warning, else low.
func Risk(checks []Finding) string {
	warnings := 0
	for _, c := range checks {
		switch c.Level {
		case LevelBlocking:
			return "high"
		case LevelWarning:
			warnings++
		}
	}
	switch {
	case warnings >= 3:
		return "high"
	case warnings > 0:
		return "medium"
	}
	return "low"
}

// Links lists the addresses in a text, as they stand there.
func Links(text string) []string {
	var out []string
	for _, m := range linkPattern.FindAllStringSubmatch(text, -1) {
		host := strings.ToLower(m[2])
		if m[1] == "" && !slices.Contains(topLevels, host[strings.LastIndexByte(host, '.')+1:]) {
			continue
		}
		out = append(out, m[0])
	}
	return out
}

func linkChecks(text string) []Finding {
	var out []Finding
	for _, l := range Links(text) {
		host := strings.ToLower(linkPattern.FindStringSubmatch(l)[2])
		if slices.Contains(shorteners, host) {
			out = append(out, Finding{Code: "link-shortener", Level: LevelWarning, Title: "A public link shortener hides where the link leads", Evidence: l})
		} else if strings.HasPrefix(strings.ToLower(l), "http://") {
			out = append(out, Finding{Code: "link-plain", Level: LevelHint, Title: "The link is not protected (http)", Evidence: l})
		}
	}
	return slices.CompactFunc(out, func(a, b Finding) bool { return a.Code == b.Code })
}

func wordChecks(text string) []Finding {
	var out []Finding
	for _, c := range categories {
		if m := regexp.MustCompile(`(?i)\b(` + c.words + `)`).FindString(text); m != "" {
			out = append(out, Finding{Code: "words-" + c.name, Level: LevelWarning, Title: "Words about " + c.name, Evidence: "“" + m + "”"})
		}
	}
	if u, m := urgency.FindString(text), money.FindString(text); u != "" && m != "" {
		out = append(out, Finding{Code: "urgent-money", Level: LevelWarning, Title: "Urgency and money together", Evidence: "“" + u + "” and “" + m + "”"})
	}
	return out
}

func brandLike(sender string) string {
	folded := lookAlike.Replace(strings.ToUpper(sender))
	for _, b := range brands {
		if folded == b || len(b) >= 5 && distance(folded, b) <= 1 {
			return b
		}
	}
	return ""
}

// Alike is how alike two texts are, in percent of shared trigrams.
func Alike(a, b string) int {
	x, y := trigrams(a), trigrams(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	both := 0
	for g := range x {
		if y[g] {
			both++
		}
	}
	return 100 * both / (len(x) + len(y) - both)
}

func trigrams(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' && r < 128 }) {
		r := []rune("  " + w + " ")
		for i := 0; i+3 <= len(r); i++ {
			out[string(r[i:i+3])] = true
		}
	}
	return out
}
