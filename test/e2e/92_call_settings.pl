# Settings of campaigns of calls that show only in what is done with calls: preview,
# campaigns that share a team, the flow for whom no agent takes, withdrawing, caller ids
# per contact, calls per day, variables (TEL-02, TEL-04, TPL-03, DID sticky, PACE-05).
use strict;
use warnings;

use CallCheck qw(broken_calls_at_rest);
use PortatextNode;
use Test::More;

my $node = PortatextNode->new_node('call_settings');

sub sql { return $node->safe_psql('postgres', @_) }

# Makes the engine's calls like this, fast.
sub scene { return sql(qq{SELECT portatext.alter_engine('engine', settings => '{"setup": 0.01, "ring_min": 0.05, "ring_max": 0.2, "talk_mean": 0.3,
	"talk_distribution": "fixed", "agent_delay_min": 0.01, "agent_delay_max": 0.02, "scenes": "false", "patience": 5$_[0]}')}) }

# A campaign that is ready, over numbers from +12125551000 on; its id.
sub campaign
{
	my ($name, $n, %arg) = @_;
	my $flow = delete $arg{flow};
	my $csv = "number,name\\n" . join '', map { sprintf '+1212555%04d,Ann\n', 999 + $_ } 1 .. $n;
	my $arg = join '', map { ", $_ => $arg{$_}" } sort keys %arg;
	my $id = sql(qq{SELECT portatext.create_telephony_campaign('$name', '$flow', csv => E'$csv', trunk => 1, min_ner => 0$arg)});

	die "campaign $name is not built\n" unless $node->wait_sql("SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $id");
	return $id;
}

sub start { return sql("SELECT portatext.start_campaign($_[0])") }

sub finished { return ok($node->wait_sql("SELECT state FROM portatext.campaign_run WHERE campaign_id = $_[0]", 'finished'), $_[1]) }

my $team_flow = '[{"forward": {"team": true}}]';

sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.recharge(10000);
	SELECT portatext.set_call_tariff('', 1, 1, account_id => portatext.current_account());
	SELECT portatext.create_engine('engine', 'loopback');
	SELECT portatext.create_trunk('trunk', NULL, 'engine', channels => 20);
	SELECT portatext.create_team('team');
	SELECT portatext.create_agent('agent ' || i, 'sip:' || i || '@agents', 'team') FROM generate_series(1, 3) i;
});
scene('');

# Preview: nobody is called until an agent says so, who then gets the call.
my $preview = campaign('forward preview', 3, flow => $team_flow, team => "'team'", method => "'preview'");
sql("SELECT portatext.set_agent_state(1, 'available')");
start($preview);
my $shown = sql("SELECT number FROM portatext.next_target(1, $preview)");
is(sql("SELECT count(*) FROM portatext.call"), 0, 'preview: shown, and not called');
my $call = sql('SELECT portatext.agent_dial(1)');
ok($node->wait_sql("SELECT ended_at IS NOT NULL FROM portatext.call WHERE call_id = '$call'"), 'the agent dials, the call takes place');
is(sql("SELECT to_number || ' ' || agent_id || ' ' || (b_answered_at IS NOT NULL) || ' ' || contacted FROM portatext.call WHERE call_id = '$call'"), "$shown 1 true true",
	'it is with the agent who asked for it');
ok($node->wait_sql("SELECT state FROM portatext.agents WHERE agent_id = 1", 'available'), 'who is free again');
is(sql('SELECT count(*) FROM portatext.call'), 1, 'nobody else is called');
sql("SELECT portatext.cancel_campaign($preview)");

# Two campaigns of one team: both go on, and no agent has two calls.
sql('SELECT portatext.set_agent_state(agent_id, $$available$$) FROM portatext.agents');
my @both = map { campaign("forward team $_", 30, flow => $team_flow, team => "'team'", max_abandonment => 1) } 1, 2;
start($_) for @both;
finished($_, 'a campaign that shares its team finishes') for @both;
is(sql("SELECT count(DISTINCT campaign_id) FROM portatext.call WHERE b_answered_at IS NOT NULL AND campaign_id IN ($both[0], $both[1])"), 2, 'the team works for both');
is(broken_calls_at_rest($node), '', 'calls, targets, agents and books agree');

# Nobody takes the person: the other flow is played, with the contact's variables.
scene(', "ring_min": 1, "ring_max": 1');
sql(q{SELECT portatext.set_agent_state(agent_id, 'offline') FROM portatext.agents WHERE agent_id > 1});
my $harbour = campaign('forward harbour', 1, flow => $team_flow, team => "'team'", method => "'power'", ratio => 1, connect_within => "'0.5 seconds'",
	iterations => 2, retry_delays => q{'{"ABANDONED": 3600, "ANSWER": 0}'}, abandon_flow => q{'[{"say": {"text": "Sorry {{name}}"}}, {"gather": {"digits": 5}}]'});
start($harbour);
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $harbour", 1), 'it is called');
sql(q{SELECT portatext.set_agent_state(1, 'offline')});
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $harbour AND abandoned_at IS NOT NULL AND ended_at IS NOT NULL", 1), 'no agent takes it');
like(sql("SELECT digits FROM portatext.call WHERE campaign_id = $harbour"), qr/^\d{5}$/, 'the flow for this is played: the person was asked for five digits');
ok($node->wait_sql("SELECT due_at > portatext.now() + interval '50 minutes' FROM portatext.call_target JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = $harbour", 't'),
	'retry_delays: ABANDONED is a key of its own');
sql("SELECT portatext.cancel_campaign($harbour)");

# A variable that the contact lacks: no flow, and the call ends.
sql(q{SELECT portatext.set_agent_state(1, 'available')});
my $lacking = campaign('forward lacking', 1, flow => $team_flow, team => "'team'", method => "'power'", ratio => 1, connect_within => "'0.5 seconds'",
	abandon_flow => q{'[{"say": {"text": "Sorry {{surname}}"}}, {"gather": {"digits": 5}}]'});
start($lacking);
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $lacking", 1), 'it is called');
sql(q{SELECT portatext.set_agent_state(1, 'offline')});
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $lacking AND abandoned_at IS NOT NULL AND ended_at IS NOT NULL AND digits IS NULL", 1),
	'what cannot be said is not said');

# Withdrawing: the only agent leaves while calls ring.
scene(', "ring_min": 20, "ring_max": 20');
sql(q{SELECT portatext.set_agent_state(1, 'available')});
my $withdrawn = campaign('forward withdrawn', 5, flow => $team_flow, team => "'team'", min_ring => "'1 second'");
start($withdrawn);
ok($node->wait_sql("SELECT count(*) > 0 FROM portatext.call WHERE campaign_id = $withdrawn AND ringing_at IS NOT NULL"), 'it rings');
sql(q{SELECT portatext.set_agent_state(1, 'offline')});
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $withdrawn AND ended_at IS NULL", 0), 'min_ring: calls that nobody could take are withdrawn');
is(sql("SELECT bool_and(hang_up_reason = 'withdrawn' AND answered_at IS NULL AND ended_at - placed_at BETWEEN '1 s' AND '15 s') FROM portatext.call WHERE campaign_id = $withdrawn"),
	't', 'not before min_ring, and long before they would be answered');
sql("SELECT portatext.cancel_campaign($withdrawn)");

# Calls per day, in three iterations that could take place at once; one caller id per contact; variables.
scene(', "no_answer": 1');
my $day = campaign('plain day', 12, flow => '[{"say": {"text": "Hello {{name}}"}}]', iterations => 3, max_calls_per_day => 2,
	retry_delays => q{'{"NO_ANSWER": 0}'}, dial_timeout => "'1 second'");
start($day);
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $day AND ended_at IS NOT NULL", 24), 'each is called twice');
ok($node->wait_sql("SELECT count(*) FROM portatext.call_target t JOIN portatext.campaign_run USING (run_id)
	WHERE campaign_id = $day AND t.state = 'waiting' AND attempts = 2 AND due_at > portatext.now() + interval '1 minute'", 12), 'max_calls_per_day: the third time is tomorrow');
is(sql("SELECT string_agg(DISTINCT flow #>> '{0,say,text}', ' ') FROM portatext.call WHERE campaign_id = $day"), 'Hello Ann', 'TPL-03: variables are filled in');
sql("ALTER SYSTEM SET portatext.clock_offset = 90000");
sql('SELECT pg_reload_conf()');
finished($day, 'a day later it is through');
is(sql("SELECT min(n) || ' ' || max(n) FROM (SELECT count(*) AS n FROM portatext.call WHERE campaign_id = $day GROUP BY to_number) c"), '3 3', 'each was called three times');
is(broken_calls_at_rest($node), '', 'calls, targets, agents and books agree at the end');
done_testing();
