package app

import (
	"context"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// GatewayLine is a way to carriers, as an administrator sees it.
type GatewayLine struct {
	sms.GatewayLoad
	Here    bool // this process is connected to it; else the rest is not known
	State   string
	CanSend bool
	Binds   int
	Rate    float64 // most parts a second; 0: no limit known
	Since   time.Time
	Detail  string
	NextTry time.Time
}

// Gateways is how the ways out are.
type Gateways struct {
	Now     time.Time
	Lines   []GatewayLine
	Workers []sms.WorkerLine
	Handed  int           // messages of campaigns under way
	Over    time.Duration // in so long
}

// Gateways reads what every gateway has to do, and the health of those that
// this process is connected to.
func (a *App) Gateways(ctx context.Context, who sms.Actor) (Gateways, error) {
	g := Gateways{Now: a.Now(), Over: 5 * time.Minute}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		loads, err := p.GatewayLoads(ctx)
		if err != nil {
			return err
		}
		for _, l := range loads {
			g.Lines = append(g.Lines, a.gatewayLine(l))
		}
		if g.Workers, err = p.LiveWorkers(ctx); err != nil {
			return err
		}
		g.Handed, err = p.HandedSince(ctx, g.Now.Add(-g.Over))
		return err
	})
	return g, err
}

func (a *App) gatewayLine(l sms.GatewayLoad) GatewayLine {
	x := GatewayLine{GatewayLoad: l}
	if r := a.Routes[l.Name]; r != nil {
		h := r.Health()
		x.Here, x.State, x.CanSend, x.Binds = true, h.State, h.CanSend(), h.Binds
		x.Since, x.Detail, x.NextTry = h.Since, h.Detail, h.NextTry
		x.Rate = r.Limits().PartsPerSecond
	}
	return x
}
