# A file cannot grow any more while outcomes are written.  An ordinary user cannot
# fill a volume; a limit on the size of the dispatcher's files makes the same
# statements fail at the same place (with EFBIG instead of ENOSPC).
use strict;
use warnings;

use FaultPeer;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

# WAL files are below the limit, the tables above it.
my $limit = 1024 * 1024;
my $node = PortatextNode->new_node('disk', init => { extra => ['--wal-segsize=1'] }, conf => "autovacuum = off\n");
my $peer = FaultPeer->start;

sub sql { return $node->safe_psql('postgres', @_) }

sql(sprintf q{
	CREATE EXTENSION portatext;
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.create_carrier('web', 'kannel', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}',
		'user', 'pass', sender_segments_per_second => NULL);
	SELECT portatext.assign_did('+12025550101', portatext.create_account('loop', carrier => 'loopback'));
	SELECT portatext.assign_did('+12025550102', portatext.create_account('web', carrier => 'web'));
	SELECT portatext.recharge(100000, 'first', account_id) FROM portatext.account}, $peer->url);

# Sends to so many numbers from the first on.
sub send_by
{
	my ($name, $first, $count) = @_;

	sql(qq{SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = '$name';
		SELECT count(portatext.send_sms('+1202' || lpad(g::text, 5, '0') || '99', 'Number ' || g))
			FROM generate_series($first, $first + $count - 1) g});
	return;
}

send_by('loop', 1, 6000);
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'}, 6000), 'the tables have some size');
cmp_ok(sql(q{SELECT pg_relation_size('portatext.event')}), '>', $limit, 'more than the limit');

sql(q{SELECT portatext.stop_carrier('web', 'test')});
send_by('web', 20000, 100);
my $dispatcher = $node->wait_worker('portatext dispatcher');
is(system("prlimit --fsize=$limit: --pid $dispatcher"), 0, 'files of the dispatcher grow no more');
sql(q{SELECT portatext.resume_carrier('web')});
ok($node->wait_sql(q{SELECT errors > 0 AND last_error ~ 'could not (extend|write)' FROM portatext.pg_stat_portatext_worker
	WHERE kind = 'dispatcher'}), 'the view of the workers says what is wrong');
like($node->log_since(0), qr/could not (?:extend|write) file/, 'so does the log');
is(system("prlimit --fsize=unlimited: --pid $dispatcher"), 0, 'there is room again');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.outbox}, 0), 'the queue empties');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.lease}, 0), 'no lease is left');
my %seen;
$seen{$_}++ for $peer->recipients;
is(scalar(grep { $_ > 1 } values %seen), 0, 'nothing went out twice');
is(sql(q{SELECT count(*) FROM portatext.message m WHERE carrier_id = portatext.carrier_number('web') AND step <> 'sent'
	AND NOT EXISTS (SELECT FROM portatext.needs_attention n WHERE n.message_id = m.message_id)}), 0,
	'each is sent, or listed: ' . sql('SELECT count(*) FROM portatext.needs_attention') . ' are');
is(sql(q{SELECT string_agg(to_number, ' ') FROM portatext.message WHERE step = 'sent' AND NOT to_number = ANY (ARRAY[}
	  . join(',', map { "'$_'" } keys %seen) . '])'), '', 'what is sent has arrived');
send_by('web', 30000, 10);
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND to_number LIKE '+120230%'}, 10), 'it goes on');
is($node->wait_worker('portatext dispatcher'), $dispatcher, 'by the same dispatcher');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');

$node->stop;
done_testing();
