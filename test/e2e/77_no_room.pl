# No room when workers start: no worker slot, no connection slot, no shared memory for
# the server, a full lock table.  The fault is named in the log and by health(), and
# the workers come when there is room.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils ();
use Test::More;

# Five worker slots: one is logical replication's, one the launcher's.
my $node = PortatextNode->new_node('room', conf => <<'EOT');
max_worker_processes = 5
max_connections = 8
superuser_reserved_connections = 1
max_wal_senders = 0
autovacuum = off
EOT

sub sql { return $node->safe_psql('postgres', @_) }

sub problem
{
	my ($problem, $name) = @_;
	return ok($node->wait_sql("SELECT count(*) > 0 FROM portatext.health() WHERE problem = '$problem'"), $name);
}

sub well
{
	my ($name) = @_;
	return ok($node->wait_sql(q{SELECT count(*) FROM portatext.health() WHERE problem = 'workers_missing'}, 0), $name);
}

sub send_one { return sql(q{SELECT portatext.send_sms('+12223334444', 'Your table is ready')}) }

sub delivered
{
	my ($id, $name) = @_;
	return ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$id'", 'delivered'), $name);
}

# ---- max_worker_processes: another database has the slots ----

sql('CREATE DATABASE shop');
$node->safe_psql('shop', 'CREATE EXTENSION portatext');
ok($node->wait_sql('SELECT portatext.workers_running()', 3, 'shop'), 'three workers of another database take all slots');
sql('CREATE EXTENSION portatext');
problem('workers_missing', 'no slot is left: health() says that workers are missing');
problem('no_free_worker_slot', 'and why');
my $waits = send_one();
ok(wait_for { $node->log_since(0) =~ /no background worker slot for the scheduler of database \d+\n.*HINT:\s+Raise max_worker_processes/ },
	'the log names the worker and the setting');
is($node->safe_psql('shop', 'SELECT portatext.stop_workers()'), 't', 'the others leave: there is room');
delivered($waits, 'the workers come by themselves, and send');
well('health() is content');
is(() = $node->log_since(0) =~ /no background worker slot for the scheduler/g, 1, 'all that time it was said once');

# ---- max_connections: workers take no place of it ----

my @crowd = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 6;
my $operator = $node->background_psql('postgres', on_error_stop => 0);
my ($dispatcher) = $node->worker_pids('portatext dispatcher');

push @crowd, $node->background_psql('postgres', on_error_stop => 0);
my $err;

isnt($node->psql('postgres', 'SELECT 1', stderr => \$err), 0, 'all connections are taken');
like($err, qr/too many clients|remaining connection slots/, 'and a further one is refused');
$operator->query("SELECT pg_terminate_backend($dispatcher)");
my $id = $operator->query_safe(q{SELECT portatext.send_sms('+12223334444', 'Your table is ready')});
ok(wait_for { $operator->query("SELECT state FROM portatext.message WHERE message_id = '$id'") eq 'delivered' },
	'a new dispatcher starts all the same, and sends');
$_->quit for @crowd, $operator;

# ---- the lock table is full ----

my $eater;

# What has ended since gave places back; these, too.
sub take_rest
{
	my $full = wait_for {
		$eater->{stderr} = '';
		$eater->query('SELECT pg_advisory_lock(-' . int(rand 1e9) . ')');
		$eater->{stderr} =~ /out of shared memory/
	};
	return ok($full, 'the last places of the lock table, too');
}

$node->append_conf('postgresql.conf', "max_locks_per_transaction = 10\nmax_worker_processes = 8\n");
$node->restart;
well('a lock table of the least size is enough');
my %pid = map { ($node->worker_pids("portatext $_"))[0] => $_ } 'launcher', 'scheduler', 'dispatcher', 'runner';
my $from = $node->log_size;
$eater = $node->background_psql('postgres', on_error_stop => 0);

$operator = $node->background_psql('postgres', on_error_stop => 0);
$eater->query('SELECT count(pg_advisory_lock(g)) FROM generate_series(1, 1000000) g');
like($eater->{stderr}, qr/out of shared memory/, 'the lock table is full');
take_rest();
$operator->query('SELECT count(*) FROM portatext.health()');
like($operator->{stderr}, qr/out of shared memory/, 'every session meets that, one that asks health() as well');
kill 'TERM', keys %pid;
ok(wait_for { $node->log_since($from) =~ /ERROR:  out of shared memory\n.*CONTEXT:  start of the portatext scheduler of database \d+/s },
	'the log says which worker cannot start');
take_rest();
$node->reload;
ok(wait_for { $node->log_since($from) =~ /portatext launcher: reading pg_database failed: out of shared memory/ },
	'and that the launcher cannot look');
is(() = $node->log_since($from) =~ /background worker "portatext launcher" \(PID \d+\) exited/g, 1,
	'which goes on all the same: it has ended only when it was told to');
$eater->quit;
problem('workers_missing', 'health() says that workers are missing while they wait to be tried again');
well('there is room again: the workers come back');
delivered(send_one(), 'and send');

# ---- the server itself gets no shared memory ----

my $queued = sql(q{SELECT portatext.stop_workers(); SELECT portatext.send_sms('+12223334444', 'Your table is ready')});

$queued =~ s/.*\n//;
$node->stop;
$from = $node->log_size;
isnt(system('prlimit', '--as=120000000:', 'pg_ctl', '-D', $node->data_dir, '-l', $node->logfile, '-w', 'start'), 0,
	'128 MB of shared memory cannot be had: the server does not start');
like($node->log_since($from), qr/FATAL:  could not map anonymous shared memory: Cannot allocate memory/, 'the log says so');
$node->start;
delivered($queued, 'started with room for it, it sends what was queued before');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');
$node->stop;
done_testing();
