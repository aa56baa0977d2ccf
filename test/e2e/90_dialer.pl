# Campaigns of calls through the built-in engine, from their start to their end: every
# contact's state follows from its calls; pacing, blacklist, cancellation, windows,
# credits, pause and a cancelled campaign (TEL-03, TEL-04, TEL-12, PACE-09, PACE-10, BL-04).
use strict;
use warnings;

use CallCheck qw(broken_calls broken_calls_at_rest);
use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('dialer');

sub sql { return $node->safe_psql('postgres', @_) }

sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.recharge(10000);
	SELECT portatext.set_call_tariff('', 1, 1, account_id => portatext.current_account());
	SELECT portatext.create_engine('engine', 'loopback', '{"busy": 0.2, "no_answer": 0.2, "setup": 0.01, "ring_min": 0.02, "ring_max": 0.2,
		"talk_mean": 0.3, "talk_distribution": "fixed", "agent_delay_min": 0.01, "agent_delay_max": 0.02, "scenes": "false", "sound_seconds": 0.05, "patience": 3}');
	SELECT portatext.create_trunk('trunk', NULL, 'engine', channels => 20);
	SELECT portatext.create_team('team');
});
ok($node->wait_worker('portatext dialer'), 'a dialer runs where there is an engine');

# A list of its own and a campaign over it, started; its id.
my $lists = 0;

sub campaign
{
	my ($name, $flow, $n, %arg) = @_;
	my $list = 'list ' . ++$lists;
	my $arg = join '', map { ", $_ => $arg{$_}" } sort keys %arg;

	sql(qq{SELECT portatext.create_contact_list('$list'); SELECT portatext.import_contacts('$list', (SELECT E'number\\n' || string_agg('+1212555' || to_char(i, 'FM0000'), E'\\n')
		FROM generate_series(1000, 999 + $n) i))});
	my $id = sql(qq{SELECT portatext.create_telephony_campaign('$name', '$flow', lists => '{$list}', trunk => 1, dial_timeout => '1 second', min_ner => 0$arg)});

	die "campaign $name is not built\n" unless $node->wait_sql("SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $id");
	return $id;
}

sub state_is
{
	my ($id, $state, $name) = @_;

	return ok($node->wait_sql("SELECT concat_ws(' ', state, reason) FROM portatext.campaign_run WHERE campaign_id = $id", $state), $name);
}

sub targets { return sql("SELECT string_agg(s, ', ' ORDER BY s) FROM (SELECT concat_ws(' ', t.state, t.reason, count(*)) AS s FROM portatext.call_target t JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = $_[0] GROUP BY t.state, t.reason) x") }

my $retry = q{'{"BUSY": 1, "NO_ANSWER": 1, "ANSWER": 1}'};

# A flow without forward: as many calls as there are lines, three iterations.
my $plain = campaign('plain list', '[{"wait": {"seconds": 1}}]', 100, iterations => 3, retry_delays => $retry);

sql("SELECT portatext.blacklist_add('+12125551005'), portatext.cancel_campaign_contact($plain, '+12125551006')");
sql("SELECT portatext.start_campaign($plain)");
my $most = 0;
ok(wait_for(sub {
	my ($state, $lines) = split /\|/, sql("SELECT (SELECT state FROM portatext.campaign_run WHERE campaign_id = $plain), (SELECT count(*) FROM portatext.call WHERE ended_at IS NULL)");
	$most = $lines if $lines > $most;
	$state eq 'finished' }), 'TEL-04: the campaign finishes when no target is left');
cmp_ok($most, '<=', 20, 'never more calls than the trunk has channels');
cmp_ok($most, '>', 5, 'PACE-09: without agents the lines are used');
is(sql("SELECT count(*) FROM portatext.call WHERE to_number IN ('+12125551005', '+12125551006')"), 0, 'BL-04, CAMP-12: neither the blacklisted nor the cancelled one is called');
like(targets($plain), qr/^cancelled cancelled 1, contacted \d+, (?:given_up \w+ \d+, )*skipped blacklisted 1$/, 'each contact is contacted, given up, skipped or cancelled');
is(sql("SELECT count(*) FROM portatext.call_target t WHERE state = 'given_up' AND attempts <> 3"), 0, 'TEL-04: given up after three calls');
is(broken_calls_at_rest($node), '', 'calls, targets and books agree');
is(sql("SELECT count(*) FROM portatext.call WHERE NOT observed AND run_id = (SELECT max(run_id) FROM portatext.campaign_run WHERE campaign_id = $plain)"), 0, 'the pacing has learnt from each call')
	if ok($node->wait_sql('SELECT count(*) FROM portatext.call WHERE NOT observed', 0), 'all calls are marked');

# A forward and agents known by number: paced by them, and by the account's limit (PACE-10).
sql('UPDATE portatext.account SET max_agents = 3');
my $forward = campaign('forward list', '[{"forward": {"to": "+12125550199"}}]', 40, agents => 10, method => "'progressive'", iterations => 2, retry_delays => $retry);
sql("SELECT portatext.start_campaign($forward)");
my $up = 0;
ok(wait_for(sub {
	my ($state, $n) = split /\|/, sql("SELECT (SELECT state FROM portatext.campaign_run WHERE campaign_id = $forward), (SELECT count(*) FROM portatext.call WHERE ended_at IS NULL)");
	$up = $n if $n > $up;
	$state eq 'finished' }), 'the campaign with a forward finishes');
cmp_ok($up, '<=', 3, 'PACE-10: no more calls than the account may have agents');
sql('UPDATE portatext.account SET max_agents = NULL');

# A team: each person gets an agent, no agent has two calls.
sql(q{SELECT portatext.set_agent_state(portatext.create_agent('agent ' || i, 'sip:' || i || '@agents', 'team'), 'available') FROM generate_series(1, 4) i});
my $team = campaign('forward team', '[{"forward": {"team": true}}]', 60, team => "'team'", iterations => 2, retry_delays => $retry, max_abandonment => 1);
sql("SELECT portatext.start_campaign($team)");
state_is($team, 'finished', 'the campaign of a team finishes');
is(broken_calls_at_rest($node), '', 'calls, targets, agents and books agree');
cmp_ok(sql("SELECT count(DISTINCT agent_id) FROM portatext.call WHERE b_answered_at IS NOT NULL"), '>', 1, 'several agents had calls');
like(sql("SELECT string_agg(item, ', ') FROM portatext.explain_pacing($team)"), qr/why not more/, 'explain_pacing says why');

# Nobody is there: who answers is abandoned after connect_within.
sql("SELECT count(portatext.set_agent_state(agent_id, 'offline')) FROM portatext.agent");
sql("SELECT portatext.set_agent_state(1, 'available')");
my $lost = campaign('forward lost', '[{"forward": {"team": true}}]', 1, team => "'team'", method => "'power'", ratio => 1, connect_within => "'0.5 seconds'");
sql(q{SELECT portatext.alter_engine('engine', settings => '{"busy": 0, "no_answer": 0, "setup": 0.01, "ring_min": 0.7, "ring_max": 0.7, "talk_mean": 0.3, "scenes": "false", "patience": 5}')});
sql("SELECT portatext.start_campaign($lost)");
ok($node->wait_sql("SELECT count(*) FROM portatext.call c WHERE campaign_id = $lost", 1), 'it is called');
sql("SELECT portatext.set_agent_state(1, 'offline')");
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $lost AND abandoned_at IS NOT NULL AND live AND ended_at IS NOT NULL", 1), 'who finds no agent is abandoned');
is(sql("SELECT live || ' ' || abandoned FROM portatext.call_run JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = $lost"), '1 1', 'and counted');
is(sql("SELECT abandoned_at - waiting_at >= '0.5 s' FROM portatext.call WHERE campaign_id = $lost"), 't', 'not before connect_within');
state_is($lost, 'finished', 'its only iteration is used up');

# Pause and resumption; a window that is closed; no credits.
my $window = campaign('plain window', '[{"wait": {"seconds": 1}}]', 5, schedule => sql(q{SELECT quote_literal(jsonb_build_object('any_day', jsonb_build_object(
	'from', to_char(t + interval '3 hours', 'HH24:MI'), 'to', to_char(t + interval '4 hours', 'HH24:MI')))) FROM (SELECT now() AT TIME ZONE 'America/New_York' AS t) n}));
sql("SELECT portatext.start_campaign($window)");
my $paused = campaign('plain pause', '[{"wait": {"seconds": 1}}]', 60);
sql("SELECT portatext.start_campaign($paused)");
ok($node->wait_sql("SELECT count(*) > 0 FROM portatext.call WHERE campaign_id = $paused"), 'it calls');
sql("SELECT portatext.pause_campaign($paused)");
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE ended_at IS NULL", 0), 'paused: what rings ends');
my $calls = sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $paused");
cmp_ok($calls, '<', 60, 'not all are called');
sql("SELECT portatext.resume_campaign($paused)");
ok($node->wait_sql("SELECT count(*) > $calls FROM portatext.call WHERE campaign_id = $paused"), 'TEL-12: resumed, the others are called');
state_is($paused, 'finished', 'until it is through');
is(sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $window"), 0, 'SCH-02: outside its window nobody is called');
sql("ALTER SYSTEM SET portatext.clock_offset = 12600; SELECT pg_reload_conf()");
state_is($window, 'finished', 'in its window they are');
is(sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $window"), 5, 'each once');

my $poor = campaign('plain poor', '[{"wait": {"seconds": 1}}]', 30);
sql("SELECT portatext.set_call_tariff('', round(portatext.balance() / 7.5, 6), 0, account_id => portatext.current_account())");
sql("SELECT portatext.start_campaign($poor)");
state_is($poor, 'paused no_credits', 'TEL-12: out of funds it pauses');
cmp_ok(sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $poor"), '<=', 7, 'no more calls than could be paid');
sql("SELECT portatext.recharge(1000000)");
sql("SELECT portatext.resume_campaign($poor)") if sql("SELECT state FROM portatext.campaign_run WHERE campaign_id = $poor") eq 'paused';
state_is($poor, 'finished', 'with credits it goes on');
is(sql("SELECT count(DISTINCT to_number) FROM portatext.call WHERE campaign_id = $poor"), 29, 'and nobody was lost, but the blacklisted one');

# Cancelled while it rings.
sql(q{SELECT portatext.alter_engine('engine', settings => '{"busy": 0, "no_answer": 1, "setup": 0.01, "ring_min": 20, "ring_max": 20, "scenes": "false"}')});
my $cancelled = campaign('plain cancel', '[{"wait": {"seconds": 1}}]', 30, iterations => 2);
sql("SELECT portatext.start_campaign($cancelled)");
ok($node->wait_sql("SELECT count(*) > 5 FROM portatext.call WHERE campaign_id = $cancelled"), 'it rings');
sql("SELECT portatext.cancel_campaign($cancelled)");
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $cancelled AND ended_at IS NULL", 0), 'cancelled: what rings is hung up');
is(sql("SELECT string_agg(DISTINCT result::text, ' ') FROM portatext.call WHERE campaign_id = $cancelled"), 'CANCELLED', 'its calls were not issued');
is(broken_calls_at_rest($node), '', 'calls, targets, agents and books agree at the end');
done_testing();
