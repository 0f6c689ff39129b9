package config

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Longest system_id and password of a bind, in bytes without the closing NUL
// (SMPP 3.4, 4.1.1; it says 8 for the password, and carriers give out longer ones).
const (
	maxSystemID = 15
	maxPassword = 63
)

// smpp reads smpp://user:password@host:port?window=10&binds=1&rate=0. The window
// is small unless the carrier said otherwise: what is in it when a connection
// breaks is unknown.
func (p *Problems) smpp(s string) *SMPP {
	const shape = "write smpp://user:password@host:port, or smpps:// for an encrypted connection."
	u, err := url.Parse(s)
	if err != nil { // the error quotes the address, and with it the password
		p.add("TIDINGS_SMPP cannot be read: %s Characters such as / and @ in the password are written %%2F and %%40.", shape)
		return nil
	}
	out := &SMPP{Host: u.Hostname(), Port: 2775, Window: 10, Binds: 1, TLS: u.Scheme == "smpps"}
	if out.TLS {
		out.Port = 3550
	}
	if u.Scheme != "smpp" && u.Scheme != "smpps" || out.Host == "" || strings.Trim(u.Path, "/") != "" {
		p.add("TIDINGS_SMPP has another shape: %s", shape)
	}
	if port := u.Port(); port != "" {
		if out.Port, err = strconv.Atoi(port); err != nil || out.Port < 1 || out.Port > 65535 {
			p.add("TIDINGS_SMPP has the port %q: use 1 to 65535.", port)
		}
	}
	out.SystemID = u.User.Username()
	out.Password, _ = u.User.Password()
	if out.SystemID == "" || len(out.SystemID) > maxSystemID {
		p.add("TIDINGS_SMPP has a user of %d characters: SMPP allows 1 to %d.", len(out.SystemID), maxSystemID)
	}
	if len(out.Password) > maxPassword {
		p.add("TIDINGS_SMPP has a password of %d characters: carriers take up to %d.", len(out.Password), maxPassword)
	}
	p.smppTerms(out, u.Query())
	return out
}

func (p *Problems) smppTerms(out *SMPP, q url.Values) {
	terms := []struct {
		name     string
		into     *int
		min, max int
	}{{"window", &out.Window, 1, 1000}, {"binds", &out.Binds, 1, 32}, {"rate", &out.Rate, 0, 1_000_000}}
	for _, t := range terms {
		if v := q.Get(t.name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < t.min || n > t.max {
				p.add("TIDINGS_SMPP has %s=%s: use %d to %d.", t.name, v, t.min, t.max)
			}
			*t.into = n
		}
		q.Del(t.name)
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		p.add("TIDINGS_SMPP has %s, which means nothing here: use window, binds or rate.", name)
	}
}
