package app

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Asked is the request for credits that a form made.
type Asked struct {
	Amount  sms.Credits
	At      time.Time
	Already bool `json:"-"` // this form was sent before; nothing happened twice
}

// AskReload asks for credits; an administrator sees it and answers. Once per token.
func (a *App) AskReload(ctx context.Context, who sms.Actor, f sms.ReloadAsk) (Asked, error) {
	amount, f, err := f.Check()
	if err != nil {
		return Asked{}, err
	}
	var out Asked
	err = a.as(ctx, who, sms.RightReload, func(tx *postgres.Tx) error {
		out = Asked{Already: true}
		return a.once(ctx, tx, f.Token, "ask_reload", &out, func() error {
			r := sms.ReloadRequest{ID: sms.NewID(a.Now()), Amount: amount, Reference: f.Reference, Note: f.Note, AskedBy: who.User, AskedName: who.Name, AskedAt: a.Now()}
			if err := tx.AddReloadRequest(ctx, r); err != nil {
				return err
			}
			out = Asked{Amount: r.Amount, At: r.AskedAt}
			return a.audit(ctx, tx, who, "ask_reload", "request "+r.ID.String(), nil, map[string]any{"credits": amount.String(), "reference": f.Reference}, f.Note)
		})
	})
	return out, err
}

// WithdrawReload takes back a request for credits that nobody has answered.
func (a *App) WithdrawReload(ctx context.Context, who sms.Actor, id sms.ID) error {
	return a.as(ctx, who, sms.RightReload, func(tx *postgres.Tx) error {
		return a.closeRequest(ctx, tx, who, "withdraw_reload", id, "Taken back")
	})
}

// DeclineReload ends a customer's request without credits, with a reason that
// he reads.
func (a *App) DeclineReload(ctx context.Context, who sms.Actor, slug string, id sms.ID, why string) error {
	why = strings.TrimSpace(why)
	if n := utf8.RuneCountInString(why); n < 10 || n > 500 {
		return sms.Problems{{Field: "why", Text: "Say why, in 10 to 500 characters. The customer reads it"}}
	}
	return a.asTenant(ctx, who, slug, func(_ sms.Tenant, tx *postgres.Tx) error {
		return a.closeRequest(ctx, tx, who, "decline_reload", id, why)
	})
}

func (a *App) closeRequest(ctx context.Context, tx *postgres.Tx, who sms.Actor, deed string, id sms.ID, why string) error {
	r, err := openRequest(ctx, tx, id)
	if err != nil {
		return err
	}
	now := a.Now()
	r.AnsweredAt, r.AnsweredName, r.Answer = &now, who.Name, why
	if err := tx.AnswerReloadRequest(ctx, r); err != nil {
		return err
	}
	return a.audit(ctx, tx, who, deed, "request "+id.String(), map[string]any{"credits": r.Amount.String(), "reference": r.Reference}, nil, why)
}

// openRequest locks a request, and says how it ended when it is open no longer.
func openRequest(ctx context.Context, tx *postgres.Tx, id sms.ID) (sms.ReloadRequest, error) {
	r, err := tx.LockReloadRequest(ctx, id)
	if err != nil || r.Open() {
		return r, err
	}
	how := "was closed by " + r.AnsweredName
	if r.Transfer != nil {
		how = "was answered by " + r.AnsweredName + " with " + r.Added.Words()
	}
	t, err := tx.OwnTenant(ctx)
	if err != nil {
		return r, err
	}
	return r, sms.Conflict("This request " + how + " on " + sms.In(*r.AnsweredAt, t.Zone).Format("2 January at 15:04") + ".")
}
