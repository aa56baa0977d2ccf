# Faults on the server's side while messages go out: poisoned rows, schemas of the
# same name, changed settings, several dispatchers, restarts with 64 requests out,
# transactions in parts, an old snapshot, DROP EXTENSION, too few descriptors.
use strict;
use warnings;

use FaultPeer;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(sleep);

my $node = PortatextNode->new_node('server_faults', conf => "max_prepared_transactions = 4\n");
my ($carriers, $next) = (0, 0);

sub sql { return $node->safe_psql('postgres', @_) }
sub wait_sql { return $node->wait_sql(@_) }

# A carrier, and the account pinned to it, before a new peer.
sub carrier
{
	my ($peer, %opt) = @_;
	my $name = 'fault' . ++$carriers;

	sql(sprintf q{SELECT portatext.create_carrier('%1$s', 'kannel',
			'{"url": "%2$s/cgi-bin/sendsms", "dlr_url": "http://127.0.0.1:9/"}',
			'user', 'pass', sender_segments_per_second => NULL%3$s);
		SELECT portatext.assign_did('+1202555%4$04d', portatext.create_account('%1$s', carrier => '%1$s'));
		SELECT portatext.recharge(100000, 'first', account_id) FROM portatext.account WHERE name = '%1$s'},
		$name, $peer->url, join('', map { ", $_ => $opt{$_}" } sort keys %opt), $carriers);
	return $name;
}

sub as { return qq{SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = '$_[0]';\n} }

# Sends so many messages in one statement; their recipients.
sub send_by
{
	my ($name, $count) = @_;
	my @to = map { sprintf '+1202%07d', 7770100 + ++$next } 1 .. $count;

	sql(as($name) . q{SELECT count(*) FROM (SELECT portatext.send_sms(n, 'Your table is ready') FROM unnest(ARRAY[}
		  . join(',', map { "'$_'" } @to) . q{]) n) sent});
	return @to;
}

sub among { return 'to_number IN (' . join(',', map { "'$_'" } @_) . ')' }

sub all_sent
{
	my ($what, @to) = @_;
	return ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND } . among(@to), scalar @to), $what);
}

# Each of them came exactly once.
sub each_once
{
	my ($what, $peer, @to) = @_;
	return is(join(' ', sort $peer->recipients), join(' ', sort @to), "$what: each went out once");
}

sql('CREATE EXTENSION portatext; SELECT portatext.set_tariff($$$$, 1)');

# ---- a poisoned carrier row costs itself only ----

my $peer = FaultPeer->start;
my $good = carrier($peer);
my $sick = carrier($peer);
for my $poison (q{settings = settings || '{"url": "http://a b/\nX: 1"}'}, q{settings = '[]'}, q{adapter = 'nonesuch'},
	q{settings = settings || '{"no_such": 7}'})
{
	sql("BEGIN; UPDATE portatext.carrier SET $poison WHERE name = '$sick'; COMMIT");
	my @waits = send_by($sick, 2);
	all_sent("carrier row with $poison: others go on", send_by($good, 3));
	is(sql('SELECT string_agg(DISTINCT state::text, $$ $$) FROM portatext.message WHERE ' . among(@waits)), 'queued',
		'its own messages wait');
	sql(sprintf q{UPDATE portatext.carrier SET adapter = 'kannel', settings =
		'{"url": "%s/cgi-bin/sendsms", "dlr_url": "http://127.0.0.1:9/"}' WHERE name = '%s'}, $peer->url, $sick);
	all_sent('and go out when it is right again', @waits);
}
like($node->log_since(0), qr/carrier \d+ cannot be used: .*\n.*HINT:.*alter_carrier/, 'the log names the carrier');

# ---- a poisoned message costs itself only ----

sql("SELECT portatext.stop_carrier('$good', 'test')");
my @mixed = send_by($good, 9);
my @poison = @mixed[ 2, 5, 7 ];
sql("UPDATE portatext.message SET body = repeat('x', 100000) WHERE to_number = '$poison[0]';
	UPDATE portatext.message SET body = '' WHERE to_number = '$poison[1]';
	UPDATE portatext.message SET encoding = 'gsm', body = E'\\x01\\x02\\U0001F600' WHERE to_number = '$poison[2]';
	SELECT portatext.resume_carrier('$good')");
all_sent('poisoned messages: the others go out', @mixed[ 0, 1, 3, 4, 6, 8 ]);
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'queued' AND } . among(@poison), 0),
	'poisoned messages: they end, too: ' . sql('SELECT string_agg(concat_ws($$ $$, state, error_code), $$, $$) FROM portatext.message WHERE ' . among(@poison)));

# ---- schemas and functions of the same names ----

sql('CREATE DATABASE decoy');
$node->safe_psql('decoy', q{CREATE SCHEMA portatext; CREATE TABLE portatext.outbox (lane int);
	CREATE FUNCTION portatext.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'decoy'; END $$});
sql(q{CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'decoy'; END $$;
	CREATE TABLE public.message (message_id uuid); CREATE TABLE public.outbox (lane int);
	CREATE FUNCTION public.unnest(uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$ BEGIN RAISE 'decoy'; END $$;
	CREATE FUNCTION public.decoy(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'decoy'; END $$;
	CREATE OPERATOR public.= (FUNCTION = public.decoy, LEFTARG = integer, RIGHTARG = integer);
	ALTER DATABASE postgres SET search_path = public, pg_catalog, portatext});
sql('SELECT pg_catalog.pg_terminate_backend(pid) FROM portatext.pg_stat_portatext_worker WHERE kind OPERATOR(pg_catalog.<>) $$launcher$$');
my @decoyed = map { sprintf '+1202%07d', 7770100 + ++$next } 1 .. 3;
sql(sprintf(q{SET portatext.account_id = %s;},
		sql("SELECT account_id FROM portatext.account WHERE name = '$good'"))
	  . join('', map { "SELECT portatext.send_sms('$_', 'Your table is ready');" } @decoyed));
all_sent('functions, tables and operators of the same names first in search_path', @decoyed);
is($node->safe_psql('decoy', q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'decoy' AND backend_type LIKE 'portatext%'}),
	0, 'a schema of the same name is no extension: no worker stays there');
unlike($node->log_since(0), qr/decoy\n/, 'none of them was called');
sql(q{ALTER DATABASE postgres RESET search_path; DROP OPERATOR public.= (integer, integer);
	DROP FUNCTION public.now, public.unnest(uuid[]), public.decoy; DROP TABLE public.message, public.outbox});

# ---- every setting is changed while messages go out ----

my %values = (
	'portatext.databases' => [ q{'postgres'}, q{'postgres, decoy'} ],
	'portatext.dispatchers' => [ 2, 3, 1 ],
	'portatext.receiver_port' => [ PostgreSQL::Test::Cluster::get_free_port(), 0 ],
	'portatext.receiver_address' => [ q{'127.0.0.1'}, q{'no such address'} ],
	'portatext.shutdown_grace' => [ 0, 5000 ],
	'portatext.installation_id' => [ q{'another'} ],
	'portatext.idempotency_lifetime' => [ q{'1 min'}, q{'2 h'} ],
	'portatext.route_function' => [ q{'no.such'} ]);
my @settings = split /\n/, sql(q{SELECT name FROM pg_settings WHERE name LIKE 'portatext.%'
	AND context IN ('sighup', 'superuser') AND name NOT IN ('portatext.account_id', 'portatext.clock_offset') ORDER BY 1});

# A setting that is not in the table above (added later) is set to its default's text.
$peer = FaultPeer->start(delay => 0.02);
my $busy = carrier($peer, max_in_flight => 2);
my @flow = send_by($busy, 300);
for my $setting (@settings)
{
	my @try = @{ $values{$setting} || [ sql("SELECT quote_literal(boot_val) FROM pg_settings WHERE name = '$setting'") ] };

	for my $value (@try)
	{
		sql("ALTER SYSTEM SET $setting = $value");
		$node->reload;
		sleep 0.2;
	}
	sql("ALTER SYSTEM RESET $setting");
	$node->reload;
}
push @flow, send_by($busy, 20);
all_sent('every setting changed by SIGHUP: ' . @settings . ' settings', @flow);
each_once('every setting changed', $peer, @flow);

# ---- two, three and eight dispatchers ----

for my $count (2, 3, 8, 1)
{
	sql("ALTER SYSTEM SET portatext.dispatchers = $count");
	$node->reload;
	ok(wait_for { $count == $node->worker_pids('portatext dispatcher') }, "$count dispatchers");
	$peer = FaultPeer->start;
	my @to = send_by(carrier($peer), 200);
	all_sent("$count dispatchers: all is sent", @to);
	each_once("$count dispatchers", $peer, @to);
}

ok(wait_sql(q{SELECT n_tup_del > 500 FROM pg_stat_all_tables WHERE relid = 'portatext.outbox'::regclass}),
	'the statistics tell autovacuum of the workers\' deletes');

# ---- restart with 64 requests out ----

for my $mode ('fast', 'immediate')
{
	$peer = FaultPeer->start(mode => 'hang');
	my $slow = carrier($peer, max_in_flight => 64, timeout => "'1 min'");
	my @to = send_by($slow, 100);
	# Of 64 the last few may wait for more room: claims are made in batches.
	$peer->wait_requests(56);
	ok(wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'portatext dispatcher'
		AND xact_start IS NULL AND backend_xmin IS NULL}, 1), "restart $mode: no transaction while the network is busy");
	$peer->behave;
	$node->stop($mode);
	my %out = map { $_ => 1 } $peer->recipients;
	cmp_ok(scalar(keys %out), '>=', 56, "restart $mode: " . keys(%out) . ' requests were out');
	$node->start;
	my @rest = grep { !$out{$_} } @to;
	ok(wait_sql(q{SELECT count(*) FROM portatext.needs_attention WHERE kind = 'unclear' AND } . among(keys %out),
			scalar keys %out), "restart $mode: these are unclear and listed");
	# Of an immediate stop, whatever was claimed is in doubt.
	ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step IN ('sent', 'unclear') AND } . among(@rest), scalar @rest),
		"restart $mode: the rest is dealt with");
	is(sql(q{SELECT count(*) FROM portatext.message WHERE step = 'unclear' AND } . among(@rest)), 0,
		'restart fast: the rest had been put back, and is sent') if $mode eq 'fast';
	my %seen;
	$seen{$_}++ for $peer->recipients;
	is(scalar(grep { $_ > 1 } values %seen), 0, "restart $mode: none went out twice");
	is(sql('SELECT count(*) FROM portatext.lease'), 0, "restart $mode: no lease is left");
	sql(q{SELECT portatext.settle_message(message_id, 'sent') FROM portatext.needs_attention});
}

# Answers that come within the grace are written.
$peer = FaultPeer->start(delay => 1);
my @calm = send_by(carrier($peer, max_in_flight => 64), 64);
$peer->wait_requests(64);
sql('ALTER SYSTEM SET portatext.shutdown_grace = 30000');
$node->reload;
$node->stop('fast');
$node->start;
sql('ALTER SYSTEM RESET portatext.shutdown_grace');
$node->reload;
all_sent('shutdown_grace: what is answered in time is sent', @calm);
each_once('shutdown_grace', $peer, @calm);

# ---- transactions in parts ----

$peer = FaultPeer->start;
my $shop = carrier($peer);
my $send = sub { "SELECT portatext.send_sms('+12025550$_[0]', 'Your table is ready');" };
sql(as($shop) . "BEGIN; @{[ $send->('201') ]} SAVEPOINT a; @{[ $send->('202') ]} ROLLBACK TO a; SAVEPOINT b; @{[ $send->('203') ]}
	RELEASE b; SAVEPOINT c; @{[ $send->('204') ]} SAVEPOINT d; @{[ $send->('205') ]} ROLLBACK TO c; @{[ $send->('206') ]} COMMIT");
sql(as($shop) . "BEGIN; @{[ $send->('207') ]} ROLLBACK");
sql(as($shop) . "BEGIN; @{[ $send->('208') ]} PREPARE TRANSACTION 'stays'");
sql(as($shop) . "BEGIN; @{[ $send->('209') ]} PREPARE TRANSACTION 'goes'");
sql(q{ROLLBACK PREPARED 'goes'});
my @kept = map { "+12025550$_" } qw(201 203 206);
all_sent('subtransactions: what is kept is sent', @kept);
is(sql(q{SELECT count(*) FROM portatext.message WHERE } . among('+12025550208')), 0, 'prepared: not there yet');
$node->restart;
is(sql(q{SELECT count(*) FROM portatext.message WHERE } . among('+12025550208')), 0, 'prepared: nor after a restart');
sql(q{COMMIT PREPARED 'stays'});
all_sent('prepared: sent after its commit', '+12025550208');
each_once('transactions in parts', $peer, @kept, '+12025550208');
is(sql("SELECT portatext.balance(account_id) FROM portatext.account WHERE name = '$shop'") + 0, 100000 - 4,
	'transactions in parts: the balance is charged for these');

# ---- an old snapshot is held while messages go out ----

my $old = $node->background_psql('postgres');
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM portatext.message');
my $seen_before = $old->query_safe('SELECT count(*) FROM portatext.message');
$peer = FaultPeer->start;
$shop = carrier($peer);
my @bloat = map { send_by($shop, 100) } 1 .. 10;
all_sent('an old snapshot is held: 1,000 messages go out', @bloat);
is($old->query_safe('SELECT count(*) FROM portatext.message'), $seen_before, 'and it sees what it saw');
$old->query_safe('COMMIT');
$old->quit;
each_once('an old snapshot is held', $peer, @bloat);

# ---- too few file descriptors: one hanging carrier leaves room for others ----

my $limit = 160;

$node->stop;
is(system("prlimit --pid $$ --nofile=$limit:"), 0, "at most $limit descriptors a process");
$node->append_conf('postgresql.conf', 'max_files_per_process = 64');
$node->start;
my $hanging = FaultPeer->start(mode => 'hang');
my $hog = carrier($hanging, max_in_flight => 1000, timeout => "'2 min'");
my @held = send_by($hog, 400);
ok(wait_for { $hanging->requests > 20 }, 'descriptors: a carrier hangs with as many requests as there is room for');
sleep 1;
my $out = $hanging->requests;
cmp_ok($out, '<', $limit, "descriptors: $out requests are out");
all_sent('descriptors: another carrier\'s messages go out meanwhile', send_by($good, 20));
is(sql(q{SELECT count(*) FROM portatext.message WHERE state = 'rejected' AND } . among(@held)), 0,
	'descriptors: no message is failed for it');

# ---- DROP EXTENSION while requests are out ----

sql('DROP EXTENSION portatext CASCADE');
ok(wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ '^portatext (dispatcher|scheduler|runner)'}, 0),
	'DROP EXTENSION with requests out: the workers leave');
sql('CREATE EXTENSION portatext; SELECT portatext.set_tariff($$$$, 1)');
$peer = FaultPeer->start;
my @new = send_by(carrier($peer), 10);
all_sent('created again: it sends', @new);
each_once('created again', $peer, @new);
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');
unlike($node->log_since(0), qr/PANIC|server process.*was terminated by signal (?!9)/, 'nothing crashed');

$node->stop;
done_testing();
