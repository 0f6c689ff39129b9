package view

import (
	"time"

	"github.com/a-h/templ"

	"tidings/internal/sms"
)

// GatewayStopProps is a question about a route with a reason to give.
type GatewayStopProps struct {
	GatewayProps
	How, Reason string
	Problems    []Problem
	Errors      sms.Problems
}

func gatewayCrumbs(p GatewayProps) []Link {
	return []Link{{Label: "Gateways", Href: "/staff/gateways"}, {Label: p.Name, Href: p.base()}}
}

// GatewayTraceProps is what went over the connections of a route.
type GatewayTraceProps struct {
	GatewayProps
	Traces []sms.GatewayTrace
	Asked  bool // a moment ago: workers are about to answer
}

// again looks once more for the answers of the workers.
func (p GatewayTraceProps) again() templ.Attributes {
	if !p.Asked {
		return nil
	}
	return templ.Attributes{"hx-get": p.base() + "/trace", "hx-trigger": "load delay:1s", "hx-target": "#trace", "hx-swap": "innerHTML"}
}

func (p GatewayTraceProps) emptyTitle() string {
	if p.Asked {
		return "Asked a moment ago"
	}
	return "Nothing was taken yet"
}

func newestFirst(lines []sms.TraceLine) []sms.TraceLine {
	out := make([]sms.TraceLine, len(lines))
	for i, l := range lines {
		out[len(lines)-1-i] = l
	}
	return out
}

// arrow is the way a unit went.
func arrow(l sms.TraceLine) string {
	if l.Out {
		return "→"
	}
	return "←"
}

// GatewayFormProps is the form of a new route, or of one that is changed.
type GatewayFormProps struct {
	sms.RouteForm
	Kinds    []sms.RouteKind
	Changing bool
	Again    bool // the form came back
	Problems []Problem
	Errors   sms.Problems
	At       time.Time
}

// Chosen is the kind of the route.
func (p GatewayFormProps) Chosen() sms.RouteKind {
	k, _ := sms.KindOfRoute(p.RouteForm.Kind)
	return k
}

func (p GatewayFormProps) action() string {
	if p.Changing {
		return GatewayPath(p.Name) + "/settings"
	}
	return "/staff/gateways/new?kind=" + p.RouteForm.Kind
}

func (p GatewayFormProps) title() string {
	if p.Changing {
		return "Change " + p.Name
	}
	return "Add a route"
}

func (p GatewayFormProps) crumbs() []Link {
	out := []Link{{Label: "Gateways", Href: "/staff/gateways"}}
	if p.Changing {
		out = append(out, Link{Label: p.Name, Href: GatewayPath(p.Name)})
	}
	return out
}

func (p GatewayFormProps) kindTabs() []Link {
	var out []Link
	for _, k := range p.Kinds {
		out = append(out, Link{Label: k.Label, Href: "/staff/gateways/new?kind=" + k.Kind, Current: k.Kind == p.RouteForm.Kind})
	}
	if p.Changing || len(out) < 2 {
		return nil
	}
	return out
}

func (p GatewayFormProps) takes(kind string) bool {
	for _, k := range p.RouteForm.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// field is how a setting of the kind is asked for.
func (p GatewayFormProps) field(f sms.RouteField) FieldProps {
	x := FieldProps{ID: f.Input(), Label: f.Label, Hint: f.Hint, Value: p.Set[f.Name], Error: p.Errors.For(f.Input()), Autocomplete: "off"}
	switch f.Type {
	case sms.SettingSecret:
		x.Type, x.Autocomplete = "password", "new-password"
		switch {
		case p.Again && p.Set[f.Name] != "":
			x.Hint = "Enter it once more: a page never shows it."
		case p.Sealed:
			x.Hint = "Saved. Leave it empty to keep it."
		}
	case sms.SettingNumber:
		x.Inputmode, x.Num = "numeric", true
	case sms.SettingRest:
		x.Rows = 8
	}
	return x
}

func (p GatewayFormProps) options(f sms.RouteField) []Option {
	out := make([]Option, len(f.Choices))
	for i, c := range f.Choices {
		out[i] = Option{Value: c[0], Label: c[1]}
	}
	return out
}

// hasRare reports whether the kind has settings that few carriers ask for.
func (p GatewayFormProps) hasRare() bool {
	for _, f := range p.Chosen().Fields {
		if f.Rare {
			return true
		}
	}
	return false
}

// openRare shows them where one is not as it was at first, or is wrong.
func (p GatewayFormProps) openRare() bool {
	for _, f := range p.Chosen().Fields {
		if f.Rare && (p.Set[f.Name] != f.Default || p.Errors.For(f.Input()) != "") {
			return true
		}
	}
	return false
}
