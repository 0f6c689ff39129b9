package main

import (
	"context"
	"fmt"
	"time"
)

// measureReceipts sends at window 1000, so that receipts come as fast as they
// can, and says how far they are behind: how many a second were kept and moved
// their message while others were leaving, and how long the last ones took after
// everything had left.
func measureReceipts(ctx context.Context, b *bench) error {
	s, err := b.send(ctx, 1000)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := b.wait(ctx, s); err != nil {
		return err
	}
	last := s.samples[len(s.samples)-1].at
	b.note("receipts kept and applied while sending", s.receipts(), "receipts/s")
	b.note("from the last hand-over to the last receipt", float64((last - s.sent).Milliseconds()), "ms")
	worst := 0
	for _, x := range s.samples {
		worst = max(worst, x.left-x.final)
	}
	b.note("handed over and not final, at most", float64(worst), "messages")
	if n := s.carrier.Stats().Receipts; n != int64(b.people) {
		for until := time.Now().Add(10 * time.Second); n != int64(b.people) && time.Now().Before(until); n = s.carrier.Stats().Receipts {
			time.Sleep(10 * time.Millisecond)
		}
		if n != int64(b.people) {
			return fmt.Errorf("%d receipts were acknowledged of %d", n, b.people)
		}
	}
	return nil
}
