package view

import (
	"time"

	"github.com/a-h/templ"

	"tidings/internal/sms"
)

// TrialProps is the page on which staff send a text by one route.
type TrialProps struct {
	GatewayProps
	Form     sms.TrialForm
	Trials   []sms.Trial
	Token    string
	Stale    string
	Problems []Problem
	Errors   sms.Problems
}

// again looks once more while something is still to come of a test of the last minutes.
func (p TrialProps) again() templ.Attributes {
	for _, t := range p.Trials {
		if !t.Over(p.At) && p.At.Sub(t.At) < 10*time.Minute {
			return templ.Attributes{"hx-get": p.base() + "/try", "hx-trigger": "load delay:1s", "hx-target": "#trials", "hx-swap": "outerHTML"}
		}
	}
	return nil
}

// trialAnswer is what the carrier said, and what follows.
func trialAnswer(t sms.Trial, now time.Time) string {
	switch {
	case t.WrittenAt == nil && now.Sub(t.At) <= sms.TrialTake:
		return "A worker takes it up."
	case t.WrittenAt == nil:
		return "No worker took it: none is connected, or a stop or a guard keeps messages back. Nothing was sent."
	case t.AnsweredAt == nil && now.Sub(*t.WrittenAt) > 2*time.Minute:
		return "No answer came. It may have been sent."
	case t.AnsweredAt == nil:
		return "Handed to the carrier."
	}
	word := map[int16]string{1: "Accepted", 2: "Refused", 3: "Not sent", 4: "No answer: it may have been sent"}[t.Outcome]
	if t.Outcome == 1 {
		return word + "."
	}
	if t.Detail != "" {
		word += ": " + t.Detail
	}
	return word + "."
}

// trialReceipt is what the network said.
func trialReceipt(t sms.Trial, now time.Time) string {
	code := ""
	if t.ReceiptCode != "" {
		code = " (" + t.ReceiptCode + ")"
	}
	switch {
	case t.ReceiptState == 10:
		return "Delivered" + code + ", " + trialAfter(t)
	case t.ReceiptState == 11:
		return "Not delivered" + code + ", " + trialAfter(t)
	case t.ReceiptState == 1:
		return "On the network" + code
	case t.Outcome == 1 && now.Sub(t.At) > sms.TrialWait:
		return "None came"
	case t.Outcome == 1 || t.Outcome == 4:
		return "None yet"
	}
	return "–"
}

func trialAfter(t sms.Trial) string {
	if t.ReceiptAt == nil || t.WrittenAt == nil {
		return ""
	}
	return millis(float64(t.ReceiptAt.Sub(*t.WrittenAt).Milliseconds())) + " after"
}

func trialLatency(t sms.Trial) string {
	if t.AnsweredAt == nil {
		return "–"
	}
	return millis(max(float64(t.Took.Microseconds())/1000, 0.1))
}
