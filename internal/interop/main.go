// Command interop lets our SMPP client and the simulated carrier meet the implementations of
// others, receipts included, and has the octets of each run judged by tshark. It installs what
// it needs where it can, and says how where it cannot. It is no part of the tests.
//
//	make interop
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// people is how many messages each run sends.
const people = 100

// report is what came of one run.
type report struct {
	Messages, Accepted, Texts, Parts int
	Due, Receipts, Strays            int      // receipts that were asked for, that came, that belong to nothing
	capture                          *capture // nil where the octets are encrypted
}

// meeting is one run with one peer.
type meeting struct {
	peer, role string
	needs      []need
	does       func(context.Context, *site) (report, error)
}

var meetings = []meeting{
	{"node-smpp 0.5.1", "SMS centre of our client", []need{nodeSMPP}, func(ctx context.Context, s *site) (report, error) { return s.ourClient(ctx, false) }},
	{"node-smpp 0.5.1, TLS", "SMS centre of our client", []need{nodeSMPP}, func(ctx context.Context, s *site) (report, error) { return s.ourClient(ctx, true) }},
	{"node-smpp 0.5.1", "client of our simulator", []need{nodeSMPP}, func(ctx context.Context, s *site) (report, error) { return s.nodeClient(ctx) }},
	{"Kannel", "client of our simulator", []need{kannel}, func(ctx context.Context, s *site) (report, error) { return s.kannelClient(ctx) }},
	{"Net::SMPP", "client of our simulator", []need{netSMPP}, func(ctx context.Context, s *site) (report, error) { return s.perlClient(ctx) }},
}

// site is where a run keeps its files.
type site struct {
	cache string // what was installed, kept for the next time
	dir   string // of this run
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context) (ok bool, err error) {
	cache, err := filepath.Abs(filepath.Join(".cache", "interop"))
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return false, err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer func() { _ = out.Flush() }()
	fmt.Fprintln(out, "PEER\tAS\tMESSAGES\tACCEPTED\tTEXTS\tPARTS\tRECEIPTS\tTSHARK\tRESULT")
	ok = true
	for _, m := range meetings {
		r, verdict, err := meet(ctx, cache, m)
		result := "ok"
		if err != nil {
			result, ok = err.Error(), false
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", m.peer, m.role, r.Messages, r.Accepted, r.Texts, r.Parts, r.Receipts, verdict, result)
	}
	return ok, nil
}

// meet runs one meeting and judges it.
func meet(ctx context.Context, cache string, m meeting) (r report, verdict string, err error) {
	verdict = "-"
	for _, n := range append(m.needs, tshark) {
		if err := n.ensure(ctx, cache); err != nil {
			return r, verdict, err
		}
	}
	dir, err := os.MkdirTemp("", "tidings-interop-")
	if err != nil {
		return r, verdict, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s := &site{cache: cache, dir: dir}
	if r, err = m.does(ctx, s); err != nil {
		return r, verdict, err
	}
	if err = r.judge(); err != nil {
		return r, verdict, err
	}
	if r.capture == nil {
		return r, "encrypted", nil
	}
	verdict, err = r.capture.judge(ctx, dir, r)
	return r, verdict, err
}

// judge says what is missing: every message is taken and arrives as it was written, and each
// receipt that was asked for comes, once.
func (r *report) judge() error {
	switch {
	case r.Accepted != r.Messages:
		return fmt.Errorf("%d messages were not accepted", r.Messages-r.Accepted)
	case r.Texts != r.Messages:
		return fmt.Errorf("%d texts did not arrive as they were written", r.Messages-r.Texts)
	case r.Receipts != r.Due || r.Strays != 0:
		return fmt.Errorf("%d receipts are missing, %d belong to nothing", r.Due-r.Receipts, r.Strays)
	}
	return nil
}
