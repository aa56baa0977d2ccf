# Retention while messages are sent: what is old goes, what has not ended stays, the
# balance is the sum of the ledger in every snapshot; health() with real workers.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils;
use Test::More;

my $count = $ENV{CHECK_LONG} ? 20000 : 3000;
my $node = PortatextNode->new_node('retention',
	conf => "max_prepared_transactions = 2\nautovacuum = off\nwal_level = logical\n");

sub sql { return $node->safe_psql('postgres', @_) }

# Changes settings of the workers, which follow at the reload.
sub configure
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for sort keys %settings;
	$node->reload;
	return;
}

sub problems
{
	return sql(q{SELECT COALESCE(string_agg(problem || ': ' || subject, '; ' ORDER BY problem, subject), '') FROM portatext.health()});
}

sql('CREATE EXTENSION portatext');
sql(q{SELECT portatext.balance()});
sql(q{SELECT portatext.recharge(1000000)});
sql(q{UPDATE portatext.account SET message_events = true});
ok($node->wait_sql(q{SELECT count(*) FROM portatext.health()}, 0), 'health() says nothing when all is well')
  or diag(problems());

# A first generation: delivered ones, one in doubt, one that waits for its time.
sql(qq{SELECT count(portatext.send_sms('+12223334444', 'Old ' || i)) FROM generate_series(1, $count) i});
my $later = sql(q{SELECT portatext.send_sms('+12223334444', 'Later', send_at => now() + interval '100 days')});
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'}, $count), 'delivered');
my $doubt = sql(q{
	WITH m AS (UPDATE portatext.message SET state = 'sending', step = 'unclear', finished_at = NULL
		WHERE body = 'Old 7' RETURNING account_id, message_id)
	INSERT INTO portatext.attention (account_id, kind, message_id)
		SELECT account_id, 'unclear', message_id FROM m RETURNING message_id});
sql(q{INSERT INTO portatext.carrier_ref SELECT 1, 'ref' || body, message_id FROM portatext.message});
my $balance = sql('SELECT portatext.balance()');

# Forty days later: a second generation is sent while retention works, an old snapshot
# is held, and somebody compares the books again and again.
my $holder = $node->background_psql('postgres');

$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM portatext.ledger_entry');
append_to_file($node->basedir . '/send.sql', "SELECT portatext.send_sms('+12223335555', 'New message');\n");
append_to_file($node->basedir . '/check.sql',
	"SELECT 1 / (count(*) = 0)::int FROM portatext.check_balances();\n");
configure('portatext.clock_offset' => 40 * 86400, 'portatext.retention_messages' => 30,
	'portatext.retention_events' => 30, 'portatext.retention_ledger' => 30);
my ($out, $err) = ('', '');
my $load = IPC::Run::start(
	[
		'pgbench', '-n', '-c', 3, '-j', 1, '-T', 600, '-f', $node->basedir . '/send.sql@2',
		'-f', $node->basedir . '/check.sql@1', $node->connstr('postgres')
	],
	'>', \$out, '2>', \$err);

ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE body LIKE 'Old %'}, 1),
	'old messages go, the one in doubt stays');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.event WHERE payload->>'to' = '+12223334444'}, 0), 'events go');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.ledger_entry
	WHERE kind = 'charge' AND created_at < portatext.now() - interval '30 days'}, 2),
	'bookings are carried forward, those that may be refunded stay');
my $sent = sql(q{SELECT count(*) FROM portatext.message WHERE body = 'New message'});

ok($node->wait_sql(qq{SELECT count(*) > $sent FROM portatext.message WHERE body = 'New message'}), 'while messages are sent');
$load->signal('INT');
$load->finish;
unlike($err, qr/division by zero|ABORTED|ERROR/i, 'BILL-20: the books agreed in every snapshot')
  or diag($err);
is(sql(q{SELECT count(*) FROM portatext.ledger_entry WHERE kind = 'carry_forward'}), 1, 'one row carries forward');
is(sql(q{SELECT count(*) FROM portatext.message WHERE message_id = '} . $later . q{'}), 1, 'a message that waits stays');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'the books agree');
is($holder->query_safe('SELECT count(*) FROM portatext.check_balances()'), 0, 'and in the snapshot of before');
is($holder->query_safe('SELECT portatext.balance()'), $balance, 'which has the balance of before');

# What stayed because it was in doubt is refunded in full, and goes when it is old, too.
sql("SELECT portatext.settle_message('$doubt', 'failed')");
is(sql("SELECT sum(amount) FROM portatext.ledger_entry WHERE reference = '$doubt'"), 0,
	'BILL-21: a message whose neighbours are gone is refunded');
ok($node->wait_sql(q{SELECT count(*) > 0 FROM portatext.health() WHERE problem = 'old_snapshot'}, 't'),
	'health() names the old snapshot');
$holder->query_safe('COMMIT');
$holder->quit;
configure('portatext.clock_offset' => 42 * 86400);
ok($node->wait_sql(q{SELECT string_agg(ref, ' ' ORDER BY ref) FROM portatext.carrier_ref}, 'refLater refOld 7'),
	'references follow their messages within a day');
configure('portatext.clock_offset' => 75 * 86400);
ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE message_id = '$doubt'", 0),
	'a message that was passed over goes when it has ended');
# The ledger's turn comes every hour, or after a reload; a round under way does not begin anew.
ok(wait_for { $node->reload; sleep 1; sql("SELECT count(*) FROM portatext.ledger_entry WHERE reference = '$doubt'") == 0 },
	'with its bookings');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'the books agree');
is(sql(q{SELECT COALESCE(string_agg(last_error, '; '), '') FROM portatext.pg_stat_portatext_worker WHERE kind = 'scheduler'}), '',
	'no task has failed');

# forget_number() with workers running.
sql(q{SELECT portatext.send_sms('+12223336666', 'Waits for its time', send_at => portatext.now() + interval '1 day')});
like(sql(q{CALL portatext.forget_number('+12223336666')}), qr/^1\|1\|/, 'what waits is ended and redacted');
is(sql(q{SELECT count(*) FROM portatext.message m WHERE m::text LIKE '%2223336666%'}), 0, 'nothing names the person');

# health(), one problem after the other.
sub ill
{
	my ($problem, $subject) = @_;
	return ok($node->wait_sql(qq{SELECT count(*) > 0 FROM portatext.health()
		WHERE problem = '$problem' AND subject LIKE '$subject'}), "health(): $problem") || diag(problems());
}
configure('portatext.clock_offset' => 0, 'portatext.retention_messages' => 0,
	'portatext.retention_events' => 0, 'portatext.retention_ledger' => 0);
sql('SELECT portatext.stop_workers()');
ill('no_workers', 'postgres');
sql('SELECT portatext.start_workers()');
sql(q{UPDATE portatext.installation SET database_oid = 1});
ill('not_adopted', 'postgres');
sql('SELECT portatext.adopt()');
sql(q{BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'left alone'});
configure('portatext.clock_offset' => 3600);
ill('prepared_transaction', 'left alone');
sql(q{ROLLBACK PREPARED 'left alone'});
configure('portatext.clock_offset' => 0);
sql(q{INSERT INTO portatext.outbox SELECT 1000001, now(), portatext.uuid7(), '' FROM generate_series(1, 100001);
	DELETE FROM portatext.outbox WHERE lane = 1000001});
ill('vacuum_behind', 'outbox');
sql('VACUUM portatext.outbox');
sql(q{ALTER FUNCTION portatext.balance_alerts() RENAME TO balance_alerts_away});
$node->reload;
ill('worker_error', 'scheduler');
sql(q{ALTER FUNCTION portatext.balance_alerts_away() RENAME TO balance_alerts});

# Replication slots without a consumer: one holds old rows, one holds WAL.
sql(q{SELECT pg_create_logical_replication_slot('old_rows', 'pgoutput')});
ill('replication_slot', 'old_rows');
sql(q{SELECT pg_drop_replication_slot('old_rows')});
sql(q{SELECT pg_create_physical_replication_slot('wal', true)});
is(sql(q{SELECT count(*) FROM portatext.health() WHERE problem = 'replication_slot'}), 0, 'a slot that is not behind is no problem');
configure('max_wal_size' => '32MB');
sql("CREATE TABLE wal$_ (); SELECT pg_switch_wal()") for 1 .. 6;
ill('replication_slot', 'wal');
is(sql(q{SELECT detail FROM portatext.health() WHERE problem = 'replication_slot'}),
	'The slot is not in use and holds more WAL than max_wal_size.', 'it says what the slot holds');
sql(q{SELECT pg_drop_replication_slot('wal')});

# A receiver whose port is taken.
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $thief = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1);

ok($thief, 'somebody else has the port');
configure('portatext.receiver_port' => $port);
ill('receiver_not_listening', "port $port");
close $thief;
ok($node->wait_sql(q{SELECT count(*) FROM portatext.health() WHERE problem = 'receiver_not_listening'}, 0),
	'and not any more when it listens');

# A carrier that does not answer; no slots.
sql(qq{SELECT portatext.create_carrier('dead', 'kannel', '{"url": "http://127.0.0.1:1/", "dlr_url": "http://127.0.0.1:2/"}', 'user', 'password')});
sql(q{UPDATE portatext.account SET carrier_id = (SELECT carrier_id FROM portatext.carriers WHERE name = 'dead'), sandbox = false;
	SELECT portatext.set_tariff('', 1);
	SELECT count(portatext.send_sms('+12223334444', 'Nobody answers')) FROM generate_series(1, 8)});
ill('carrier_failing', 'dead');
$node->append_conf('postgresql.conf', "max_worker_processes = 3\n");
sql(q{ALTER SYSTEM SET max_worker_processes = 3});
$node->restart;
ill('workers_missing', '%');
ill('no_free_worker_slot', 'max_worker_processes');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
sql(q{ALTER SYSTEM RESET ALL});
$node->restart;
ill('no_workers', 'postgres');

$node->stop;
done_testing();
