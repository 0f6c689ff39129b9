package view

import (
	"fmt"
	"strings"
	"time"
)

// ZoneHours is one row of HoursStrip: when messages may leave in some countries, and when this one does.
type ZoneHours struct {
	Name   string       // "Germany, Norway"
	People string       // "3,650 people"
	Open   [][2]float64 // allowed hours of that day, as hours since midnight: {8, 20.5}
	At     float64      // local start, hours since midnight
	Until  float64      // local end of the send, if it takes long; else zero
	Local  string       // "10:00"
	Rule   string       // "8 to 20:30"
}

func (z ZoneHours) inside() bool {
	for _, o := range z.Open {
		if z.At >= o[0] && z.At < o[1] {
			return true
		}
	}
	return false
}

func (z ZoneHours) words() string {
	s := z.Name + ": allowed " + z.Rule + ". Leaves at " + z.Local + " local time"
	if !z.inside() {
		s += ", outside the allowed hours"
	}
	return s
}

func (z ZoneHours) stroke() string {
	if z.inside() {
		return "s-ink"
	}
	return "s-stop"
}

func (z ZoneHours) dot() string {
	if z.inside() {
		return "f-ink"
	}
	return "f-stop"
}

// StepPoint is a moment at which a balance changes: After is the balance from then on, in thousandths.
type StepPoint struct {
	At    time.Time
	After int64
	Label string // "31,500 today", "3,041 left"
	Sub   string // under it: "after this campaign"
	Mark  bool   // this campaign: a dot
}

// ForecastProps is a balance over the coming days.
type ForecastProps struct {
	Points []StepPoint // in order; the first is now
	End    time.Time   // right edge
	Words  string      // the same as a sentence, for screen readers
}

type step struct {
	x1, x2, y   float64 // share, share, px
	prev        float64 // px of the step before
	p           StepPoint
	first, last bool
	short       bool // below zero
	labelY      float64
	mute        bool // no label: it would stand on another
}

// crowded reports whether the label of s would stand on one before it.
func crowded(before []step, s step) bool {
	for _, o := range before {
		if !o.mute && s.x1-o.x1 < 0.2 && s.labelY-o.labelY < 30 && o.labelY-s.labelY < 30 {
			return true
		}
	}
	return false
}

const (
	forecastTop, forecastFoot = 24.0, 104.0
)

// zero is the y of a balance of nothing; steps are laid out between top and foot.
func (f ForecastProps) layout() (steps []step, zero float64) {
	if len(f.Points) == 0 {
		return nil, forecastFoot
	}
	hi, lo := int64(1), int64(0)
	for _, p := range f.Points {
		hi, lo = max(hi, p.After), min(lo, p.After)
	}
	y := func(v int64) float64 {
		return forecastTop + (forecastFoot-forecastTop)*float64(hi-v)/float64(hi-lo)
	}
	start := f.Points[0].At
	span := max(f.End.Sub(start), time.Hour)
	x := func(t time.Time) float64 { return min(max(float64(t.Sub(start))/float64(span), 0), 1) }
	for i, p := range f.Points {
		s := step{x1: x(p.At), x2: 1, y: y(p.After), p: p, first: i == 0, last: i == len(f.Points)-1, short: p.After < 0}
		s.prev = s.y
		if i > 0 {
			s.prev = steps[i-1].y
		}
		if !s.last {
			s.x2 = x(f.Points[i+1].At)
		}
		s.labelY = s.y - 8
		if p.Sub != "" {
			s.labelY = s.y - 24
		}
		if s.labelY < 12 {
			s.labelY = s.y + 16
		}
		s.mute = !p.Mark && crowded(steps, s)
		steps = append(steps, s)
	}
	return steps, y(0)
}

func (s step) line() string {
	if s.short {
		return "s-stop"
	}
	return "s-ink"
}

func (s step) text() string {
	c := ""
	if s.p.Mark || s.first {
		c = "t-ink"
	}
	if s.short {
		c = "t-stop"
	}
	if s.anchorEnd() {
		c += " end"
	}
	return strings.TrimSpace(c + " halo")
}

// anchorEnd keeps labels near the right edge inside the chart.
func (s step) anchorEnd() bool { return s.x1 > 0.72 }

func (s step) labelX() string {
	if s.anchorEnd() {
		return "100%"
	}
	if s.first {
		return "0"
	}
	return pct(s.x1 + 0.014)
}

// area is the tint between a step and nothing.
func (s step) area(zero float64) (y, h float64) {
	return min(s.y, zero), max(s.y, zero) - min(s.y, zero)
}

// FlowPoint is how many messages had been sent and delivered at a moment.
type FlowPoint struct {
	At              time.Time
	Sent, Delivered int64
}

// FlowProps is the course of a send: what happened up to now, and what is expected.
type FlowProps struct {
	ID     string
	Title  string
	Total  int64
	Points []FlowPoint // up to now, in order
	Ahead  []FlowPoint // expected, after now; may be empty
	From   time.Time   // left edge
	To     time.Time   // right edge
	Words  string      // for screen readers
}

const flowTop, flowFoot = 14.0, 200.0

func (f FlowProps) x(t time.Time) float64 {
	span := max(f.To.Sub(f.From), time.Second)
	return min(max(float64(t.Sub(f.From))/float64(span), 0), 1)
}

func (f FlowProps) y(n int64) float64 {
	return flowFoot - (flowFoot-flowTop)*min(float64(n)/float64(max(f.Total, 1)), 1)
}

// path draws one series in a box 1000 wide; close makes it an area.
func (f FlowProps) path(list []FlowPoint, value func(FlowPoint) int64, closed bool) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for i, p := range list {
		op := "L"
		if i == 0 {
			op = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", op, f.x(p.At)*1000, f.y(value(p)))
	}
	if closed {
		fmt.Fprintf(&b, "L%.1f 200L%.1f 200Z", f.x(list[len(list)-1].At)*1000, f.x(list[0].At)*1000)
	}
	return b.String()
}

func sentOf(p FlowPoint) int64      { return p.Sent }
func deliveredOf(p FlowPoint) int64 { return p.Delivered }

// now is the last measured point, or an empty one at the left edge.
func (f FlowProps) now() FlowPoint {
	if len(f.Points) == 0 {
		return FlowPoint{At: f.From}
	}
	return f.Points[len(f.Points)-1]
}

// ahead starts where the measured lines end, so that both meet.
func (f FlowProps) ahead() []FlowPoint {
	if len(f.Ahead) == 0 {
		return nil
	}
	return append([]FlowPoint{f.now()}, f.Ahead...)
}

// ticks are the times written under the chart.
func (f FlowProps) ticks() []FlowTick {
	span := f.To.Sub(f.From)
	layout := "15:04"
	switch {
	case span > 26*time.Hour:
		layout = "Mon 15:04"
	case span < 6*time.Minute:
		layout = "15:04:05"
	}
	anchors := []string{"", "mid", "mid", "end"}
	var out []FlowTick
	for i, a := range anchors {
		at := f.From.Add(span * time.Duration(i) / 3)
		out = append(out, FlowTick{pct(float64(i) / 3), at.Format(layout), a})
	}
	return out
}

// FlowTick is a time on the axis.
type FlowTick struct{ X, Label, Anchor string }

// labels near the right edge are written to the left of the line.
func (f FlowProps) nowLate() bool { return f.x(f.now().At) > 0.55 }

// sentLabel is above the line of what was sent, or below it where there is no room.
func (f FlowProps) sentLabel() float64 {
	y := f.y(f.now().Sent)
	if y < 40 {
		return y + 18
	}
	return y - 10
}

// deliveredLabel is under the line of what was delivered, and never on the other label.
func (f FlowProps) deliveredLabel() float64 {
	if f.nowLate() && f.y(f.now().Delivered) < 150 {
		return 188 // within the area, clear of a line that rises
	}
	return min(max(f.y(f.now().Delivered)+18, f.sentLabel()+16), 174)
}

// thin keeps at most n points of a series, always the last.
func thin(list []FlowPoint, n int) []FlowPoint {
	if len(list) <= n {
		return list
	}
	var out []FlowPoint
	for i := 1; i <= n; i++ {
		out = append(out, list[i*len(list)/n-1])
	}
	return out
}

// days are the dates under a forecast: now, each step far enough from the one before, and the end.
func (f ForecastProps) days() []FlowTick {
	if len(f.Points) == 0 {
		return nil
	}
	out := []FlowTick{{"0", f.Points[0].At.Format("Mon 2"), ""}}
	steps, _ := f.layout()
	last := 0.0
	for _, s := range steps[1:] {
		if s.x1-last > 0.16 && s.x1 < 0.86 {
			out = append(out, FlowTick{pct(s.x1), s.p.At.Format("Mon 2"), "mid"})
			last = s.x1
		}
	}
	return append(out, FlowTick{"100%", f.End.Format("Mon 2"), "end"})
}

// tint fills what is below a step: plain, or hatched where the balance is missing.
func (s step) tint() string {
	if s.short {
		return "url(#p-short)"
	}
	return "var(--sunken)"
}
