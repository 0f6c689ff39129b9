package sms

import (
	"sort"
	"time"

	"tidings/internal/sms/gsm"
)

// Priced is one message as it leaves: what it says, how many parts it has, what it costs (D25).
type Priced struct {
	Text    string
	Size    gsm.Size
	Price   Credits
	Unknown bool // there is no price for the country; it cannot be sent
}

// Price makes the message of one person and prices it: parts × the country's price. Whoever shows,
// quotes, freezes or tests a message calls this.
func Price(t Text, p Person, kind string, prices map[string]Credits) Priced {
	text := Message(t, p, kind)
	size := gsm.Measure(text)
	each, ok := prices[p.Country]
	return Priced{Text: text, Size: size, Price: Credits(size.Parts) * each, Unknown: !ok}
}

// Quote is what a sending costs, counted person by person. Parts and Price leave out the countries
// without a price: such a session cannot be submitted.
type Quote struct {
	People    int
	Parts     int64
	Price     Credits
	ByCountry []QuoteLine    // most people first
	Unpriced  []QuoteLine    // countries without a price
	ByParts   map[int]int    // how many people get how many parts
	Unicode   int            // people whose message leaves the GSM alphabet
	TooLong   int            // people whose message has more than MaxParts
	MostParts int            // of the longest message
	Empty     map[string]int // field in use to people without it
	Unfilled  map[string]int // of these, where the text has no fallback
	Longest   Person         // somebody with the longest message
	LeftOut   AudienceCounts
	units     int // of the longest message, in its parts
}

// QuoteLine is one country of a quote.
type QuoteLine struct {
	Country string
	Rate    Credits // for one part
	People  int
	Parts   int64
	Price   Credits
}

// AudienceCounts says where the entries of the chosen lists went. Listed = Reached + Duplicates +
// Excluded + OptedOut + Unreachable + Complained + Blocked + Before.
type AudienceCounts struct {
	Listed      int // entries of all chosen lists together
	Reached     int // people who get it
	Duplicates  int // further entries of somebody in several lists
	Excluded    int // in an excluded list
	OptedOut    int
	Unreachable int // NPAI before
	Complained  int
	Blocked     int // left out by the account itself
	Before      int // got an earlier version, or may have
	Again       int // of Reached: they got an earlier version, or may have
}

// Audience is who a sending is for: the people of Lists who are in none of Excluded and not suppressed.
// What earlier sendings did can narrow it, or stand in the place of Lists.
type Audience struct {
	Lists    []ID
	Excluded []ID
	FrozenAt *time.Time // people added later are left out; nil: nobody is (D20)
	Reach
}

// Group is people who get the same message: same country, same values of the merge fields in use.
type Group struct {
	Person Person // country and fields; nobody in particular
	People int
}

// NewQuote counts groups for a text. The sum over groups is the sum over people, since the message of a
// person depends on nothing else.
func NewQuote(t Text, kind string, prices map[string]Credits, groups []Group) Quote {
	q := Quote{ByParts: map[int]int{}, Empty: map[string]int{}, Unfilled: map[string]int{}}
	fields := t.Fields()
	lines := map[string]*QuoteLine{}
	for _, g := range groups {
		m := Price(t, g.Person, kind, prices)
		line := lines[g.Person.Country]
		if line == nil {
			line = &QuoteLine{Country: g.Person.Country, Rate: prices[g.Person.Country]}
			lines[g.Person.Country] = line
		}
		q.add(line, m, g.People)
		for _, f := range fields {
			if g.Person.Field(f) == "" {
				q.Empty[f] += g.People
			}
		}
		for _, f := range t.Unfilled(g.Person) {
			q.Unfilled[f] += g.People
		}
		if room := m.Size.Parts*1000 + m.Size.Units; room > q.units {
			q.units, q.Longest, q.MostParts = room, g.Person, m.Size.Parts
		}
	}
	for country, line := range lines {
		if _, ok := prices[country]; ok {
			q.ByCountry = append(q.ByCountry, *line)
		} else {
			q.Unpriced = append(q.Unpriced, *line)
		}
	}
	byPeople(q.ByCountry)
	byPeople(q.Unpriced)
	return q
}

func (q *Quote) add(line *QuoteLine, m Priced, people int) {
	n, parts := int64(people), int64(m.Size.Parts)
	q.People += people
	q.ByParts[m.Size.Parts] += people
	if m.Size.Encoding == gsm.UCS2 {
		q.Unicode += people
	}
	if m.Size.Parts > MaxParts {
		q.TooLong += people
	}
	line.People += people
	line.Parts += parts * n
	if !m.Unknown {
		line.Price += m.Price * Credits(n)
		q.Parts += parts * n
		q.Price += m.Price * Credits(n)
	}
}

func byPeople(lines []QuoteLine) {
	sort.Slice(lines, func(i, j int) bool {
		if lines[i].People != lines[j].People {
			return lines[i].People > lines[j].People
		}
		return lines[i].Country < lines[j].Country
	})
}

// Usual is the number of parts that most people get.
func (q Quote) Usual() int {
	usual, most := 1, 0
	for parts, people := range q.ByParts {
		if people > most || people == most && parts < usual {
			usual, most = parts, people
		}
	}
	return usual
}

// Over is how many people get more than n parts.
func (q Quote) Over(n int) int {
	people := 0
	for parts, k := range q.ByParts {
		if parts > n {
			people += k
		}
	}
	return people
}

// Outgoing is one message ready to be kept: a text to one person, priced for good.
type Outgoing struct {
	Contact ID // of a test: as whom the own phone reads it; may be zero
	Number  int64
	Hash    []byte
	Text    string
	Parts   int
	Price   Credits
}
