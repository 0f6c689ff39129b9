package main

// protocol is every mutant, and the tests that must notice it. Its SQL is looked
// for in all functions of the database whose names begin so, its Go in the files.
var protocol = []mutant{
	{
		name: "no for share on the session", tests: tests{"./internal/app", "TestPauseWaitsForTheMark"},
		sql: []text{{"mark", "s.approved_hash = s.content_hash) for share", "s.approved_hash = s.content_hash)"}},
	},
	{
		name: "no for share on the worker", tests: tests{"./internal/app", "TestUndertakerWaitsForTheMark"},
		sql: []text{{"mark", "w.buried_at is null for share", "w.buried_at is null"}},
	},
	{
		name: "the mark of a buried worker is taken", tests: tests{"./internal/app", "TestUndertaker"},
		sql: []text{{"mark", "w.id = p_worker and w.buried_at is null", "w.id = p_worker"}},
	},
	{
		name: "no unique live attempt", tests: tests{"./internal/app", "TestOneLiveAttempt"},
		plain: `do $$ begin
			if to_regclass('one_live') is null then raise 'the text is gone: one_live'; end if;
			alter table attempts drop constraint if exists one_live;
			drop index if exists one_live;
			alter table if exists windows drop constraint if exists one_window;
			drop trigger if exists attempt_follows on attempts;
		end $$`,
	},
	{
		name: "no suppression check at the mark", tests: tests{"./internal/app", "TestDispatchAsksSuppressionsAgain"},
		sql: []text{{"mark", "(select true from suppressions x where x.tenant_id", "(select true from suppressions x where false and x.tenant_id"}},
	},
	{
		name: "a receipt is acknowledged before its commit", tests: tests{"./internal/gateway/smpp", "TestReceiptAnsweredAfterSink"},
		code: []text{{"internal/gateway/smpp/*.go", "sink.Receipts(ctx, receipts) != nil", "func() bool { go func() { _ = sink.Receipts(ctx, receipts) }(); return false }()"}},
	},
	{
		name: "a receipt is acknowledged though its commit failed", tests: tests{"./internal/app", "TestReceiptsWaitForTheDatabase"},
		code: []text{{"internal/app/receipt.go", "		s.d.guard.failed(err)\n		return err\n", "		s.d.guard.failed(err)\n		return nil\n"}},
	},
	{
		name: "unknown is sent again after a timeout", tests: tests{"./internal/app", "TestDispatchUnknownIsNeverResent"},
		code: []text{{"internal/app/dispatch_record.go", "if resendUnknown {", "if true {"}},
	},
	{
		name: "unknown is sent again after a worker died", tests: tests{"./internal/app", "TestUndertaker"},
		code: []text{{"internal/app/dispatch_close.go", "if resendUnknown {", "if true {"}},
	},
	{
		name: "unknown is sent again, seen by the witness", tests: tests{"./internal/torture", "TestTortureSeesDoubles"}, same: true,
	},
	{
		name: "charged on marking", tests: tests{"./internal/app", "TestDispatchUnknownIsNeverResent"},
		sql: []text{{"mark", "update batches x set next_n", `insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason)
			values (p_tenant, 'capture', p_session, 1000, 'mark:' || gen_random_uuid(), 'mutant', 'mutant'); update batches x set next_n`}},
	},
	{
		name: "charged whatever the answer", tests: tests{"./internal/app", "TestDispatchOutcomes"},
		sql: []text{{"record", "sum(r.price) filter (where r.outcome = 1)", "sum(r.price)"}},
	},
	{
		name: "counters are bumped twice", tests: tests{"./internal/app", "TestRecordIsIdempotent"},
		plain: `alter table batches drop constraint counters_add_up`,
		sql:   []text{{"record", "accepted = b.accepted + s.accepted", "accepted = b.accepted + 2 * s.accepted"}},
	},
	{
		name: "an answer that comes twice counts twice", tests: tests{"./internal/app", "TestRecordIsIdempotent"},
		sql: []text{
			{"record", "and (a.outcome is null or (a.outcome = 4 and r.outcome <> 4))", ""},
			{"record", "and m.state in (2, 4) limit 1) m", "limit 1) m"},
			{"record", "and (m.state in (0, 2) or (m.state = 4 and r.outcome <> 4))", ""},
		}, either: true,
	},
	{
		name: "ids are matched without the route", tests: tests{"./internal/app", "TestReceiptsBelongToTheirRoute"},
		code: []text{{"internal/postgres/receipt*.go", "where a.gateway_id = r.gateway_id and a.provider_id = r.provider_id order", "where a.provider_id = r.provider_id order"}},
	},
	{
		name: "ids are matched without the number", tests: tests{"./internal/app", "TestReceiptsBelongToTheirRoute"},
		code: []text{{"internal/postgres/receipt*.go", "and m.n = a.n and (m.number = r.number or r.number = 0)", "and m.n = a.n"}},
	},
	{
		name: "the window is not released on generic_nack", tests: tests{"./internal/gateway/smpp", "TestGenericNackFreesTheWindow"},
		code: []text{{"internal/gateway/smpp/session.go", "	s.answered(h, nil)\n}", "	s.answered(h, nil)\n	s.mu.Lock()\n	s.win.used++\n	s.mu.Unlock()\n}"}},
	},
	{
		name: "a late answer is dropped by the client", tests: tests{"./internal/gateway/smpp", "TestResponseTimer"},
		code: []text{{"internal/gateway/smpp/session.go", "	s.c.inbox.late(r)\n", ""}},
	},
	{
		name: "a late answer is dropped by the dispatcher", tests: tests{"./internal/app", "TestLateAnswerSettlesUnknown"},
		code: []text{{"internal/app/receipt.go", "if r.Outcome != gateway.Unknown {", "if r.Outcome > 100 {"}},
	},
	{
		name: "a final state can be changed", tests: tests{"./internal/app", "TestFinalStatesStay"},
		plain: `drop trigger keep_final on messages`,
	},
	{
		name: "the state goes backwards", tests: tests{"./internal/app", "TestReceiptsMoveForward"},
		plain: `create or replace function keep_final() returns trigger language plpgsql as $$ begin return new; end $$`,
		code:  []text{{"internal/postgres/receipt*.go", "and m.state = 3", "and m.state >= 3"}},
	},
	{
		name: "due is ignored", tests: tests{"./internal/app", "TestMarkKeepsToItsTimes"},
		sql: []text{{"mark", "v_now < b.due_at or", "false or"}},
	},
	{
		name: "not_after is ignored", tests: tests{"./internal/app", "TestMarkKeepsToItsTimes"},
		sql: []text{{"mark", "or v_now >= coalesce(b.not_after, 'infinity')", ""}},
	},
	{
		name: "the time of a retry is ignored", tests: tests{"./internal/app", "TestMarkKeepsToItsTimes"},
		sql: []text{{"mark", "and r.next_at <= v_now", ""}},
	},
	{
		name: "the hash of what was approved is ignored", tests: tests{"./internal/app", "TestNothingLeavesUnapproved"},
		sql: []text{{"mark", "(s.kind = 'test' or s.approved_hash = s.content_hash)", "true"}},
	},
	{
		name: "a pause is ignored by the mark", tests: tests{"./internal/app", "TestPauseStopsMarks"},
		sql: []text{{"mark", "and s.state = 'sending'", ""}},
	},
	{
		name: "a stop is ignored by the mark", tests: tests{"./internal/app", "TestNothingIsMarkedOnceAStopHolds"},
		sql: []text{{"mark", "  if found then return; end if;", ""}},
	},
	{
		name: "a restored database is trusted", tests: tests{"./internal/app", "TestRestoreGuard"},
		sql: []text{{"mark", "if not same_incarnation() then return; end if;", ""}, {"same_incarnation", "return found;", "return true;"}},
	},
	{
		name: "a wrong clock is trusted", tests: tests{"./internal/app", "TestClockGuard"},
		sql: []text{{"mark", "if abs(extract(epoch from clock_timestamp() - p_clock)) > 2 then return; end if;", ""}},
	},
	{
		name: "the mark ignores that a route is off", tests: tests{"./internal/app", "TestMarkAsksForTheRoute"},
		sql: []text{{"mark", "g.id = p_gateway and g.state = 'on'", "g.id = p_gateway"}},
	},
	{
		name: "a living worker is buried", tests: tests{"./internal/app", "TestUndertaker"},
		code: []text{{"internal/postgres/worker.go", "		if !free {\n			continue\n		}\n", ""}},
	},
	{
		name: "a mark in doubt is not waited for", tests: tests{"./internal/app", "TestTakeBackWaitsForTheMark"},
		code: []text{{"internal/postgres/worker.go", "select from workers where id = $1 for update", "select from workers where id = $1"}},
	},
}
