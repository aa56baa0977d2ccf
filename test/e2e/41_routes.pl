# Routes with two and three carriers: failover on every kind of failure, weights,
# rounds until max_attempts, one refund at the end, and what waits at a carrier
# that fails.  The carriers are loopback's kin, or HTTP servers that answer like
# Kannel's sendsms as the test tells them.
use strict;
use warnings;

use HttpHook;
use PortatextNode qw(wait_for);
use Test::More;

my $node = PortatextNode->new_node('routes');

sub sql { return $node->safe_psql('postgres', @_) }

sub wait_sql { return $node->wait_sql(@_) }

sql('CREATE EXTENSION portatext');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f',
		'test/lib/queue_messages.sql', $node->connstr('postgres') ], 'helpers');
my $account = sql(q{SELECT test.account('routed')});
sql(q{SELECT portatext.set_tariff('', 1)});

my %taken = (status => 202, body => '0: Accepted for delivery');
my %busy = (status => 500, body => 'no');
my $n = 0;

# A carrier of loopback's kind; its answer to every message, or '' for the usual one.
sub loop
{
	my ($name, $fail, %opt) = @_;
	my $settings = $fail ? qq({"fail": "$fail"}) : '{}';
	my $rest = join '', map { ", $_ => $opt{$_}" } sort keys %opt;

	return sql("SELECT portatext.create_carrier('$name', 'loopback', '$settings'::jsonb, "
		. "sender_segments_per_second => 0$rest)");
}

# A carrier in front of a new HTTP server.
sub stub
{
	my ($name, $answer, %opt) = @_;
	my $hook = HttpHook->start(%$answer);
	my $rest = join '', map { ", $_ => $opt{$_}" } sort keys %opt;
	my $id = sql(sprintf q{SELECT portatext.create_carrier('%s', 'kannel',
		jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
		'user', 'pass', sender_segments_per_second => 0%s)}, $name, $hook->url, $rest);

	return ($id, $hook);
}

# Routes for a prefix of its own, in this order of priority; returns the prefix.
sub routes
{
	my @carriers = @_;
	my $prefix = sprintf '+1555%03d', ++$n;
	my $priority = 0;

	sql("SELECT portatext.create_route('$_', '$prefix', priority => " . ++$priority . ')') for @carriers;
	return $prefix;
}

# Sends to prefix and four digits each; returns after the commit.
sub send_to
{
	my ($prefix, $first, $last, $body) = @_;

	$body //= 'Hello, world';
	sql("SELECT set_config('portatext.account_id', '$account', false); "
		. "SELECT portatext.send_sms('$prefix' || lpad(i::text, 4, '0'), '$body') FROM generate_series($first, $last) i");
	return;
}

# "state carrier attempts" and how many messages to the prefix have it.
sub ends
{
	my ($prefix) = @_;
	return sql("SELECT string_agg(x, ', ' ORDER BY x) FROM (SELECT m.state || ' ' || c.name || ' ' || m.attempts || ': ' || count(*) AS x "
		. "FROM portatext.message m JOIN portatext.carriers c USING (carrier_id) "
		. "WHERE to_number LIKE '$prefix%' GROUP BY m.state, c.name, m.attempts) y");
}

sub wait_ends
{
	my ($prefix, $expected, $what) = @_;
	my $done = wait_for { ends($prefix) eq $expected };

	return is(ends($prefix), $expected, $what);
}

# Charges and refunds of the messages to the prefix: "charges refunds net".
sub books
{
	my ($prefix) = @_;
	return sql("SELECT count(*) FILTER (WHERE l.kind = 'charge') || ' ' || count(*) FILTER (WHERE l.kind = 'refund') "
		. "|| ' ' || sum(amount)::int FROM portatext.ledger_entry l JOIN portatext.message ON message_id = reference "
		. "WHERE to_number LIKE '$prefix%' AND l.kind IN ('charge', 'refund')");
}

loop('good', '');
loop('temporary', 'temporary');
loop('refused', 'refused');
loop('filtered', 'filtered');
loop('unclear', 'unclear');
loop('bad', 'bad_number');
loop('impatient', 'temporary', max_attempts => 1);
loop('impatient2', 'temporary', max_attempts => 1);

# Five failures in a row open a carrier's breaker, and new messages go elsewhere at
# once: where attempts are counted, a carrier that fails gets fewer, or is new.

# ---- two carriers ----

my $p = routes('temporary', 'good');
send_to($p, 1000, 1003);
wait_ends($p, 'delivered good 1: 4', 'a temporary failure goes to the next route');
is(books($p), '4 0 -4', 'BILL-04: charged once, not refunded');
is(sql("SELECT bool_and(tried IS NOT NULL) FROM portatext.message WHERE to_number LIKE '$p%'"), 't', 'who failed is noted');

$p = routes('refused', 'good');
send_to($p, 1000, 1000);
wait_ends($p, 'delivered good 1: 1', 'so does a refusal');

$p = routes('filtered', 'good');
send_to($p, 1000, 1000);
wait_ends($p, 'rejected filtered 0: 1', 'what is filtered is not tried elsewhere');
is(books($p), '1 1 0', 'BILL-04: and refunded');

$p = routes('bad', 'good');
send_to($p, 1000, 1000);
wait_ends($p, 'rejected bad 0: 1', 'a bad number is bad everywhere');

$p = routes('unclear', 'good');
send_to($p, 1000, 1000);
ok(wait_sql("SELECT step FROM portatext.message WHERE to_number LIKE '$p%'", 'unclear'), 'BILL-22: what is unclear');
is(ends($p), 'sending unclear 0: 1', 'BILL-22: is never given to another carrier');

# ---- three carriers; all fail ----

loop('temporary2', 'temporary');
$p = routes('impatient', 'temporary2', 'good');
send_to($p, 1000, 1001);
wait_ends($p, 'delivered good 2: 2', 'the third one takes it');

loop('impatient3', 'temporary', max_attempts => 1);
$p = routes('impatient2', 'impatient3');
send_to($p, 1000, 1003);
wait_ends($p, 'rejected impatient3 1: 4', 'BILL-04: rejected once no route is left to try');
is(books($p), '4 4 0', 'BILL-04: refunded once');

loop('twice1', 'temporary', max_attempts => 2);
loop('twice2', 'temporary', max_attempts => 2);
$p = routes('twice1', 'twice2');
send_to($p, 1000, 1000);
wait_ends($p, 'rejected twice2 3: 1', 'all tried: a rest, another round, and the end');
is(books($p), '1 1 0', 'BILL-04: refunded once after two rounds');

$p = routes('refused', 'filtered', 'good');
send_to($p, 1000, 1000);
wait_ends($p, 'rejected filtered 1: 1', 'the second route decides for good');

loop('refused2', 'refused');
$p = routes('refused', 'refused2');
send_to($p, 1000, 1000);
wait_ends($p, 'rejected refused2 1: 1', 'BILL-04: refused by all, without a rest');
is(books($p), '1 1 0', 'BILL-04: refunded once');

loop('recovers', 'temporary');
$p = routes('recovers', 'refused');
send_to($p, 1000, 1000);
ok(wait_sql("SELECT attempts >= 2 FROM portatext.message WHERE to_number LIKE '$p%'"),
	'one fails for the time being, one refuses');
is(sql("SELECT state FROM portatext.message WHERE to_number LIKE '$p%'"), 'queued', 'BILL-04: the first is still to be tried');
sql(q{SELECT portatext.alter_carrier('recovers', '{}')});
ok(wait_sql("SELECT state FROM portatext.message WHERE to_number LIKE '$p%'", 'delivered'), 'and takes it when it can');

# ---- the carrier refuses our account, or is stopped ----

loop('revoked', 'account');
$p = routes('revoked', 'good');
send_to($p, 1000, 1002);
ok(wait_sql(q{SELECT count(*) FROM portatext.carrier_stop s JOIN portatext.carriers USING (carrier_id) WHERE name = 'revoked'}, 1),
	'refused credentials stop the carrier');
ok(wait_sql("SELECT count(*) FROM portatext.message WHERE to_number LIKE '$p%' AND state = 'delivered'", 3),
	'its messages go to the next route, those that waited as well');

loop('halted', '');
$p = routes('halted', 'good');
sql(q{SELECT portatext.stop_workers()});
send_to($p, 1000, 1019);
is(ends($p), 'queued halted 0: 20', 'messages wait for a carrier');
sql(q{SELECT portatext.stop_carrier('halted', 'test')});
is(sql(q{SELECT portatext.reroute('halted')}), 20, 'reroute() moves them');
is(sql('SELECT count(*) FROM test.misplaced'), 0, 'each is in one place');
send_to($p, 1020, 1020);
sql(q{SELECT portatext.start_workers()});
wait_ends($p, 'delivered good 0: 21', 'all are sent by the other, new ones at once');

# ---- a carrier that is not there: its breaker opens ----

my ($gone, $gone_hook) = stub('gone', \%taken);
$gone_hook->stop;
$p = routes('gone', 'good');
send_to($p, 1000, 1049);
ok(wait_sql("SELECT count(*) FROM portatext.message WHERE to_number LIKE '$p%' AND state = 'delivered'", 50),
	'an outage: what waits behind the open breaker goes to the other carrier');
is(sql("SELECT max(attempts) FROM portatext.message WHERE to_number LIKE '$p%'"), 0, 'and costs no attempt');
is(books($p), '50 0 -50', 'charged once each');
# It closes again by and by; a message more keeps it open.
my ($more, $why) = (1050, '');
ok(wait_for {
		send_to($p, $more, $more);
		$more++;
		$why = sql("SELECT string_agg(carrier || ': ' || reason, ', ' ORDER BY ord) FROM portatext.route_for('${p}2000', account_id => $account)");
		$why =~ /open/ && sql("SELECT portatext.breaker_open($gone)") eq 't';
	}, 'its breaker is open');
like($why, qr/gone: the carrier's breaker is open, good: taken/, 'route_for says so');

# ---- a message of which a part was taken stays ----

my ($half, $half_hook) = stub('half', { %taken, delay => 0.5 }, max_in_flight => 1);
$p = routes('half', 'good');
send_to($p, 1000, 1000, 'y' x 400);
$half_hook->wait_requests(1);
$half_hook->behave(%busy);
ok(wait_sql("SELECT attempts > 0 FROM portatext.message WHERE to_number LIKE '$p%'"), 'the second part fails');
$half_hook->behave(%taken);
ok(wait_sql("SELECT step FROM portatext.message WHERE to_number LIKE '$p%'", 'sent'), 'then goes out');
is(ends($p) =~ s/ \d+: 1$//r, 'sending half', 'GEN-09: by the same carrier');

# ---- a message in parts, none taken, moves whole ----

my ($busy, $busy_hook) = stub('busy', \%busy);
my ($free, $free_hook) = stub('free', \%taken);
$p = routes('busy', 'free');
send_to($p, 1000, 1000, 'z' x 400);
ok(wait_sql("SELECT step FROM portatext.message WHERE to_number LIKE '$p%'", 'sent'), 'three parts');
is(scalar($free_hook->requests), 3, 'all by the second carrier');
is(sql("SELECT string_agg(p.state::text, ' ') FROM portatext.message_part p JOIN portatext.message m USING (message_id) WHERE to_number LIKE '$p%'"),
	'accepted accepted accepted', 'and noted as its parts');

# ---- Kannel's Not routable ----

my ($deaf, $deaf_hook) = stub('deaf', { status => 403, body => 'Not routable' });
$p = routes('deaf', 'free');
send_to($p, 1000, 1000);
ok(wait_sql("SELECT step FROM portatext.message WHERE to_number LIKE '$p%'", 'sent'), 'Not routable at one, taken by the next');

# ---- the charge stays as it is ----

loop('wide', '', wide_reference => 'true');
loop('temporary3', 'temporary');
$p = routes('temporary3', 'wide', 'good');
send_to($p, 1000, 1000, 'w' x 918);
wait_ends($p, 'delivered good 1: 1', 'BILL-01: a carrier for which it would be longer is passed over');
is(books($p), '1 0 -6', 'BILL-01: six segments, as charged');

# ---- weights, least cost ----

loop('light', '');
loop('heavy', '');
$p = sprintf '+1555%03d', ++$n;
sql("SELECT portatext.create_route('light', '$p', weight => 1), portatext.create_route('heavy', '$p', weight => 4)");
send_to($p, 2000, 3999);
ok(wait_sql("SELECT count(*) FROM portatext.message WHERE to_number LIKE '$p%' AND state = 'delivered'", 2000), 'thousands');
my $share = sql("SELECT count(*) FROM portatext.message WHERE to_number LIKE '$p%' AND carrier_id = (SELECT carrier_id FROM portatext.carrier WHERE name = 'light')");
cmp_ok($share, '>', 300, 'weight 1 of 5 gets its share');
cmp_ok($share, '<', 500, 'and no more');

loop('temporary4', 'temporary');
$p = sprintf '+1555%03d', ++$n;
sql("SELECT portatext.create_route('temporary4', '$p', cost => 0.01), portatext.create_route('light', '$p', cost => 0.03), portatext.create_route('heavy', '$p', cost => 0.02)");
send_to($p, 1000, 1003);
wait_ends($p, 'delivered heavy 1: 4', 'the cheapest fails, the next cheapest takes it');

# ---- an error in a transaction, and the books ----

loop('temporary5', 'temporary');
$p = routes('temporary5', 'good');
$node->arm_point('outcome_before_commit', 'error');
send_to($p, 1000, 1003);
wait_ends($p, 'delivered good 1: 4', 'outcomes that could not be written are decided again');
is(sql('SELECT count(*) FROM test.misplaced'), 0, 'every message is in one place');
is(sql('SELECT count(*) FROM test.wrong_balances'), 0, 'the balances agree with the ledger');

done_testing();
