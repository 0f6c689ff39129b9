package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
)

// workerWord starts this program as a worker process of a measurement: its
// arguments are the carrier's address, the window and the number of connections.
const workerWord = "worker"

// runWorker hands messages over until it is told to stop.
func runWorker(ctx context.Context, args []string) error {
	var r smpp.Route
	if len(args) != 3 {
		return errors.New("a worker has an address, a window and connections")
	}
	if _, err := fmt.Sscan(args[1]+" "+args[2], &r.Window, &r.Binds); err != nil {
		return err
	}
	r.Name, r.Addrs, r.SystemID, r.Password = "smpp", []string{args[0]}, "bench", "bench"
	db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"), 16)
	if err != nil {
		return err
	}
	defer db.Close()
	a := &app.App{
		DB: db, Now: time.Now, Secret: []byte(strings.Repeat("key!", 8)), Log: slog.New(slog.DiscardHandler), MinLead: time.Minute,
		Routes: map[string]gateway.Gateway{"smpp": smpp.New(r)},
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	return a.Dispatch(ctx, app.DispatchOptions{Name: fmt.Sprintf("bench %d", os.Getpid())})
}

// startWorkers starts worker processes and returns how to stop them.
func (b *bench) startWorkers(ctx context.Context, n int, addr string, window, binds int) (stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*exec.Cmd
	stop = func() error {
		var errs []error
		for _, c := range all {
			errs = append(errs, c.Process.Signal(syscall.SIGTERM))
		}
		for _, c := range all {
			errs = append(errs, c.Wait())
		}
		all = nil
		return errors.Join(errs...)
	}
	for range n {
		c := exec.CommandContext(ctx, self, workerWord, addr, fmt.Sprint(window), fmt.Sprint(binds))
		c.Env = append(os.Environ(), "DATABASE_URL="+b.dsn)
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			return stop, err
		}
		all = append(all, c)
	}
	err = until(ctx, "workers that are ready", func() (bool, error) {
		ready := 0
		err := b.app.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
			all, err := p.GatewayStatuses(ctx)
			ready = 0
			for _, s := range all {
				if s.State == gateway.Ready && s.Binds == binds {
					ready++
				}
			}
			return err
		})
		return ready == n, err
	})
	return stop, err
}

// measureWorkers sends one session with one worker process and with two, in turn:
// by a carrier that answers at once, where this computer is the limit, and by one
// that takes its time, where the connections are.
func measureWorkers(ctx context.Context, b *bench) error {
	for _, x := range []struct {
		what   string
		delay  time.Duration
		window int
		binds  int
		people int
	}{{"a quick carrier, window 100 × 4", 0, 100, 4, 40_000}, {"50 ms an answer, window 10 × 2", 50 * time.Millisecond, 10, 2, 4_000}} {
		carrierCtx, stopCarrier := context.WithCancel(context.WithoutCancel(ctx))
		carrier, err := smsc.Start(carrierCtx, smsc.Config{Delay: x.delay, ReceiptDelay: 50 * time.Millisecond, Plain: true, Window: 1000})
		if err == nil {
			err = b.compareWorkers(ctx, x.what, carrier.Addr(), x.window, x.binds, x.people)
		}
		stopCarrier()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) compareWorkers(ctx context.Context, what, addr string, window, binds, people int) error {
	took := map[int]time.Duration{}
	for round, n := range []int{1, 2, 2, 1} {
		c, err := b.newCrowd(ctx, fmt.Sprintf("workers-%d-%d", window, round))
		if err != nil {
			return err
		}
		stop, err := b.startWorkers(ctx, n, addr, window, binds)
		if err == nil {
			var d time.Duration
			d, err = c.time(ctx, people)
			took[n] += d
		}
		if err := errors.Join(err, stop()); err != nil {
			return err
		}
		if err := b.holds(ctx); err != nil {
			return err
		}
	}
	for _, n := range []int{1, 2} {
		b.note(fmt.Sprintf("%s: %d at work", what, n), float64(2*people)/took[n].Seconds(), "messages/s")
	}
	b.ratio(what+": two to one", took[1].Seconds()/took[2].Seconds(), "")
	return nil
}

// time sends a session and tells how long it took to its last answer.
func (c *crowd) time(ctx context.Context, people int) (time.Duration, error) {
	s, err := c.send(ctx, shortText, people, max(people/32, 500))
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = until(ctx, "end of the session", func() (bool, error) {
		handed, _, err := c.tally(ctx, s)
		return handed == people, err
	})
	return time.Since(began), err
}

// holds asks every invariant.
func (b *bench) holds(ctx context.Context) error {
	broken, err := b.app.Check(ctx)
	for _, x := range broken {
		return fmt.Errorf("broken %s", x)
	}
	return err
}
