# Many messages through one dispatcher and one backend, in one session each: neither
# grows.  50,000 here; 5,000,000 with CHECK_LONG=1.  The messages go to loopback and,
# a part of them, over HTTP.  Nor does a session with each of its transactions.
use strict;
use warnings;

use FaultPeer;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my $total = $ENV{CHECK_LONG} ? 5_000_000 : 50_000;
my $turn = $ENV{CHECK_LONG} ? 50_000 : 5_000;
my $web = 200;       # of each turn, over HTTP
my $bound = 10_000;  # kB that a process may grow by after its first turns

my $node = PortatextNode->new_node('memory');
my $peer = FaultPeer->start;

sub sql { return $node->safe_psql('postgres', @_) }

sql(sprintf q{
	CREATE EXTENSION portatext;
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.create_carrier('web', 'kannel', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}',
		'user', 'pass', sender_segments_per_second => NULL);
	SELECT portatext.assign_did('+12025550101', portatext.create_account('loop', carrier => 'loopback'));
	SELECT portatext.assign_did('+12025550102', portatext.create_account('web', carrier => 'web'));
	SELECT portatext.recharge(100000000, 'first', account_id) FROM portatext.account}, $peer->url);

# Private memory of a process in kB: what is shared grows as buffers are touched.
sub private_kb
{
	my ($pid) = @_;
	my ($kb) = PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;

	return $kb;
}

my $session = $node->background_psql('postgres');
$session->set_query_timer_restart;
my $backend = $session->query_safe('SELECT pg_backend_pid()');
my $dispatcher;
my %account = map { split /\|/ } split /\n/, sql('SELECT name, account_id FROM portatext.account');
my %first;
my $done = 0;

while ($done < $total)
{
	my ($from, $to) = ($done, $done + $turn - $web - 1);

	# Numbers that end in 99: loopback has nothing special in mind with them.
	$session->query_safe("SET portatext.account_id = $account{web}");
	$session->query_safe("SELECT count(portatext.send_sms('+1203' || lpad(((($done + g) % 100000))::text, 5, '0') || '99', 'Number ' || g))
		FROM generate_series(1, $web) g");
	$session->query_safe("SET portatext.account_id = $account{loop}");
	$session->query_safe("SELECT count(portatext.send_sms('+1202' || lpad((g % 100000)::text, 5, '0') || '99', 'Number ' || g))
		FROM generate_series($from, $to - 1000) g");
	$session->query_safe("DO \$\$ BEGIN FOR i IN $to - 999 .. $to LOOP
		PERFORM portatext.send_sms('+1202' || lpad((i % 100000)::text, 5, '0') || '99', 'Number ' || i); END LOOP; END \$\$");
	$done += $turn;
	$node->wait_sql(q{SELECT (SELECT count(*) FROM portatext.outbox) + (SELECT count(*) FROM portatext.lease)}, 0)
	  or last;
	$dispatcher //= $node->wait_worker('portatext dispatcher');
	# After the first turns every cache is warm.
	%first = (dispatcher => private_kb($dispatcher), backend => private_kb($backend))
	  if !%first && $done >= 2 * $turn;
}
is($done, $total, "$total messages have gone through");
is($node->wait_worker('portatext dispatcher'), $dispatcher, 'one dispatcher');
my %grown = (dispatcher => private_kb($dispatcher) - $first{dispatcher}, backend => private_kb($backend) - $first{backend});
cmp_ok($grown{dispatcher}, '<', $bound, "the dispatcher has grown by $grown{dispatcher} kB");
cmp_ok($grown{backend}, '<', $bound, "the backend has grown by $grown{backend} kB");
is(sql(q{SELECT count(*) FROM portatext.message WHERE step NOT IN ('sent', 'final', 'unclear')}), 0, 'none is left');
is(sql('SELECT count(*) FROM portatext.message'), $total, 'none is lost');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');

# Many short transactions in one session: nothing is kept of each (a callback that is
# registered anew by every one of them, say).  What the server counts and has not yet
# reported comes and goes.
sub session_bytes
{
	return $session->query_safe(q{SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE name <> 'PgStat Pending'});
}

my $short = "DO \$\$ BEGIN FOR i IN 1 .. 1000 LOOP PERFORM portatext.send_sms('+12022222299', 'In short'); COMMIT; END LOOP; END \$\$";

$session->query_safe($short);
my $bytes = session_bytes();
$session->query_safe($short) for 1 .. 3;
cmp_ok(session_bytes() - $bytes, '<', 3000, '3,000 more transactions of one session keep less than an octet each');
note("summary: $total messages: dispatcher $grown{dispatcher} kB more than after the first turns, backend $grown{backend} kB");

$session->quit;
$node->stop;
done_testing();
