package app

import (
	"context"
	"fmt"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// reachedOf counts whom a sending reached. While it lasts only what is unknown is asked: the rest moves on.
func reachedOf(ctx context.Context, tx *postgres.Tx, st *Status) (err error) {
	switch s := st.Session; {
	case s.StartedAt == nil:
	case s.State.Final():
		st.Reached, err = tx.Reached(ctx, s.ID)
	case st.Tally.Unknown > 0:
		st.Silent, err = tx.Stale(ctx, s.ID, st.Now.Add(-sms.ResendAfter))
	}
	return err
}

// audienceInWords names who a session is for, and how they agreed.
func audienceInWords(ctx context.Context, tx *postgres.Tx, s sms.Session) (names, consent string, err error) {
	lists, err := tx.ListsNamed(ctx, s.Lists)
	if err != nil {
		return "", "", err
	}
	names, consent = listsInWords(lists)
	words := func(ids []sms.SessionID) (string, string) {
		list, e := tx.Versions(ctx, ids)
		if e != nil || len(list) == 0 {
			err = e
			return "an earlier version", ""
		}
		return sms.VersionWords(list), list[0].Name
	}
	if len(s.ReachedBy) > 0 {
		version, name := words(s.ReachedBy)
		names = "the people whom " + version + " of " + name + " reached (" + names + ")"
	}
	if len(s.UnsureOf) > 0 {
		version, _ := words(s.UnsureOf)
		names = "those of whom nobody knows whether " + version + " arrived (" + names + ")"
	}
	if len(s.NotReachedBy) > 0 {
		version, _ := words(s.NotReachedBy)
		if s.Again {
			names += ", also to people who got " + version
		} else {
			names += ", without the people whom " + version + " reached"
		}
	}
	return names, consent, err
}

// whom is the choice that was made, if it can be made here: to send again to those of whom nobody knows takes a
// deed of its own, with a reason.
func (d Draft) whom(typed sms.Whom) sms.Whom {
	switch {
	case len(d.Campaign.Started) == 0:
	case typed == sms.WhomAgain, typed == sms.WhomUnsure && d.Campaign.Whom == sms.WhomUnsure:
		return typed
	}
	return sms.WhomNew
}

// earlierInWords names the versions of a campaign that have left, and the sendings whose people a correction is for.
func earlierInWords(ctx context.Context, tx *postgres.Tx, c sms.Campaign) (earlier, of string, err error) {
	if len(c.Started) > 0 {
		list, err := tx.Versions(ctx, c.Started)
		if err != nil {
			return "", "", err
		}
		earlier = sms.VersionWords(list)
	}
	if len(c.ReachedBy) > 0 {
		list, err := tx.Versions(ctx, c.ReachedBy)
		if err != nil {
			return "", "", err
		}
		of = sms.VersionWords(list)
		if len(list) > 0 {
			of += " of " + list[0].Name
		}
	}
	return earlier, of, nil
}

// SendRest has the next version of a campaign go to those who got none (D32): what it does without a word,
// said aloud. Nothing is submitted by it.
func (a *App) SendRest(ctx context.Context, who sms.Actor, campaign sms.ID) error {
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		c, err := a.lockOver(ctx, tx, campaign)
		if err != nil || c.Whom == sms.WhomNew {
			return err
		}
		return a.setWhom(ctx, tx, who, c, sms.WhomNew, "")
	})
	return wrap("send to those not sent", campaign, err)
}

// lockOver locks a campaign of which something has left and nothing is under way.
func (a *App) lockOver(ctx context.Context, tx *postgres.Tx, campaign sms.ID) (sms.Campaign, error) {
	c, err := tx.LockCampaign(ctx, campaign)
	if err != nil {
		return c, err
	}
	s, err := session(ctx, tx, campaign, 0)
	switch {
	case err != nil:
		return c, err
	case !s.Editable():
		return c, sms.Conflict(fmt.Sprintf("Version %d is under way. Cancel sending to send another.", s.Number))
	case len(c.Started) == 0:
		return c, sms.Conflict("No version of it has left, so there is nobody to leave out.")
	}
	return c, nil
}

func (a *App) setWhom(ctx context.Context, tx *postgres.Tx, who sms.Actor, c sms.Campaign, whom sms.Whom, why string) error {
	if err := tx.SetWhom(ctx, c.ID, whom, who.User, a.Now()); err != nil {
		return err
	}
	return a.audit(ctx, tx, who, "choose_whom", "campaign "+c.ID.String(), map[string]any{"whom": c.Whom}, map[string]any{"whom": whom}, why)
}

// WriteCorrection makes a draft for exactly the people whom a sending reached, or may have (D32): an audience
// of its own that no list changes. The lists it was sent to stay with it, for how their people agreed.
func (a *App) WriteCorrection(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm) (sms.ID, error) {
	now := a.Now()
	id := sms.NewID(now)
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, f.Token, "write_correction", &id, func() error {
			s, err := tx.SessionNumber(ctx, campaign, f.Number)
			if err != nil {
				return err
			}
			if !s.State.Final() || s.StartedAt == nil {
				return sms.Conflict("It is not over, so nobody knows yet whom it reaches. Pause it, or cancel the rest.")
			}
			c := sms.Campaign{
				ID: id, Name: correctionName(s), Kind: s.MessageKind, Sender: s.Sender, Lists: s.Lists,
				ReachedBy: []sms.SessionID{s.ID}, CreatedAt: now, UpdatedBy: who.User,
			}
			return a.addCampaign(ctx, tx, who, "write_correction", c)
		})
	})
	return id, wrap("write a correction of campaign", campaign, err)
}

func correctionName(s sms.Session) string {
	const prefix = "Correction of "
	r := []rune(s.Name)
	return prefix + string(r[:min(len(r), 80-len(prefix))])
}
