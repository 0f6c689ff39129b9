package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/sms"
)

// measureFair lets four tenants send at once by one worker process, each with as
// many parts, but in other shapes: one session, twenty sessions, texts of two
// parts, a thousand batches. Their shares are compared while all of them have
// something left. Meanwhile a fifth tenant, and the one with the large session,
// start a session to 50 people each.
func measureFair(ctx context.Context, b *bench) error {
	for _, window := range []int{20, 250} {
		carrierCtx, stopCarrier := context.WithCancel(context.WithoutCancel(ctx))
		carrier, err := smsc.Start(carrierCtx, smsc.Config{Delay: 5 * time.Millisecond, ReceiptDelay: 50 * time.Millisecond, Plain: true, Window: 1000})
		if err == nil {
			err = b.fair(ctx, carrier.Addr(), window)
		}
		stopCarrier()
		if err != nil {
			return err
		}
	}
	return nil
}

// fairParts is what each of the four tenants sends.
const fairParts = 20_000

func (b *bench) fair(ctx context.Context, addr string, window int) error {
	var all []*crowd
	sessions := map[*crowd][]sms.SessionID{}
	for i := range 5 {
		c, err := b.newCrowd(ctx, fmt.Sprintf("fair-%d-%d", window, i))
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	add := func(c *crowd, text string, people, batch int) error {
		s, err := c.send(ctx, text, people, batch)
		sessions[c] = append(sessions[c], s)
		return err
	}
	if err := add(all[0], shortText, fairParts, 10_000); err != nil {
		return err
	}
	for range 20 {
		if err := add(all[1], shortText, fairParts/20, 10_000); err != nil {
			return err
		}
	}
	if err := add(all[2], longText, fairParts/2, 10_000); err != nil {
		return err
	}
	if err := add(all[3], shortText, fairParts, fairParts/1000); err != nil {
		return err
	}
	stop, err := b.startWorkers(ctx, 1, addr, window, 4)
	if err != nil {
		_ = stop()
		return err
	}
	if err := b.watchFair(ctx, all, sessions, fmt.Sprintf("window %d × 4", window)); err != nil {
		_ = stop()
		return err
	}
	if err := stop(); err != nil {
		return err
	}
	return b.holds(ctx)
}

// watchFair compares shares when the first has four fifths through, with two small sessions
// on the way there.
func (b *bench) watchFair(ctx context.Context, all []*crowd, sessions map[*crowd][]sms.SessionID, what string) error {
	parts := func() ([]int, error) {
		out := make([]int, 4)
		for i, c := range all[:4] {
			handed, _, err := c.tally(ctx, sessions[c]...)
			if err != nil {
				return nil, err
			}
			if out[i] = handed; i == 2 {
				out[i] = 2 * handed
			}
		}
		return out, nil
	}
	through := func(share int) error {
		return until(ctx, "progress", func() (bool, error) {
			got, err := parts()
			return err == nil && slices.Max(got)*100 >= share*fairParts, err
		})
	}
	began := time.Now()
	if err := through(10); err != nil {
		return err
	}
	for i, c := range []*crowd{all[4], all[0]} {
		took, err := c.time(ctx, 50)
		if err != nil {
			return err
		}
		b.note(fmt.Sprintf("%s: 50 messages of %s", what, []string{"a fifth tenant", "one who sends"}[i]), took.Seconds(), "s")
	}
	if err := through(80); err != nil {
		return err
	}
	got, err := parts()
	if err != nil {
		return err
	}
	fmt.Printf("  parts by tenant: %v\n", got)
	b.note(what+": all four", float64(got[0]+got[1]+got[2]+got[3])/time.Since(began).Seconds(), "parts/s")
	b.ratio(what+": smallest share to largest", float64(slices.Min(got))/float64(slices.Max(got)), "")
	return until(ctx, "end", func() (bool, error) {
		got, err := parts()
		return err == nil && slices.Min(got) == fairParts, err
	})
}
