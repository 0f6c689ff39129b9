package app

import (
	"context"
	"fmt"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Ledger is what the credits page shows: what the tenant has, what its
// scheduled sendings will need, and the newest entries.
type Ledger struct {
	Tenant    sms.Tenant
	Balance   sms.Balance
	Forecast  sms.Forecast
	Lines     []sms.LedgerLine
	Requests  []sms.ReloadRequest
	Proposals []sms.ReloadProposal // for administrators
	Prices    map[string]sms.Credits
}

// ledgerPage is how many entries one page of the ledger has.
const ledgerPage = 50

// Ledger reads the tenant's credits; before is the version of the last entry
// of the page before, 0 for the newest.
func (a *App) Ledger(ctx context.Context, who sms.Actor, before int64) (Ledger, error) {
	var l Ledger
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		l, err = a.ledger(ctx, tx, before)
		return err
	})
	return l, err
}

// TenantLedger reads a tenant's credits for an administrator.
func (a *App) TenantLedger(ctx context.Context, who sms.Actor, slug string, before int64) (Ledger, error) {
	var l Ledger
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		t, err := p.TenantBySlug(ctx, slug)
		if err != nil {
			return err
		}
		if l, err = a.ledger(ctx, p.In(t.ID), before); err != nil {
			return err
		}
		l.Proposals, err = p.In(t.ID).ReloadProposals(ctx)
		return err
	})
	return l, err
}

func (a *App) ledger(ctx context.Context, tx *postgres.Tx, before int64) (l Ledger, err error) {
	if l.Tenant, err = tx.OwnTenant(ctx); err != nil {
		return l, err
	}
	if l.Balance, err = tx.Balance(ctx); err != nil {
		return l, err
	}
	if l.Forecast, err = a.forecast(ctx, tx); err != nil {
		return l, err
	}
	if l.Lines, err = tx.LedgerLines(ctx, before, ledgerPage); err != nil {
		return l, err
	}
	if l.Prices, err = tx.Prices(ctx); err != nil {
		return l, err
	}
	l.Requests, err = tx.ReloadRequests(ctx, true, 20)
	return l, err
}

// forecast lays what is scheduled or waits over what can be used now (D22).
func (a *App) forecast(ctx context.Context, tx *postgres.Tx) (sms.Forecast, error) {
	b, err := tx.Balance(ctx)
	if err != nil {
		return sms.Forecast{}, err
	}
	open, err := tx.OpenSessions(ctx, []sms.SessionState{
		sms.SessionValidating, sms.SessionApproved, sms.SessionScheduled, sms.SessionStarting, sms.SessionWaitingCredits, sms.SessionHeld,
	})
	return sms.NewForecast(b.Available, open), err
}

// AskReload asks for credits; an administrator sees it and answers.
func (a *App) AskReload(ctx context.Context, who sms.Actor, amount, reference, note, token string) error {
	var p sms.Problems
	n, ok := sms.ParseCredits(amount)
	if !ok || n < 100*sms.Credit || n > 1_000_000*sms.Credit {
		p.Add("amount", "Enter a whole number from 100 to 1,000,000")
	}
	if len([]rune(reference)) > 40 {
		p.Add("reference", "Use 40 characters or fewer")
	}
	if len([]rune(note)) > 500 {
		p.Add("note", "Use 500 characters or fewer")
	}
	if err := p.Err(); err != nil {
		return err
	}
	return a.as(ctx, who, sms.RightReload, func(tx *postgres.Tx) error {
		if _, done, err := tx.TakeToken(ctx, token, "ask_reload"); err != nil || done {
			return err
		}
		r := sms.ReloadRequest{ID: sms.NewID(a.Now()), Amount: n, Reference: reference, Note: note, AskedBy: who.User, AskedName: who.Name, AskedAt: a.Now()}
		if err := tx.AddReloadRequest(ctx, r); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "ask_reload", "request "+r.ID.String(), nil, map[string]any{"credits": n.String(), "reference": reference}, note)
	})
}

// Tenants lists all tenants for an administrator, those that wait for credits first.
func (a *App) Tenants(ctx context.Context, who sms.Actor) ([]sms.TenantLine, error) {
	var out []sms.TenantLine
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) (err error) {
		out, err = p.TenantLines(ctx)
		return err
	})
	return out, err
}

// Reloaded is what a reload led to.
type Reloaded struct {
	Amount   sms.Credits
	Kind     sms.TransferKind
	Balance  sms.Balance
	Proposed bool // it waits for a second administrator
	Already  bool // this form was sent before; nothing happened twice
	Woken    []string
}

// Reload moves a tenant's credits (D27): once per token, with a reference or a
// note, and above the limit only when a second administrator agrees. Sessions
// that wait for credits go on by themselves, in the order they are due (D23).
func (a *App) Reload(ctx context.Context, who sms.Actor, slug string, r sms.Reload) (Reloaded, error) {
	var out Reloaded
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		t, err := p.TenantBySlug(ctx, slug)
		if err != nil {
			return err
		}
		amount, kind, err := r.Check(t.Name)
		if err != nil {
			return err
		}
		tx := p.In(t.ID)
		_, done, err := tx.TakeToken(ctx, r.Token, "reload_credits")
		if err != nil {
			return err
		}
		out.Amount, out.Kind = amount, kind
		if done {
			out.Already = true
			out.Balance, err = tx.Balance(ctx)
			return err
		}
		if err := a.checkReference(ctx, tx, r); err != nil {
			return err
		}
		prop := sms.ReloadProposal{
			ID: sms.NewID(a.Now()), Kind: kind, Amount: amount, Reference: r.Reference, Note: r.Note, StartWaiting: r.StartWaiting,
			By: who.User, ByName: who.Name, At: a.Now(),
		}
		if r.Request != "" {
			id, err := sms.ParseID(r.Request)
			if err != nil {
				return err
			}
			prop.Request = &id
		}
		if amount > sms.ReloadLimit {
			out.Proposed = true
			if err := tx.AddReloadProposal(ctx, prop); err != nil {
				return err
			}
			return a.audit(ctx, tx, who, "propose_reload", "proposal "+prop.ID.String(), nil, map[string]any{"credits": amount.String(), "kind": kind}, prop.Note)
		}
		_, err = a.reload(ctx, tx, who, prop, "reload:"+r.Token, &out)
		return err
	})
	return out, err
}

// checkReference warns of an order reference that was used before.
func (a *App) checkReference(ctx context.Context, tx *postgres.Tx, r sms.Reload) error {
	if r.Again || r.Reference == "" {
		return nil
	}
	at, amount, used, err := tx.ReferenceUsed(ctx, r.Reference)
	if err != nil || !used {
		return err
	}
	return sms.Problems{{
		Field: "reference",
		Text:  fmt.Sprintf("%s was already used on %s for %s. Tick “use it again” if that is right", r.Reference, at.Format("2 January"), amount),
	}}
}

// reload writes the transfer, answers the customer's ask and wakes what waits.
func (a *App) reload(ctx context.Context, tx *postgres.Tx, who sms.Actor, p sms.ReloadProposal, key string, out *Reloaded) (int64, error) {
	before, err := tx.Balance(ctx)
	if err != nil {
		return 0, err
	}
	x := sms.Transfer{
		Kind: p.Kind, Amount: p.Amount, Key: key, Actor: who.Name, ActorID: &who.User,
		Reason: p.Kind.Words(), Reference: p.Reference, Note: p.Note,
	}
	if err := tx.AddTransfer(ctx, &x); err != nil {
		if err == postgres.ErrNotEnoughCredits { //nolint:errorlint // a value of its own
			return 0, sms.Problems{{Field: "amount", Text: "Only " + before.Available.String() + " can be taken: the rest is set aside or spent"}}
		}
		return 0, err
	}
	if p.Request != nil {
		if err := tx.AnswerReloadRequest(ctx, *p.Request, a.Now(), x.ID); err != nil {
			return 0, err
		}
	}
	if out.Balance, err = tx.Balance(ctx); err != nil {
		return 0, err
	}
	err = a.audit(ctx, tx, who, "reload_credits", fmt.Sprintf("transfer %d", x.ID), map[string]any{"can_use": before.Available.String()},
		map[string]any{"can_use": out.Balance.Available.String(), "kind": p.Kind, "credits": p.Amount.String(), "reference": p.Reference}, p.Note)
	if err != nil || !p.StartWaiting {
		return x.ID, err
	}
	out.Woken, err = a.wakeWaiting(ctx, tx)
	return x.ID, err
}

// wakeWaiting lets the sessions that wait for credits try again, in the order
// they are due; the first that is too dear does not stop a later cheaper one.
func (a *App) wakeWaiting(ctx context.Context, tx *postgres.Tx) ([]string, error) {
	waiting, err := tx.OpenSessions(ctx, []sms.SessionState{sms.SessionWaitingCredits})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range waiting {
		if err := tx.Later(ctx, StartSessionJob{Tenant: s.Tenant, Session: s.ID}); err != nil {
			return nil, err
		}
		names = append(names, s.Name)
	}
	return names, nil
}

// AgreeReload is the second administrator's answer to a reload above the limit.
func (a *App) AgreeReload(ctx context.Context, who sms.Actor, slug, proposal string, agree bool) (Reloaded, error) {
	var out Reloaded
	id, err := sms.ParseID(proposal)
	if err != nil {
		return out, err
	}
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		t, err := p.TenantBySlug(ctx, slug)
		if err != nil {
			return err
		}
		tx := p.In(t.ID)
		open, err := tx.ReloadProposals(ctx)
		if err != nil {
			return err
		}
		for _, x := range open {
			if x.ID != id {
				continue
			}
			if agree && x.By == who.User {
				return sms.Forbidden("You proposed this reload. Another administrator must agree.")
			}
			out.Amount, out.Kind = x.Amount, x.Kind
			var transfer *int64
			if agree {
				n, err := a.reload(ctx, tx, who, x, "proposal:"+x.ID.String(), &out)
				if err != nil {
					return err
				}
				transfer = &n
			}
			if err := a.audit(ctx, tx, who, "decide_reload", "proposal "+x.ID.String(), nil, map[string]any{"agreed": agree}, ""); err != nil {
				return err
			}
			return tx.DecideReloadProposal(ctx, id, who, a.Now(), agree, transfer)
		}
		return sms.Conflict("Somebody has decided this already.")
	})
	return out, err
}

// Balance reads what the tenant has, and for how many sendings something is
// set aside.
func (a *App) Balance(ctx context.Context, who sms.Actor) (b sms.Balance, open int, err error) {
	err = a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if b, err = tx.Balance(ctx); err != nil {
			return err
		}
		open, err = tx.ReservedSessions(ctx)
		return err
	})
	return b, open, err
}
