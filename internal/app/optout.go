package app

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// OptOutQuery is which numbers somebody looks for, and from where in the list.
type OptOutQuery struct {
	Kind sms.SuppressionKind // "": all
	Text string              // a whole number; "": all
	From sms.LeftOutPlace
}

// OptOutsPage is the numbers of an account that are never written to.
type OptOutsPage struct {
	Tenant   sms.Tenant
	Counts   map[sms.SuppressionKind]int64
	Found    []sms.LeftOut
	Next     bool // others follow
	Doubtful int  // replies that wait for a decision
	Unread   bool // what was looked for is no number
}

// Total is how many numbers are never written to.
func (p OptOutsPage) Total() int64 {
	var n int64
	for _, c := range p.Counts {
		n += c
	}
	return n
}

// OptOuts shows the numbers that are never written to, the newest first.
func (a *App) OptOuts(ctx context.Context, who sms.Actor, q OptOutQuery) (OptOutsPage, error) {
	var out OptOutsPage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if out.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if out.Counts, err = tx.SuppressionCounts(ctx); err != nil {
			return err
		}
		if out.Doubtful, err = tx.Doubtful(ctx); err != nil {
			return err
		}
		f := sms.LeftOutFilter{Kind: q.Kind, From: q.From, Limit: peoplePage + 1}
		if q.Text != "" {
			n, unread := phone.Parse(q.Text, out.Tenant.Country)
			if out.Unread = unread != nil; out.Unread {
				return nil
			}
			f.Hash = a.NumberHash(who.Tenant, int64(n.Number))
		}
		out.Found, err = tx.LeftOut(ctx, f)
		if out.Next = len(out.Found) > peoplePage; out.Next {
			out.Found = out.Found[:peoplePage]
		}
		return err
	})
	return out, err
}

// LeaveOutResult is what became of numbers that were to be left out.
type LeaveOutResult struct {
	Added, Known int
	Bad          []sms.BadCell // nothing was done with these
}

// LeaveOut has numbers never written to any more. The good ones are kept, whatever
// is wrong with others. The same token does it once.
func (a *App) LeaveOut(ctx context.Context, who sms.Actor, f sms.LeftOutForm) (LeaveOutResult, error) {
	var out LeaveOutResult
	if err := f.Check(); err != nil {
		return out, err
	}
	how := strings.TrimSpace(f.How)
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, f.Token, "leave_out", &out, func() error {
			tenant, err := tx.OwnTenant(ctx)
			if err != nil {
				return err
			}
			out = LeaveOutResult{}
			var numbers []int64
			var hashes [][]byte
			seen := map[int64]bool{}
			hash := a.numberHasher(who.Tenant)
			cells, err := leaveOutCells(f, tenant.Country)
			if err != nil {
				return err
			}
			for _, c := range cells {
				n, err := phone.Parse(c, tenant.Country)
				if err != nil {
					out.Bad = append(out.Bad, sms.BadCell{Cell: c, Why: err.Error()})
					continue
				}
				if x := int64(n.Number); !seen[x] {
					seen[x] = true
					numbers, hashes = append(numbers, x), append(hashes, hash(x))
				}
			}
			added, err := tx.AddExcluded(ctx, sms.SuppressionKind(f.Kind), numbers, hashes, how+", entered by "+who.Name, who.User)
			if err != nil {
				return err
			}
			out.Added, out.Known = int(added), len(numbers)-int(added)
			if out.Added == 0 {
				return nil
			}
			return a.audit(ctx, tx, who, "leave_out", "account "+tenant.Slug, nil, map[string]any{"kind": f.Kind, "numbers": out.Added}, how)
		})
	})
	return out, err
}

// leaveOutCells are the numbers of the form, typed and of its file, as they stand there.
func leaveOutCells(f sms.LeftOutForm, country string) ([]string, error) {
	cells := f.Cells()
	if len(f.File) > 0 {
		more, err := numbersIn(f.File, country)
		if err != nil {
			return nil, err
		}
		cells = append(cells, more...)
	}
	if len(cells) > sms.LeftOutAtOnce {
		return nil, sms.Problems{{Field: "text", Text: "Enter " + sms.Number(sms.LeftOutAtOnce) + " numbers or fewer at once. These are " + sms.Number(len(cells))}}
	}
	return cells, nil
}

// LeftOut shows one number that is never written to.
func (a *App) LeftOut(ctx context.Context, who sms.Actor, hash []byte) (sms.LeftOut, sms.Tenant, error) {
	var out sms.LeftOut
	var tenant sms.Tenant
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		found, err := tx.LeftOut(ctx, sms.LeftOutFilter{Hash: hash, Limit: 1})
		if err == nil && len(found) == 0 {
			return sms.NotFound("This number is not left out.")
		}
		if err == nil {
			out = found[0]
		}
		return err
	})
	return out, tenant, err
}

// Readmit lets a number be written to again, with the proof that it may be: never
// many at once (D38). A complaint is not taken back by the account.
func (a *App) Readmit(ctx context.Context, who sms.Actor, hash []byte, proof string) error {
	return a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		s, err := tx.LockSuppression(ctx, hash)
		if errors.Is(err, sms.ErrNotFound) {
			return nil // somebody was faster
		}
		if err != nil {
			return err
		}
		switch s.Kind {
		case sms.SuppressionComplaint:
			return sms.Conflict("Somebody complained about messages to this number. It stays left out.")
		case sms.SuppressionNPAI:
			if at := s.At.Add(sms.RetryNPAIAfter); a.Now().Before(at) {
				return sms.Conflict("This number can be tried again from " + at.Format("2 January 2006") + ".")
			}
			proof = "Tried again 90 days after it could not be reached"
		default:
			if err := sms.CheckProof(proof); err != nil {
				return err
			}
		}
		proof = strings.TrimSpace(proof)
		if err := tx.Readmit(ctx, s, &who.User, proof); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "readmit", "number "+hex.EncodeToString(hash), map[string]any{"left_out": s.Kind, "how": s.Source}, nil, proof)
	})
}

// RepliesPage is texts of people.
type RepliesPage struct {
	Tenant   sms.Tenant
	Replies  []sms.Reply
	Doubtful int
	Next     bool
}

// Replies shows what people answered, the newest first: the doubtful ones that wait
// for a decision, or all.
func (a *App) Replies(ctx context.Context, who sms.Actor, doubtful bool, before int64) (RepliesPage, error) {
	var out RepliesPage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if out.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if out.Doubtful, err = tx.Doubtful(ctx); err != nil {
			return err
		}
		out.Replies, err = tx.Replies(ctx, doubtful, before, peoplePage+1)
		if out.Next = len(out.Replies) > peoplePage; out.Next {
			out.Replies = out.Replies[:peoplePage]
		}
		return err
	})
	return out, err
}

// DecideReply says what a doubtful text means: an opt-out, or none. Of two people
// who decide at once, the first counts.
func (a *App) DecideReply(ctx context.Context, who sms.Actor, id int64, decision string) (sms.Reply, error) {
	var r sms.Reply
	if decision != sms.DecisionStop && decision != sms.DecisionNothing {
		return r, sms.Problems{{Field: "decision", Text: "Choose whether it is an opt-out"}}
	}
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) (err error) {
		if r, err = tx.LockReply(ctx, id); err != nil {
			return err
		}
		if r.Reading != sms.ReadingDoubtful || r.Decision == decision {
			return nil
		}
		if r.Decision != "" {
			return sms.Conflict(r.DecidedBy + " has decided about this text already.")
		}
		if decision == sms.DecisionStop {
			if _, err := tx.AddSuppression(ctx, sms.Suppression{Hash: r.Hash, Kind: sms.SuppressionOptedOut, Number: r.Number, Source: "A text read by " + who.Name, Session: r.Session, By: &who.User}); err != nil {
				return err
			}
		}
		r.Decision = decision
		if err := tx.DecideReply(ctx, id, decision, who.User, a.Now()); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "decide_reply", "reply", nil, map[string]any{"decision": decision}, "")
	})
	return r, err
}
