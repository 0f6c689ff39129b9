// Package specimen is every component with example values, drawn for the tests of the look. It is no part of the
// product; the pages are also the shortest examples of how components go together.
package specimen

import (
	"time"

	"tidings/web/view"
)

var paris = time.FixedZone("CET", 3600)

func at(day, hour, minute int) time.Time {
	return time.Date(2026, time.November, day, hour, minute, 0, 0, paris)
}

func customer(current string) *view.Shell {
	return view.CustomerShell("nordfare", current, view.Person{
		Name: "Maren Lund", Sub: "Nordfare Ferries", Links: []view.Link{{Label: "Fjordkompaniet", Href: "#"}},
	}, &view.Gauge{
		Label: "Credits you can use", Figure: "25,260", Unit: "credits", Share: 0.802,
		Note: "6,240 set aside for 1 campaign", Link: &view.Link{Label: "Reload", Href: "#"},
	})
}

func moderator() *view.Shell {
	return view.ModeratorShell("queue", []view.Link{{Label: "Moderation", Href: "#", Current: true}, {Label: "Administration", Href: "#"}},
		view.Person{Name: "Priya Okafor", Sub: "Moderator"},
		&view.Gauge{Label: "Oldest in the queue", Figure: "21 min", Unit: "oldest", Share: 0.7, Kind: view.Wait, Note: "Promise: 30 min, day and night"},
		14, true, 1)
}

func admin() *view.Shell {
	return view.AdminShell("tenants", []view.Link{{Label: "Moderation", Href: "#"}, {Label: "Administration", Href: "#", Current: true}},
		view.Person{Name: "Astrid Sand", Sub: "Administrator"},
		&view.Gauge{Label: "All systems", Figure: "212 / s", Unit: "", Share: -1, Note: "4 of 4 gateways up · last check 8 s ago"}, 2, 0)
}

// message is the text of the mock-ups in its pieces.
func message(straight bool) []view.Token {
	odd := view.Token{Kind: view.Odd, Text: "’"}
	if straight {
		odd = view.Token{Text: "'"}
	}
	return []view.Token{
		{Text: "Hi "},
		{Kind: view.FieldName, Text: "{first_name}"},
		{Text: ", Black Friday on the water: 30% off every crossing until Sunday. Don"},
		odd,
		{Text: "t miss the boat - cabins are going fast! Book now: "},
		{Kind: view.LinkText, Text: "https://nordfare.no/black-friday"},
	}
}

func preview() []view.Token {
	return []view.Token{
		{Text: "Hi Ingrid, Black Friday on the water: 30% off every crossing until S"},
		{Kind: view.Cut, N: 2},
		{Text: "unday. Don’t miss the boat - cabins are going fast! Book now: tdn.gs"},
		{Kind: view.Cut, N: 3},
		{Text: "/x7Kq2 STOP 36180"},
	}
}

func tide() view.TideProps {
	return view.TideProps{Total: 18214, Places: []view.Place{
		{Key: "delivered", Count: 11302},
		{Key: "unreachable", Count: 171},
		{Key: "network", Count: 2118},
		{Key: "retrying", Count: 602},
		{Key: "waiting", Count: 4021},
	}}
}

func flow() view.FlowProps {
	f := view.FlowProps{
		ID: "flow", Title: "Sent and delivered", Total: 18214, From: at(27, 10, 0), To: at(27, 10, 30),
		Words: "Line of messages sent, area of messages delivered, from 10:00 to 10:14, with a forecast to 10:30.",
	}
	for i := range 57 {
		x := int64(i)
		f.Points = append(f.Points, view.FlowPoint{At: at(27, 10, 0).Add(time.Duration(i) * 15 * time.Second), Sent: 253 * x, Delivered: x * x * 11302 / (56 * 56)})
	}
	for i := 1; i <= 64; i++ {
		x := int64(i)
		f.Ahead = append(f.Ahead, view.FlowPoint{
			At:   at(27, 10, 14).Add(time.Duration(i) * 15 * time.Second),
			Sent: min(14168+253*x, 18214), Delivered: 17862 - 6560*(64-x)*(64-x)/(64*64),
		})
	}
	return f
}

func forecast() view.ForecastProps {
	return view.ForecastProps{
		Words: "Credits forecast. Today 31,500. After Winter timetable on Wednesday 25,260. After this campaign on Friday 3,041.",
		End:   at(30, 9, 0),
		Points: []view.StepPoint{
			{At: at(23, 9, 0), After: 31_500_000, Label: "31,500 today"},
			{At: at(25, 9, 0), After: 25_260_000, Label: "25,260"},
			{At: at(27, 10, 0), After: 3_041_000, Label: "3,041 left", Sub: "after this campaign", Mark: true},
		},
	}
}

func short() view.ForecastProps {
	return view.ForecastProps{
		Words: "Without a reload the balance falls to minus 7,280 today and minus 19,280 on 2 December.",
		End:   at(39, 9, 0),
		Points: []view.StepPoint{
			{At: at(23, 14, 0), After: 1_120_000, Label: "1,120 today"},
			{At: at(24, 14, 0), After: -7_280_000, Label: "−7,280 without a reload", Mark: true},
			{At: at(32, 9, 0), After: -19_280_000, Label: "−19,280"},
		},
	}
}

func hours() []view.ZoneHours {
	return []view.ZoneHours{
		{Name: "France", People: "12,960 people", Open: [][2]float64{{8, 20.5}}, At: 10, Until: 10.3, Local: "10:00", Rule: "8 to 20:30"},
		{Name: "Germany, Norway", People: "3,650 people", Open: [][2]float64{{8, 20}}, At: 10, Local: "10:00", Rule: "8 to 20"},
		{Name: "United Kingdom", People: "1,604 people", Open: [][2]float64{{8, 21}}, At: 9, Local: "09:00", Rule: "8 to 21"},
		{Name: "Canada", People: "14 people", Open: [][2]float64{{9, 21}}, At: 4, Local: "04:00", Rule: "9 to 21"},
	}
}

func queue() []view.QueueEntry {
	return []view.QueueEntry{
		{Href: "#1", Tenant: "Brightloan UK", Waiting: "31 min", Late: true, Line: "check if you qualify for a loan of 100 pounds", People: 9420, Version: 2, Risk: "high", Current: true},
		{Href: "#2", Tenant: "Maison Lune", Waiting: "17 min", Line: "Vente privée : -40% sur la nouvelle collection", People: 3108, Risk: "low"},
		{Href: "#3", Tenant: "QuickParcel", Waiting: "12 min", Line: "Your parcel is waiting, confirm your address", People: 48000, Holder: "Lee has it", Risk: "high"},
		{Href: "#4", Tenant: "Club Vega", Waiting: "6 min", Line: "Ladies night this Saturday, free entrance", People: 1930, Risk: "medium"},
	}
}
