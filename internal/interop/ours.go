package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
)

// inbox is the sink of our client.
type inbox struct {
	mu       sync.Mutex
	receipts map[string]int // by the id that it is matched by
	strange  int
}

// Receipts counts.
func (b *inbox) Receipts(_ context.Context, rs []gateway.Receipt) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range rs {
		if r.State != gateway.Delivered || r.From != "TIDINGS" {
			b.strange++
		}
		b.receipts[r.MatchID]++
	}
	return nil
}

// Inbound takes no texts: nobody writes.
func (b *inbox) Inbound(_ context.Context, ms []gateway.Inbound) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.strange += len(ms)
	return nil
}

// Late takes none: every answer comes in time.
func (b *inbox) Late(context.Context, []gateway.Result) error {
	return errors.New("an answer came late")
}

// Changed is of no interest here.
func (b *inbox) Changed(gateway.Health) {}

func (b *inbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, k := range b.receipts {
		n += k
	}
	return n
}

// ourClient sends through node-smpp as an SMS centre.
func (s *site) ourClient(ctx context.Context, secure bool) (report, error) {
	var env []string
	route := smpp.Route{Name: "node", SystemID: "tidings", Password: "secret", Window: 20, UserReference: true}
	if secure {
		pool, key, cert, err := s.certificate()
		if err != nil {
			return report{}, err
		}
		env = []string{"KEY=" + key, "CERT=" + cert}
		route.TLS = &tls.Config{RootCAs: pool, ServerName: "smsc.example", MinVersion: tls.VersionTLS12}
	}
	node, err := s.nodeCentre(ctx, env...)
	if err != nil {
		return report{}, err
	}
	r := report{}
	route.Addrs = []string{fmt.Sprintf("127.0.0.1:%d", node.port)}
	if !secure {
		if r.capture, err = newCapture(ctx, route.Addrs[0]); err != nil {
			return r, err
		}
		route.Addrs = []string{fmt.Sprintf("127.0.0.1:%d", r.capture.port())}
	}
	ms := messages(people, plainText, gsmText, wideText, strings.Repeat(gsmText+" ", 8), strings.Repeat(wideText+" ", 5))
	ids, box, err := send(ctx, route, ms)
	r.Messages, r.Accepted = len(ms), len(ids)
	if err != nil {
		return r, err
	}
	for _, parts := range ids {
		r.Parts += len(parts)
		for _, id := range parts {
			r.Receipts += min(box.receipts[id], 1)
			box.receipts[id]--
		}
	}
	r.Due, r.Strays = r.Parts, box.strange
	for _, n := range box.receipts {
		r.Strays += max(n, 0)
	}
	got := node.texts()
	for _, m := range ms {
		if got[m.To] == m.Text {
			r.Texts++
		}
	}
	return r, nil
}

// send submits the messages, waits for the receipts of all parts and drains. It returns the ids of
// the parts of each message that was accepted.
func send(ctx context.Context, route smpp.Route, ms []message) (ids [][]string, box *inbox, err error) {
	c := smpp.New(route)
	box = &inbox{receipts: map[string]int{}}
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(running, box) }()
	defer func() { stop(); <-done }()
	if !await(ctx, func() bool { return c.Health().CanSend() }) {
		return nil, box, fmt.Errorf("no bind: %s", c.Health().Detail)
	}
	batch := make([]gateway.Outbound, len(ms))
	for i, m := range ms {
		batch[i] = gateway.Outbound{Tenant: 1, Session: 1, N: int32(i), Attempt: 1, From: "TIDINGS", To: "+" + m.To, Text: m.Text, Ref: byte(i)}
	}
	parts := 0
	err = c.Submit(ctx, batch, func(r gateway.Result) {
		if r.Outcome != gateway.Accepted {
			return
		}
		var of []string
		for _, p := range r.Parts {
			of = append(of, p.MatchID)
		}
		ids, parts = append(ids, of), parts+len(of)
	})
	await(ctx, func() bool { return box.count() >= parts })
	return ids, box, err
}

// await looks again and again for what must come within 20 seconds.
func await(ctx context.Context, ok func() bool) bool {
	for range 2000 {
		if ok() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// certificate makes one for smsc.example that signs itself.
func (s *site) certificate() (pool *x509.CertPool, keyFile, certFile string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", "", err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"smsc.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, "", "", err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, "", "", err
	}
	pool = x509.NewCertPool()
	pool.AddCert(leaf)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, "", "", err
	}
	keyFile, certFile = filepath.Join(s.dir, "key.pem"), filepath.Join(s.dir, "cert.pem")
	return pool, keyFile, certFile, errors.Join(
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
}
