package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"unicode/utf8"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// routesChanged tells every worker to look at the routes.
const routesChanged = "routes"

// routeObject names a route in the log.
func routeObject(r sms.Route) string { return "route " + r.Name }

// AddGateway adds a route, with its secrets. It is off until somebody turns it
// on, unless on is set.
func (a *App) AddGateway(ctx context.Context, who sms.Actor, f sms.RouteForm, on bool) (sms.Route, error) {
	var out sms.Route
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		r, secrets, problems := f.Route(sms.Route{})
		if err := a.tryGateway(r, secrets, problems); err != nil {
			return err
		}
		r.State, r.Revision, r.UpdatedAt, r.UpdatedBy = sms.RouteOff, 1, a.Now(), who.Name
		if on {
			r.State = sms.RouteOn
		}
		if err := p.AddRoute(ctx, &r); err != nil {
			return err
		}
		if err := a.saveRoute(ctx, p, r, secrets); err != nil {
			return err
		}
		out = r
		return a.auditPlatform(ctx, p, who, "add_gateway", routeObject(r), nil, written(r, secrets), "")
	})
	return out, wrap("add gateway", word(f.Name), nameTaken(err))
}

// nameTaken puts a name that another route has next to its field.
func nameTaken(err error) error {
	if postgres.IsConstraint(err, "gateways_name_key") {
		return sms.Problems{{Field: "name", Text: "Choose another name: a route has this one"}}
	}
	return err
}

// ChangeGateway changes a route. Secrets that were not typed stay as they are.
// Workers wait for the answers they are owed, then connect with the new settings.
func (a *App) ChangeGateway(ctx context.Context, who sms.Actor, name string, f sms.RouteForm) error {
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		was, err := a.ownRoute(ctx, p, name)
		if err != nil {
			return err
		}
		f.Kind = was.Kind
		r, typed, problems := f.Route(was)
		all, err := a.secretsOf(ctx, p, was.ID)
		if err != nil && !errors.Is(err, errSealed) {
			return err
		}
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, typed)
		if err := a.tryGateway(r, all, problems); err != nil {
			return err
		}
		if !sameSettings(r, was) || len(typed) > 0 {
			r.Revision++
		}
		r.UpdatedAt, r.UpdatedBy = a.Now(), who.Name
		if len(typed) == 0 {
			all = nil
		}
		if err := a.saveRoute(ctx, p, r, all); err != nil {
			return err
		}
		return a.auditPlatform(ctx, p, who, "change_gateway", routeObject(r), written(was, nil), written(r, typed), "")
	})
	return wrap("change gateway", word(name), err)
}

// sameSettings reports whether workers can keep their connections.
func sameSettings(a, b sms.Route) bool {
	var x, y any
	if json.Unmarshal(a.Settings, &x) != nil || json.Unmarshal(b.Settings, &y) != nil {
		return false
	}
	return a.Validity == b.Validity && sms.CodeLines(a.Codes) == sms.CodeLines(b.Codes) && reflect.DeepEqual(x, y)
}

// tryGateway makes the gateway once, so that settings which cannot work are not
// saved. Its problems stand at the fields of the form.
func (a *App) tryGateway(r sms.Route, secrets map[string]string, p sms.Problems) error {
	if len(p) > 0 {
		return p
	}
	_, err := a.newGateway(r, secrets)
	if of := problemsOf(err); len(of) > 0 {
		k, _ := sms.KindOfRoute(r.Kind)
		return k.AtInputs(of)
	}
	return err
}

// ownRoute locks a route that is configured here, not in the environment.
func (a *App) ownRoute(ctx context.Context, p *postgres.PlatformTx, name string) (sms.Route, error) {
	r, err := p.LockRoute(ctx, name)
	if err == nil && r.Environment {
		err = sms.Conflict("This route comes from the environment of the program. It is changed there.")
	}
	return r, err
}

func (a *App) saveRoute(ctx context.Context, p *postgres.PlatformTx, r sms.Route, secrets map[string]string) error {
	if err := p.SaveRoute(ctx, r); err != nil {
		return err
	}
	if len(secrets) > 0 {
		sealed, err := a.seal(r.ID, secrets)
		if err != nil {
			return err
		}
		if err := p.SaveSealedSecrets(ctx, r.ID, sealed); err != nil {
			return err
		}
	}
	return p.Notify(ctx, routesChanged, r.Name)
}

// written is what the log keeps of a route: never a secret, only that it was
// entered.
func written(r sms.Route, typed map[string]string) map[string]any {
	out := map[string]any{
		"kind": r.Kind, "state": r.State, "settings": r.Settings, "countries": strings.Join(r.Countries, " "), "kinds": strings.Join(r.Kinds, " "),
		"senders": strings.Join(r.Senders, " "), "prefixes": strings.Join(r.Prefixes, " "), "weight": r.Weight, "cost": r.Cost.String(), "validity_hours": r.Validity, "retry_hours": r.Retry,
		"on_unknown": r.OnUnknown, "unknown_hours": r.UnknownHours, "codes": sms.CodeLines(r.Codes),
	}
	for name := range typed {
		out[name] = "entered anew"
	}
	return out
}

// RouteReason is why a route is stopped or moved, as typed.
type RouteReason struct {
	Reason string `form:"reason"`
}

// check is what a reason must be.
func (f *RouteReason) check() error {
	f.Reason = strings.TrimSpace(f.Reason)
	if n := utf8.RuneCountInString(f.Reason); n < 3 || n > 500 {
		return sms.Problems{{Field: "reason", Text: "Say why, in 3 to 500 characters"}}
	}
	return nil
}

// DrainGateway lets nothing new leave by a route; it stays connected and takes
// receipts. No message is marked for it after the call returned.
func (a *App) DrainGateway(ctx context.Context, who sms.Actor, name string, f RouteReason) error {
	return a.setRoute(ctx, who, "drain_gateway", name, sms.RouteDraining, f)
}

// PauseGateway turns a route off: no message is marked for it after the call
// returned, answers are awaited, then its connections close.
func (a *App) PauseGateway(ctx context.Context, who sms.Actor, name string, f RouteReason) error {
	return a.setRoute(ctx, who, "pause_gateway", name, sms.RouteOff, f)
}

// ResumeGateway turns a route on again.
func (a *App) ResumeGateway(ctx context.Context, who sms.Actor, name string) error {
	return a.setRoute(ctx, who, "resume_gateway", name, sms.RouteOn, RouteReason{Reason: "on again"})
}

func (a *App) setRoute(ctx context.Context, who sms.Actor, deed, name string, to sms.RouteState, f RouteReason) error {
	if err := f.check(); err != nil {
		return err
	}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		r, err := a.ownRoute(ctx, p, name)
		if err != nil {
			return err
		}
		if r.State == to {
			return sms.Conflict("The route is " + strings.ToLower(to.Words()) + " already.")
		}
		was := r.State
		r.State, r.UpdatedAt, r.UpdatedBy = to, a.Now(), who.Name
		if err := a.saveRoute(ctx, p, r, nil); err != nil {
			return err
		}
		return a.auditPlatform(ctx, p, who, deed, routeObject(r), map[string]any{"state": was}, map[string]any{"state": to}, f.Reason)
	})
	return wrap(strings.ReplaceAll(deed, "_", " "), word(name), err)
}

// Moved is what MoveWaiting did.
type Moved struct {
	Messages int // leave by other routes now
	Left     int // no other route takes them: they wait
}

// MoveWaiting has what waits for a route leave by others that are on: only what
// certainly did not leave. What was marked stays with the route that has it.
func (a *App) MoveWaiting(ctx context.Context, who sms.Actor, name string, f RouteReason) (Moved, error) {
	var out Moved
	if err := f.check(); err != nil {
		return out, err
	}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		out = Moved{}
		from, err := p.Route(ctx, name)
		if err != nil {
			return err
		}
		others, err := p.Routes(ctx)
		if err != nil {
			return err
		}
		if out, err = a.moveBatches(ctx, p, from, others); err != nil {
			return err
		}
		if out.Messages == 0 {
			return sms.Conflict("No other route that is on takes what waits here.")
		}
		if err := p.Notify(ctx, "dispatch", "moved"); err != nil {
			return err
		}
		return a.auditPlatform(ctx, p, who, "move_waiting", routeObject(from), nil, map[string]any{"moved": out.Messages, "left": out.Left}, f.Reason)
	})
	return out, wrap("move what waits for gateway", word(name), err)
}

func (a *App) moveBatches(ctx context.Context, p *postgres.PlatformTx, from sms.Route, others []sms.Route) (Moved, error) {
	var out Moved
	var on []sms.Route
	for _, r := range others {
		if r.ID != from.ID && r.State == sms.RouteOn {
			on = append(on, r)
		}
	}
	batches, err := p.WaitingBatches(ctx, from.ID)
	if err != nil {
		return out, err
	}
	for _, b := range batches {
		to, ok := sms.ChooseRoute(on, sms.Journey{Country: b.Country, Kind: b.Kind, Sender: b.Sender, Number: b.Prefix, Key: batchKey(b.Session, b.First)})
		if !ok {
			out.Left += b.Waiting
			continue
		}
		if err := p.MoveBatch(ctx, b.Tenant, b.Batch, to.ID); err != nil {
			return out, err
		}
		out.Messages += b.Waiting
	}
	return out, nil
}

// batchKey names a batch before it has a number.
func batchKey(session sms.SessionID, first int) string { return fmt.Sprintf("%d:%d", session, first) }

// routeFor chooses the gateway of a batch of a session. ErrNotFound: no route
// takes its messages.
func routeFor(routes []sms.Route, s sms.Session, country, number string, first int) (int16, error) {
	r, ok := sms.ChooseRoute(routes, sms.Journey{Country: country, Kind: s.MessageKind, Sender: s.Sender, Number: number, Key: batchKey(s.ID, first)})
	if !ok {
		return 0, errNoRoute{country}
	}
	return r.ID, nil
}

// errNoRoute is a country that no route leads to.
type errNoRoute struct{ country string }

// Error says so.
func (e errNoRoute) Error() string { return "no route leads to " + e.country }

// Unwrap is its kind.
func (e errNoRoute) Unwrap() error { return sms.ErrUnavailable }
