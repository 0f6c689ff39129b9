package view

import (
	"time"

	"github.com/a-h/templ"

	"tidings/internal/sms"
)

// ReloadChart is what can be used over the coming days, with a reload and without it.
type ReloadChart struct {
	Forecast sms.Forecast
	Change   sms.Credits // zero while it is not known
	Now, End time.Time   // in the tenant's zone
	Words    string
}

func (p TenantCreditsProps) chart() ReloadChart {
	last := p.Now
	for _, s := range p.Forecast.Steps {
		if s.At.After(last) {
			last = s.At
		}
	}
	zone := p.Tenant.Zone
	c := ReloadChart{Forecast: p.Forecast, Change: p.Slip.Change(), Now: sms.In(p.Now, zone), End: sms.In(forecastEnd(p.Now, last), zone)}
	c.Words = "Without it, what can be used is " + p.Forecast.Now.String() + " now"
	for _, s := range p.Forecast.Steps {
		c.Words += ", " + s.After.String() + " after " + s.Name
	}
	c.Words += "."
	if c.Change != 0 {
		with := p.Forecast.With(c.Change)
		c.Words += " With it, " + with.Now.String() + " now"
		for _, s := range with.Steps {
			c.Words += ", " + s.After.String() + " after " + s.Name
		}
		c.Words += "."
	}
	return c
}

// reloadRun is one level of a line: it comes from From and stays at Y.
type reloadRun struct {
	X1, X2, From, Y float64 // shares and px
	Short           bool    // below zero
}

func (s reloadRun) tint() string {
	if s.Short {
		return "url(#p-short)"
	}
	return "var(--sunken)"
}

// line is ink, or red where credits are missing; a line that is only there to compare is paler.
func (s reloadRun) line(compare bool) string {
	switch {
	case s.Short:
		return "s-stop"
	case compare:
		return "s-strong"
	}
	return "s-ink"
}

func (s reloadRun) broken(compare bool) templ.Attributes {
	if !compare {
		return nil
	}
	return templ.Attributes{"stroke-dasharray": "2 5"}
}

type reloadLabel struct {
	X, DX, Y    float64
	Class, Text string
}

type reloadLayout struct {
	With, Without []reloadRun
	Zero          float64
	Both          bool
	Labels        []reloadLabel
}

const (
	reloadTop, reloadFoot = 26.0, 186.0
	reloadNow             = 0.035 // where now is: a little in, so that a reload is seen as a step
)

func between(a, b float64) (top, height float64) { return min(a, b), max(a, b) - min(a, b) }

func (c ReloadChart) x(t time.Time) float64 {
	share := float64(t.Sub(c.Now)) / float64(max(c.End.Sub(c.Now), time.Hour))
	return reloadNow + (1-reloadNow)*min(max(share, 0), 1)
}

// layout puts both lines into one scale.
func (c ReloadChart) layout() reloadLayout {
	hi, lo := max(c.Forecast.Now, c.Forecast.Now+c.Change, sms.Credit), min(c.Forecast.Now+c.Change, 0)
	for _, s := range c.Forecast.Steps {
		hi, lo = max(hi, s.After, s.After+c.Change), min(lo, s.After, s.After+c.Change)
	}
	y := func(v sms.Credits) float64 { return reloadTop + (reloadFoot-reloadTop)*float64(hi-v)/float64(hi-lo) }
	l := reloadLayout{Zero: y(0), Both: c.Change != 0}
	now := c.Forecast.Now
	l.Without = c.runs([]reloadRun{{X1: 0, From: y(now), Y: y(now), Short: now < 0}}, 0, y)
	if l.Both {
		l.With = c.runs([]reloadRun{{X1: reloadNow, From: y(now + c.Change), Y: y(now + c.Change), Short: now+c.Change < 0}}, c.Change, y)
	}
	l.Labels = c.labels(l)
	return l
}

func (c ReloadChart) runs(out []reloadRun, change sms.Credits, y func(sms.Credits) float64) []reloadRun {
	for _, s := range c.Forecast.Steps {
		last := &out[len(out)-1]
		last.X2 = c.x(s.At)
		out = append(out, reloadRun{X1: last.X2, From: last.Y, Y: y(s.After + change), Short: s.After+change < 0})
	}
	out[len(out)-1].X2 = 1
	return out
}

// labels name where each line starts and ends; those of the reload stand above it, those without it below.
func (c ReloadChart) labels(l reloadLayout) []reloadLabel {
	f, end := c.Forecast, c.Forecast.Now
	if n := len(f.Steps); n > 0 {
		end = f.Steps[n-1].After
	}
	class := func(v sms.Credits, at string) string {
		if v < 0 {
			return "t-stop halo" + at
		}
		return "t-ink halo" + at
	}
	last := l.Without[len(l.Without)-1]
	below := min(last.Y+17, 205)
	if !l.Both {
		out := []reloadLabel{{X: 0, Y: l.Without[0].Y - 8, Class: class(f.Now, ""), Text: f.Now.String() + " now"}}
		if len(f.Steps) > 0 {
			out = append(out, reloadLabel{X: 1, Y: below, Class: class(end, " end"), Text: end.String()})
		}
		return out
	}
	first, with := l.With[0], l.With[len(l.With)-1]
	out := []reloadLabel{
		{X: first.X1, DX: 11, Y: first.From - 8, Class: class(f.Now+c.Change, ""), Text: (f.Now + c.Change).String() + " with this reload"},
		{X: 1, Y: below, Class: class(end, " end"), Text: end.String() + " without it"},
	}
	if with.Y > first.From+18 {
		out = append(out, reloadLabel{X: 1, Y: with.Y - 8, Class: class(end+c.Change, " end"), Text: (end + c.Change).String()})
	}
	return out
}

// days are the dates under the chart.
func (c ReloadChart) days() []FlowTick {
	out := []FlowTick{{"0", "Today", ""}}
	last := 0.0
	for _, s := range c.Forecast.Steps {
		if x := c.x(s.At); x-last > 0.16 && x < 0.86 {
			out = append(out, FlowTick{pct(x), s.At.In(c.Now.Location()).Format("Mon 2 Jan"), "mid"})
			last = x
		}
	}
	return append(out, FlowTick{"100%", c.End.Format("2 Jan"), "end"})
}
