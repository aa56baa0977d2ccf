# Workers: started where the extension is, out of the way of statements on databases,
# back after any end, silent in a copy until adopt().
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('workers', init => { allows_streaming => 1 },
	conf => "max_prepared_transactions = 4\n");

sub sql { return $node->safe_psql(@_) }

# Waits until a database has so many workers.
sub workers_are
{
	my ($db, $count, $name) = @_;
	return ok(
		$node->wait_sql(
			"SELECT count(*) FROM pg_stat_activity
			 WHERE datname = '$db' AND backend_type LIKE 'portatext %'", $count),
		$name);
}

# Sends in a database; the message's id.
sub send_in
{
	my ($db) = @_;
	return sql($db, "SELECT portatext.send_sms('+12223334444', 'Your table is ready, see you at 8.')");
}

sub delivered
{
	my ($db, $id, $name) = @_;
	return ok(
		$node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$id'", 'delivered', $db),
		$name);
}

# A fresh server, two lines of SQL.
sql('postgres', 'CREATE EXTENSION portatext');
my $first = send_in('postgres');
delivered('postgres', $first, 'GEN-01: two lines of SQL on a server that only preloads the library');
workers_are('postgres', 3, 'a dispatcher, a scheduler and a runner');
is(sql('postgres', q{SELECT string_agg(kind, ' ' ORDER BY kind) FROM portatext.pg_stat_portatext_worker}),
	'dispatcher launcher runner scheduler', 'pg_stat_portatext_worker shows them');
is(sql('postgres', q{SELECT accepted FROM portatext.pg_stat_portatext_carrier WHERE name = 'loopback'}),
	1, 'pg_stat_portatext_carrier counts');
is(sql('postgres', q{SELECT count(*) FROM portatext.pg_stat_portatext_queue}), 0, 'nothing waits');

# CREATE and DROP EXTENSION while workers run.
sql('postgres', 'DROP EXTENSION portatext');
workers_are('postgres', 0, 'DROP EXTENSION ends the workers');
sql('postgres', 'BEGIN; CREATE EXTENSION portatext; ROLLBACK');
sql('postgres', 'CREATE ROLE installer SUPERUSER; SET ROLE installer; CREATE EXTENSION portatext');
workers_are('postgres', 3, 'CREATE EXTENSION starts them again');
delivered('postgres', send_in('postgres'), 'and they deliver');

# Two transactions that both want the workers away: the first to end does not bring them back.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; DROP EXTENSION portatext');
isnt($node->psql('template1', 'CREATE DATABASE copy TEMPLATE postgres'), 0, 'a database in use is no template');
is(sql('template1', q{SELECT pg_sleep(1); SELECT count(*) FROM pg_stat_activity
		WHERE datname = 'postgres' AND backend_type LIKE 'portatext %'}),
	"\n0", 'a second holder that ends leaves the database to the first one');
$holder->query_safe('ROLLBACK');
$holder->quit;
workers_are('postgres', 3, 'the last one brings the workers back');
my $dropper = $node->background_psql('postgres');
for my $drop ('DROP SCHEMA portatext CASCADE', 'DROP OWNED BY installer CASCADE')
{
	$dropper->query_safe("BEGIN; SET client_min_messages = error; $drop");
	workers_are('postgres', 0, "$drop: the workers are out of the way");
	$dropper->query_safe('ROLLBACK');
	workers_are('postgres', 3, 'and back after a rollback');
}
$dropper->quit;

# A second database; CREATE DATABASE ... TEMPLATE, RENAME, DROP DATABASE.
sql('postgres', 'CREATE DATABASE shop');
sql('shop', 'CREATE EXTENSION portatext');
delivered('shop', send_in('shop'), 'a second database has workers of its own');
sql('postgres', 'CREATE DATABASE branch TEMPLATE shop');
workers_are('branch', 3, 'CREATE DATABASE ... TEMPLATE finds no session in the way; the copy has workers');
workers_are('shop', 3, 'those of the template come back');
my $queued = send_in('branch');
ok($node->wait_sql(q{SELECT bool_and(state = 'not adopted') FROM portatext.pg_stat_portatext_worker WHERE kind <> 'launcher'}, 't', 'branch'),
	'the copied database is not adopted');
ok(wait_for { $node->log_since(0) =~ /nothing is sent: the data of database \d+ belongs to another place/ },
	'the log says so');
is(sql('branch', "SELECT state FROM portatext.message WHERE message_id = '$queued'"),
	'queued', 'and sends nothing');
sql('branch', 'SELECT portatext.adopt()');
delivered('branch', $queued, 'adopt() lets it send');
sql('postgres', 'ALTER DATABASE branch RENAME TO office');
workers_are('office', 3, 'RENAME finds no session in the way; workers come back');
delivered('office', send_in('office'), 'a renamed database is no copy');
my ($out, $err);
isnt($node->psql('postgres', 'CREATE DATABASE shop TEMPLATE office', stderr => \$err), 0,
	'a CREATE DATABASE that fails');
workers_are('office', 3, 'brings the workers back, too');
sql('postgres', 'DROP DATABASE office');
is(sql('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'office'}), 0,
	'DROP DATABASE finds no session in the way');

# Stopping and starting by hand; who may.
is(sql('shop', 'SELECT portatext.stop_workers()'), 't', 'stop_workers()');
is(sql('shop', 'SELECT portatext.workers_running()'), 0, 'none runs');
$node->psql('shop', "SELECT portatext.send_sms('+12223334444', 'While the workers are stopped')",
	stdout => \$out, stderr => \$err);
like($err, qr/WARNING:.*no portatext worker serves this database.*HINT:.*start_workers/s,
	'the sender is warned, with the reason');
is(sql('shop', 'SELECT portatext.start_workers()'), 't', 'start_workers()');
delivered('shop', $out, 'what was queued goes out');
# A worker that waits for a lock is no obstacle for ever.
sql('postgres', 'ALTER SYSTEM SET portatext.shutdown_grace = 0');
$node->reload;
my $locker = $node->background_psql('shop');
$locker->query_safe('BEGIN; LOCK TABLE portatext.outbox');
ok($node->wait_sql(q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'portatext.outbox'::regclass}, 't', 'shop'),
	'a worker waits for a lock');
is(sql('shop', 'SELECT portatext.stop_workers()'), 't', 'stop_workers() ends it all the same');
$locker->query_safe('COMMIT');
$locker->quit;
is(sql('shop', 'SELECT portatext.start_workers()'), 't', 'it starts again');
sql('postgres', 'ALTER SYSTEM RESET portatext.shutdown_grace');
$node->reload;

# What cancels a statement ends no worker: what is on the wire would become unclear.
my $pids = q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM portatext.pg_stat_portatext_worker};
ok($node->wait_sql(q{SELECT count(*) FROM portatext.pg_stat_portatext_worker WHERE state = 'waiting'}, 4, 'shop'),
	'launcher, dispatcher, scheduler and runner wait');
my $before = sql('shop', $pids);
sql('shop', 'SELECT pg_cancel_backend(pid) FROM portatext.pg_stat_portatext_worker');
delivered('shop', sql('shop', q{SELECT portatext.send_sms('+12223334444', 'After a cancel')}), 'a message goes out after pg_cancel_backend()');
is(sql('shop', $pids), $before, 'by the same workers');

sql('postgres', 'CREATE ROLE clerk LOGIN; GRANT portatext_account TO clerk');
isnt($node->psql('shop', 'SELECT portatext.stop_workers()', extra_params => [ '-U', 'clerk' ], stderr => \$err),
	0, 'an account may not stop workers');
like($err, qr/permission denied/, 'permission is denied');
sql('postgres', 'CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher');
is($node->safe_psql('shop', q{SELECT count(*) FROM portatext.pg_stat_portatext_worker, portatext.pg_stat_portatext_carrier},
		extra_params => [ '-U', 'watcher' ]),
	4, 'pg_monitor reads the statistics');

# Two-phase commit: sending forbids no PREPARE TRANSACTION; the sweep finds the message.
sql('shop', q{BEGIN; SELECT portatext.send_sms('+12223334444', 'In two phases'); PREPARE TRANSACTION 'two'});
is(sql('shop', q{SELECT count(*) FROM portatext.message WHERE body = 'In two phases'}), 0, 'prepared, not there yet');
sql('shop', q{COMMIT PREPARED 'two'});
ok($node->wait_sql(q{SELECT state FROM portatext.message WHERE body = 'In two phases'}, 'delivered', 'shop'),
	'COMMIT PREPARED: the message goes out');

# SIGTERM to each kind: a new one comes.
for my $kind ('scheduler', 'dispatcher', 'runner', 'launcher')
{
	my ($pid) = split /\n/, sql('shop', "SELECT pid FROM portatext.pg_stat_portatext_worker WHERE kind = '$kind'");

	sql('postgres', "SELECT pg_terminate_backend($pid)");
	ok($node->wait_sql("SELECT count(*) FROM portatext.pg_stat_portatext_worker WHERE kind = '$kind' AND pid <> $pid",
			1, 'shop'), "$kind: a new one after pg_terminate_backend");
}
workers_are('shop', 3, 'a new launcher has workers of its own');
delivered('shop', send_in('shop'), 'which deliver');

# kill -9: the server restarts its processes, the workers come back.
ok($node->kill9_worker('portatext scheduler'), 'the server survives kill -9 of a scheduler');
workers_are('shop', 3, 'its workers are back');
delivered('shop', send_in('shop'), 'and deliver');

# Settings: portatext.databases, portatext.dispatchers.
sql('postgres', q{ALTER SYSTEM SET portatext.databases = 'shop'});
$node->reload;
workers_are('postgres', 0, 'portatext.databases narrows');
workers_are('shop', 3, 'to the databases it names');
sql('postgres', 'ALTER SYSTEM RESET portatext.databases');
sql('postgres', 'ALTER SYSTEM SET portatext.dispatchers = 2');
$node->reload;
workers_are('shop', 4, 'portatext.dispatchers is followed at a reload');
workers_are('postgres', 4, 'in every database');
isnt($node->psql('postgres', q{ALTER SYSTEM SET portatext.databases = 'a b'}, stderr => \$err), 0,
	'a list with wrong syntax is refused');
like($err, qr/list of database names/, 'with the reason');

# A restored dump is silent, whatever waits in it.
sql('shop', q{SELECT portatext.send_sms('+12223334444', 'Sent tomorrow', send_at => now() + interval '1 day')});
my $dump = $node->basedir . '/shop.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('shop') ], 'pg_dump');
sql('postgres', 'CREATE DATABASE restored');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ],
	'restored, with workers running meanwhile');
sql('restored', q{UPDATE portatext.outbox SET due = now()});
ok($node->wait_sql(q{SELECT count(*) > 0 AND bool_and(state = 'not adopted') FROM portatext.pg_stat_portatext_worker WHERE kind = 'dispatcher'}, 't', 'restored'),
	'its dispatchers see a copy');
is(sql('restored', 'SELECT ready FROM portatext.pg_stat_portatext_queue'), 1, 'and leave the message alone');
sql('restored', 'SELECT portatext.adopt()');
ok($node->wait_sql(q{SELECT state FROM portatext.message WHERE body = 'Sent tomorrow'}, 'delivered', 'restored'),
	'after adopt() it goes out');

# A standby is silent; promoted under another installation_id it waits for adopt().
sql('postgres', 'ALTER SYSTEM RESET portatext.dispatchers');
sql('shop', q{SELECT portatext.send_sms('+12223334444', 'Waits on the standby', send_at => now() + interval '1 day')});
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
bless $standby, 'PortatextNode';
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "portatext.installation_id = 'second house'\n");
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('shop', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'portatext %'}),
	0, 'no worker runs on a standby');
$node->stop;
$standby->promote;
ok($standby->wait_sql(q{SELECT bool_or(state = 'not adopted') FROM portatext.pg_stat_portatext_worker}, 't', 'shop'),
	'promoted under another portatext.installation_id it is not adopted');
$standby->safe_psql('shop', 'UPDATE portatext.outbox SET due = now(); SELECT portatext.adopt()');
ok($standby->wait_sql(q{SELECT state FROM portatext.message WHERE body = 'Waits on the standby'}, 'delivered', 'shop'),
	'adopt() lets it send');
$standby->stop;

# Without preloading functions work, and the sender is told that nobody sends.
my $plain = PortatextNode->new_node('plain', preload => '');
$plain->safe_psql('postgres', 'CREATE EXTENSION portatext');
$plain->psql('postgres', "SELECT portatext.send_sms('+12223334444', 'Nobody sends this')",
	stdout => \$out, stderr => \$err);
like($err, qr/WARNING:.*no portatext worker.*HINT:.*shared_preload_libraries/s,
	'without preloading a WARNING with a hint');
is($plain->safe_psql('postgres', "SELECT state FROM portatext.message WHERE message_id = '$out'"),
	'queued', 'the message is queued');
is($plain->safe_psql('postgres', 'SELECT portatext.workers_running()'), 0, 'no worker runs');
isnt($plain->psql('postgres', 'SELECT portatext.start_workers()', stderr => \$err), 0, 'start_workers() fails');
like($err, qr/no workers on this server.*HINT:.*shared_preload_libraries/s, 'with a hint');
$plain->append_conf('postgresql.conf', "shared_preload_libraries = 'portatext'\nmax_worker_processes = 3\n");
$plain->restart;
ok(wait_for { $plain->log_since(0) =~ /no background worker slot for the dispatcher.*HINT:\s+Raise max_worker_processes/s },
	'too few slots: the log says so');
is(() = $plain->log_since(0) =~ /no background worker slot for the dispatcher/g, 1, 'once');
$plain->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$plain->restart;
ok($plain->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$out'", 'delivered'),
	'preloaded later, it goes out');
$plain->stop;

done_testing();
