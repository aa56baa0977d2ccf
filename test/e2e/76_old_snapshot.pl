# A session holds an old snapshot while traffic runs, so no dead row can be removed:
# what a claim touches for each message does not grow with the dead rows, and health()
# names the session.  20,000 messages; with CHECK_LONG=1 ten minutes of traffic (an hour
# would add time, and nothing to see: the dead rows are the fault).
use strict;
use warnings;

use PortatextNode qw(wait_for);
use Test::More;
use Time::HiRes qw(time);

my $batch = 2000;
my $seconds = $ENV{CHECK_LONG} ? 600 : 0;
my $node = PortatextNode->new_node('snapshot', preload => 'pg_stat_statements, portatext',
	conf => "pg_stat_statements.track = all\nautovacuum_naptime = 1s\n");
my $sent = 0;

sub sql { return $node->safe_psql('postgres', @_) }

# Sends so many by the loopback carrier and waits until they are handed over and written.
sub traffic
{
	my ($count) = @_;

	sql(qq{SELECT count(portatext.send_sms('+12223334444', 'Your table is ready')) FROM generate_series(1, $count)});
	$sent += $count;
	return $node->wait_sql(q{SELECT sum(sent) FROM portatext.pg_stat_portatext_worker}, $sent)
	  && $node->wait_sql(q{SELECT count(*) FROM portatext.lease}, 0);
}

# Buffers that the claiming transactions touch for a message: the least of some turns,
# and the mean.  Now and then a claim looks from the start of its lane (it takes at most
# a small share of the time), and walks over the dead rows then; all others must not.
sub claim_cost
{
	my ($least, $all, $claimed) = (1e9, 0, 0);

	for (1 .. 8)
	{
		sql('SELECT pg_stat_statements_reset()');
		traffic($batch / 4) or last;
		my ($buffers, $rows) = split /\|/, sql(q{SELECT sum(shared_blks_hit + shared_blks_read), max(rows) FROM pg_stat_statements
			WHERE query ~ '^(DELETE FROM portatext.outbox WHERE ctid|SELECT m.message_id, u.due, u.lane|INSERT INTO portatext.lease)'});
		$least = $buffers / $rows if $buffers / $rows < $least;
		$all += $buffers;
		$claimed += $rows;
	}
	is($claimed, 2 * $batch, 'the statements of the claim are counted');
	return ($least, $all / $claimed);
}

# The sums that the scheduler makes of credits would make dead rows of their own.
sql('CREATE EXTENSION pg_stat_statements; CREATE EXTENSION portatext; SELECT portatext.balance(); SELECT portatext.recharge(100000000)');
ok(traffic(2 * $batch), 'before: messages go out');
sql('VACUUM ANALYZE portatext.outbox; VACUUM ANALYZE portatext.lease; VACUUM ANALYZE portatext.message');
my ($before, $mean_before) = claim_cost();
my $holder = $node->background_psql('postgres', timeout => $seconds + 300);
my $pid = $holder->query_safe('SELECT pg_backend_pid()');

$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM portatext.message');
my $seen = $holder->query_safe('SELECT count(*) FROM portatext.message');
my $end = time + $seconds;
my $rounds = 0;

while ($rounds < 8 || time < $end)
{
	traffic($batch) or last;
	$rounds++;
	sleep 1 if $seconds;
}
my $dead = $rounds * $batch;
my ($after, $mean_after) = claim_cost();

cmp_ok(sql(q{SELECT n_dead_tup FROM pg_stat_all_tables WHERE relid = 'portatext.outbox'::regclass}), '>=', $dead / 2,
	"an old snapshot is held: $dead messages have left dead rows");
cmp_ok($after, '<', 1.5 * $before, sprintf('a claim touches %.1f buffers a message, %.1f before', $after, $before));
note(sprintf('summary: with %d dead rows a claim touches %.1f buffers a message (%.1f before), on average %.1f (%.1f)',
		$dead, $after, $before, $mean_after, $mean_before));
is($holder->query_safe('SELECT count(*) FROM portatext.message'), $seen, 'the session sees what it saw');

sql(q{ALTER SYSTEM SET portatext.clock_offset = 660});
$node->reload;
ok($node->wait_sql(qq{SELECT count(*) FROM portatext.health() WHERE problem = 'old_snapshot' AND subject = 'process $pid'}, 1),
	'after ten minutes health() names the session');
$holder->query_safe('COMMIT');
$holder->quit;
ok($node->wait_sql(qq{SELECT count(*) FROM portatext.health() WHERE problem = 'old_snapshot' AND subject = 'process $pid'}, 0), 'and not any more when it has ended');
ok($node->wait_sql(q{VACUUM portatext.outbox; SELECT n_dead_tup < 100 FROM pg_stat_all_tables WHERE relid = 'portatext.outbox'::regclass}),
	'then the dead rows go');

# Workers that have nothing to do look seldom: a wake-up brings them work, not a poll.
sql('SELECT pg_stat_statements_reset()');
sleep 3;
my $calls = sql(q{SELECT COALESCE(sum(calls), 0) FROM pg_stat_statements WHERE NOT toplevel OR query !~ 'pg_stat_statements'});
cmp_ok($calls, '<', 100, "three idle seconds: $calls statements");
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');

$node->stop;
done_testing();
