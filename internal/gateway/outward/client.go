// Package outward speaks HTTP to the outside: a client that reaches only public addresses, and a
// Sender that hands messages to a carrier with it, one request each.
package outward

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	dialTimeout  = 5 * time.Second
	tlsTimeout   = 10 * time.Second
	totalTimeout = 90 * time.Second // of a request; above the longest response timer of a Sender
	// Carriers close idle connections after a minute or more. Being earlier than they are keeps a
	// request from meeting a connection that is just being closed, which would be ambiguous.
	idleTimeout   = 20 * time.Second
	idlePerHost   = 256
	maxHeader     = 64 << 10
	defaultAnswer = 256 << 10
)

// Options are what an operator may change about a Client.
type Options struct {
	// Allow lists addresses that may be reached although they are not public: for an operator who
	// runs a carrier's gateway in his own network, and for tests.
	Allow []netip.Prefix
	// MaxAnswer is how many octets of an answer are read; 256 KiB.
	MaxAnswer int64
}

// Client makes an http.Client for addresses that somebody else may have chosen. It connects only
// to public addresses, judged after the name was resolved and for each connection, so that a name
// which changes its mind is no way in. It follows no redirect, asks no proxy, and stops reading an
// answer that is too long.
func Client(o Options) *http.Client {
	if o.MaxAnswer == 0 {
		o.MaxAnswer = defaultAnswer
	}
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second, Control: o.control}
	t := &http.Transport{
		DialContext:            d.DialContext,
		TLSHandshakeTimeout:    tlsTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           2 * idlePerHost,
		MaxIdleConnsPerHost:    idlePerHost,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,                // the limit counts what is read, not what it unfolds to
		Protocols:              new(http.Protocols), // HTTP/1 only: what was written is certain there
	}
	t.Protocols.SetHTTP1(true)
	return &http.Client{
		Transport:     &bounded{next: t, most: o.MaxAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       totalTimeout,
	}
}

var (
	errAddress = errors.New("this address is not on the public internet")
	errAnswer  = errors.New("the answer is too long")
)

// control sees the resolved address of each connection just before it is made.
func (o Options) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	a := ap.Addr().Unmap().WithZone("")
	if public(a) {
		return nil
	}
	for _, p := range o.Allow {
		if p.Contains(a) {
			return nil
		}
	}
	return errAddress
}

// public reports whether an address is one that anybody on the internet may reach.
func public(a netip.Addr) bool {
	if a.Is6() && !global6.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// global6 is all that IPv6 has in use for global addresses (IANA). Outside it are loopback,
// unspecified, mapped and translated IPv4 (64:ff9b::/96, 64:ff9b:1::/48), unique local with the
// metadata address fd00:ec2::254, link-local, site-local and multicast.
var global6 = netip.MustParsePrefix("2000::/3")

// special are the rest of IANA's special-purpose registries, and one public address that answers
// only inside a cloud.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // the host of a virtual machine at Azure
	"2001::/23",        // Teredo, ORCHID, benchmarks
	"2001:db8::/32", "3fff::/20",
	"2002::/16", // 6to4 carries any IPv4 address
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// bounded cuts answers off that are longer than most.
type bounded struct {
	next *http.Transport
	most int64
}

// RoundTrip makes one request.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body, left: b.most}
	}
	return resp, err
}

// CloseIdleConnections is what the method of that name of http.Client calls.
func (b *bounded) CloseIdleConnections() { b.next.CloseIdleConnections() }

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read fails, rather than ending, where the limit is: half an answer must not pass for a whole.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errAnswer
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, errAnswer
	}
	return n, err
}
