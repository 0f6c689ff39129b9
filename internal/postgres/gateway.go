package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// GatewayLoads lists the ways to carriers, by name.
func (p *PlatformTx) GatewayLoads(ctx context.Context) ([]sms.GatewayLoad, error) {
	rows, err := p.tx.Query(ctx, `select g.name, g.kind, coalesce(sum(b.pending + b.retrying), 0), coalesce(sum(b.submitting), 0),
			coalesce(sum(b.accepted), 0), coalesce(sum(b.unknown), 0), coalesce(sum(b.delivered), 0)
		from gateways g left join (batches b join sessions s on s.tenant_id = b.tenant_id and s.id = b.session_id and s.settled_at is null)
			on b.gateway_id = g.id group by g.id order by g.name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.GatewayLoad])
}

// LiveWorkers lists the processes that hand messages over, the oldest first.
func (p *PlatformTx) LiveWorkers(ctx context.Context) ([]sms.WorkerLine, error) {
	rows, err := p.tx.Query(ctx, `select name, started_at from workers where buried_at is null order by id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.WorkerLine])
}

// HandedSince counts the messages that campaigns under way handed over since at,
// from the samples of their progress.
func (p *PlatformTx) HandedSince(ctx context.Context, at time.Time) (n int, err error) {
	err = p.tx.QueryRow(ctx, `select coalesce(sum(coalesce(l.sent, 0) - coalesce(o.sent, 0)), 0) from sessions s
		left join lateral (select sent from session_progress x where x.tenant_id = s.tenant_id and x.session_id = s.id order by x.at desc limit 1) l on true
		left join lateral (select sent from session_progress x where x.tenant_id = s.tenant_id and x.session_id = s.id and x.at < $1 order by x.at desc limit 1) o on true
		where s.kind = 'campaign' and (s.state in ('sending', 'paused', 'stopped') or s.settled_at is null)`, at).Scan(&n)
	return n, err
}
