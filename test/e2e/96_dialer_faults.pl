# Engines that do not answer, a dialer that dies between the commit and the request, events
# that come early, late, twice or never, a schedule that cannot be read, one dialer at a
# time, the breaker, and two campaigns with one team (TEL-11, TEL-13, PACE-11; D2).
use strict;
use warnings;

use CallCheck qw(broken_calls);
use HttpHook;
use JSON::PP;
use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('faults');

sub sql { return $node->safe_psql('postgres', @_) }

# An engine of its own with a trunk; what stands in its place.
my %hook;
my %trunk;

sub engine
{
	my ($name, $channels, %how) = @_;

	$hook{$name} = HttpHook->start(%how);
	sql(sprintf q{SELECT portatext.create_engine('%s', 'gateway', '{"url": "%s", "callback_url": "http://127.0.0.1:1"}', callback_secret => 'a secret of it', timeout => '1 s')},
		$name, $hook{$name}->url);
	$trunk{$name} = sql("SELECT portatext.create_trunk('$name', NULL, '$name', channels => $channels)");
	return;
}

sub call
{
	my ($engine, %arg) = @_;

	return sql("SELECT portatext.place_call('+12125550100', '[{\"wait\": {\"seconds\": 1}}]', trunk => $trunk{$engine}" . join('', map { ", $_ => $arg{$_}" } sort keys %arg) . ')');
}

sub events
{
	my ($engine, @event) = @_;

	return sql("SELECT portatext.receive_call_events('$engine', '" . encode_json(\@event) . "')");
}
sub state_of { return sql("SELECT concat_ws(' ', state, result) FROM portatext.call WHERE call_id = '$_[0]'") }
sub becomes { return ok($node->wait_sql("SELECT concat_ws(' ', state, result) FROM portatext.call WHERE call_id = '$_[0]'", $_[1]), $_[2]) }
sub run_is { return ok($node->wait_sql("SELECT concat_ws(' ', state, reason) FROM portatext.campaign_run WHERE campaign_id = $_[0]", $_[1]), $_[2]) }

# The ids of the calls that an engine was asked to place, and of those that it was asked about.
sub placed { return map { decode_json($_->{body})->{call_id} } grep { $_->{method} eq 'POST' } $hook{ $_[0] }->requests(path => qr{^/v1/calls$}) }
sub asked { return map { $_->{path} =~ m{/v1/calls/([^/?]+)$} ? $1 : () } grep { $_->{method} eq 'GET' } $hook{ $_[0] }->requests }

sub campaign
{
	my ($name, $flow, $trunk, $contacts, %arg) = @_;
	my $list = "list of $name";
	my $arg = join '', map { ", $_ => $arg{$_}" } sort keys %arg;

	sql(qq{SELECT portatext.create_contact_list('$list'); SELECT portatext.import_contacts('$list', (SELECT E'number\\n' || string_agg('+1212555' || to_char(i, 'FM0000'), E'\\n')
		FROM generate_series(1000, 999 + $contacts) i))});
	my $id = sql(qq{SELECT portatext.create_telephony_campaign('$name', '$flow', lists => array['$list'], trunk => $trunk, dial_timeout => '1 second', min_ner => 0$arg)});

	die "campaign $name is not built\n" unless $node->wait_sql("SELECT state = 'ready' FROM portatext.campaign_run WHERE campaign_id = $id");
	return $id;
}

my %fine = (status => 201, body => '{}');
my %unknown = (status => 404, body => '{}');

sql(q{
	CREATE EXTENSION portatext;
	UPDATE portatext.account SET sandbox = false WHERE account_id = portatext.current_account();
	SELECT portatext.recharge(10000);
	SELECT portatext.set_call_tariff('', 1, 1, account_id => portatext.current_account());
	SELECT portatext.create_engine('local', 'loopback', '{"busy": 0.2, "no_answer": 0.2, "setup": 0.01, "ring_min": 0.05, "ring_max": 0.3, "talk_mean": 0.3,
		"talk_distribution": "fixed", "agent_delay_min": 0.01, "agent_delay_max": 0.02, "scenes": "false", "patience": 5}');
	SELECT portatext.create_team('team');
	SELECT count(portatext.set_agent_state(portatext.create_agent('agent ' || i, 'sip:' || i || '@agents', 'team'), 'available')) FROM generate_series(1, 3) i;
});
$trunk{local} = sql("SELECT portatext.create_trunk('local', NULL, 'local')");
engine('lost', 10, POST => { drop => 1 }, GET => \%unknown);
engine('slow', 10, POST => { delay => 2, %fine }, GET => \%unknown);
engine('early', 10, POST => { delay => 0.7, %fine }, GET => \%unknown);
engine('mute', 1, POST => \%fine, GET => { status => 503 });
engine('killed', 10, POST => \%fine, GET => \%unknown);
engine('broken', 10, POST => { drop => 1 }, GET => \%unknown);

# The answer never comes: the connection is dropped (lost), or it takes too long (slow).
my $lost = call('lost');
my $slow = call('slow');
becomes($lost, 'unclear', 'D2: no answer to the request: the call is unclear');
becomes($slow, 'unclear', 'the same after a time-out');
$hook{lost}->behave(POST => \%fine, GET => \%unknown);
$hook{slow}->behave(POST => \%fine, GET => { body => encode_json({ call_id => $slow, leg => 'A', seq => 3, event => 'answered', a => { alerted => JSON::PP::true } }) });

# Meanwhile: events before the outcome of the request is stored.
my $early = call('early', dial_timeout => 20);
ok(wait_for(sub { scalar(placed('early')) == 1 }), 'an engine is asked');
is(state_of($early), 'placing', 'and has not answered yet');
events('early', { call_id => $early, leg => 'A', seq => 1, event => 'ringing' });
is(state_of($early), 'ringing', 'TEL-11: an event before the answer counts');
ok($node->wait_sql("SELECT tries FROM portatext.call WHERE call_id = '$early'", 1), 'the answer comes');
is(state_of($early), 'ringing', 'and takes nothing back');
my $ended = { call_id => $early, leg => 'A', seq => 4, event => 'ended', a => { q850 => 17, alerted => JSON::PP::true } };
events('early', $ended);
events('early', $ended, $ended);
events('early', { call_id => $early, leg => 'A', seq => 2, event => 'answered' }, { call_id => $early, leg => 'A', seq => 1, event => 'ringing' });
is(state_of($early), 'ended BUSY', 'an end twice, and what is late after it: it has ended once');
is(sql("SELECT count(*) FROM portatext.call_event WHERE call_id = '$early' AND kind = 'ended'"), 1, 'and is written once');
is(sql("SELECT cost || ' ' || reserved FROM portatext.call WHERE call_id = '$early'"), '0 0', 'nothing was paid');

becomes($lost, 'placed', 'asked about it, the engine knew nothing: it is placed again');
is_deeply([ placed('lost') ], [ $lost, $lost ], 'under the same id');
is_deeply([ asked('lost') ], [$lost], 'after one question');
becomes($slow, 'answered', 'an engine that knows it tells what has happened');
is_deeply([ placed('slow') ], [$slow], 'it is not placed again');

# A schedule that cannot be read any more.
my $unread = campaign('plain unread', '[{"wait": {"seconds": 1}}]', $trunk{local}, 3, schedule => q{'{"any_day": {"from": "00:00", "to": "24:00"}}'});
my $stored = sql("SELECT definition FROM portatext.schedule s JOIN portatext.campaign c USING (schedule_id) WHERE campaign_id = $unread");
sql(qq{UPDATE portatext.schedule SET definition = '{"some_day": 1}' WHERE schedule_id = (SELECT schedule_id FROM portatext.campaign WHERE campaign_id = $unread)});
sql("SELECT portatext.start_campaign($unread)");
run_is($unread, 'paused unreadable_schedule', 'a run whose schedule cannot be read is paused');
is(sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $unread"), 0, 'nobody was called');
sql(qq{UPDATE portatext.schedule SET definition = '$stored' WHERE schedule_id = (SELECT schedule_id FROM portatext.campaign WHERE campaign_id = $unread)});

# Five failures in a row open the breaker; others go on.
my $from = $node->log_size;
my $broken = campaign('plain broken', '[{"wait": {"seconds": 1}}]', $trunk{broken}, 8, iterations => 2, retry_delays => q{'{"ENGINE_ERROR": 1}'});
sql("SELECT portatext.start_campaign($broken)");
ok(wait_for(sub { $node->log_since($from) =~ /engine broken does not answer as it should/ }), 'five failures in a row open the breaker');

my @told = $node->log_since($from) =~ /engine \w+ does not answer/g;
is(scalar(@told), 1, 'which is told once');
is(sql("SELECT issued FROM portatext.call_run JOIN portatext.campaign_run USING (run_id) WHERE campaign_id = $broken"), 0, 'the NER knows nothing of it');
my $other = call('local', dial_timeout => 5);
ok($node->wait_sql("SELECT state = 'ended' AND result <> 'ENGINE_ERROR' FROM portatext.call WHERE call_id = '$other'"), 'meanwhile another engine places its own');
is(broken_calls($node), '', 'no target has two calls');
$hook{broken}->behave(POST => \%fine, GET => \%unknown);

# PACE-11: one dialer, and one decision for a campaign at a time.
my $dialer = $node->wait_worker('portatext dialer');
is(sql("SELECT string_agg(pid::text, ' ') FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 6 AND granted"), $dialer, 'PACE-11: one dialer holds the lock');
my $paced = campaign('forward paced', '[{"forward": {"to": "+12125550199"}}]', $trunk{local}, 30, agents => 2, method => "'progressive'");
sql("SELECT portatext.start_campaign($paced)");
ok($node->wait_sql("SELECT count(*) > 1 FROM portatext.call WHERE campaign_id = $paced"), 'a campaign of two agents calls');
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT FROM portatext.campaign_run WHERE campaign_id = $paced FOR NO KEY UPDATE");
my $so_far = sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $paced");
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $paced AND ended_at IS NULL", 0), 'its calls end while somebody else has the run');
my $turn = call('local', dial_timeout => 5);
ok($node->wait_sql("SELECT state = 'ended' FROM portatext.call WHERE call_id = '$turn'"), 'the dialer works on');
is(sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $paced"), $so_far, 'PACE-11: and places no call for it');
$holder->query_safe('COMMIT');
$holder->quit;
is(sql("SELECT pg_terminate_backend($dialer)"), 't', 'the dialer is replaced by another one');
ok($node->wait_sql("SELECT count(*) > $so_far FROM portatext.call WHERE campaign_id = $paced"), 'which goes on');
run_is($paced, 'finished', 'until the campaign is through');
is(sql(qq{SELECT max(n) FROM (SELECT (SELECT count(*) FROM portatext.call o WHERE o.campaign_id = $paced AND o.created_at <= c.created_at AND o.ended_at > c.created_at) AS n
	FROM portatext.call c WHERE c.campaign_id = $paced) x}), 2, 'PACE-11: never more calls than were computed');

# Killed between the commit and the request, and behind the request.
$hook{broken}->behave(POST => \%fine, GET => \%unknown, DELETE => \%unknown);
sql("SELECT portatext.cancel_campaign($broken)");
ok($node->wait_sql("SELECT count(*) FROM portatext.call WHERE campaign_id = $broken AND ended_at IS NULL", 0), 'the broken one is cancelled');
events('lost', { %$ended, call_id => $lost });
events('slow', { %$ended, call_id => $slow });
my $never = call('killed', send_at => "portatext.now() + interval '1 second'");
$node->arm_point('call_after_commit', 'kill');
ok($node->finish_kill('call_after_commit', 'portatext dialer', 10), 'the dialer dies before it asks');
becomes($never, 'placed', 'the next dialer places the call');
is_deeply([ map { $_->{method} } $hook{killed}->requests ], [ 'GET', 'POST' ], 'after it has asked for it');
is_deeply([ asked('killed') ], [$never], 'by its id');
is_deeply([ placed('killed') ], [$never], 'once, under its id');
events('killed', { %$ended, call_id => $never });
my $sent = call('killed', send_at => "portatext.now() + interval '1 second'");
$hook{killed}->behave(POST => \%fine, GET => { body => encode_json({ call_id => $sent, leg => 'A', seq => 3, event => 'answered' }) });
$node->arm_point('call_sent', 'kill');
ok($node->finish_kill('call_sent', 'portatext dialer', 10), 'the dialer dies after it has asked');
becomes($sent, 'answered', 'the next one is told by the engine what became of the call');
is(scalar(grep { $_ eq $sent } asked('killed')), 1, 'having asked for it');
cmp_ok(scalar(grep { $_ eq $sent } placed('killed')), '<=', 1, 'it was not placed twice');
sql("SELECT portatext.resume_campaign($unread)");
run_is($unread, 'finished', 'a run whose schedule can be read again goes on');

# Two campaigns, one team.
my @shared = map { campaign("forward shared $_", '[{"forward": {"team": true}}]', $trunk{local}, 20, team => "'team'", max_abandonment => 1, post_call_work => "'0.1 seconds'") } 1, 2;
sql("SELECT portatext.start_campaign($_)") for @shared;
run_is($_, 'finished', 'a campaign with a shared team goes through') for @shared;
is(sql("SELECT count(*) FROM (SELECT min(b_answered_at) AS first, max(b_answered_at) AS last FROM portatext.call WHERE campaign_id IN ($shared[0], $shared[1]) GROUP BY campaign_id) a,
	LATERAL (SELECT min(b_answered_at) AS first FROM portatext.call WHERE campaign_id IN ($shared[0], $shared[1]) AND b_answered_at IS NOT NULL
		HAVING min(b_answered_at) <= a.last) b WHERE a.first IS NOT NULL"), 2, 'both had agents');
is(broken_calls($node), '', 'no agent had two calls');

# Events that never come.
my $mute = call('mute', dial_timeout => 5);
becomes($mute, 'placed', 'a call of which nothing is told');
my $behind = call('mute', dial_timeout => 5);
is(state_of($behind), 'queued', 'it has the only line');
sql("ALTER SYSTEM SET portatext.clock_offset = 100; SELECT pg_reload_conf()");
becomes($mute, 'ended TIMEOUT', 'TEL-13: a call whose end never comes is closed');
becomes($behind, 'placed', 'TEL-13: and its line is free');
is(sql("SELECT cost || ' ' || reserved FROM portatext.call WHERE call_id = '$mute'"), '0 0', 'it costs nothing');
done_testing();
