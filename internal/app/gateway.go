package app

import (
	"context"
	"slices"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// GatewayLine is a route as an administrator sees it: what is wanted of it, and
// how it is at every worker.
type GatewayLine struct {
	sms.Route
	Load     sms.GatewayLoad
	Posted   sms.WebhookCount    // by its carrier, in the last hour
	Statuses []sms.GatewayStatus // of the workers that live
	Pace     sms.Pace            // what all workers share of its speed
}

// Gateways is how the ways out are.
type Gateways struct {
	Now     time.Time
	Lines   []GatewayLine
	Workers []sms.WorkerLine
	Handed  int           // messages of campaigns under way
	Over    time.Duration // in so long
}

// Gateways reads every route, what it has to do, and how it is.
func (a *App) Gateways(ctx context.Context, who sms.Actor) (Gateways, error) {
	g := Gateways{Now: a.Now(), Over: 5 * time.Minute}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		routes, err := p.Routes(ctx)
		if err != nil {
			return err
		}
		if g.Lines, err = gatewayLines(ctx, p, routes, g.Now); err != nil {
			return err
		}
		if g.Workers, err = p.LiveWorkers(ctx); err != nil {
			return err
		}
		g.Handed, err = p.HandedSince(ctx, g.Now.Add(-g.Over))
		return err
	})
	return g, err
}

// GatewayPage is one route, and what could take its place.
type GatewayPage struct {
	GatewayLine
	Now    time.Time
	Others int // other routes that are on
}

// Gateway reads one route.
func (a *App) Gateway(ctx context.Context, who sms.Actor, name string) (GatewayPage, error) {
	out := GatewayPage{Now: a.Now()}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		routes, err := p.Routes(ctx)
		if err != nil {
			return err
		}
		i := indexRoute(routes, name)
		if i < 0 {
			return sms.ErrNotFound
		}
		out.Others = 0
		for _, r := range routes {
			if r.Name != name && r.State == sms.RouteOn {
				out.Others++
			}
		}
		lines, err := gatewayLines(ctx, p, routes[i:i+1], out.Now)
		if err == nil {
			out.GatewayLine = lines[0]
		}
		return err
	})
	return out, wrap("gateway", word(name), err)
}

func gatewayLines(ctx context.Context, p *postgres.PlatformTx, routes []sms.Route, now time.Time) ([]GatewayLine, error) {
	loads, err := p.GatewayLoads(ctx)
	if err != nil {
		return nil, err
	}
	statuses, err := p.GatewayStatuses(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(routes))
	for i, r := range routes {
		keys[i] = routeKey(r.ID)
	}
	posted, err := p.Webhooks(ctx, now)
	if err != nil {
		return nil, err
	}
	paces, err := p.Paces(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]GatewayLine, len(routes))
	for i, r := range routes {
		out[i] = GatewayLine{Route: r, Load: loads[r.ID], Posted: posted[r.ID], Pace: paces[keys[i]]}
		for _, s := range statuses {
			if s.Gateway == r.ID {
				out[i].Statuses = append(out[i].Statuses, s)
			}
		}
	}
	return out, nil
}

// RoutesPulse is what leaves by all routes, in short.
type RoutesPulse struct {
	Out int // parts in the last minute
	On  int // routes that are on
	Up  int // of those, that a worker can send by
}

// RoutesPulse reads it, for the navigation.
func (a *App) RoutesPulse(ctx context.Context, who sms.Actor) (RoutesPulse, error) {
	var out RoutesPulse
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		out = RoutesPulse{}
		routes, err := p.Routes(ctx)
		if err != nil {
			return err
		}
		all, err := p.GatewayStatuses(ctx)
		if err != nil {
			return err
		}
		up := map[int16]bool{}
		for _, s := range all {
			out.Out += s.Out
			up[s.Gateway] = up[s.Gateway] || gateway.Health{State: s.State}.CanSend()
		}
		for _, r := range routes {
			if r.State == sms.RouteOn {
				out.On++
				if up[r.ID] {
					out.Up++
				}
			}
		}
		return nil
	})
	return out, err
}

// traceWanted asks the workers for the last protocol units of a gateway.
const traceWanted = "gateway_trace"

// AskTrace has every worker write down the last protocol units of a gateway. They
// come within a second.
func (a *App) AskTrace(ctx context.Context, who sms.Actor, name string) error {
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		r, err := p.Route(ctx, name)
		if err != nil {
			return err
		}
		if err := p.Notify(ctx, traceWanted, name); err != nil {
			return err
		}
		return a.auditPlatform(ctx, p, who, "look_at_trace", routeObject(r), nil, nil, "")
	})
	return wrap("ask for the trace of gateway", word(name), err)
}

// GatewayTraces reads the protocol units that were asked for, by worker.
func (a *App) GatewayTraces(ctx context.Context, who sms.Actor, name string) (sms.Route, []sms.GatewayTrace, error) {
	var r sms.Route
	var out []sms.GatewayTrace
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) (err error) {
		if r, err = p.Route(ctx, name); err != nil {
			return err
		}
		out, err = p.GatewayTraces(ctx, r.ID)
		return err
	})
	return r, out, wrap("trace of gateway", word(name), err)
}

// Sum is how the gateway is at all workers together: counts added up, times of
// the slowest; the limit is one for all.
func (l GatewayLine) Sum(now time.Time) sms.GatewayStatus {
	var s sms.GatewayStatus
	codes := map[string]int{}
	for _, x := range l.Statuses {
		if s.At.IsZero() || better(x.State, s.State) {
			s.State, s.Since, s.NextTry = x.State, x.Since, x.NextTry
		}
		if x.Held != "" {
			s.Held = x.Held
		}
		if x.Trouble != "" {
			s.Trouble = x.Trouble
		}
		s.At = later(s.At, x.At)
		s.Binds, s.Window, s.Used, s.Rate = s.Binds+x.Binds, s.Window+x.Window, s.Used+x.Used, max(s.Rate, x.Rate)
		s.Second, s.Out, s.In, s.Receipts = s.Second+x.Second, s.Out+x.Out, s.In+x.In, s.Receipts+x.Receipts
		s.P50, s.P95 = max(s.P50, x.P50), max(s.P95, x.P95)
		if x.LastReceipt != nil && (s.LastReceipt == nil || x.LastReceipt.After(*s.LastReceipt)) {
			s.LastReceipt = x.LastReceipt
		}
		s.Minutes = addMinutes(s.Minutes, x, now)
		for _, c := range x.Codes {
			codes[c.Code] += c.Count
		}
	}
	s.In, s.Receipts = s.In+l.Posted.Minute, s.Receipts+int64(l.Posted.Receipts)
	if at := l.Posted.Last; at != nil && (s.LastReceipt == nil || at.After(*s.LastReceipt)) {
		s.LastReceipt = at
	}
	for code, n := range codes {
		s.Codes = append(s.Codes, sms.CodeCount{Code: code, Count: n})
	}
	sortCodes(s.Codes)
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// better reports whether a gateway can do more in state a than in b.
func better(a, b string) bool {
	order := []string{gateway.Down, gateway.Turned, gateway.Backoff, gateway.Starting, gateway.Draining, gateway.Slowed, gateway.Ready}
	return slices.Index(order, a) > slices.Index(order, b)
}

// addMinutes adds the minutes of one worker, counted from now: it wrote them when
// something changed last.
func addMinutes(all []int, x sms.GatewayStatus, now time.Time) []int {
	if len(x.Minutes) == 0 {
		return all
	}
	if all == nil {
		all = make([]int, len(x.Minutes))
	}
	gone := int(now.Unix()/60 - x.At.Unix()/60)
	for i := max(gone, 0); i < len(x.Minutes); i++ {
		if to := i - gone; to < len(all) {
			all[to] += x.Minutes[i]
		}
	}
	return all
}
