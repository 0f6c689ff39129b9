package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tidings/internal/app"
	"tidings/web"
)

// readers is how many browsers ask for pages at the same time.
const readers = 8

// measurePages asks for the campaign list and the status page while a session
// goes out.
func measurePages(ctx context.Context, b *bench) error {
	s, err := b.send(ctx, 100)
	if err != nil {
		return err
	}
	defer s.stop()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serveCtx, stop := context.WithCancel(ctx)
	defer stop()
	log := slog.New(slog.DiscardHandler)
	go func() { _ = web.Serve(serveCtx, l, web.New(b.app, nil, log).Handler(), log) }()
	base := "http://" + l.Addr().String()
	client, err := signIn(ctx, base)
	if err != nil {
		return err
	}
	campaign, err := b.newestCampaign(ctx, s)
	if err != nil {
		return err
	}
	until := time.Now().Add(10 * time.Second)
	for _, p := range []struct{ what, path string }{
		{"campaign list while sending", "/a/nordfare/campaigns"},
		{"status page while sending", "/a/nordfare/campaigns/" + campaign},
	} {
		times, err := ask(ctx, client, base+p.path, until)
		if err != nil {
			return fmt.Errorf("%s: %w", p.path, err)
		}
		b.note(p.what+", p50", ms(times[len(times)/2]), "ms")
		b.note(p.what+", p99", ms(times[len(times)*99/100]), "ms")
		b.note(p.what, float64(len(times)), "pages")
		until = time.Now().Add(10 * time.Second)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func signIn(ctx context.Context, base string) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
	form := url.Values{"email": {app.DemoLogins[0].Email}, "password": {app.DemoPassword}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", base)
	res, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("sign in: %s", res.Status)
	}
	return c, nil
}

// ask reads a page again and again with all readers, and returns how long each
// took, sorted.
func ask(ctx context.Context, c *http.Client, address string, until time.Time) ([]time.Duration, error) {
	var (
		mu   sync.Mutex
		all  []time.Duration
		fail error
		wg   sync.WaitGroup
	)
	for range readers {
		wg.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
				t := time.Now()
				err := read(ctx, c, address)
				mu.Lock()
				all = append(all, time.Since(t))
				if err != nil {
					fail = err
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	if fail == nil && len(all) == 0 {
		fail = ctx.Err()
	}
	return all, fail
}

func read(ctx context.Context, c *http.Client, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", res.Status)
	}
	return nil
}
