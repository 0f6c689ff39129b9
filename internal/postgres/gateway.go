package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// GatewayLoads tells what every gateway has to do.
func (p *PlatformTx) GatewayLoads(ctx context.Context) (map[int16]sms.GatewayLoad, error) {
	rows, err := p.tx.Query(ctx, `select b.gateway_id, sum(b.pending + b.retrying), sum(b.submitting), sum(b.accepted), sum(b.unknown), sum(b.delivered)
		from batches b join sessions s on s.tenant_id = b.tenant_id and s.id = b.session_id and s.settled_at is null group by 1`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sms.GatewayLoad])
	out := make(map[int16]sms.GatewayLoad, len(all))
	for _, l := range all {
		out[l.ID] = l
	}
	return out, err
}

// alive is true of a worker w whose proof of life is held (workerLock), whether
// or not somebody is there to bury it otherwise.
const alive = `w.buried_at is null and exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = 77
	and l.objid = w.id::oid and l.objsubid = 2 and l.granted and l.database = (select oid from pg_database where datname = current_database()))`

// LiveWorkers lists the processes that hand messages over, the oldest first.
func (p *PlatformTx) LiveWorkers(ctx context.Context) ([]sms.WorkerLine, error) {
	rows, err := p.tx.Query(ctx, `select w.name, min(w.started_at) from workers w where `+alive+` group by w.name order by 2, 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.WorkerLine])
}

// SaveGatewayStatus writes how a gateway is as a worker sees it, and forgets what
// buried workers said of it.
func (p *PlatformTx) SaveGatewayStatus(ctx context.Context, s sms.GatewayStatus) error {
	_, err := p.tx.Exec(ctx, `with gone as (delete from gateway_status x using workers w
			where x.gateway_id = $1 and w.id = x.worker_id and w.buried_at is not null and x.worker_id <> $2)
		insert into gateway_status(gateway_id, worker_id, at, status) values ($1, $2, $3, $4)
		on conflict (gateway_id, worker_id) do update set at = excluded.at, status = excluded.status`, s.Gateway, s.Worker, s.At, s)
	return err
}

// GatewayStatuses lists how every gateway is, as the workers that live see it.
func (p *PlatformTx) GatewayStatuses(ctx context.Context) ([]sms.GatewayStatus, error) {
	rows, err := p.tx.Query(ctx, `select x.gateway_id, x.worker_id, w.name, x.at, x.status from gateway_status x
		join workers w on w.id = x.worker_id and `+alive+` order by x.gateway_id, x.worker_id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.GatewayStatus, error) {
		var s, of sms.GatewayStatus
		if err := row.Scan(&of.Gateway, &of.Worker, &of.Process, &of.At, &s); err != nil {
			return s, err
		}
		s.Gateway, s.Worker, s.Process, s.At = of.Gateway, of.Worker, of.Process, of.At
		return s, nil
	})
}

// DropGatewayStatus forgets what a worker said of a gateway that it no longer runs.
func (p *PlatformTx) DropGatewayStatus(ctx context.Context, gateway int16, worker int64) error {
	_, err := p.tx.Exec(ctx, `delete from gateway_status where gateway_id = $1 and worker_id = $2`, gateway, worker)
	return err
}

// SaveGatewayTrace keeps the last protocol units, as a worker saw them.
func (p *PlatformTx) SaveGatewayTrace(ctx context.Context, gateway int16, worker int64, at time.Time, lines []sms.TraceLine) error {
	_, err := p.tx.Exec(ctx, `with gone as (delete from gateway_traces x using workers w
			where x.gateway_id = $1 and w.id = x.worker_id and w.buried_at is not null and x.worker_id <> $2)
		insert into gateway_traces(gateway_id, worker_id, at, lines) values ($1, $2, $3, $4)
		on conflict (gateway_id, worker_id) do update set at = excluded.at, lines = excluded.lines`, gateway, worker, at, lines)
	return err
}

// GatewayTraces lists the protocol units of a gateway, as the workers that live saw them.
func (p *PlatformTx) GatewayTraces(ctx context.Context, gateway int16) ([]sms.GatewayTrace, error) {
	rows, err := p.tx.Query(ctx, `select w.name, x.at, x.lines from gateway_traces x
		join workers w on w.id = x.worker_id and `+alive+` where x.gateway_id = $1 order by x.worker_id`, gateway)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.GatewayTrace])
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
