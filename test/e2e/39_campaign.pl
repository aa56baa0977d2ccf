# Campaigns that run: release, pause, resume, cancel, out of funds, crashes, windows,
# second runs.  The carrier is an HTTP server whose requests are the record of what
# was sent.
use strict;
use warnings;

use HttpHook;
use PortatextNode qw(wait_for);
use Test::More;
use Time::HiRes qw(sleep);

my $node = PortatextNode->new_node('campaign');
my $hook = HttpHook->start(status => 202, body => '0: Accepted for delivery');
my $account;
my $seen = 0;    # requests of earlier parts

sub sql { return $node->safe_psql('postgres', @_) }
sub act { return sql("SET portatext.account_id = $account; SET client_min_messages = warning; $_[0]") }

sql('CREATE EXTENSION portatext');
sql(sprintf q{SELECT portatext.create_carrier('sink', 'kannel',
	jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
	'user', 'pass', sender_segments_per_second => 0)}, $hook->url);
sql(q{SELECT portatext.create_carrier('echo', 'loopback', sender_segments_per_second => 0)});
sql(q{SELECT portatext.adopt(), portatext.set_tariff('', 1)});

# An account of its own, with that many credits.
sub account
{
	my ($name, $credits, $carrier) = @_;

	$account = sql(sprintf q{SELECT portatext.create_account('%s', carrier => '%s')}, $name, $carrier // 'sink');
	sql("SELECT portatext.assign_did('+1555" . (1000000 + $account) . "', $account)");
	sql("SELECT portatext.recharge($credits, 'test', $account)");
	return;
}

# A contact list of that name with the numbers of a query, each with a name.
sub list
{
	my ($name, $query) = @_;

	act("SELECT portatext.create_contact_list('$name')");
	act("SELECT count(portatext.set_contact(number, jsonb_build_object('name', 'N' || number), '$name')) FROM ($query) x (number)");
	return;
}

# A campaign to n numbers that begin with the prefix; further arguments of create_campaign.
sub campaign
{
	my ($name, $prefix, $n, $more) = @_;

	list($name, "SELECT '$prefix' || lpad(i::text, 4, '0') FROM generate_series(1, $n) i");
	my $id = act(sprintf q{SELECT portatext.create_campaign('%s', 'Hello {{name}}, from us', lists => '{%s}'%s)},
		$name, $name, $more // '');
	ok(wait_state($id, 'ready'), "$name: is built");
	return $id;
}

sub wait_state
{
	my ($id, $state) = @_;
	return $node->wait_sql("SELECT state FROM portatext.campaign_progress WHERE campaign_id = $id", $state);
}

sub progress
{
	my ($id, $columns) = @_;
	return sql("SELECT $columns FROM portatext.campaign_progress WHERE campaign_id = $id");
}

# The recipients of the requests since the last part, in order; the log is read once.
my ($log, @record);
sub sent
{
	open $log, '<', $hook->{log} or return () unless $log;
	my $at = tell $log;
	seek $log, $at, 0;
	while (defined(my $line = <$log>))
	{
		last unless $line =~ /\n\z/;
		$at = tell $log;
		push @record, $line =~ /[?&]to=(?:%2B|\+)?(\d+)/ ? $1 : ();
	}
	seek $log, $at, 0;
	my @new = @record[ $seen .. $#record ];
	return @new;
}

# Waits until that many were sent; then they are the part's, and each was sent once.
sub each_once
{
	my ($n, $what) = @_;
	my @sent;
	my %count;

	wait_for { @sent = sent(); @sent >= $n } 60;
	sleep 0.3;
	@sent = sent();
	$count{$_}++ for @sent;
	is(scalar @sent, $n, "$what: all are sent");
	is(scalar(keys %count), $n, "$what: each once");
	$seen += @sent;
	return;
}

# Waits until no dispatcher has any of it in hand; then what was sent so far.
sub settled
{
	$node->wait_sql('SELECT count(*) FROM portatext.lease', 0);
	return scalar(sent());
}

# ---- CAMP-04, CAMP-11, CAMP-14: a run, paused and resumed ----

account('pausing', 10000);
my $id = campaign('first', '+1202565', 2000, ", segments_per_second => 500");
is(act("SELECT portatext.start_campaign($id)"), 'running', 'CAMP-04: it is started');
wait_for { scalar(sent()) >= 200 };
is(act("SELECT portatext.pause_campaign($id)"), 'paused', 'CAMP-04: it is paused');
my $before = settled();
cmp_ok($before, '<', 2000, 'CAMP-14: it is paused in the middle');
sleep 1.5;
is(scalar(sent()), $before, 'CAMP-14: nothing is sent after the pause');
is(progress($id, 'pending + queued + sending = recipients, pending > 0, reason'), 't|t|requested', 'the progress of a paused campaign');
is(act("SELECT portatext.resume_campaign($id)"), 'running', 'CAMP-04: it goes on');
each_once(2000, 'CAMP-14: paused and resumed');
ok(wait_state($id, 'finished'), 'CAMP-11: it is finished when all is handed over');
is(progress($id, 'pending, queued, sending, credits'), '0|0|2000|2000', 'CAMP-11: single messages are still sending');
is(sql("SELECT string_agg(payload->>'status', ' ' ORDER BY event_id) FROM portatext.event WHERE type LIKE 'campaign.%' AND account_id = $account"),
	'ready running paused running finished', 'each state is told');
is(sql("SELECT count(DISTINCT body) FROM portatext.message WHERE account_id = $account"), 2000, 'the texts are the contacts\' own');

# The pace: 2,000 segments at 500 a second.
cmp_ok(sql("SELECT max(n) FROM (SELECT count(*) AS n FROM portatext.message WHERE account_id = $account GROUP BY date_trunc('second', send_at)) x"),
	'<=', 525, 'no second has more than segments_per_second');

# ---- CAMP-05 to CAMP-07, BILL-24: out of funds ----

account('poor', 700);
$id = campaign('funds', '+1202566', 1000);
is(sql("SELECT portatext.balance($account)"), 700, 'BILL-24: nothing is charged before the release');
act("SELECT portatext.start_campaign($id)");
ok(wait_state($id, 'paused'), 'CAMP-05: it pauses by itself');
is(progress($id, 'reason, pending, credits'), 'no_credits|300|700', 'CAMP-07: who cannot be paid is pending');
is(sql("SELECT portatext.balance($account)"), 0, 'all credits are spent');
each_once(700, 'CAMP-05: what was paid');
sql("SELECT portatext.recharge(1000, 'more', $account)");
sql('SELECT portatext.release_campaigns()');
is(progress($id, 'state, pending'), 'paused|300', 'CAMP-06: a top-up does not resume it');
act("SELECT portatext.resume_campaign($id)");
each_once(300, 'CAMP-07: the others after the resumption');
ok(wait_state($id, 'finished'), 'CAMP-07: it is finished');
is(sql("SELECT portatext.balance($account)"), 700, 'each was charged once');

# ---- kill -9 in the middle ----

account('killed', 10000);
my $n = 0;
for my $point ('campaign_stored', 'campaign_release_before_commit', 'claim_before_commit')
{
	$n++;
	$id = campaign($point, "+120255$n", 600);
	$node->arm_point($point, 'kill');
	act("SELECT portatext.start_campaign($id)");
	ok($node->wait_up, "$point: the server is up again");
	each_once(600, "$point: killed");
	ok(wait_state($id, 'finished'), "$point: it is finished");
}
is(sql("SELECT portatext.balance($account), (SELECT count(*) FROM portatext.check_balances())"), '8200|0', 'each was charged once');

# ---- a batch is undone by an error; others go on meanwhile ----

account('error', 10000);
my $bad = campaign('undone', '+1202567', 50);
my $good = campaign('good', '+1202568', 50);
$node->arm_point('campaign_stored', 'error');
act("SELECT portatext.start_campaign($bad)");
ok($node->wait_point_hit('campaign_stored'), 'a batch fails');
act("SELECT portatext.start_campaign($good)");
ok(wait_state($good, 'finished'), 'another campaign goes on');
ok(wait_state($bad, 'finished'), 'the one that failed follows');
each_once(100, 'after an error');

# ---- an open transaction that holds an account's last credits is in no other account's way ----

account('holding', 30);
list('many', q{SELECT '+1202572' || 1000 + i FROM generate_series(1, 50) i});
my @held = split /\n/, act(q{SELECT portatext.create_campaign('held ' || i, 'Hello, all of you', lists => '{many}') FROM generate_series(1, 15) i});
ok(wait_state($_, 'ready'), 'held: is built') for $held[-1];
my $holder = $node->background_psql('postgres');
$holder->query_safe("SET client_min_messages = error; SET portatext.account_id = $account; BEGIN; SELECT portatext.send_sms('+12025719999', 'Hello')");
act("SELECT count(portatext.start_campaign(i)) FROM unnest('{" . join(',', @held) . "}'::bigint[]) i");
account('free', 100);
$id = campaign('free', '+1202573', 50);
act("SELECT portatext.start_campaign($id)");
ok(wait_state($id, 'finished'), 'a campaign of another account goes on');
each_once(50, 'of another account');
$holder->query_safe('ROLLBACK');
$holder->quit;
sql("SELECT portatext.act_as(account_id), portatext.cancel_campaign(campaign_id) FROM portatext.campaign WHERE name LIKE 'held %'");
$node->wait_sql('SELECT count(*) FROM portatext.outbox', 0);
settled();
$seen += sent();

# ---- max_error_rate ----

account('errors', 100000, 'echo');
list('errors', q{SELECT '+447' || lpad(i::text, 5, '0') || '0001' FROM generate_series(1, 5000) i});
$id = act("SELECT portatext.create_campaign('errors', 'Hello, all of you', lists => '{errors}', max_error_rate => 0.2)");
wait_state($id, 'ready');
act("SELECT portatext.start_campaign($id)");
ok(wait_state($id, 'paused'), 'too many errors: it pauses by itself');
is(progress($id, 'reason'), 'error_rate', 'the reason');
cmp_ok(progress($id, 'recipients - pending'), '<=', 2100, 'within one batch after the sample');
my $ended = progress($id, 'delivered + undelivered + rejected');
act("SELECT portatext.resume_campaign($id)");
ok($node->wait_sql("SELECT count(*) FROM portatext.event WHERE type = 'campaign.paused' AND subject = '$id'", 2),
	'after a resumption the rate counts again');
cmp_ok(progress($id, 'delivered + undelivered + rejected'), '>=', $ended + 100, 'and a sample of more was sent before');
is(act("SELECT portatext.cancel_campaign($id)"), 'cancelled', 'CAMP-04: it is cancelled');
ok($node->wait_sql("SELECT queued FROM portatext.campaign_progress WHERE campaign_id = $id", 0), 'nothing of it waits');
is(progress($id, 'pending, rejected + cancelled = recipients, credits'), '0|t|0', 'what was not sent is refunded');

# ---- CAMP-12, CAMP-14: cancelled in the middle, and single contacts ----

account('cancelling', 10000);
$id = campaign('cancelled', '+1202569', 1000, ", segments_per_second => 200");
is(act("SELECT portatext.cancel_campaign_contact($id, '12025690001')"), 't', 'CAMP-12: a contact is cancelled');
act("SELECT portatext.start_campaign($id)");
wait_for { scalar(sent()) >= 100 };
is(act("SELECT portatext.cancel_campaign($id)"), 'cancelled', 'CAMP-04: it is cancelled in the middle');
$before = settled();
ok($node->wait_sql("SELECT queued FROM portatext.campaign_progress WHERE campaign_id = $id", 0), 'CAMP-14: none of it waits');
is(scalar(sent()), $before, 'CAMP-14: nothing is sent after that');
is(sql("SELECT portatext.balance($account) + $before"), 10000, 'what was not sent is refunded');
is(progress($id, "sending = $before, cancelled = 1000 - $before"), 't|t', 'the others are cancelled');
is((scalar grep { $_ eq '12025690001' } sent()), 0, 'CAMP-12: the cancelled contact got nothing');
$seen += $before;

# ---- CAMP-14: deleted while a dispatcher has messages in hand that it then puts back ----

account('deleting', 1000);
$id = campaign('deleted', '+1202571', 20);
ok(dispatchers(0), 'nobody hands over');
act("SELECT portatext.start_campaign($id)");
ok($node->wait_sql("SELECT queued FROM portatext.campaign_progress WHERE campaign_id = $id", 20), 'deleted: all wait');
sql('CREATE TABLE in_hand AS SELECT * FROM portatext.outbox; DELETE FROM portatext.outbox');
is(act("SELECT portatext.cancel_campaign($id)"), 'cancelled', 'deleted: it is cancelled');
act("SELECT portatext.delete_campaign($id)");
ok($node->wait_sql("SELECT state FROM portatext.job WHERE account_id = $account AND kind = 'campaign_forget'", 'finished'),
	'deleted: its recipients are gone');
sql('INSERT INTO portatext.outbox SELECT * FROM in_hand; DROP TABLE in_hand');
ok(dispatchers(1), 'somebody hands over again');
ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE account_id = $account AND state = 'cancelled'", 20),
	'CAMP-14: the messages of a campaign that was cancelled and deleted end as cancelled');
is(scalar(sent()), 0, 'CAMP-14: and are not sent');
is(sql("SELECT portatext.balance($account)"), 1000, 'CAMP-14: but refunded');

# ---- a second run ----

account('again', 10000);
$id = campaign('again', '+1202570', 20, ", repeatable => true");
act("SELECT portatext.start_campaign($id)");
ok(wait_state($id, 'finished'), 'the first run');
each_once(20, 'the first run');
is(act("SELECT portatext.start_campaign($id)"), 'building', 'a repeatable campaign is started again');
ok($node->wait_sql("SELECT run || ' ' || state FROM portatext.campaign_progress WHERE campaign_id = $id", '2 finished'), 'the second run');
each_once(20, 'the second run');

# ---- SCH-08: windows ----

account('windows', 10000);
list('windows', q{SELECT '+1212555' || 1000 + i FROM generate_series(1, 50) i UNION ALL SELECT '+346123450' || 10 + i FROM generate_series(1, 50) i});
$id = act(q{SELECT portatext.create_campaign('windows', 'Good morning to you', lists => '{windows}',
	schedule => '{"any_day": {"from": "09:00", "to": "20:00"}}')});
ok(wait_state($id, 'ready'), 'windows: is built');
sub put_clock
{
	my ($at) = @_;
	my $offset = sql("SELECT extract(epoch FROM timestamptz '$at' - clock_timestamp())");

	sql("ALTER SYSTEM SET portatext.clock_offset = '$offset'");
	$node->reload;
	$node->wait_sql("SELECT abs(extract(epoch FROM portatext.now() - timestamptz '$at')) < 60");
	return;
}
put_clock('2031-03-03 10:00 Europe/Madrid');
act("SELECT portatext.start_campaign($id)");
each_once(50, 'SCH-08: those whose window is open');
is(progress($id, "state, pending, opens_at = '2031-03-03 09:00 America/New_York'"), 'running|50|t', 'SCH-08: the others wait for their window');
put_clock('2031-03-03 09:30 America/New_York');
each_once(50, 'SCH-08: the others when it opens');
ok(wait_state($id, 'finished'), 'SCH-08: then it is finished');
is(sql("SELECT count(*) FROM portatext.message WHERE account_id = $account AND schedule_id IS NOT NULL"), 100,
	'SCH-09: the messages carry the schedule');

# ---- SCH-09: a window that closes while messages wait; other zones are not held up by them ----

# The dispatcher stands still, so that a whole batch waits; a limit of errors allows no second one.
sub dispatchers
{
	sql("ALTER SYSTEM SET portatext.dispatchers = $_[0]");
	$node->reload;
	return $node->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'portatext dispatcher'}, $_[0]);
}

account('closing', 10000);
put_clock('2031-03-04 19:30 Europe/Madrid');
ok(dispatchers(0), 'nobody hands over');
list('closing', q{SELECT '+34612346' || 100 + i FROM generate_series(1, 700) i UNION ALL SELECT '+1212556' || 1000 + i FROM generate_series(1, 700) i});
$id = act(q{SELECT portatext.create_campaign('closing', 'Good evening to you', lists => '{closing}', max_error_rate => 0.5,
	schedule => '{"any_day": {"from": "09:00", "to": "20:00"}}')});
ok(wait_state($id, 'ready'), 'closing: is built');
act("SELECT portatext.start_campaign($id)");
ok($node->wait_sql("SELECT queued FROM portatext.campaign_progress WHERE campaign_id = $id", 1000), 'one batch waits');
my $spain = sql("SELECT count(*) FROM portatext.campaign_contact WHERE campaign_id = $id AND number LIKE '+34%' AND state = 'queued'");
put_clock('2031-03-04 20:30 Europe/Madrid');
ok($node->wait_sql("SELECT count(*) FROM portatext.campaign_contact WHERE campaign_id = $id AND number LIKE '+1%' AND state = 'queued'", 700),
	'SCH-09: what waits for the next window takes no room from the others');
ok(dispatchers(1), 'somebody hands over again');
each_once(700, 'SCH-09: those whose window is still open');
is((scalar grep { /^34/ } @record[ -700 .. -1 ]), 0, 'SCH-09: nobody whose window has closed meanwhile');
is(progress($id, "state, queued, pending"), "running|$spain|" . (700 - $spain), 'SCH-09: they wait');
put_clock('2031-03-05 09:30 Europe/Madrid');
each_once(700, 'SCH-09: the others the next day');
ok(wait_state($id, 'finished'), 'SCH-09: then it is finished');

$node->stop;
done_testing();
