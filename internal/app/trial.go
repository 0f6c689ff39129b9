package app

import (
	"context"
	"errors"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// trialWanted tells the workers of a trial.
const trialWanted = "gateway_trial"

// TryGateway sends one text to a number by this route, and no other: a test of
// staff, which no tenant pays. The log has the number without most of its digits.
// Once per token. The error is Problems of the form.
func (a *App) TryGateway(ctx context.Context, who sms.Actor, name string, f sms.TrialForm) error {
	t, problems := f.Read()
	if len(problems) > 0 {
		return problems
	}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		r, err := p.Route(ctx, name)
		if err != nil {
			return err
		}
		if r.State == sms.RouteOff {
			return sms.Conflict("The route is off. Turn it on, or drain it, to send a test.")
		}
		if len(f.Token) < 16 || len(f.Token) > 64 {
			return sms.Conflict("This page is too old to act on. Reload it and try again.")
		}
		t.ID, t.Gateway, t.ByName = sms.NewID(a.Now()), r.ID, who.Name
		fresh, err := p.AddTrial(ctx, t, f.Token, actorID(who))
		if err != nil || !fresh {
			return err
		}
		if err := p.Notify(ctx, trialWanted, t.ID.String()); err != nil {
			return err
		}
		return a.auditPlatform(ctx, p, who, "try_gateway", routeObject(r), nil, map[string]any{"number": t.Number.Masked(), "sender": t.Sender, "parts": t.Parts}, "")
	})
	return wrap("try gateway", word(name), err)
}

// Trials reads the last tests of a route.
func (a *App) Trials(ctx context.Context, who sms.Actor, name string) (out []sms.Trial, err error) {
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		r, err := p.Route(ctx, name)
		if err != nil {
			return err
		}
		out, err = p.Trials(ctx, r.ID, 10)
		return err
	})
	return out, wrap("tests of gateway", word(name), err)
}

// tryOut writes a trial to its carrier, if this process has its gateway and is
// the first to take it.
func (d *Dispatcher) tryOut(ctx context.Context, payload string) {
	id, err := sms.ParseID(payload)
	worker, held := d.self.Worker()
	if err != nil || !held || d.guard.closed() {
		return
	}
	crews := map[int16]*crew{}
	var mine []int16
	for _, c := range d.fleet.list() {
		if c.gw.Health().CanSend() {
			crews[c.id] = c
			mine = append(mine, c.id)
		}
	}
	var t sms.Trial
	err = d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		t, err = tx.TakeTrial(ctx, id, worker, mine)
		return err
	})
	if errors.Is(err, sms.ErrNotFound) {
		return // another worker has it, or it must not leave
	}
	if err != nil {
		d.app.Log.Warn("take a test of a route", "error", err)
		return
	}
	message := gateway.Outbound{N: t.N, Attempt: 1, From: t.Sender, To: digits(int64(t.Number)), Text: t.Text, Parts: t.Parts, Ref: byte(t.N)}
	began := d.guard.clock()
	_ = crews[t.Gateway].gw.Submit(ctx, []gateway.Outbound{message}, func(r gateway.Result) { d.answerTrial(ctx, t, r, d.guard.clock().Sub(began)) }) // done is called all the same
}

// claim gives trials the receipts that came before their answers were kept.
func (d *Dispatcher) claim(ctx context.Context) {
	d.every(ctx, time.Second, "receipts of tests", func(ctx context.Context) error {
		return d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			return tx.ClaimTrialReceipts(ctx, d.app.Now().Add(-sms.TrialWait))
		})
	})
}

// answerTrial keeps what the carrier said.
func (d *Dispatcher) answerTrial(ctx context.Context, t sms.Trial, r gateway.Result, took time.Duration) {
	t.Took, t.Outcome, t.Code, t.Detail = took, int16(r.Outcome), storable(r.Code), r.Detail
	var ids []string
	for _, p := range r.Parts {
		if p.MatchID != "" {
			ids = append(ids, storable(p.MatchID))
		}
	}
	for {
		err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error { return tx.AnswerTrial(ctx, t, ids) })
		if err == nil || !pause(ctx, 500*time.Millisecond) {
			return
		}
		d.app.Log.Warn("keep the answer to a test of a route", "error", err)
	}
}
