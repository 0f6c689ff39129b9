package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Webhook is a route whose carrier tells of receipts over HTTP. ParseWebhook
// checks that a request is the carrier's and reads it; what it read is for Keep.
type Webhook struct {
	gateway.WebhookParser
	app *App
	id  int16
}

// hooks keeps the gateways that parse, by route: they are made once for each
// revision of the settings.
type hooks struct {
	mu   sync.Mutex
	made map[int16]madeHook
	came map[int16]sms.WebhookCount // not written yet
}

type madeHook struct {
	revision int
	parser   gateway.WebhookParser
}

// Webhook finds the route of that name whose carrier posts receipts. ErrNotFound:
// there is none. A route that is off takes them too: what it has sent is under way.
func (a *App) Webhook(ctx context.Context, name string) (Webhook, error) {
	var r sms.Route
	var secrets map[string]string
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) (err error) {
		if r, err = p.Route(ctx, name); err != nil {
			return err
		}
		if r.Environment {
			return sms.ErrNotFound
		}
		secrets, err = a.secretsOf(ctx, p, r.ID)
		return err
	})
	if err != nil {
		return Webhook{}, wrap("webhook of gateway", word(name), err)
	}
	a.hooks.mu.Lock()
	defer a.hooks.mu.Unlock()
	made, ok := a.hooks.made[r.ID]
	if !ok || made.revision != r.Revision {
		g, err := a.newGateway(r, secrets)
		if err != nil {
			return Webhook{}, wrap("webhook of gateway", word(name), err)
		}
		made = madeHook{revision: r.Revision}
		made.parser, _ = g.(gateway.WebhookParser)
		if a.hooks.made == nil {
			a.hooks.made = map[int16]madeHook{}
		}
		a.hooks.made[r.ID] = made
	}
	if made.parser == nil {
		return Webhook{}, sms.ErrNotFound
	}
	return Webhook{WebhookParser: made.parser, app: a, id: r.ID}, nil
}

// Forged reports whether ParseWebhook found that a request is not the carrier's.
func (Webhook) Forged(err error) bool { return errors.Is(err, gateway.ErrSignature) }

// Keep writes what came; it is durable when Keep returns nil.
func (w Webhook) Keep(ctx context.Context, receipts []gateway.Receipt, texts []gateway.Inbound) error {
	if len(receipts) > 0 {
		if err := w.app.keepReceipts(ctx, w.id, receipts); err != nil {
			return err
		}
	}
	if len(texts) > 0 {
		if err := w.app.keepInbound(ctx, w.id, texts); err != nil {
			return err
		}
	}
	w.app.countHook(w.id, len(receipts), len(texts))
	return nil
}

// hookEvery is how often this process writes down how much was posted: never a
// row for each receipt.
const hookEvery = time.Second

// countHook counts what was posted for a route.
func (a *App) countHook(id int16, receipts, texts int) {
	h := &a.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.came) == 0 {
		h.came = map[int16]sms.WebhookCount{}
		time.AfterFunc(hookEvery, a.writeHooks)
	}
	c := h.came[id]
	c.Receipts, c.Texts = c.Receipts+receipts, c.Texts+texts
	if now := a.Now(); receipts > 0 {
		c.Last = &now
	}
	h.came[id] = c
}

// writeHooks writes down what was counted. What cannot be written is only a figure.
func (a *App) writeHooks() {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	a.hooks.mu.Lock()
	came := a.hooks.came
	a.hooks.came = nil
	a.hooks.mu.Unlock()
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error { return p.AddWebhooks(ctx, came, a.Now()) })
	if err != nil {
		a.Log.Warn("count what carriers posted", "error", err)
	}
}
