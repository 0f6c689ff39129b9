package app

import (
	"context"
	"strconv"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// MoveSession gives a scheduled session another time, until a minute before its
// start. Nothing else changes, so it needs no new validation (D19).
func (a *App) MoveSession(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm, form sms.ScheduleForm) error {
	return a.change(ctx, who, campaign, f, "move_session", func(tx *postgres.Tx, s *sms.Session) error {
		if s.State != sms.SessionScheduled {
			return s.To(sms.SessionScheduled) // in words: why not
		}
		if err := notLocked(*s, a.Now()); err != nil {
			return err
		}
		was := sendtime.Sentence(s.StartsAt, s.Zone)
		slip, err := a.heldSlip(ctx, tx, *s)
		if err != nil {
			return err
		}
		if err := a.reschedule(s, form, slip.Quote); err != nil {
			return err
		}
		if err := a.wakeAt(ctx, tx, *s); err != nil {
			return err
		}
		return a.tell(ctx, tx, who, *s, s.State, words{
			deed: "move_session", title: "Moved", note: "To " + sendtime.Sentence(s.StartsAt, s.Zone) + "; before: " + was + ".",
		})
	})
}

// Reschedule lays out a new time for a session that is scheduled or held: what
// was chosen so far (nil: what it has), and what follows. Nothing changes by it.
func (a *App) Reschedule(ctx context.Context, who sms.Actor, campaign sms.ID, form *sms.ScheduleForm) (Finalize, error) {
	f := Finalize{Now: a.Now()}
	err := a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		s, err := session(ctx, tx, campaign, 0)
		if err != nil {
			return err
		}
		if s.State != sms.SessionScheduled && s.State != sms.SessionHeld {
			return s.To(sms.SessionScheduled)
		}
		if err := notLocked(s, f.Now); err != nil {
			return err
		}
		if f.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if f.Campaign, err = tx.Campaign(ctx, campaign); err != nil {
			return err
		}
		if form == nil {
			was := scheduleOf(s, f.Now, f.Tenant.Zone)
			form = &was
		}
		f.Form, f.Before, f.Campaign.Kind = *form, &s, s.MessageKind
		f.Form.When = string(sms.ModeScheduled)
		f.Schedule, f.Problems = f.Form.Read(f.Now, a.MinLead)
		if f.Slip, err = a.heldSlip(ctx, tx, s); err == nil {
			checkSpread(&f)
		}
		return err
	})
	return f, wrap("reschedule campaign", campaign, err)
}

// scheduleOf is the form as it would have been filled in for the session; a time
// that has passed gives way to the next one offered.
func scheduleOf(s sms.Session, now time.Time, zone string) sms.ScheduleForm {
	f := sms.FirstSchedule(now, zone)
	f.Spread = strconv.Itoa(s.Spread)
	if s.First {
		f.First = sms.FirstOn
	}
	if s.Mode == sms.ModeScheduled && s.StartsAt.After(now) {
		local := s.Local()
		f.Date, f.Time, f.Zone, f.ZoneText, f.Which = local.Format(time.DateOnly), local.Format("15:04"), s.Zone, sendtime.City(s.Zone), s.Fold
	}
	if s.HoldAfter == nil {
		f.Late = ""
	} else if h := int(s.HoldAfter.Sub(s.StartsAt).Hours()); h > 0 {
		f.Hours = strconv.Itoa(h)
	}
	return f
}

// reschedule reads a new time into a session; the rest of the form is as it was.
func (a *App) reschedule(s *sms.Session, form sms.ScheduleForm, q sms.Quote) error {
	form.When = string(sms.ModeScheduled)
	c, problems := form.Read(a.Now(), a.MinLead)
	if problems == nil {
		problems = c.Departure.Fit(q.ByCountry, s.MessageKind, c.StartsAt)
	}
	if len(problems) > 0 {
		return problems
	}
	c.Put(s)
	return nil
}

// HeldForm is what its people decide about a session that could not start.
type HeldForm struct {
	SessionForm
	Start       bool // now; else at the time of Schedule
	Schedule    sms.ScheduleForm
	Fingerprint string // of the slip that was shown
	Tick        bool
	Typed       string
}

// DecideHeld starts a held session now, or gives it a new time (D21); to give it
// up, cancel it. People and price are agreed to as they are now.
func (a *App) DecideHeld(ctx context.Context, who sms.Actor, campaign sms.ID, f HeldForm) error {
	return a.change(ctx, who, campaign, f.SessionForm, "decide_held", func(tx *postgres.Tx, s *sms.Session) error {
		if s.State != sms.SessionHeld {
			return s.To(sms.SessionStarting)
		}
		slip, err := a.heldSlip(ctx, tx, *s)
		if err != nil {
			return err
		}
		if words := slip.Since(f.Fingerprint); words != "" {
			return &StaleSlip{words + " Look at it again."}
		}
		if err := slip.Confirm(f.Tick, f.Typed); err != nil {
			return err
		}
		switch {
		case slip.Quote.People == 0:
			return sms.Conflict("Nobody on the list can be reached any more. Cancel it, or put people on the list.")
		case f.Start && slip.Short > 0:
			return sms.Conflict(slip.Short.Words() + " are missing to start it now. Reload, or choose another time.")
		}
		late := s.HoldAfter != nil
		s.People, s.Parts, s.Price = slip.Quote.People, slip.Quote.Parts, slip.Quote.Price
		s.Reason, s.Missing = "", 0
		if f.Start {
			s.StartsAt, s.HoldAfter = a.Now(), nil
			if late {
				at := s.StartsAt.Add(time.Duration(sms.HoldHours[0]) * time.Hour)
				s.HoldAfter = &at
			}
		} else if err := a.reschedule(s, f.Schedule, slip.Quote); err != nil {
			return err
		}
		return a.forward(ctx, tx, who, s)
	})
}

// heldSlip is what starting a held session would come to now. A list that grew
// above what was confirmed asks for as much as a first confirmation (D4).
func (a *App) heldSlip(ctx context.Context, tx *postgres.Tx, s sms.Session) (sms.Slip, error) {
	text, err := sms.ParseText(s.Text)
	if err != nil {
		return sms.Slip{}, err
	}
	q, err := a.quote(ctx, tx, s.Audience(), text, s.MessageKind, s.Prices)
	if err != nil {
		return sms.Slip{}, err
	}
	b, err := tx.Balance(ctx)
	if err != nil {
		return sms.Slip{}, err
	}
	slip := sms.Slip{Session: s, Quote: q, Available: b.Available, Short: max(q.Price-b.Available, 0), Friction: sms.FrictionButton}
	if q.Price > sms.Ceiling(s.Price) {
		slip.Friction = sms.FrictionFor(q.People, q.Price, b.Available)
	}
	return slip, nil
}
