package sms

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tidings/internal/sms/phone"
)

// RouteForm is the wish to add or change a route, as typed.
type RouteForm struct {
	Name, Kind         string
	Countries, Senders string // apart by spaces or commas; empty: all
	Prefixes           string // beginnings of numbers; empty: all
	Kinds              []string
	Weight, Cost       string
	Validity, Retry    string
	OnUnknown          string // an OnUnknown
	UnknownHours       string
	Codes              string            // lines of ReadCodes
	Set                map[string]string // settings of the kind, secrets among them; an empty secret keeps the saved one
	Sealed             bool              // secrets are saved already
}

// Input is the name under which a form has the setting. Secrets are told by it:
// what a form keeps of itself leaves them out.
func (f RouteField) Input() string {
	if f.Type == SettingSecret {
		return SecretInput + f.Name
	}
	return "set-" + f.Name
}

// SecretInput is how the names of inputs begin that hold a secret.
const SecretInput = "secret-"

// InputOf is the input of a setting of the kind, by the setting's name; "" if it
// has none of its own.
func (k RouteKind) InputOf(name string) string {
	for _, f := range k.Fields {
		if f.Name == name {
			return f.Input()
		}
	}
	return ""
}

// AtInputs puts what a gateway says of its settings at the inputs of its form.
func (k RouteKind) AtInputs(p Problems) Problems {
	rest := ""
	for _, f := range k.Fields {
		if f.Type == SettingRest {
			rest = f.Input()
		}
	}
	out := make(Problems, len(p))
	for i, x := range p {
		out[i] = Problem{Field: k.InputOf(x.Field), Text: strings.TrimSuffix(x.Text, ".")}
		if out[i].Field == "" {
			out[i].Field = rest
			if rest != "" {
				out[i].Text = x.Field + ": " + out[i].Text
			}
		}
	}
	return out
}

// NewRouteForm is the form of a route of that kind that is not there yet.
func NewRouteForm(k RouteKind) RouteForm {
	return RouteForm{
		Kind: k.Kind, Weight: "100", Validity: "48", Retry: "48", OnUnknown: string(UnknownHold),
		UnknownHours: strconv.Itoa(usualUnknownHours), Set: k.Defaults(),
	}
}

// Form is the route as it is changed.
func (r Route) Form() RouteForm {
	k, _ := KindOfRoute(r.Kind)
	return RouteForm{
		Name: r.Name, Kind: r.Kind, Countries: strings.Join(r.Countries, " "), Senders: strings.Join(r.Senders, " "), Kinds: r.Kinds, Prefixes: prefixWords(r.Prefixes),
		Weight: strconv.Itoa(r.Weight), Cost: r.Cost.String(), Validity: strconv.Itoa(r.Validity), Retry: strconv.Itoa(r.Retry),
		OnUnknown: string(r.OnUnknown), UnknownHours: strconv.Itoa(r.UnknownHours), Codes: CodeLines(r.Codes),
		Set: k.Values(r.Settings), Sealed: r.Sealed,
	}
}

// EnvironmentRoute is the name kept for the route that the program is given at its start.
const EnvironmentRoute = "smpp"

var routeName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$`)

// Route reads the form into a route, and the secrets that were typed. was is the
// route that is changed, or zero. What is wrong is said by field.
func (f RouteForm) Route(was Route) (r Route, secrets map[string]string, p Problems) {
	r = was
	r.Name, r.Kind = strings.TrimSpace(f.Name), f.Kind
	k, ok := KindOfRoute(f.Kind)
	if !ok {
		p.Add("kind", "Choose what kind of gateway it is")
		return r, nil, p
	}
	switch {
	case was.Name != "":
		r.Name = was.Name
	case !routeName.MatchString(r.Name):
		p.Add("name", "Enter a name of 2 to 32 small letters, digits and hyphens")
	case r.Name == EnvironmentRoute || r.Name == "new" || r.Name == "events":
		p.Add("name", "Choose another name: this one is kept for Tidings itself")
	}
	f.reach(&r, &p)
	f.terms(&r, k, &p)
	secrets = f.settings(&r, k, &p)
	f.unknown(&r, &p)
	f.codes(&r, &p)
	return r, secrets, p
}

// reach reads which messages take the route.
func (f RouteForm) reach(r *Route, p *Problems) {
	r.Countries = nil
	for _, c := range listed(strings.ToUpper(f.Countries)) {
		if !phone.IsCountry(c) {
			p.Add("countries", "Use codes of two letters, such as FR or NO: "+short(c)+" is none")
			break
		}
		r.Countries = append(r.Countries, c)
	}
	r.Kinds = nil
	for _, k := range f.Kinds {
		if k != Marketing && k != Service {
			p.Add("kinds", "Choose marketing, service or both")
			break
		}
		r.Kinds = append(r.Kinds, k)
	}
	if len(r.Kinds) == 2 {
		r.Kinds = nil // both: all
	}
	r.Senders = nil
	for _, s := range listed(f.Senders) {
		if len(s) > 15 {
			p.Add("senders", "Use senders as they are shown on phones: "+short(s)+" is too long")
			break
		}
		r.Senders = append(r.Senders, s)
	}
	f.prefixes(r, p)
	for _, list := range []*[]string{&r.Countries, &r.Kinds, &r.Senders, &r.Prefixes} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// terms reads weight, cost and how long messages are tried.
func (f RouteForm) terms(r *Route, k RouteKind, p *Problems) {
	hours := func(field, s string, into *int) {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 168 {
			p.Add(field, "Enter 1 to 168 hours")
			return
		}
		*into = n
	}
	n, err := strconv.Atoi(strings.TrimSpace(f.Weight))
	if err != nil || n < 0 || n > 1000 {
		p.Add("weight", "Enter a share from 0 to 1,000")
	}
	r.Weight = n
	cost, ok := ParseCost(f.Cost)
	if !ok {
		p.Add("cost", "Use an amount and a currency, such as 0.045 EUR")
	}
	r.Cost = cost
	if k.Validity {
		hours("validity", f.Validity, &r.Validity)
	} else if r.Validity == 0 {
		r.Validity = 48
	}
	hours("retry", f.Retry, &r.Retry)
}

// settings reads the settings of the kind and the secrets.
func (f RouteForm) settings(r *Route, k RouteKind, p *Problems) map[string]string {
	secrets, saved := map[string]string{}, map[string]any{}
	for _, x := range k.Fields {
		typed := f.Set[x.Name]
		if x.Type == SettingSecret {
			switch {
			case typed != "":
				secrets[x.Name] = typed
			case x.Needed && !r.Sealed:
				p.Add(x.Input(), "Enter "+strings.ToLower(x.Label[:1])+x.Label[1:])
			}
			continue
		}
		if x.Type == SettingRest {
			k.rest(typed, saved, x, p)
			continue
		}
		v, problem := x.value(typed)
		if problem != "" {
			p.Add(x.Input(), problem)
		} else if v != nil {
			saved[x.Name] = v
		}
	}
	b, err := json.Marshal(saved)
	if err != nil {
		p.Add("", "Use settings that can be written down")
	}
	r.Settings = b
	return secrets
}

// rest reads the settings that have no field of their own.
func (k RouteKind) rest(typed string, saved map[string]any, x RouteField, p *Problems) {
	var more map[string]json.RawMessage
	if strings.TrimSpace(typed) == "" {
		return
	}
	if json.Unmarshal([]byte(typed), &more) != nil {
		p.Add(x.Input(), "Use JSON that begins with { and ends with }")
		return
	}
	for name, v := range more {
		if k.InputOf(name) != "" {
			p.Add(x.Input(), "Use the field above for "+short(name))
			return
		}
		saved[name] = v
	}
}

// short is enough of a word to find it again.
func short(s string) string {
	r := []rune(s)
	if len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

// ParseCost reads "0.045 EUR"; nothing is no cost known.
func ParseCost(s string) (Cost, bool) {
	f := strings.Fields(strings.ReplaceAll(strings.ToUpper(s), ",", "."))
	if len(f) == 0 {
		return Cost{}, true
	}
	if len(f) != 2 || len(f[1]) != 3 || strings.Trim(f[1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return Cost{}, false
	}
	whole, rest, _ := strings.Cut(f[0], ".")
	if len(rest) > 6 || len(whole) > 6 {
		return Cost{}, false
	}
	n, err := strconv.ParseUint(whole+rest+strings.Repeat("0", 6-len(rest)), 10, 63)
	if err != nil {
		return Cost{}, false
	}
	return Cost{Micros: int64(n), Currency: f[1]}, true
}

// String writes the cost as a form has it: "0.045 EUR".
func (c Cost) String() string {
	if c.Currency == "" {
		return ""
	}
	frac := strings.TrimRight(strconv.FormatInt(1_000_000+c.Micros%1_000_000, 10)[1:], "0")
	out := strconv.FormatInt(c.Micros/1_000_000, 10)
	if frac != "" {
		out += "." + frac
	}
	return out + " " + c.Currency
}
