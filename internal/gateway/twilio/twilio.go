// Package twilio is a gateway that sends through Twilio's Messages API and takes its status
// callbacks. Twilio says itself that POST Messages is not idempotent: a request that was written
// and has no complete answer is Unknown, and is never made again.
package twilio

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/outward"
	"tidings/internal/sms"
)

// Kind is the word for this kind of gateway.
const Kind = "twilio"

// secretToken is the account's auth token: the password of requests and the key of signatures.
const secretToken = "auth_token"

// Settings are those of one account. Zero values mean the defaults.
type Settings struct {
	AccountSID          string  `json:"account_sid"`
	MessagingServiceSID string  `json:"messaging_service_sid,omitempty"` // sends in place of the sender
	BaseURL             string  `json:"base_url,omitempty"`              // https://api.twilio.com
	PartsPerSecond      float64 `json:"parts_per_second,omitempty"`      // 0: no limit of ours
	InFlight            int     `json:"in_flight,omitempty"`             // requests at once; 10
	MaxParts            int     `json:"max_parts,omitempty"`             // 10, Twilio's 1,600 characters
	ResponseSeconds     int     `json:"response_seconds,omitempty"`      // then a message is Unknown; 30
}

// Options are what a gateway is given by the program.
type Options struct {
	Client     *http.Client     // nil: outward.Client
	ReceiptURL string           // the absolute address that receipts are posted to and signed for; empty: none are asked for
	Now        func() time.Time // nil: time.Now
	Codes      gateway.Codes    // that mean something else on this route
}

// Gateway is one Twilio account.
type Gateway struct {
	*outward.Sender
	set     Settings
	token   string
	receipt string
	address string // of the Messages resource
}

// New makes a gateway; nothing happens before Run, and parsing webhooks needs no Run. What is
// wrong with the settings comes back as sms.Problems.
func New(id string, settings json.RawMessage, secrets map[string]string, o Options) (gateway.Gateway, error) {
	var set Settings
	if err := json.Unmarshal(settings, &set); err != nil {
		return nil, sms.Problems{{Field: "settings", Text: "Use settings in JSON."}}
	}
	set.defaults()
	if err := set.check(secrets[secretToken]); err != nil {
		return nil, err
	}
	if o.Client == nil {
		o.Client = outward.Client(outward.Options{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Gateway{
		set: set, token: secrets[secretToken], receipt: o.ReceiptURL,
		address: strings.TrimSuffix(set.BaseURL, "/") + "/2010-04-01/Accounts/" + set.AccountSID + "/Messages.json",
	}
	g.Sender = outward.NewSender(outward.Config{
		ID: id, Client: o.Client, Dialect: g, PartsPerSecond: set.PartsPerSecond, InFlight: set.InFlight,
		MaxParts: set.MaxParts, Codes: o.Codes, Timeout: time.Duration(set.ResponseSeconds) * time.Second, Now: o.Now,
	})
	return g, nil
}

func (s *Settings) defaults() {
	if s.BaseURL == "" {
		s.BaseURL = "https://api.twilio.com"
	}
	if s.InFlight == 0 {
		s.InFlight = 10
	}
	if s.MaxParts == 0 {
		s.MaxParts = 10
	}
	if s.ResponseSeconds == 0 {
		s.ResponseSeconds = 30
	}
}

var (
	accountSID = regexp.MustCompile(`^AC[0-9a-f]{32}$`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-f]{32}$`)
)

func (s *Settings) check(token string) error {
	var p sms.Problems
	if !accountSID.MatchString(s.AccountSID) {
		p.Add("account_sid", "Enter the account SID: AC and 32 digits and letters from a to f.")
	}
	if token == "" {
		p.Add(secretToken, "Enter the auth token of the account.")
	}
	if s.MessagingServiceSID != "" && !serviceSID.MatchString(s.MessagingServiceSID) {
		p.Add("messaging_service_sid", "Enter the messaging service SID: MG and 32 digits and letters from a to f.")
	}
	if !safeBase(s.BaseURL) {
		p.Add("base_url", "Use an address that starts with https and has no path, such as https://api.twilio.com.")
	}
	if s.PartsPerSecond < 0 || s.PartsPerSecond > 10_000 {
		p.Add("parts_per_second", "Enter a number from 0 to 10,000.")
	}
	if s.InFlight < 1 || s.InFlight > 200 {
		p.Add("in_flight", "Enter a number from 1 to 200.")
	}
	if s.MaxParts < 1 || s.MaxParts > 10 {
		p.Add("max_parts", "Enter a number from 1 to 10.")
	}
	if s.ResponseSeconds < 1 || s.ResponseSeconds > 60 {
		p.Add("response_seconds", "Enter a number from 1 to 60.")
	}
	return p.Err()
}

// safeBase allows plain HTTP only to this very machine, where a test or a stand-in listens.
func safeBase(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if u.Scheme == "http" {
		a, err := netip.ParseAddr(u.Hostname())
		return err == nil && a.IsLoopback()
	}
	return u.Scheme == "https"
}

// longestValidity is Twilio's: the time a message may wait in its queue.
const longestValidity = 36_000

// Request makes the POST of one message.
func (g *Gateway) Request(ctx context.Context, m *gateway.Outbound, now time.Time) (*http.Request, error) {
	form := url.Values{"To": {"+" + strings.TrimPrefix(m.To, "+")}, "Body": {m.Text}}
	if g.set.MessagingServiceSID != "" {
		form.Set("MessagingServiceSid", g.set.MessagingServiceSID)
	} else {
		form.Set("From", sender(m.From))
	}
	if g.receipt != "" {
		form.Set("StatusCallback", g.receipt)
	}
	if !m.NotAfter.IsZero() {
		left := int(m.NotAfter.Sub(now) / time.Second)
		form.Set("ValidityPeriod", strconv.Itoa(min(max(left, 1), longestValidity)))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(g.set.AccountSID, g.token)
	return r, nil
}

// sender writes a telephone number with "+"; short codes and names stay as they are.
func sender(from string) string {
	if len(from) > 6 && strings.Trim(from, "0123456789") == "" {
		return "+" + from
	}
	return from
}
