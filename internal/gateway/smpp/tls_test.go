package smpp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// certificate makes a self-signed one for a name.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// B4: TLS is verified by name and authority, with a certificate of our own where asked for.
func TestTLS(t *testing.T) {
	cert, pool := certificate(t, "smsc.example")
	own, ownPool := certificate(t, "tidings")
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ownPool, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := NewServer(ln, &yes{})
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(ctx) }()
	defer func() { cancel(); s.CloseAll(); <-done }()
	route := func(c *tls.Config) Route {
		return Route{Name: "tls", Addrs: []string{"smsc.example:3550"}, TLS: c, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, ln.Addr().String())
		}}
	}
	c, _ := startClient(t, route(&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{own}}))
	if got := tally(send(t.Context(), t, c, texts(50))); got[gateway.Accepted] != 50 {
		t.Errorf("outcomes %v", got)
	}
	for name, conf := range map[string]*tls.Config{
		"unknown authority": {Certificates: []tls.Certificate{own}},
		"another name":      {RootCAs: pool, ServerName: "other.example", Certificates: []tls.Certificate{own}},
	} {
		c, _, stop := runClient(route(conf))
		await(t, "a refusal", func() bool { return strings.Contains(c.Health().Detail, "no secure connection") })
		if c.Health().CanSend() {
			t.Errorf("%s: connected", name)
		}
		stop()
	}
}

// B43: a route in a log shows no password.
func TestRouteInLog(t *testing.T) {
	r := Route{Name: "one", Addrs: []string{"h:1"}, SystemID: "me", Password: "hunter2"}
	if s := r.LogValue().String(); strings.Contains(s, "hunter2") || !strings.Contains(s, "me") {
		t.Error(s)
	}
}

func TestRouteCheck(t *testing.T) {
	for _, r := range []Route{{}, {Addrs: []string{"host"}}, {Addrs: []string{"h:1"}, SystemID: "a-system-id-too-long"}} {
		if r.Check() == nil {
			t.Errorf("%+v passes", r)
		}
	}
}
