package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The floor moves so many messages at once, with so many workers.
const (
	floorMany    = 1000
	floorWorkers = 2
)

// databaseFloor moves messages through the transitions that a sending makes and
// nothing else: claimed by the batch, sent with the carrier's id, delivered by
// that id; one durable commit each for a thousand. No network, no rules, no
// charge, no journal.
func (b *bench) databaseFloor(ctx context.Context, messages int) (float64, error) {
	pool, err := pgxpool.New(ctx, b.dsn)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	_, err = pool.Exec(ctx, `create table floor_batches(id int primary key, next_n int not null) with (fillfactor = 50);
		create table floor_messages(session_id bigint, n int, batch_id int not null, number bigint not null, text text not null, state smallint not null default 0,
			provider_id text, final_at timestamptz, primary key (session_id, n)) with (fillfactor = 60);
		create index floor_provider on floor_messages(provider_id) where provider_id is not null`)
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = pool.Exec(context.WithoutCancel(ctx), `drop table floor_messages, floor_batches`) }()
	_, err = pool.Exec(ctx, `insert into floor_messages(session_id, n, batch_id, number, text)
		select 1, n, n / 10000, 33600000000 + n, 'Hi there, the boat leaves at ten.' from generate_series(0, $1::int - 1) n`, messages)
	if err != nil {
		return 0, err
	}
	if _, err = pool.Exec(ctx, `insert into floor_batches select i, 0 from generate_series(0, $1::int / 10000) i`, messages); err != nil {
		return 0, err
	}
	if _, err = pool.Exec(ctx, `vacuum analyze floor_messages`); err != nil {
		return 0, err
	}
	began := time.Now()
	var next atomic.Int64
	errs := make(chan error, floorWorkers)
	var all sync.WaitGroup
	for range floorWorkers {
		all.Go(func() {
			for {
				from := int(next.Add(floorMany)) - floorMany
				if from >= messages {
					return
				}
				if err := floorStep(ctx, pool, from, min(from+floorMany, messages)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
		return float64(messages) / time.Since(began).Seconds(), nil
	}
}

// floorStep takes some messages through all their states.
func floorStep(ctx context.Context, pool *pgxpool.Pool, from, to int) error {
	rows, err := pool.Query(ctx, `with b as (update floor_batches set next_n = next_n + $2 - $1 where id = $1::int / 10000)
		select n, number, text from floor_messages where session_id = 1 and n >= $1 and n < $2`, from, to)
	if err != nil {
		return err
	}
	ns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n int32, err error) {
		var number int64
		var text string
		return n, row.Scan(&n, &number, &text)
	})
	if err != nil {
		return err
	}
	ids := make([]string, len(ns))
	for i, n := range ns {
		ids[i] = fmt.Sprintf("%08x", n)
	}
	_, err = pool.Exec(ctx, `update floor_messages m set state = 3, provider_id = r.id from unnest($1::int[], $2::text[]) r(n, id) where m.session_id = 1 and m.n = r.n`, ns, ids)
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, `update floor_messages m set state = 10, final_at = clock_timestamp() from unnest($1::text[]) r(id) where m.provider_id = r.id and m.state = 3`, ids)
	return err
}
