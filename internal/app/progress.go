package app

import (
	"context"
	"sync"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Progress reads how far session n of a campaign is; n = 0 is the newest.
// ErrNotFound: no such session in this tenant.
func (a *App) Progress(ctx context.Context, who sms.Actor, campaign sms.ID, n int) (sms.Progress, error) {
	var p sms.Progress
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) error {
		s, err := session(ctx, tx, campaign, n)
		if err != nil {
			return err
		}
		p, err = a.progress(ctx, tx, s)
		return err
	})
	return p, err
}

func session(ctx context.Context, tx *postgres.Tx, campaign sms.ID, n int) (sms.Session, error) {
	if n > 0 {
		return tx.SessionNumber(ctx, campaign, n)
	}
	all, err := tx.CampaignSessions(ctx, campaign, sms.KindCampaign)
	if err != nil {
		return sms.Session{}, err
	}
	if len(all) == 0 {
		return sms.Session{}, sms.ErrNotFound
	}
	return all[0], nil
}

func (a *App) progress(ctx context.Context, tx *postgres.Tx, s sms.Session) (sms.Progress, error) {
	p := sms.Progress{Session: s, At: a.Now()}
	var err error
	if p.Countries, err = tx.TallyByCountry(ctx, s.ID); err != nil {
		return p, err
	}
	if p.Tally, err = tx.Tally(ctx, s.ID); err != nil {
		return p, err
	}
	if p.Hours, err = tx.RouteHours(ctx, s.ID); err != nil {
		return p, err
	}
	if p.Tally.Unknown > 0 {
		if p.Unknown, err = tx.UnknownRules(ctx, s.ID); err != nil {
			return p, err
		}
	}
	if p.Samples, err = tx.Samples(ctx, s.ID); err != nil {
		return p, err
	}
	if p.Events, err = tx.Events(ctx, s.ID); err != nil {
		return p, err
	}
	if p.Charged, p.Returned, err = tx.Charged(ctx, s.ID); err != nil {
		return p, err
	}
	if p.Reserved, err = tx.Reserved(ctx, s.ID); err != nil {
		return p, err
	}
	if s.StartedAt != nil {
		p.OptedOut, err = tx.OptedOutSince(ctx, s.ID, *s.StartedAt)
	}
	return p, err
}

// watchers are the pages that follow campaigns in this process.
type watchers struct {
	mu sync.Mutex
	m  map[string]map[chan struct{}]bool
}

// Watch returns a channel that gets a value when something about a campaign
// may have changed, and a function that ends it. Follow must be running.
func (a *App) Watch(who sms.Actor, campaign sms.ID) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	key := progressKey(who.Tenant, campaign)
	w := &a.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.m == nil {
		w.m = map[string]map[chan struct{}]bool{}
	}
	if w.m[key] == nil {
		w.m[key] = map[chan struct{}]bool{}
	}
	w.m[key][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.m[key], c)
		if len(w.m[key]) == 0 {
			delete(w.m, key)
		}
	}
}

// Follow passes on what workers tell of progress to the pages of this process,
// until ctx ends.
func (a *App) Follow(ctx context.Context) {
	a.DB.Listen(ctx, []string{"progress"}, func(_, key string) {
		a.watch.mu.Lock()
		defer a.watch.mu.Unlock()
		for k, chans := range a.watch.m {
			if key != "" && k != key {
				continue
			}
			for c := range chans {
				select {
				case c <- struct{}{}:
				default:
				}
			}
		}
	})
}

// notifyProgress tells pages that follow the campaign, at commit.
func (a *App) notifyProgress(ctx context.Context, tx *postgres.Tx, campaign sms.ID) error {
	return tx.Notify(ctx, "progress", progressKey(tx.Tenant(), campaign))
}
