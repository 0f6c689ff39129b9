package app

import (
	"context"
	"strconv"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// expansion turns an audience into rows, page by page. The messages of a batch
// have one country, take the same routes and are due together, so people are
// sorted into piles; when the piles together grow too large, the largest becomes
// a batch.
type expansion struct {
	tx       *postgres.Tx
	session  sms.Session
	text     sms.Text
	routes   []sms.Route
	prefixes sms.Prefixes
	piles    map[pile][]sms.Outgoing
	piled    int

	from   time.Time     // what is due is counted from here; zero: from now, by the clock of the database
	expect int           // people
	every  int           // one in so many goes first; 0: nobody
	slots  int           // parts of an even spread
	each   time.Duration // a part is so long
	slot   int           // that is being filled

	people    int
	wentFirst int
	parts     int64
	price     sms.Credits
}

// pile is what the messages of a batch have in common.
type pile struct {
	country, prefix string
	first           bool
	slot            int
}

func (p pile) before(o pile) bool {
	if p.country != o.country {
		return p.country < o.country
	}
	if p.prefix != o.prefix {
		return p.prefix < o.prefix
	}
	return p.first && !o.first || p.first == o.first && p.slot < o.slot
}

func newExpansion(tx *postgres.Tx, s sms.Session, text sms.Text, routes []sms.Route, q sms.Quote, now time.Time) *expansion {
	x := &expansion{tx: tx, session: s, text: text, routes: routes, prefixes: sms.PrefixesOf(routes), piles: map[pile][]sms.Outgoing{}, expect: q.People}
	if n := sms.FirstPeople(q.People); s.First && n > 0 {
		x.every = q.People / n
	}
	x.slots, x.each = s.Slots(q.People)
	if s.StartsAt.After(now) {
		x.from = s.StartsAt
	}
	limit, _ := sms.SpreadLimit(q.ByCountry, s.MessageKind, later(now, s.StartsAt))
	x.each = time.Duration(float64(x.each) * fit(s.Departure, later(now, s.StartsAt), limit))
	return x
}

// fit is by how much an even spread that begins at from must be shorter than it
// was confirmed, to be over before its countries close; 1: not at all.
func fit(p sms.Departure, from, limit time.Time) float64 {
	whole := time.Duration(p.Spread) * time.Hour
	if whole == 0 || limit.IsZero() || !from.Add(whole).After(limit) {
		return 1
	}
	return max(0, float64(limit.Sub(from))/float64(whole))
}

func (x *expansion) run(ctx context.Context) error {
	var after sms.ID
	for {
		page, err := x.tx.AudiencePage(ctx, x.session.Audience(), after, pagePeople)
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := x.add(ctx, p); err != nil {
				return err
			}
		}
		if len(page) < pagePeople {
			break
		}
		after = page[len(page)-1].Contact
	}
	for len(x.piles) > 0 {
		if err := x.flush(ctx, x.largest()); err != nil {
			return err
		}
	}
	return nil
}

func (x *expansion) add(ctx context.Context, p sms.Person) error {
	m := sms.Price(x.text, p, x.session.MessageKind, x.session.Prices)
	if m.Unknown {
		return sms.Conflict("There is no price for " + p.Country + ".") // added since it was counted: the next wake-up holds it
	}
	k, err := x.place(ctx, p)
	if err != nil {
		return err
	}
	x.piles[k] = append(x.piles[k], sms.Outgoing{
		Contact: p.Contact, Number: p.Number, Hash: p.Hash, Text: m.Text, Parts: m.Size.Parts, Price: m.Price,
	})
	x.piled++
	if len(x.piles[k]) >= batchSize(x.session.People) {
		return x.flush(ctx, k)
	}
	if x.piled >= pilePeople {
		return x.flush(ctx, x.largest())
	}
	return nil
}

// batchSize is how many people of a session stand in one batch, so that lanes of
// several processes need not wait for each other.
func batchSize(people int) int { return min(max(people/batchesOf, batchLeast), batchPeople) }

// place finds the pile of a person. Those who go first are drawn from the whole
// audience, so that every country and route is among them.
func (x *expansion) place(ctx context.Context, p sms.Person) (pile, error) {
	at := x.people + x.piled
	k := pile{country: p.Country, prefix: x.prefixes.Of(strconv.FormatInt(p.Number, 10))}
	if x.every > 0 && at%x.every == 0 {
		k.first = true
		x.wentFirst++
		return k, nil
	}
	if x.slots > 1 {
		k.slot = min(at*x.slots/max(x.expect, 1), x.slots-1)
	}
	if k.slot == x.slot {
		return k, nil
	}
	x.slot = k.slot // nobody comes any more for the one before
	for {
		old, ok := x.finished()
		if !ok {
			return k, nil
		}
		if err := x.flush(ctx, old); err != nil {
			return k, err
		}
	}
}

// finished is a pile of a part that is full.
func (x *expansion) finished() (pile, bool) {
	var best pile
	found := false
	for k := range x.piles {
		if !k.first && k.slot < x.slot && (!found || k.before(best)) {
			best, found = k, true
		}
	}
	return best, found
}

func (x *expansion) largest() pile {
	var best pile
	found := false
	for k, rows := range x.piles {
		if !found || len(rows) > len(x.piles[best]) || len(rows) == len(x.piles[best]) && k.before(best) {
			best, found = k, true
		}
	}
	return best
}

// flush writes a pile as a batch, numbered after those before it.
func (x *expansion) flush(ctx context.Context, k pile) error {
	rows := x.piles[k]
	gateway, err := routeFor(x.routes, x.session, k.country, k.prefix, x.people+1)
	if err != nil {
		return err
	}
	b := postgres.Batch{
		Session: x.session.ID, Country: k.country, Gateway: gateway, First: x.people + 1, Prefix: k.prefix, Portion: k.first,
		Held: x.every > 0 && !k.first, Lag: time.Duration(k.slot) * x.each,
	}
	if b.Lag > 0 && !b.Held {
		b.DueAt = x.from
	}
	if _, err := x.tx.AddMessages(ctx, b, rows); err != nil {
		return err
	}
	for _, m := range rows {
		x.parts += int64(m.Parts)
		x.price += m.Price
	}
	x.people += len(rows)
	x.piled -= len(rows)
	delete(x.piles, k)
	return nil
}
