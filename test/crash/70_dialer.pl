# kill -9 of the dialer, at random and at the named points of its code, while a team of
# 20 agents works through 5,000 contacts in three iterations: machines, busies, answers,
# wrong numbers; events of the engine (loopback) come twice, late, out of order or not at
# all.  When all is done each contact's state follows from its calls by the decision
# table, nobody was called after success, too often, too early, outside the window or
# though blacklisted, and no agent had two calls (test/lib/CallCheck.pm).
#
# 5 kills; with CHECK_LONG=1 20,000 contacts and 100 kills.  SEED repeats a run's decisions.
use strict;
use warnings;

use CallCheck qw(broken_calls broken_calls_at_rest);
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils ();
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $long = $ENV{CHECK_LONG};
my $contacts = $long ? 20000 : 5000;
my $kills = $long ? 100 : 5;
my $agents = 20;
my $seed = $ENV{SEED} // ($long ? int time : 20261123);

srand $seed;
note("seed $seed");

my %points = map { $_ => 1 } map { PostgreSQL::Test::Utils::slurp_file($_) =~ /PT_POINT\("(\w+)"\)/g }
  glob 'src/telephony/*.c src/worker/dialer*.c';
my @points = sort keys %points;
cmp_ok(scalar @points, '>=', 4, "named points: @points");

my $node = PortatextNode->new_node('dialer');

sub sql
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $done = wait_for {
		my $status = eval { $node->psql('postgres', $sql, stdout => \$out, stderr => \$err) };

		die "$err\n$sql\n" if ($err // '') =~ /ERROR: /;
		defined $status && $status == 0
	};

	die "no answer: $err\n$sql\n" unless $done;
	return $out;
}

# Open in New York for some hours, and not in Honolulu, which is 5 or 6 hours behind.
my ($from, $to) = split /\|/, do {
	$node->safe_psql('postgres', q{SELECT to_char(t - interval '1 hour', 'HH24:MI'), to_char(t + interval '2 hours', 'HH24:MI')
		FROM (SELECT now() AT TIME ZONE 'America/New_York' AS t) n}) };

sql(qq{
	CREATE EXTENSION portatext;
	SELECT portatext.recharge(100000);
	SELECT portatext.set_call_tariff('', 2, 1, portatext.current_account());
	SELECT portatext.create_engine('engine', 'loopback', '{"machine": 0.2, "notsure": 0.05, "hangup": 0.03, "busy": 0.15, "no_answer": 0.15,
		"invalid": 0.04, "congestion": 0.05, "setup": 0.02, "ring_min": 0.05, "ring_max": 0.4, "talk_mean": 0.3, "talk_distribution": "exponential",
		"amd_min": 0.02, "amd_max": 0.1, "agent_answer": 0.98, "agent_delay_min": 0.01, "agent_delay_max": 0.05, "patience": 5, "sound_seconds": 0.2,
		"duplicates": 0.1, "reordering": 0.1, "loss": 0.01, "scenes": "false", "seed": "$seed"}');
	SELECT portatext.create_trunk('trunk', NULL, 'engine');
	SELECT portatext.create_team('team');
	SELECT count(portatext.set_agent_state(portatext.create_agent('agent ' || i, 'sip:agent' || i || '\@127.0.0.1', 'team'), 'available'))
		FROM generate_series(1, $agents) i;
	SELECT portatext.create_contact_list('all');
	SELECT portatext.import_contacts('all', (SELECT E'number\\n' || string_agg(n, E'\\n') FROM (
		SELECT '+1212555' || to_char(i, 'FM0000') AS n FROM generate_series(0, least($contacts, 10000) - 101) i
		UNION ALL SELECT '+1646555' || to_char(i, 'FM0000') FROM generate_series(0, $contacts - 10001) i
		UNION ALL SELECT '+1808555' || to_char(i, 'FM0000') FROM generate_series(0, 99) i) n));
	SELECT portatext.create_contact_list('few');
	SELECT portatext.import_contacts('few', (SELECT E'number\\n' || string_agg('+1212555' || to_char(i, 'FM0000'), E'\\n')
		FROM generate_series(2000, 2299) i));
	SELECT portatext.blacklist_add('+1212555' || to_char(i, 'FM0000')) FROM generate_series(100, 149) i;
});

# The team works for two campaigns, the second one with few contacts, all of them also in the first.
my $flow = q{[{"amd": {"if_human": [{"forward": {"team": true}}], "if_notsure": [{"forward": {"team": true}}], "if_machine": %s}}]};
my %campaign = ('amd test' => '[]', 'machine test' => '[{"wait": {"seconds": 1}}]');

for my $name (sort keys %campaign)
{
	my $json = sprintf $flow, $campaign{$name};

	my ($list, $method) = $name eq 'amd test' ? ('all', 'power') : ('few', 'predictive');

	$campaign{$name} = sql(qq{SELECT portatext.create_telephony_campaign('$name', '$json', lists => '{$list}', trunk => 1, team => 'team',
		iterations => 3, min_iteration_time => '2 seconds', post_call_work => '0.1 seconds', max_abandonment => 1, min_ner => 0, occupancy => 1,
		method => '$method', ratio => 8, answer_seed => 0.3, acd_seed => '1 second',
		retry_delays => '{"BUSY": 2, "NO_ANSWER": 3, "CONGESTION": 2, "TIMEOUT": 2, "ANSWER": 2, "REJECTED": 2, "UNAVAILABLE": 2, "INVALID_NUMBER": 2, "NO_ROUTE": 2}',
		schedule => '{"any_day": {"from": "$from", "to": "$to"}}', dial_timeout => '3 seconds')});
}
my ($first, $second) = @campaign{ sort keys %campaign };
ok($node->wait_sql("SELECT count(*) FROM portatext.campaign_run WHERE state = 'ready'", 2), 'both campaigns are built');
sql("SELECT portatext.start_campaign($first)");

# Blacklisted while it runs: not called from then on.
sub blacklist_some
{
	my $from = 1000 + int rand 2000;

	sql("SELECT portatext.blacklist_add('+1212555' || to_char(i, 'FM0000')) FROM generate_series($from, $from + 4) i");
	return;
}

my $done = qq{SELECT count(*) FROM portatext.campaign_recipient r JOIN portatext.campaign_run n USING (run_id)
	LEFT JOIN portatext.call_target t USING (run_id, number)
	WHERE n.campaign_id = %d AND r.place IS NOT NULL AND r.number NOT LIKE '+1808%%'
	AND (t.state IS NULL OR t.state IN ('calling', 'waiting', 'preview'))};

# The supervisor: agents who seemed not to answer, their event being lost, work on.
sub unpause { return sql(q{SELECT count(portatext.set_agent_state(agent_id, 'available')) FROM portatext.agent WHERE state = 'paused'}) }

my %killed = (random => 0, point => 0);
for my $i (1 .. $kills)
{
	# Spread over the whole run.
	wait_for { unpause(); sleep 0.3; sql('SELECT count(*) FROM portatext.call WHERE ended_at IS NOT NULL') >= $i * $contacts * 1.6 / $kills } 120;
	sleep rand 1;
	sql("SELECT portatext.start_campaign($second)") if $i == 2;
	blacklist_some();
	if ($i % 2)
	{
		$killed{random}++;
		ok($node->kill9_worker('portatext dialer'), 'the dialer is killed');
	}
	else
	{
		my $point = $points[ rand @points ];

		$killed{point}++;
		ok($node->kill9_at_point($point, 'portatext dialer', 3), "the dialer is killed at $point");
	}
	is(broken_calls($node), '', "kill $i: calls, targets, agents and books agree");
	last if !sql(sprintf $done, $second);
}

for my $campaign ($first, $second)
{
	my $left;

	ok(wait_for(sub { unpause(); sleep 0.3; ($left = sql(sprintf $done, $campaign)) == 0 }, $long ? 1800 : 300),
		"campaign $campaign: all who may be called have been") or diag("$left are left");
}
is(sql(q{SELECT count(*) FROM portatext.call WHERE to_number LIKE '+1808%'}), 0, 'SCH-02: nobody outside the window is called');
is(sql(qq{SELECT count(*) FROM portatext.call WHERE to_number ~ '^\\+12125550(1[0-4])'}), 0, 'BL-04: nobody who was blacklisted before is called');
is(sql("SELECT string_agg(state::text, ' ' ORDER BY run_id) FROM portatext.campaign_run"), 'running finished',
	'the first one waits for the window of those who are left, the second one is through');
sql("SELECT portatext.cancel_campaign($first)");
ok($node->wait_sql('SELECT count(*) FROM portatext.call WHERE ended_at IS NULL', 0), 'no call stays open');
ok($node->wait_sql("SELECT count(*) FROM portatext.agent WHERE state <> 'available' AND state <> 'paused'", 0), 'all agents are free');
is(broken_calls_at_rest($node), '', 'at rest: calls, targets, agents and books agree');
note(sql(q{SELECT result, amd, count(*), count(*) FILTER (WHERE contacted) AS contacted, count(abandoned_at) AS abandoned
	FROM portatext.call GROUP BY 1, 2 ORDER BY 3 DESC}));
cmp_ok(sql('SELECT count(*) FROM portatext.call'), '>', $contacts, 'there were calls');
cmp_ok(sql("SELECT count(*) FROM portatext.call_target WHERE state = 'given_up' AND attempts = 3"), '>', 0, 'some used all three iterations');
note("kills: $killed{random} at random, $killed{point} at points");

done_testing();
