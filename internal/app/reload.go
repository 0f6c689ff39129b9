package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// TenantCredits is a tenant's ledger as an administrator sees it, and the slip
// of the reload he is about to make.
type TenantCredits struct {
	Ledger
	Proposals []sms.ReloadProposal
	Form      sms.Reload
	Slip      sms.ReloadSlip
	Request   *sms.ReloadRequest // that the form answers
	Used      string             // when the form's reference was used before, in words
	Done      *ReloadDone        // what the form before this one led to
}

// TenantLedger lays out the reload of a tenant's credits for what was typed so
// far; nil is the first look at the page, on which request, if it is not "", is
// answered. Nothing is written by it. before pages through the ledger.
func (a *App) TenantLedger(ctx context.Context, who sms.Actor, slug string, form *sms.Reload, request string, before int64) (TenantCredits, error) {
	var c TenantCredits
	err := a.asTenant(ctx, who, slug, func(_ sms.Tenant, tx *postgres.Tx) (err error) {
		if c.Ledger, err = a.ledger(ctx, tx, before); err != nil {
			return err
		}
		if c.Proposals, err = tx.ReloadProposals(ctx); err != nil {
			return err
		}
		if form == nil {
			c.Form = firstReload(c.Ledger, request)
		} else {
			c.Form = form.Tidy()
		}
		return a.fillReload(ctx, tx, &c)
	})
	return c, wrap("credits of tenant", word(slug), err)
}

// firstReload offers what was asked for, else what is missing in round figures.
func firstReload(l Ledger, request string) sms.Reload {
	r := sms.Reload{Kind: string(sms.TransferTopup), StartWaiting: true}
	short, _ := l.Forecast.Short()
	amount := 10_000 * sms.Credit
	for _, more := range []sms.Credits{25_000, 50_000, 100_000} {
		if amount < short {
			amount = more * sms.Credit
		}
	}
	for _, x := range l.Requests {
		if x.Open() && (request == "" || request == x.ID.String()) {
			r.Request, r.Reference, amount = x.ID.String(), x.Reference, x.Amount
			break
		}
	}
	r.Amount = amount.String()
	r.Was = r.Amount
	return r
}

// fillReload works out what the form would do.
func (a *App) fillReload(ctx context.Context, tx *postgres.Tx, c *TenantCredits) error {
	for i, x := range c.Requests {
		if x.Open() && c.Form.Request == x.ID.String() {
			c.Request = &c.Requests[i]
		}
	}
	amount, kind, _ := c.Form.Read()
	c.Slip = sms.ReloadSlip{Amount: amount, Kind: kind, Start: c.Form.StartWaiting, Forecast: c.Forecast}
	var err error
	c.Used, err = a.referenceUsed(ctx, tx, c.Tenant, c.Form.Reference)
	return err
}

// referenceUsed says when an order reference was used before, or "".
func (a *App) referenceUsed(ctx context.Context, tx *postgres.Tx, t sms.Tenant, reference string) (string, error) {
	if reference == "" {
		return "", nil
	}
	at, amount, used, err := tx.ReferenceUsed(ctx, reference)
	if err != nil || !used {
		return "", err
	}
	return fmt.Sprintf("%s was already used on %s for %s", reference, sms.In(at, t.Zone).Format("2 January"), amount), nil
}

// Reloaded is what a reload led to.
type Reloaded struct {
	At       time.Time
	Amount   sms.Credits
	Kind     sms.TransferKind
	Balance  sms.Balance
	Proposed bool            // it waits for a second administrator
	Already  bool            `json:"-"` // this form was sent before; nothing happened twice
	Woken    []sms.SessionID // sendings that waited and try again now
	Asked    []sms.SessionID // sendings that waited and now ask their people
}

// Reload moves a tenant's credits (D27): once per token, with a reference or a
// note, and above the limit only when a second administrator agrees. Sessions
// that wait for credits go on by themselves, in the order they are due (D23).
// The error is Problems of the form, a StaleSlip when the balance moved since
// the slip was shown, or an ErrConflict in words.
func (a *App) Reload(ctx context.Context, who sms.Actor, slug string, form sms.Reload) (Reloaded, error) {
	var out Reloaded
	form = form.Tidy()
	err := a.asTenant(ctx, who, slug, func(t sms.Tenant, tx *postgres.Tx) error {
		out = Reloaded{Already: true}
		return a.once(ctx, tx, form.Token, "reload_credits", &out, func() (err error) {
			out, err = a.reloadOnce(ctx, tx, who, t, form)
			return err
		})
	})
	return out, wrap("reload credits of tenant", word(slug), err)
}

func (a *App) reloadOnce(ctx context.Context, tx *postgres.Tx, who sms.Actor, t sms.Tenant, form sms.Reload) (Reloaded, error) {
	c := TenantCredits{Ledger: Ledger{Tenant: t}, Form: form}
	amount, kind, err := form.Check(t.Name)
	if err != nil {
		return Reloaded{}, err
	}
	if c.Forecast, err = a.forecast(ctx, tx); err != nil {
		return Reloaded{}, err
	}
	if err := a.fillReload(ctx, tx, &c); err != nil {
		return Reloaded{}, err
	}
	switch {
	case c.Slip.TooMuch():
		return Reloaded{}, tooMuch(c.Forecast.Now)
	case c.Used != "" && !form.Again:
		return Reloaded{}, sms.Problems{{Field: "reference", Text: c.Used + ". Tick “Use it again” if that is right"}}
	case form.Seen != c.Slip.Fingerprint():
		return Reloaded{}, &StaleSlip{"The slip said something else when you pressed. Read the sentence again."}
	}
	p := sms.ReloadProposal{
		ID: sms.NewID(a.Now()), Kind: kind, Amount: amount, Reference: form.Reference, Note: form.Note, StartWaiting: form.StartWaiting,
		By: who.User, ByName: who.Name, At: a.Now(),
	}
	if form.Request != "" {
		id, err := sms.ParseID(form.Request)
		if err != nil {
			return Reloaded{}, err
		}
		if _, err := openRequest(ctx, tx, id); err != nil {
			return Reloaded{}, err
		}
		p.Request = &id
	}
	if c.Slip.Second() {
		return a.proposeReload(ctx, tx, who, p)
	}
	out, _, err := a.reload(ctx, tx, who, p, "reload:"+form.Token)
	return out, err
}

func tooMuch(can sms.Credits) error {
	return sms.Problems{{Field: "amount", Text: "Only " + can.String() + " can be taken: the rest is set aside or spent"}}
}

// proposeReload keeps a reload above the limit until another administrator agrees.
func (a *App) proposeReload(ctx context.Context, tx *postgres.Tx, who sms.Actor, p sms.ReloadProposal) (Reloaded, error) {
	out := Reloaded{At: p.At, Amount: p.Amount, Kind: p.Kind, Proposed: true}
	if err := tx.AddReloadProposal(ctx, p); err != nil {
		return out, err
	}
	var err error
	if out.Balance, err = tx.Balance(ctx); err != nil {
		return out, err
	}
	return out, a.audit(ctx, tx, who, "propose_reload", "proposal "+p.ID.String(), nil,
		map[string]any{"credits": p.Amount.String(), "kind": p.Kind, "reference": p.Reference}, p.Note)
}

// reload writes the transfer, answers the customer's ask and wakes what waits.
func (a *App) reload(ctx context.Context, tx *postgres.Tx, who sms.Actor, p sms.ReloadProposal, key string) (out Reloaded, transfer int64, err error) {
	out = Reloaded{At: a.Now(), Amount: p.Amount, Kind: p.Kind}
	waiting, err := a.lockWaiting(ctx, tx, !p.StartWaiting) // before the accounts, in the order a start takes them
	if err != nil {
		return out, 0, err
	}
	before, err := tx.Balance(ctx)
	if err != nil {
		return out, 0, err
	}
	x := sms.Transfer{
		Kind: p.Kind, Amount: p.Amount, Key: key, Actor: who.Name, ActorID: actorID(who),
		Reason: p.Kind.Words(), Reference: p.Reference, Note: p.Note,
	}
	err = tx.Savepoint(ctx, func(tx *postgres.Tx) error { return tx.AddTransfer(ctx, &x) })
	if errors.Is(err, postgres.ErrNotEnoughCredits) {
		return out, 0, tooMuch(before.Available)
	}
	if err != nil {
		return out, 0, err
	}
	if p.Request != nil {
		now := a.Now()
		err := tx.AnswerReloadRequest(ctx, sms.ReloadRequest{ID: *p.Request, AnsweredAt: &now, AnsweredName: who.Name, Transfer: &x.ID})
		if err != nil {
			return out, 0, err
		}
	}
	if out.Balance, err = tx.Balance(ctx); err != nil {
		return out, 0, err
	}
	err = a.audit(ctx, tx, who, "reload_credits", fmt.Sprintf("transfer %d", x.ID), map[string]any{"can_use": before.Available.String()},
		map[string]any{"can_use": out.Balance.Available.String(), "kind": p.Kind, "credits": p.Amount.String(), "reference": p.Reference}, p.Note)
	if err != nil || p.Kind.Takes() {
		return out, x.ID, err
	}
	return out, x.ID, a.settleWaiting(ctx, tx, waiting, p.StartWaiting, &out)
}

// AgreeReload is the second administrator's answer to a reload above the limit
// (D27). Who proposed it cannot agree; he can take it back. Once per token.
func (a *App) AgreeReload(ctx context.Context, who sms.Actor, slug string, proposal sms.ID, agree bool, token string) (Reloaded, error) {
	var out Reloaded
	err := a.asTenant(ctx, who, slug, func(_ sms.Tenant, tx *postgres.Tx) error {
		out = Reloaded{Already: true}
		return a.once(ctx, tx, token, "decide_reload", &out, func() (err error) {
			out, err = a.decideReload(ctx, tx, who, proposal, agree)
			return err
		})
	})
	return out, wrap("decide reload", proposal, err)
}

func (a *App) decideReload(ctx context.Context, tx *postgres.Tx, who sms.Actor, proposal sms.ID, agree bool) (out Reloaded, err error) {
	p, err := tx.LockReloadProposal(ctx, proposal)
	if errors.Is(err, sms.ErrNotFound) {
		return out, sms.Conflict("Somebody has decided this already.")
	}
	if err != nil {
		return out, err
	}
	if agree && p.By == who.User {
		return out, sms.Forbidden("You proposed this reload. Another administrator must agree.")
	}
	var transfer *int64
	if agree {
		if p.Request != nil {
			if _, err := openRequest(ctx, tx, *p.Request); err != nil {
				return out, err
			}
		}
		var id int64
		out, id, err = a.reload(ctx, tx, who, p, "proposal:"+p.ID.String())
		var problems sms.Problems
		if errors.As(err, &problems) {
			return out, sms.Conflict(problems[0].Text + ".")
		}
		if err != nil {
			return out, err
		}
		transfer = &id
	} else {
		out = Reloaded{At: a.Now(), Amount: p.Amount, Kind: p.Kind, Proposed: true}
	}
	err = a.audit(ctx, tx, who, "decide_reload", "proposal "+p.ID.String(), map[string]any{"credits": p.Amount.String(), "proposed_by": p.ByName},
		map[string]any{"agreed": agree}, p.Note)
	if err != nil {
		return out, err
	}
	return out, tx.DecideReloadProposal(ctx, p.ID, who, a.Now(), agree, transfer)
}

// ReloadDone is what a reload led to, and how the sendings that waited are now.
type ReloadDone struct {
	Reloaded
	Sessions []sms.Session // of Woken and Asked, as they are now
	Moving   bool          // some are about to start: look again in a second
}

// ReloadDone reads what the reload of a token led to. ErrNotFound: that form was
// never sent.
func (a *App) ReloadDone(ctx context.Context, who sms.Actor, slug, token string) (ReloadDone, error) {
	var d ReloadDone
	err := a.asTenant(ctx, who, slug, func(_ sms.Tenant, tx *postgres.Tx) error {
		result, err := tx.TokenResult(ctx, token, "reload_credits")
		if errors.Is(err, sms.ErrNotFound) {
			result, err = tx.TokenResult(ctx, token, "decide_reload")
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(result), &d.Reloaded); err != nil {
			return err
		}
		for _, id := range append(d.Woken, d.Asked...) {
			s, err := tx.Session(ctx, id)
			if err != nil {
				return err
			}
			d.Sessions = append(d.Sessions, s)
		}
		fresh := a.Now().Sub(d.At) < 20*time.Second
		for i, s := range d.Sessions {
			waits := s.State == sms.SessionWaitingCredits || s.State == sms.SessionStarting
			d.Moving = d.Moving || fresh && waits && i < len(d.Woken)
		}
		return nil
	})
	return d, err
}

// word is a name in an error.
type word string

func (w word) String() string { return string(w) }
