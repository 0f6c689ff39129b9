package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// cancel launches sendings beside the main one, pauses it for a moment, and
// cancels them in mid-sending.
func (r *run) cancel() {
	for i := range r.cancels {
		r.reachQuietly((i*2 + 1) * r.people / (2*r.cancels + 2))
		s := &sending{text: fmt.Sprintf("Goodbye %d from the torture chamber", i+1), base: 33_760_000_000 + int64(i)*100_000, step: 1, people: 400}
		if !r.again("launch", func() error { return r.launch(s) }) {
			return
		}
		r.cancelled = append(r.cancelled, s)
		for end := time.Now().Add(patience); r.seen.seen(s) < 40 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		if i%2 == 0 {
			r.pause(s)
		}
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		form := r.form(s)
		if r.again("cancel", func() error {
			_, err := r.world.App.CancelSession(r.t.Context(), r.world.Sender, s.session.Campaign, form)
			return err
		}) {
			r.seen.hush(s, time.Now())
		}
	}
}

// pause stops a sending for three seconds.
func (r *run) pause(s *sending) {
	ctx, a := r.t.Context(), r.world.App
	form := r.form(s)
	if !r.again("pause", func() error { return a.PauseSession(ctx, r.world.Sender, s.session.Campaign, form) }) {
		return
	}
	r.seen.hush(s, time.Now())
	time.Sleep(3 * time.Second)
	r.seen.speak(s, time.Now())
	form = r.form(s)
	r.again("resume", func() error { return a.ResumeSession(ctx, r.world.Sender, s.session.Campaign, form) })
}

// form names a sending, with a token of its own.
func (r *run) form(s *sending) app.SessionForm {
	return app.SessionForm{Number: s.session.Number, Token: sms.NewID(time.Now()).String() + "-deed"}
}

// reachQuietly waits for the main sending, in another goroutine than the test's.
func (r *run) reachQuietly(people int) {
	for r.seen.seen(r.main) < people && r.t.Context().Err() == nil && !r.t.Failed() {
		time.Sleep(10 * time.Millisecond)
	}
}

// sayStop has people text STOP who are next in the queue.
func (r *run) sayStop() {
	for i := range r.stops {
		r.reachQuietly((i + 1) * r.people * 9 / 10 / (r.stops + 1))
		var next int
		err := r.scan(`select next_n from batches where session_id = $1 and next_n <= last_n and next_n > first_n order by random() limit 1`, []any{&next}, int64(r.main.session.ID))
		if err != nil {
			continue // the database is away, or nothing is left
		}
		number := r.main.number((next/spread + 1) * spread)
		if _, again := r.said[number]; again || number > r.main.number(r.people) {
			continue
		}
		r.said[number] = time.Now()
		if _, err := io.WriteString(r.says, stopWords(number)); err != nil {
			r.t.Errorf("text STOP: %v", err)
			return
		}
	}
}

// scan asks the database for one row, past the walls.
func (c *chamber) scan(sql string, into []any, args ...any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.dsn)
	if err != nil {
		return errors.Join(sms.ErrUnavailable, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.QueryRow(ctx, sql, args...).Scan(into...)
}

// value asks for one text, and says so where there is none.
func (c *chamber) value(sql string) (out string) {
	if err := c.scan(`select (`+sql+`)::text`, []any{&out}); err != nil {
		return err.Error()
	}
	return out
}
