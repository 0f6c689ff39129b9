package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const loginColumns = `l.token_hash, l.user_id, l.created_at, l.seen_at, l.expires_at, l.ip, l.agent`

// AddLogin writes a new login.
func (p *PlatformTx) AddLogin(ctx context.Context, l sms.Login) error {
	_, err := p.tx.Exec(ctx, `insert into logins(token_hash, user_id, created_at, seen_at, expires_at, ip, agent) values ($1, $2, $3, $4, $5, $6, $7)`,
		l.Hash, l.User, l.CreatedAt, l.SeenAt, l.ExpiresAt, l.IP, l.Agent)
	return err
}

// Login finds a login by the hash of its token, with its user.
func (p *PlatformTx) Login(ctx context.Context, hash []byte) (l sms.Login, u sms.User, err error) {
	err = p.tx.QueryRow(ctx, `select `+loginColumns+`, `+userColumns+` from logins l join users u on u.id = l.user_id where l.token_hash = $1`, hash).
		Scan(&l.Hash, &l.User, &l.CreatedAt, &l.SeenAt, &l.ExpiresAt, &l.IP, &l.Agent,
			&u.ID, &u.Email, &u.Name, &u.PasswordHash, &u.Staff, &u.CreatedAt, &u.DisabledAt)
	return l, u, kind(err)
}

// SeeLogin notes that the login was used at that time.
func (p *PlatformTx) SeeLogin(ctx context.Context, hash []byte, at time.Time) error {
	_, err := p.tx.Exec(ctx, `update logins set seen_at = $2 where token_hash = $1 and seen_at < $2`, hash, at)
	return err
}

// Logins lists the logins of a user, the last used first.
func (p *PlatformTx) Logins(ctx context.Context, user sms.ID) ([]sms.Login, error) {
	rows, err := p.tx.Query(ctx, `select `+loginColumns+` from logins l where l.user_id = $1 order by l.seen_at desc, l.token_hash`, user)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Login])
}

// EndLogin removes a login of a user and reports whether it was there.
func (p *PlatformTx) EndLogin(ctx context.Context, user sms.ID, hash []byte) (bool, error) {
	tag, err := p.tx.Exec(ctx, `delete from logins where token_hash = $1 and user_id = $2`, hash, user)
	return tag.RowsAffected() > 0, err
}

// EndOtherLogins removes all logins of a user but one and returns how many they were.
func (p *PlatformTx) EndOtherLogins(ctx context.Context, user sms.ID, keep []byte) (int, error) {
	tag, err := p.tx.Exec(ctx, `delete from logins where user_id = $1 and token_hash <> $2`, user, keep)
	return int(tag.RowsAffected()), err
}

// Throttle takes one cell of key's rate at now: at most burst at once, then one
// each interval (the generic cell rate algorithm). It returns zero when the cell
// was taken, else how long until the next one is free.
func (p *PlatformTx) Throttle(ctx context.Context, key string, now time.Time, burst int, each time.Duration) (time.Duration, error) {
	slack := time.Duration(burst) * each
	var tat time.Time
	err := p.tx.QueryRow(ctx, `insert into throttles as x (key, tat) values ($1, $2::timestamptz + $3::interval)
		on conflict (key) do update set tat = greatest(x.tat, $2) + $3 where greatest(x.tat, $2) + $3 <= $2 + $4::interval
		returning tat`, key, now, each, slack).Scan(&tat)
	if !errors.Is(err, pgx.ErrNoRows) {
		return 0, err
	}
	if err := p.tx.QueryRow(ctx, `select tat from throttles where key = $1`, key).Scan(&tat); err != nil {
		return 0, err
	}
	return max(tat.Add(each).Sub(now.Add(slack)), time.Second), nil
}

// ForgetThrottle gives key its whole rate back.
func (p *PlatformTx) ForgetThrottle(ctx context.Context, key string) error {
	_, err := p.tx.Exec(ctx, `delete from throttles where key = $1`, key)
	return err
}

// SweepLogins removes logins that ended before, and throttles that are full
// again, and returns how many.
func (p *PlatformTx) SweepLogins(ctx context.Context, expired, idle time.Time) (int, error) {
	a, err := p.tx.Exec(ctx, `delete from logins where expires_at < $1 or seen_at < $2`, expired, idle)
	if err != nil {
		return 0, err
	}
	b, err := p.tx.Exec(ctx, `delete from throttles where tat < $1`, expired)
	return int(a.RowsAffected() + b.RowsAffected()), err
}
