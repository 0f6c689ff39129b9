package view

import (
	"github.com/a-h/templ"

	"tidings/web/static"
)

// PageProps is a whole document: what the tab says, the theme, and what surrounds the sheet.
type PageProps struct {
	Title string // "63% · Black Friday crossings"; " · Tidings" is added
	Theme string // "light", "dark", or "" for the system's
	Shell *Shell // nil: a page without navigation (sign-in, errors before it)
	Flash *Flash // one message after a redirect, or nil
	Here  string // path and query of this page, where the theme switch comes back to
	Wide  bool   // without a shell: use the full width instead of a narrow column
}

// Shell is the navigation around a sheet. CustomerShell and StaffShell fill it.
type Shell struct {
	Home   string     // where the brand leads
	Staff  *StaffBar  // the dark stripe; nil for customers
	Groups []NavGroup // the items of the left column
	More   string     // address of the page that lists everything on a small screen
	Gauge  *Gauge     // the one number that matters for this role, or nil
	Person Person
}

// StaffBar is the stripe across the top of staff screens: which areas there are, and what it says at the end.
type StaffBar struct {
	Areas []Link
	Note  string
}

// Link is a label that leads somewhere. Current marks the page one is on.
type Link struct {
	Label, Href string
	Current     bool
}

// NavGroup is a run of items; groups are set apart by space.
type NavGroup []NavItem

// NavItem is one place in the navigation.
type NavItem struct {
	Key   string // compared with the current one
	Icon  string // name in icons.svg
	Label string
	Short string // in the bar at the bottom, if Label is too long for it
	Href  string
	Count int  // shown when above zero
	Hot   bool // the count needs somebody now
	// Current is set by Mark.
	Current bool
}

// Gauge is the figure at the foot of the column: "Credits you can use, 25,260".
type Gauge struct {
	Label  string
	Figure string  // "25,260", "21 min"
	Unit   string  // after the figure in the top bar: "credits", "waiting"
	Share  float64 // how full its bar is, 0 to 1; below 0: no bar
	Kind   Kind    // colour of the bar: Rest is ink
	Note   string  // "6,240 set aside for 1 campaign"
	Link   *Link   // "Reload"
}

// Person is who is signed in, and what his menu offers.
type Person struct {
	Name  string
	Sub   string // the account, or the role
	Links []Link // before the theme switch: "My sign-ins", other accounts
}

// Flash is one message to read after something was done.
type Flash struct {
	Kind  Kind
	Title string
	Text  string
	Link  *Link
}

// Kind is the colour of a note, a state or a flash. It never comes alone: an icon and words go with it.
type Kind string

// The kinds. Rest is neutral, Sea arrived or done, Move under way, Wait needs somebody, Bad refused or short.
const (
	Rest Kind = "rest"
	Sea  Kind = "sea"
	Move Kind = "move"
	Wait Kind = "wait"
	Bad  Kind = "stop"
)

// Mark gives the groups with the item of that key as the current one.
func Mark(groups []NavGroup, current string) []NavGroup {
	out := make([]NavGroup, len(groups))
	for i, g := range groups {
		out[i] = make(NavGroup, len(g))
		for j, it := range g {
			it.Current = it.Key == current
			out[i][j] = it
		}
	}
	return out
}

// CustomerShell is the column of a customer's account with the address slug.
func CustomerShell(slug, current string, person Person, gauge *Gauge) *Shell {
	base := "/a/" + slug
	return &Shell{
		Home: base, More: base + "/more", Person: person, Gauge: gauge,
		Groups: Mark([]NavGroup{
			{
				{Key: "home", Icon: "home", Label: "Home", Href: base},
				{Key: "campaigns", Icon: "campaign", Label: "Campaigns", Href: base + "/campaigns"},
				{Key: "contacts", Icon: "contacts", Label: "Contacts", Href: base + "/contacts"},
			},
			{
				{Key: "credits", Icon: "wallet", Label: "Credits", Href: base + "/credits"},
				{Key: "settings", Icon: "gear", Label: "Settings", Href: base + "/settings"},
			},
		}, current),
	}
}

// ModeratorShell is the column of those who read messages before they leave; areas are the links of the stripe.
func ModeratorShell(current string, areas []Link, person Person, gauge *Gauge, waiting int, late bool, held int) *Shell {
	return &Shell{
		Home: "/staff/queue", More: "/staff/more", Person: person, Gauge: gauge,
		Staff: &StaffBar{Areas: areas, Note: "You are acting as staff. Every decision is logged."},
		Groups: Mark([]NavGroup{{
			{Key: "queue", Icon: "list", Label: "Queue", Href: "/staff/queue", Count: waiting, Hot: late},
			{Key: "mine", Icon: "hand", Label: "Held by me", Short: "Mine", Href: "/staff/mine", Count: held},
			{Key: "decided", Icon: "history", Label: "Decided", Href: "/staff/decided"},
		}}, current),
	}
}

// AdminShell is the column of those who run the service.
// requests is how many reloads are asked for, stops how much does not leave.
func AdminShell(current string, areas []Link, person Person, gauge *Gauge, requests, stops int) *Shell {
	return &Shell{
		Home: "/staff/tenants", More: "/staff/more", Person: person, Gauge: gauge,
		Staff: &StaffBar{Areas: areas, Note: "You are acting as staff. Every change is logged."},
		Groups: Mark([]NavGroup{
			{{Key: "tenants", Icon: "building", Label: "Tenants", Href: "/staff/tenants", Count: requests, Hot: requests > 0}},
			{{Key: "gateways", Icon: "server", Label: "Gateways", Href: "/staff/gateways"}},
			{{Key: "kill", Icon: "power", Label: "Kill switch", Short: "Stop", Href: "/staff/kill", Count: stops, Hot: stops > 0}},
			{{Key: "audit", Icon: "scroll", Label: "Audit log", Short: "Audit", Href: "/staff/audit"}},
		}, current),
	}
}

// tabs are the items of the bottom bar: the first four; the fifth is More.
func (s Shell) tabs() []NavItem {
	var all []NavItem
	for _, g := range s.Groups {
		all = append(all, g...)
	}
	return all[:min(len(all), 4)]
}

// onTab says whether the current page has a place of its own in the bottom bar.
func (s Shell) onTab() bool {
	for _, it := range s.tabs() {
		if it.Current {
			return true
		}
	}
	return false
}

func (n NavItem) short() string {
	if n.Short != "" {
		return n.Short
	}
	return n.Label
}

func (p PageProps) here() string {
	if p.Here == "" {
		return "/"
	}
	return p.Here
}

// themed gives the attribute that overrides the system's theme.
func (p PageProps) themed() templ.Attributes {
	if p.Theme == "light" || p.Theme == "dark" {
		return templ.Attributes{"data-theme": p.Theme}
	}
	return nil
}

// themeChoice is what the switch shows as chosen.
func (p PageProps) themeChoice() string {
	if p.themed() == nil {
		return "system"
	}
	return p.Theme
}

func current(is bool, value string) templ.Attributes {
	if is {
		return templ.Attributes{"aria-current": value}
	}
	return nil
}

func sprite(name string) string { return static.URL("icons.svg") + "#" + name }
