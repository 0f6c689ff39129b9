package torture

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/app/apptest"
	"tidings/internal/devpg"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// The window of the route, by which every worker sends.
const (
	window = 20
	binds  = 2
)

// chamber is what is needed to torture: a database that can be killed, a carrier
// that writes down what it sees, and a tenant who sends.
type chamber struct {
	t     *testing.T
	pg    *devpg.Server
	dsn   string
	world *apptest.TheWorld
	seen  *witness

	route     int16
	carrier   *exec.Cmd
	witnessed string         // the file of the witness
	says      io.WriteCloser // lines that people text
	stop      context.CancelFunc
}

// newChamber starts the database and a carrier with these flags.
func newChamber(t *testing.T, carrier ...string) *chamber {
	t.Helper()
	// What a killed process has written the system still has: only a power cut asks
	// for fsync, and waiting for a shared disk is no part of this test.
	pg, err := devpg.Start(t.Context(), devpg.Options{Dir: t.TempDir(), Settings: map[string]string{"max_connections": "150", "fsync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pg.Stop)
	c := &chamber{t: t, pg: pg, dsn: pg.DSN(devpg.Database), seen: newWitness()}
	if err := postgres.Migrate(t.Context(), c.dsn); err != nil {
		t.Fatal(err)
	}
	c.world = apptest.WorldAt(t, c.dsn)
	c.world.App.Secret, c.world.App.Now = secret, time.Now
	c.addRoute(c.startCarrier(carrier))
	return c
}

// startCarrier runs the simulated carrier as a program of its own: it outlives
// every kill, and writes down each submit.
func (c *chamber) startCarrier(flags []string) (address string) {
	t := c.t
	t.Helper()
	bin := build(t, "build", "-o", filepath.Join(t.TempDir(), "smsc"), "tidings/cmd/smsc")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	_ = l.Close()
	path := filepath.Join(t.TempDir(), "witness.jsonl")
	c.witnessed = path
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	go c.seen.follow(ctx, file)
	c.carrier = exec.Command(bin, append([]string{"--listen", address, "--plain", "--witness", path}, flags...)...)
	c.carrier.Stderr, c.carrier.SysProcAttr = os.Stderr, attributes()
	if c.says, err = c.carrier.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.carrier.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = c.carrier.Process.Kill(); _ = c.carrier.Wait() })
	return address
}

// endCarrier has the carrier write down the rest, and the witness read it.
func (c *chamber) endCarrier() {
	c.t.Helper()
	_ = c.carrier.Process.Signal(syscall.SIGTERM)
	if err := c.carrier.Wait(); err != nil {
		c.t.Errorf("the carrier ended with %v", err)
	}
	c.stop()
	<-c.seen.done
}

// addRoute adds the carrier as an administrator does.
func (c *chamber) addRoute(address string) {
	c.t.Helper()
	k, _ := sms.KindOfRoute("smpp")
	f := sms.NewRouteForm(k)
	f.Name = "carrier"
	for name, value := range map[string]string{
		"addresses": address, "system_id": "torture", "password": "torture", "response": "5",
		"window": fmt.Sprint(window), "binds": fmt.Sprint(binds),
	} {
		f.Set[name] = value
	}
	who := sms.Actor{Name: "torture", System: true}
	if _, err := c.world.App.AddGateway(c.t.Context(), who, f, true); err != nil {
		c.t.Fatal(err)
	}
	c.world.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		routes, err := tx.Routes(ctx)
		c.route = routes[0].ID
		return err
	})
}

var secret = []byte("torture 0123456789 chamber ABCDE")

// environment is what a worker is told.
func (c *chamber) environment() []string {
	return []string{"DATABASE_URL=" + c.dsn, "TIDINGS_SECRET=" + hex.EncodeToString(secret), "TIDINGS_SMPP="}
}

// product is the program as it is delivered, as a worker.
func (c *chamber) product() program {
	c.t.Helper()
	bin := build(c.t, "build", "-o", filepath.Join(c.t.TempDir(), "tidings"), "tidings/cmd/tidings")
	return program{path: bin, args: []string{"work", "--listen", "127.0.0.1:0"}, env: c.environment()}
}

// launch makes a campaign and a session of it that is under way.
func (c *chamber) launch(s *sending) error {
	w, now := c.world, time.Now().UTC()
	if s.session.Token != "" { // tried before: its commit may have happened
		if err := c.scan(`select id, number from sessions where token = $1`, []any{&s.session.ID, &s.session.Number}, s.session.Token); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	c.seen.add(s)
	text, err := sms.ParseText(s.text)
	if err != nil {
		return err
	}
	campaign := sms.Campaign{
		ID: sms.NewID(now), Name: s.text, Kind: sms.Service, Sender: apptest.Sender, Text: s.text,
		CreatedAt: now, UpdatedAt: now, UpdatedBy: w.Owner.User,
	}
	s.session = sms.Session{
		Campaign: campaign.ID, Kind: sms.KindCampaign, State: sms.SessionSending, Name: s.text, MessageKind: sms.Service, Sender: apptest.Sender, Text: s.text,
		Mode: sms.ModeNow, StartsAt: now, StartedAt: &now, SubmittedAt: now, SubmittedBy: &w.Sender.User, ApprovedAt: &now, Token: campaign.ID.String() + "-launch",
		Follow: true, Prices: map[string]sms.Credits{"FR": sms.Credit}, People: s.people, Parts: int64(s.people), Price: sms.Credits(s.people) * sms.Credit,
	}
	s.session.ContentHash = s.session.Hash()
	s.session.ApprovedHash = s.session.ContentHash
	many := 10_000
	if s.people < 20*many {
		many = max(s.people/20, 100)
	}
	return w.App.DB.InTenant(c.t.Context(), w.Tenant.ID, func(tx *postgres.Tx) error {
		ctx := c.t.Context()
		if err := tx.AddCampaign(ctx, campaign); err != nil {
			return err
		}
		if err := tx.AddSession(ctx, &s.session); err != nil {
			return err
		}
		for first := 1; first <= s.people; first += many {
			rows := make([]sms.Outgoing, 0, many)
			for n := first; n < first+many && n <= s.people; n++ {
				number := s.number(n)
				rows = append(rows, sms.Outgoing{Number: number, Hash: w.App.NumberHash(w.Tenant.ID, number), Text: text.String(), Parts: 1, Price: sms.Credit})
			}
			b := postgres.Batch{Session: s.session.ID, Country: "FR", Gateway: c.route, First: first}
			if _, err := tx.AddMessages(ctx, b, rows); err != nil {
				return err
			}
		}
		err := tx.AddTransfer(ctx, &sms.Transfer{
			Kind: sms.TransferReserve, Session: &s.session.ID, Amount: s.session.Price,
			Key: fmt.Sprintf("reserve:%d", s.session.ID), Actor: "torture", Reason: "torture",
		})
		if err != nil {
			return err
		}
		return tx.Notify(ctx, "dispatch", "")
	})
}

// again tries until the database answers: it may be down at this moment.
func (c *chamber) again(what string, fn func() error) bool {
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := fn()
		if err == nil {
			return true
		}
		if !errors.Is(err, sms.ErrUnavailable) || time.Now().After(deadline) {
			c.t.Errorf("%s: %v", what, err)
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tally is where a sending is.
func (c *chamber) tally(s *sending) (y sms.Tally) {
	c.again("tally", func() error {
		return c.world.App.DB.InTenant(c.t.Context(), c.world.Tenant.ID, func(tx *postgres.Tx) (err error) {
			y, err = tx.Tally(c.t.Context(), s.session.ID)
			return err
		})
	})
	return y
}

// await waits for a state, as long as it takes on a slow machine.
func (c *chamber) await(what string, patience time.Duration, done func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
