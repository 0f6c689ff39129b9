package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tidings/internal/app/apptest"
	"tidings/internal/devpg"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// size is how hard one run is.
type size struct {
	people, workers, databases int
	doubles                    bool // sent on purpose: their receipts find no message
}

// TestTorture: B30, I1, I2, I7, I10, I11, D33, F1, F5. SIGKILLs of the worker and of
// Postgres while a session goes out: nobody gets it twice, everybody ends in one
// final state, the ledger closes to zero, and what the database says of each
// person is what the carrier saw. `make torture` is fifty kills of the worker
// and five of Postgres (TORTURE=2: twice that); `make test` is a short form.
func TestTorture(t *testing.T) {
	s := size{people: 5000, workers: 12, databases: 2}
	if m, err := strconv.Atoi(os.Getenv("TORTURE")); err == nil && m > 0 {
		s = size{people: 20_000 * m, workers: 50 * m, databases: 5 * m}
	}
	r := run(t, s, worker(t, ""))
	if len(r.twice) > 0 {
		t.Errorf("%d people got it twice: %v", len(r.twice), some(r.twice))
	}
	if r.tally.Final() != s.people {
		t.Errorf("%d of %d people have a final answer: %+v", r.tally.Final(), s.people, r.tally)
	}
	r.compare(t)
	t.Logf("%d people, %d kills: %d delivered, %d unknown on the way (%d presumed unsent at the end), %d submits seen",
		s.people, s.workers+s.databases, r.tally.Delivered, r.unknown, r.tally.PresumedUnsent, r.submits)
}

// TestTortureSeesDoubles proves that TestTorture can fail: with the trade's
// usual policy, to send again what was not answered, the witness sees people
// who got it twice.
func TestTortureSeesDoubles(t *testing.T) {
	r := run(t, size{people: 5000, workers: 8, doubles: true}, worker(t, "mutant"))
	if len(r.twice) == 0 {
		t.Fatal("resending unknown messages was not caught: the kill test is blind")
	}
	t.Logf("with resending, %d people got it twice in 8 kills", len(r.twice))
}

// worker is the program to kill: this test binary, or one built with a tag.
func worker(t *testing.T, tag string) string {
	t.Helper()
	if tag == "" {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		return exe
	}
	return build(t, "test", "-c", "-tags", tag, "-o", filepath.Join(t.TempDir(), "worker"), ".")
}

func build(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	for i, a := range args {
		if a == "-o" {
			return args[i+1]
		}
	}
	return ""
}

// result is what a run left behind, in the database and with the witness.
type result struct {
	world   *apptest.TheWorld
	session sms.Session
	tally   sms.Tally
	unknown int64
	seen    map[string]int // number to messages the carrier took
	twice   []string
	submits int
}

func run(t *testing.T, s size, worker string) result {
	t.Helper()
	ctx := t.Context()
	// What a killed process has written the system still has: only a power cut asks
	// for fsync, and waiting for a shared disk is no part of this test.
	pg, err := devpg.Start(ctx, devpg.Options{Dir: t.TempDir(), Settings: map[string]string{"max_connections": "100", "fsync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pg.Stop)
	dsn := pg.DSN(devpg.Database)
	if err := postgres.Migrate(ctx, dsn); err != nil {
		t.Fatal(err)
	}
	w := apptest.WorldAt(t, dsn)
	w.App.Secret = secret
	witness := filepath.Join(t.TempDir(), "witness.jsonl")
	carrier := startCarrier(t, witness)
	session := launch(t, w, s.people)
	k := killer{t: t, worker: worker, env: []string{envWorker + "=" + dsn, envCarrier + "=" + carrier}, pg: pg, log: filepath.Join(t.TempDir(), "workers.log")}
	t.Cleanup(func() {
		if said, err := os.ReadFile(k.log); err == nil && t.Failed() {
			t.Logf("the workers' last words: %s", said[max(0, len(said)-3000):])
		}
	})
	k.kill(s, func() sms.Tally { return tally(t, w, session) })
	k.finish(func() bool {
		y := tally(t, w, session)
		return y.Pending+y.Retrying+y.Submitting+y.Accepted == 0 && (s.doubles ||
			pgtest.Value[bool](t, dsn, `select not exists (select from receipts where applied_at is null)`))
	})
	r := result{world: w, session: session, seen: map[string]int{}}
	r.unknown = int64(tally(t, w, session).Unknown)
	w.Clock.Set(time.Now().Add(49 * time.Hour))
	if err := w.App.ExpireMessages(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.App.FollowSessions(ctx); err != nil {
		t.Fatal(err)
	}
	r.tally = tally(t, w, session)
	r.read(t, witness)
	return r
}

// startCarrier runs the simulated carrier as a program of its own: it outlives
// every kill, and writes down each submit.
func startCarrier(t *testing.T, witness string) string {
	t.Helper()
	bin := build(t, "build", "-o", filepath.Join(t.TempDir(), "smsc"), "tidings/cmd/smsc")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	cmd := exec.CommandContext(t.Context(), bin, "--listen", addr, "--plain", "--delay", "5ms", "--receipt-delay", "100ms", "--rate", "1200", "--witness", witness)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return addr
}

// launch makes a session that is under way, one message to each of n people.
func launch(t *testing.T, w *apptest.TheWorld, n int) sms.Session {
	t.Helper()
	w.Credits(sms.Credits(n) * sms.Credit)
	text, err := sms.ParseText("Hello from the torture chamber")
	if err != nil {
		t.Fatal(err)
	}
	now := w.Clock.Now()
	s := sms.Session{
		Kind: sms.KindTest, State: sms.SessionSending, Name: "Torture", MessageKind: sms.Service, Sender: apptest.Sender, Text: text.String(),
		Mode: sms.ModeNow, StartsAt: now, StartedAt: &now, SubmittedAt: now, Token: "torture-torture-torture", Follow: true,
		Prices: map[string]sms.Credits{"FR": sms.Credit}, People: n, Price: sms.Credits(n) * sms.Credit,
	}
	s.ContentHash = s.Hash()
	err = w.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) error {
		_, err := tx.RegisterGateway(t.Context(), "smpp", "smpp")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.AddSession(ctx, &s); err != nil {
			return err
		}
		routes, err := tx.Routes(ctx)
		if err != nil {
			return err
		}
		const many = 1000
		for first := 1; first <= n; first += many {
			rows := make([]sms.Outgoing, 0, many)
			for i := first; i < first+many && i <= n; i++ {
				number := int64(33_700_000_000 + i)
				rows = append(rows, sms.Outgoing{Number: number, Hash: w.App.NumberHash(w.Tenant.ID, number), Text: text.String(), Parts: 1, Price: sms.Credit})
			}
			b := postgres.Batch{Session: s.ID, Country: "FR", Gateway: routes[0].ID, DueAt: now.Add(-time.Second), First: first}
			if _, err := tx.AddMessages(ctx, b, rows); err != nil {
				return err
			}
		}
		return tx.AddTransfer(ctx, &sms.Transfer{Kind: sms.TransferReserve, Session: &s.ID, Amount: s.Price, Key: fmt.Sprintf("reserve:%d", s.ID), Actor: "torture", Reason: "torture"})
	})
	return s
}

// tally asks until the database answers: it may be down at this moment.
func tally(t *testing.T, w *apptest.TheWorld, s sms.Session) (y sms.Tally) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := w.App.DB.InTenant(t.Context(), w.Tenant.ID, func(tx *postgres.Tx) (err error) { y, err = tx.Tally(t.Context(), s.ID); return err })
		if err == nil {
			return y
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// killer starts workers and kills them.
type killer struct {
	t      *testing.T
	worker string
	env    []string
	pg     *devpg.Server
	log    string // what the workers say
}

func (k *killer) start() *exec.Cmd {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), k.worker)
	cmd.Env = append(os.Environ(), k.env...)
	log, err := os.OpenFile(k.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	return cmd
}

// kill lets a worker live for a moment and kills it, so many times or until
// there is nothing left to send, and now and then the whole of Postgres.
func (k *killer) kill(s size, now func() sms.Tally) {
	k.t.Helper()
	kills := 0
	for ; kills < s.workers && now().Pending > 0; kills++ {
		cmd := k.start()
		// A worker that has not begun is no loss: on a busy machine it takes a while.
		for before, end := now().Pending, time.Now().Add(10*time.Second); now().Pending == before && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		if s.databases > 0 && kills%(s.workers/s.databases) == s.workers/s.databases/2 {
			if pid := k.pg.PID(); pid > 0 {
				_ = syscall.Kill(-pid, syscall.SIGKILL) // its children too
			}
			time.Sleep(300 * time.Millisecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if kills < s.workers {
		k.t.Logf("everything had left after %d of %d kills", kills, s.workers)
	}
}

// finish lets a worker go on until everything is answered, and stops it in
// an orderly way.
func (k *killer) finish(done func() bool) {
	k.t.Helper()
	cmd := k.start()
	deadline := time.Now().Add(3 * time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			k.t.Errorf("not everything was answered in three minutes: %s", k.state())
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second) // receipts of messages whose answers were lost
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		k.t.Errorf("the worker did not stop in an orderly way: %v", err)
	}
}

// state is what an engineer asks first.
func (k *killer) state() string {
	return pgtest.Value[string](k.t, k.pg.DSN(devpg.Database), `select format('%s receipts, %s not applied, the next looked at in %s, %s workers',
		(select count(*) from receipts), (select count(*) from receipts where applied_at is null),
		(select min(look_at) - now() from receipts where applied_at is null), (select count(*) from workers where buried_at is null))`)
}

// read takes down what the witness saw.
func (r *result) read(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l smsc.Line
		if json.Unmarshal(sc.Bytes(), &l) != nil || l.Event != "submit" {
			continue
		}
		r.submits++
		if l.Outcome == smsc.Taken || l.Outcome == smsc.Mute {
			if r.seen[l.To]++; r.seen[l.To] == 2 {
				r.twice = append(r.twice, l.To)
			}
		}
	}
}

// compare holds the database's word against the witness's (I10): what it calls
// accepted the carrier took, what it calls unsent the carrier never took.
func (r *result) compare(t *testing.T) {
	t.Helper()
	type said struct {
		number string
		state  int16
	}
	numbers := pgtest.Value[[]int64](t, r.world.DSN, `select array_agg(number order by n) from messages`)
	states := pgtest.Value[[]int16](t, r.world.DSN, `select array_agg(state order by n) from messages`)
	var lies []said
	for i, n := range numbers {
		s := said{strconv.FormatInt(n, 10), states[i]}
		taken := r.seen[s.number] > 0
		switch sms.MessageState(s.state) {
		case sms.MessageDelivered, sms.MessageExpired:
			if !taken {
				lies = append(lies, s)
			}
		case sms.MessagePresumedUnsent: // it may have been taken: that is what unknown means
		default:
			if taken {
				lies = append(lies, s)
			}
		}
	}
	if len(lies) > 0 {
		t.Errorf("the database and the carrier disagree about %d people: %v", len(lies), lies[:min(5, len(lies))])
	}
}

func some(list []string) []string { return list[:min(5, len(list))] }
