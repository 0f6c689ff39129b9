package outward

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// No address inside somebody's network can be reached, in whatever form it is written.
func TestAddresses(t *testing.T) {
	for _, a := range strings.Fields(`
		127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
		100.64.0.1 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1 203.0.113.9 224.0.0.1 239.255.255.250 255.255.255.255
		240.0.0.1 168.63.129.16 [::1] [::] [::ffff:127.0.0.1] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [::127.0.0.1]
		[64:ff9b::7f00:1] [64:ff9b::808:808] [64:ff9b:1::a00:1] [fe80::1] [fe80::1%eth0] [fec0::1] [fc00::1]
		[fd00:ec2::254] [ff02::1] [2002:7f00:1::1] [2001::1] [2001:db8::1] [::ffff:0:7f00:1] [100::1] [4000::1]`) {
		if err := (Options{}).control("tcp", a+":443", nil); err == nil {
			t.Errorf("%s can be reached", a)
		}
	}
	for _, a := range strings.Fields("1.1.1.1 172.32.0.1 100.128.0.1 [2606:4700::1111] [2a00:1450::1] [::ffff:1.1.1.1]") {
		if err := (Options{}).control("tcp", a+":443", nil); err != nil {
			t.Errorf("%s cannot be reached", a)
		}
	}
	allow := Options{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	if allow.control("tcp", "10.1.2.3:80", nil) != nil || allow.control("tcp", "[::ffff:10.1.2.3]:80", nil) != nil {
		t.Error("what the operator allows cannot be reached")
	}
	if allow.control("tcp", "10.2.0.1:80", nil) == nil || allow.control("tcp", "nonsense", nil) == nil {
		t.Error("more can be reached than the operator allows")
	}
}

// A name is judged by what it means when the connection is made; neither redirects nor proxies
// lead around that.
func TestClient(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/inside", http.StatusFound)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	}))
	defer inside.Close()
	t.Setenv("HTTP_PROXY", inside.URL)
	u, _ := url.Parse(inside.URL)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if _, err := Client(Options{}).Get("http://" + host + ":" + u.Port()); !errors.Is(err, errAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := Client(Options{}).Get("http://10.255.255.1/"); !errors.Is(err, errAddress) {
		t.Errorf("through the proxy: %v", err)
	}
	c := testClient()
	resp, err := c.Get(inside.URL + "/away")
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Errorf("redirect: %v %v", resp, err)
	}
	resp.Body.Close()
	for most, ok := range map[int64]bool{100: true, 99: false, 1: false} {
		c := Client(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, MaxAnswer: most})
		resp, err := c.Get(inside.URL)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if (err == nil) != ok || int64(len(b)) > most {
			t.Errorf("%d octets of at most %d: %v", len(b), most, err)
		}
		c.CloseIdleConnections()
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "99999999": time.Hour, "99999999999999999999": 0, "soon": 0,
		"Tue, 01 Jan 2030 00:00:30 GMT": 30 * time.Second, "Tue, 01 Jan 2019 00:00:30 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {s}}, now); got != want {
			t.Errorf("%q is %v", s, got)
		}
	}
}
