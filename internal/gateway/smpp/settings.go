package smpp

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/sms"
)

// Kind is the name of gateways that speak SMPP.
const Kind = "smpp"

// Settings are a route as an administrator writes it down, without the password.
type Settings struct {
	Addresses        []string `json:"addresses"` // host:port
	SystemID         string   `json:"system_id"`
	SystemType       string   `json:"system_type"`
	ServiceType      string   `json:"service_type"`
	TLS              bool     `json:"tls"`
	TLSName          string   `json:"tls_name"` // in the certificate, where it is not the host's
	Pair             bool     `json:"pair"`
	Binds            int      `json:"binds"`
	Window           int      `json:"window"`
	Rate             float64  `json:"rate"`     // parts a second
	Enquire          int      `json:"enquire"`  // seconds
	Response         int      `json:"response"` // seconds
	IDs              string   `json:"ids"`      // auto, same, hex_to_dec or dec_to_hex
	ShortCodeNetwork bool     `json:"short_code_network"`
	Latin1           bool     `json:"latin1"`
	UserReference    bool     `json:"user_reference"`
	TextReceipts     bool     `json:"text_receipts"`
}

// Secrets are the names of the secrets that Open needs.
func Secrets() []string { return []string{"password"} }

// Open makes the client of a route that was written down. What is wrong with the
// settings comes back as sms.Problems, by their names.
func Open(name string, settings json.RawMessage, secrets map[string]string, validity time.Duration, codes gateway.Codes) (*Client, error) {
	var s Settings
	if err := json.Unmarshal(settings, &s); err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", name, err)
	}
	var p sms.Problems
	r := Route{
		Name: name, Addrs: s.Addresses, SystemID: s.SystemID, Password: secrets["password"], SystemType: s.SystemType,
		Binds: s.Binds, Window: s.Window, PartsPerSecond: s.Rate, Validity: validity, ServiceType: s.ServiceType,
		Enquire: time.Duration(s.Enquire) * time.Second, ResponseTimeout: time.Duration(s.Response) * time.Second,
		Latin1: s.Latin1, UserReference: s.UserReference, TextReceipts: s.TextReceipts, Statuses: statuses(codes), IDs: idModes[s.IDs],
	}
	if s.Pair {
		r.Mode = Pair
	}
	if s.ShortCodeNetwork {
		r.ShortCodeTON = tonNetwork
	}
	if s.TLS {
		r.TLS = &tls.Config{ServerName: s.TLSName, MinVersion: tls.VersionTLS12}
	}
	s.check(r, &p)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return New(r), nil
}

// tonNetwork is the type of number of a short sender at some carriers (§5.2.5).
const tonNetwork byte = 3

func (s Settings) check(r Route, p *sms.Problems) {
	if len(s.Addresses) == 0 {
		p.Add("addresses", "Enter the carrier's host and port")
	}
	for _, a := range s.Addresses {
		host, port, err := net.SplitHostPort(a)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || host == "" || n < 1 || n > 65535 {
			p.Add("addresses", "Use host:port, such as smpp.carrier.example:2775")
			break
		}
	}
	for _, x := range []struct {
		field, value, words string
		most                int
	}{
		{"system_id", r.SystemID, "Use at most 15 characters", 15},
		{"password", r.Password, "Use at most 63 characters", maxPassword},
		{"system_type", r.SystemType, "Use at most 12 characters", 12},
		{"service_type", r.ServiceType, "Use at most 5 characters", 5},
	} {
		if len(x.value) > x.most || strings.ContainsRune(x.value, 0) {
			p.Add(x.field, x.words)
		}
	}
}

// statuses are the lines that replace those of the status table.
func statuses(codes gateway.Codes) map[uint32]Rule {
	out := map[uint32]Rule{}
	for code, m := range codes {
		n, err := strconv.ParseUint(strings.TrimPrefix(code, "smpp:"), 0, 32)
		if err == nil {
			out[uint32(n)] = Rule{Outcome: m.Outcome, Class: m.Class, After: m.After, Tries: m.Tries, Fixed: m.After > 0, Detail: "the carrier answered with a code that this route has a rule for"}
		}
	}
	return out
}
