package sms

import "time"

// ForecastStep is one sending that is scheduled or waits, and what can be used
// after it.
type ForecastStep struct {
	At       time.Time
	Name     string
	Campaign ID
	Session  SessionID
	Number   int
	State    SessionState
	People   int
	Price    Credits // what it needs at its start, as far as is known now
	After    Credits
}

// Forecast is what a tenant can use now, and after each sending that is
// scheduled or waits, in the order they are due (D22).
type Forecast struct {
	Now   Credits
	Steps []ForecastStep
}

// NewForecast lays the sessions, in due order, over what can be used now. One
// that waits for credits was counted again when it could not start: it needs
// what can be used and what was missing, and never more than its ceiling, also
// when credits moved since.
func NewForecast(now Credits, sessions []Session) Forecast {
	f := Forecast{Now: now}
	left := now
	for _, s := range sessions {
		price := s.Price
		if s.State == SessionWaitingCredits {
			price = min(max(now+s.Missing, price), Ceiling(price))
		}
		left -= price
		f.Steps = append(f.Steps, ForecastStep{
			At: s.StartsAt, Name: s.Name, Campaign: s.Campaign, Session: s.ID, Number: s.Number, State: s.State,
			People: s.People, Price: price, After: left,
		})
	}
	return f
}

// Before is what can be used just before at, when every earlier sending took
// its part.
func (f Forecast) Before(at time.Time) Credits {
	left := f.Now
	for _, s := range f.Steps {
		if !s.At.After(at) {
			left = s.After
		}
	}
	return left
}

// Short is the lowest point below zero, as a positive amount, and when it first
// goes below; 0 when the credits suffice.
func (f Forecast) Short() (Credits, time.Time) {
	var short Credits
	var at time.Time
	for _, s := range f.Steps {
		if s.After < -short {
			if short == 0 {
				at = s.At
			}
			short = -s.After
		}
	}
	return short, at
}

// Need is what all the sendings need together, and when the last is due.
func (f Forecast) Need() (Credits, time.Time) {
	var need Credits
	var at time.Time
	for _, s := range f.Steps {
		need += s.Price
		if s.At.After(at) {
			at = s.At
		}
	}
	return need, at
}

// Waiting are the sendings that are due and wait for credits.
func (f Forecast) Waiting() []ForecastStep {
	var out []ForecastStep
	for _, s := range f.Steps {
		if s.State == SessionWaitingCredits {
			out = append(out, s)
		}
	}
	return out
}

// With is the forecast after a change of what can be used now.
func (f Forecast) With(change Credits) Forecast {
	out := Forecast{Now: f.Now + change, Steps: append([]ForecastStep(nil), f.Steps...)}
	for i := range out.Steps {
		out.Steps[i].After += change
	}
	return out
}
