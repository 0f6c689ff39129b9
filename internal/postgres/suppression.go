package postgres

import (
	"context"

	"tidings/internal/sms"
)

// AddSuppression notes a number that is never written to, at once: the next
// mark sees it (I5). A number that is there keeps its first entry.
func (t *Tx) AddSuppression(ctx context.Context, hash []byte, kind sms.SuppressionKind, number int64, source string, by *sms.ID) error {
	var known *int64
	if number != 0 {
		known = &number
	}
	_, err := t.tx.Exec(ctx, `insert into suppressions(tenant_id, number_hash, kind, number, source, created_by)
		values ($1, $2, $3, $4, $5, $6) on conflict do nothing`, t.tenant, hash, kind, known, source, by)
	return err
}

// SuppressMessages opts out the people of messages whose carrier says that
// they opted out there.
func (p *PlatformTx) SuppressMessages(ctx context.Context, as []Answer, source string) error {
	for _, a := range as {
		_, err := p.tx.Exec(ctx, `insert into suppressions(tenant_id, number_hash, kind, number, source)
			select tenant_id, number_hash, 'opted_out', number, $4 from messages where tenant_id = $1 and session_id = $2 and n = $3
			on conflict do nothing`, a.Tenant, a.Session, a.N, source)
		if err != nil {
			return err
		}
	}
	return nil
}
