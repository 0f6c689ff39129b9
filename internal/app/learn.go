package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

const (
	learnEvery = 5 * time.Second
	learnFrom  = 20  // receipts that agree, and none that does not
	learnMost  = 200 // receipts that are looked at together
	renameMany = 1000
)

// learning is how a carrier writes ids in receipts, and the last of them while
// nobody knows (B34).
type learning struct {
	mu   sync.Mutex
	mode string
	last []gateway.Receipt
}

func (l *learning) set(mode string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode = mode; mode != smpp.IDsUnknown {
		l.last = nil
	}
}

// came takes receipts as they come.
func (l *learning) came(rs []gateway.Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == smpp.IDsUnknown {
		l.last = append(l.last, rs...)
		l.last = slices.Clone(l.last[max(0, len(l.last)-learnMost):])
	}
}

func (l *learning) now() (mode string, last []gateway.Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mode, l.last
}

// learn finds out how carriers write ids in receipts, and finds the messages of
// those that came before it was known.
func (d *Dispatcher) learn(ctx context.Context) {
	d.every(ctx, learnEvery, "ids in receipts", func(ctx context.Context) error {
		for _, c := range d.fleet.list() {
			mode, last := c.ids.now()
			var err error
			switch {
			case mode == smpp.IDsUnknown && len(last) >= learnFrom:
				err = d.learnOf(ctx, c, last)
			case mode == "hex_to_dec", mode == "dec_to_hex":
				err = d.app.renameReceipts(ctx, c.id, mode)
			}
			if err != nil {
				return fmt.Errorf("of %s: %w", c.name, err)
			}
		}
		return nil
	})
}

func (d *Dispatcher) learnOf(ctx context.Context, c *crew, last []gateway.Receipt) error {
	hits := map[string]int{}
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		for _, mode := range []string{"same", "hex_to_dec", "dec_to_hex"} {
			var ids []string
			var numbers []int64
			for _, r := range last {
				// What cannot be read in another base says nothing about it.
				if id := smpp.ReceiptID(mode, r.MatchID); mode == "same" || id != r.MatchID {
					ids, numbers = append(ids, id), append(numbers, number(r.To))
				}
			}
			n, err := tx.SentUnder(ctx, c.id, ids, numbers)
			if err != nil {
				return err
			}
			hits[mode] = n
		}
		return nil
	})
	if err != nil {
		return err
	}
	mode, sure := learned(hits)
	if !sure {
		return nil
	}
	if mode, err = d.app.keepLearned(ctx, c.name, mode); err == nil {
		c.ids.set(mode)
	}
	return err
}

// learned is the only way that fits, if it fits often enough.
func learned(hits map[string]int) (mode string, sure bool) {
	for m, n := range hits {
		if n == 0 {
			continue
		}
		if mode != "" {
			return "", false
		}
		mode, sure = m, n >= learnFrom
	}
	return mode, sure
}

// keepLearned writes down how a carrier writes its ids, unless somebody has said
// so meanwhile, and returns what holds. Workers connect anew where they read ids
// in another way now.
func (a *App) keepLearned(ctx context.Context, name, mode string) (string, error) {
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		was, err := tx.LockRoute(ctx, name)
		if err != nil {
			return err
		}
		if ids := smpp.IDsOf(was.Settings); ids != smpp.IDsUnknown {
			mode = ids
			return nil
		}
		settings := map[string]any{}
		if err := json.Unmarshal(was.Settings, &settings); err != nil {
			return err
		}
		settings["ids"] = mode
		r := was
		if r.Settings, err = json.Marshal(settings); err != nil {
			return err
		}
		if mode != "same" {
			r.Revision++
		}
		who := sms.Actor{Name: "Tidings", System: true}
		r.UpdatedAt, r.UpdatedBy = a.Now(), who.Name
		if err := a.saveRoute(ctx, tx, r, nil); err != nil {
			return err
		}
		return a.auditPlatform(ctx, tx, who, "change_gateway", routeObject(r), written(was, nil), written(r, nil), "Learned from receipts how the carrier writes ids")
	})
	return mode, err
}

// renameReceipts gives receipts that came before the way of their ids was known
// the ids under which their messages went.
func (a *App) renameReceipts(ctx context.Context, of int16, mode string) error {
	after := int64(0)
	for n := renameMany; n == renameMany; {
		err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			waiting, err := tx.WaitingReceipts(ctx, of, after, renameMany)
			if err != nil {
				return err
			}
			n = len(waiting)
			var receipts []int64
			var ids []string
			for _, r := range waiting {
				after = r.ID
				if id := smpp.ReceiptID(mode, r.Provider); id != r.Provider {
					receipts, ids = append(receipts, r.ID), append(ids, id)
				}
			}
			if len(receipts) == 0 {
				return nil
			}
			_, err = tx.RenameReceipts(ctx, of, receipts, ids)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
