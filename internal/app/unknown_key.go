package app

import (
	"context"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// A message whose answer was lost may be asked for again under the key of its
// first request, at a carrier that never takes a key twice. From then on it has
// no other key, whatever becomes of later attempts: a "not now" says nothing
// about the first. Once the key is old, or at another carrier, it is unknown.

// keysOf finds the keys of what was marked and had been handed over before.
func keysOf(ctx context.Context, tx *postgres.PlatformTx, ref postgres.BatchRef, marked []postgres.Marked) (map[int32]postgres.Key, error) {
	var again []int32
	for _, m := range marked {
		if m.Attempt > 1 {
			again = append(again, m.N)
		}
	}
	if len(again) == 0 {
		return nil, nil
	}
	return tx.Keys(ctx, ref, again)
}

// underTheirKeys gives every message of a window the key it must have, and takes
// those out that must not be handed over under it: they are answered as unknown.
func (d *Dispatcher) underTheirKeys(lease *postgres.Lease, c *crew, batch []gateway.Outbound, keys map[int32]postgres.Key) []gateway.Outbound {
	if len(keys) == 0 {
		return batch
	}
	now := d.guard.clock()
	out := batch[:0]
	for _, m := range batch {
		k, ok := keys[m.N]
		if ok && (k.Gateway != c.id || !keyGood(k.At, c.keyLife, now)) {
			d.answers <- answered{lease: lease, at: now, result: gateway.Result{
				Tenant: m.Tenant, Session: m.Session, N: m.N, Attempt: m.Attempt, Outcome: gateway.Unknown, Code: "key-expired",
			}}
			continue
		}
		m.Keyed = k.Attempt
		out = append(out, m)
	}
	return out
}

// keyGood reports whether a key that was first used at can be relied upon.
func keyGood(at time.Time, life time.Duration, now time.Time) bool {
	return life > 0 && now.Before(at.Add(life-sms.KeyMargin))
}
