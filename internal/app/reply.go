package app

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// inbound deals with what people sent.
func (d *Dispatcher) inbound(ctx context.Context) {
	d.every(ctx, 500*time.Millisecond, "inbound texts", d.app.HandleInbound)
}

// HandleInbound deals with the texts that nobody has handled, each in a transaction
// of its own: STOP and its kin opt people out, START takes it back, HELP is
// answered, and what is doubtful waits for a person (D38).
func (a *App) HandleInbound(ctx context.Context) error {
	for {
		found := false
		err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			x, err := tx.TakeInbound(ctx)
			if found = err == nil; !found {
				return none(err)
			}
			if err := a.handleText(ctx, tx, x); err != nil {
				return err
			}
			return tx.InboundHandled(ctx, x.ID)
		})
		if err != nil || !found {
			return err
		}
	}
}

// handleText files a text at the tenant it is for. A text of which nobody knows
// whom it is for opts nobody out: nobody wrote to that person.
func (a *App) handleText(ctx context.Context, p *postgres.PlatformTx, x postgres.Inbound) error {
	to, err := p.Addressee(ctx, x.Number, x.Recipient)
	if errors.Is(err, sms.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	tx := p.In(to.Tenant)
	r := sms.Reply{
		Inbound: x.ID, Number: x.Number, Hash: a.NumberHash(to.Tenant, x.Number), Text: x.Text, Reading: sms.ReadReply(x.Text), At: x.ReceivedAt, Session: to.Session,
	}
	changed, err := a.heed(ctx, tx, r)
	if err != nil {
		return err
	}
	if changed {
		if r.Answer, err = a.answer(ctx, tx, r, x.Recipient); err != nil {
			return err
		}
	}
	return tx.AddReply(ctx, r)
}

// heed does what a text asks for, and reports whether it deserves an answer: a
// second STOP does not, so that two machines never answer each other.
func (a *App) heed(ctx context.Context, tx *postgres.Tx, r sms.Reply) (bool, error) {
	switch r.Reading {
	case sms.ReadingStop:
		return tx.AddSuppression(ctx, sms.Suppression{Hash: r.Hash, Kind: sms.SuppressionOptedOut, Number: r.Number, Source: "Answered STOP", Session: r.Session})
	case sms.ReadingStart:
		s, err := tx.Suppression(ctx, r.Hash)
		if err != nil || s.Kind != sms.SuppressionOptedOut {
			return false, none(err) // a complaint is not taken back by a text
		}
		return true, tx.Readmit(ctx, s, nil, "Answered START")
	case sms.ReadingHelp:
		helped, err := tx.HelpedSince(ctx, r.Hash, r.At.Add(-24*time.Hour))
		return !helped, err
	}
	return false, nil
}

// answer sends our answer, from the number that was written to, if it is the
// account's own: a name cannot be answered, and for a number that many share its
// operator answers. It gives what was said, or why nothing was. That nothing could
// be sent undoes nothing.
func (a *App) answer(ctx context.Context, tx *postgres.Tx, r sms.Reply, recipient string) (string, error) {
	sender, err := ownSender(ctx, tx, recipient)
	if err != nil {
		return "", err
	}
	if sender == "" {
		return "Not answered: it was not sent to a number of this account.", nil
	}
	tenant, err := tx.OwnTenant(ctx)
	if err != nil {
		return "", err
	}
	text := sms.Answer(r.Reading, tenant.Name, phone.Number(r.Number).Country())
	s := sms.Session{Kind: sms.KindReply, Name: "Answer to " + strings.ToUpper(string(r.Reading)), MessageKind: sms.Service, Sender: sender, Text: text, Token: "answer-" + strconv.FormatInt(r.Inbound, 10)}
	err = tx.Savepoint(ctx, func(tx *postgres.Tx) error {
		_, err := a.sendOwn(ctx, tx, sms.SystemActor(tenant.ID), s, sms.ID{}, text, []int64{r.Number})
		return err
	})
	var wrong sms.Problems
	switch {
	case errors.As(err, &wrong), errors.Is(err, sms.ErrConflict):
		return "Not answered: " + err.Error(), nil
	case err != nil:
		return "", err
	}
	return text, nil
}

// ownSender is the approved sender of the account that a text was sent to, or "".
func ownSender(ctx context.Context, tx *postgres.Tx, recipient string) (string, error) {
	senders, err := tx.Senders(ctx)
	if err != nil {
		return "", err
	}
	for _, s := range senders {
		if s.ApprovedAt != nil && strings.TrimPrefix(s.Name, "+") == strings.TrimPrefix(recipient, "+") {
			return s.Name, nil
		}
	}
	return "", nil
}
