# Volumes that are really full (ENOSPC): first that of the tables, then that of the
# WAL, while outcomes are written.  The server runs in a user and mount namespace of
# its own, in which an ordinary user may mount small tmpfs volumes.
use strict;
use warnings;

use FaultPeer;
use File::Path qw(make_path);
use PortatextNode qw(wait_for);
use POSIX ();
use Test::More;

my @namespace = qw(unshare -U -c -m --keep-caps);

# What the kernel forbids nobody can install: test/e2e/76_disk_full.pl has the rest.
if (system("@namespace mount -t tmpfs -o size=1m tmpfs /mnt 2>/dev/null") != 0)
{
  SKIP: { skip("this user may not mount a tmpfs in a namespace of its own (@namespace)", 1) }
	done_testing();
	exit 0;
}

my $node = PortatextNode->new_node('volume', start => 0, init => { extra => ['--wal-segsize=1'] }, conf => <<'EOT');
autovacuum = off
max_wal_size = 1GB
checkpoint_timeout = 1h
EOT
my $data = $node->data_dir;
my %volume = map { $_ => $node->basedir . "/$_" } 'tables', 'wal';
my $peer = FaultPeer->start;
my $holder;
my $owner = $$;

# ---- the namespace ----

# A process that keeps the namespace and its volumes while no server runs.
sub hold_volumes
{
	my $mounts = join ' && ', map { "mount -t tmpfs -o mode=700,size=$_->[1] tmpfs $volume{$_->[0]}" } @_;

	make_path(values %volume);
	$holder = fork // die "fork: $!\n";
	if (!$holder)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec @namespace, 'sh', '-c', "$mounts && touch $data/mounted && exec sleep 900" or POSIX::_exit(1);
	}
	return wait_for { -e "$data/mounted" };
}

sub inside
{
	return system('nsenter', '-t', $holder, '-U', '-m', '--preserve-credentials', @_) == 0;
}

END
{
	my $status = $?;

	if ($holder && $owner == $$)
	{
		inside('pg_ctl', '-s', '-D', $data, '-m', 'immediate', 'stop') if -e "$data/postmaster.pid";
		kill 'KILL', $holder;
		waitpid $holder, 0;
	}
	$? = $status;
}

sub start_inside
{
	my $ok = inside('pg_ctl', '-s', '-w', '-D', $data, '-l', $node->logfile, '-o', '--cluster-name=volume', 'start');

	$node->_update_pid(1);
	return $ok;
}

sub fill { return inside('sh', '-c', "cat /dev/zero >$volume{$_[0]}/ballast 2>/dev/null; true") }
sub make_room { return inside('rm', "$volume{$_[0]}/ballast") }

# ---- messages ----

sub sql { return $node->safe_psql('shop', @_) }
sub wait_sql { return $node->wait_sql($_[0], $_[1], 'shop') }

my $next = 0;
my $as = q{SELECT set_config('portatext.account_id', account_id::text, false) FROM portatext.account WHERE name = 'web';};

# Sends so many in one transaction; their recipients, none when it failed.
sub send_by
{
	my ($count) = @_;
	my $first = $next + 1;

	$next += $count;
	my $status = eval { $node->psql('shop', $as . qq{SELECT count(portatext.send_sms('+1202' || lpad(g::text, 5, '0') || '99', 'Number ' || g))
		FROM generate_series($first, $next) g}) };
	return if !defined $status || $status != 0;
	return map { sprintf '+1202%05d99', $_ } $first .. $next;
}

# What holds after every fault: none lost, none twice, each sent or listed.
sub whole
{
	my ($name, @committed) = @_;
	my %came;

	$came{$_}++ for $peer->recipients;
	my %committed = map { $_ => 1 } @committed;
	is(scalar(grep { $_ > 1 } values %came), 0, "$name: nothing went out twice");
	is(scalar(grep { !$committed{$_} } keys %came), 0, "$name: nothing went out that was not committed");
	is(sql('SELECT count(*) FROM portatext.message'), scalar @committed, "$name: none is lost");
	is(sql(q{SELECT count(*) FROM portatext.message m WHERE m.step <> 'sent'
		AND NOT EXISTS (SELECT FROM portatext.needs_attention n WHERE n.message_id = m.message_id)}), 0,
		"$name: each is sent, or listed: " . sql(q{SELECT COALESCE(string_agg(k, ', '), 'none') FROM
			(SELECT count(*) || ' ' || kind FROM portatext.needs_attention GROUP BY kind) n (k)}));
	is(scalar(grep { !$came{$_} } split /\n/, sql(q{SELECT to_number FROM portatext.message WHERE step = 'sent'})), 0,
		"$name: what is sent has arrived");
	is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, "BILL-20 $name: balance = ledger");
	return;
}

ok(hold_volumes([ tables => '40m' ], [ wal => '48m' ]), 'two small volumes');
ok(inside('sh', '-c', "cp -a $data/pg_wal/. $volume{wal} && rm -r $data/pg_wal && ln -s $volume{wal} $data/pg_wal && mkdir $volume{tables}/t"),
	'the WAL on one');
ok(start_inside(), 'the server starts');
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$volume{tables}/t'");
$node->safe_psql('postgres', 'CREATE DATABASE shop TABLESPACE small');
sql(sprintf q{
	CREATE EXTENSION portatext;
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.create_carrier('web', 'kannel', '{"url": "%s/x", "dlr_url": "http://127.0.0.1:9/"}',
		'user', 'pass', sender_segments_per_second => NULL, max_in_flight => 64);
	SELECT portatext.assign_did('+12025550102', portatext.create_account('web', carrier => 'web'));
	SELECT portatext.recharge(100000, 'first', account_id) FROM portatext.account;
	UPDATE portatext.account SET message_events = true}, $peer->url);
my @committed = send_by(20);
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent'}, 20), 'it sends');

# ---- the tables' volume is full ----

my $dispatcher = $node->wait_worker('portatext dispatcher');
$peer->behave(delay => 1);
push @committed, send_by(400);
$peer->wait_requests(20 + 56);
ok(fill('tables'), 'the volume of the tables is full while requests are out');
$peer->behave;
ok(wait_sql(q{SELECT errors > 0 AND last_error ~ 'No space left on device' FROM portatext.pg_stat_portatext_worker WHERE kind = 'dispatcher'}),
	'the view of the workers says so');
ok(wait_sql(q{SELECT count(*) FROM portatext.health() WHERE problem = 'worker_error' AND detail ~ 'No space left on device'}, 1), 'health(), too');
like($node->log_since(0), qr/portatext dispatcher: .* failed: could not extend file .*No space left on device/, 'and the log');
is(join(' ', send_by(500)), '', 'an application that sends gets an error');
ok(make_room('tables'), 'there is room again');
ok(wait_sql(q{SELECT (SELECT count(*) FROM portatext.outbox) + (SELECT count(*) FROM portatext.lease)}, 0), 'the queue empties');
whole('tables', @committed);
push @committed, send_by(10);
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND to_number >= '} . $committed[-10] . q{'}, 10), 'it goes on');
is($node->wait_worker('portatext dispatcher'), $dispatcher, 'by the same dispatcher');

# ---- the WAL's volume is full ----

sql(q{SELECT portatext.settle_message(message_id, 'sent') FROM portatext.needs_attention WHERE kind = 'unclear'});
$peer->behave(delay => 0.2);
push @committed, send_by(100);
ok(fill('wal'), 'the volume of the WAL is full while requests are out');
my $panic = wait_for { push @committed, send_by(50); $node->log_since(0) =~ /PANIC:  could not write to file "pg_wal.*No space left/ };
ok($panic, 'PostgreSQL stops with PANIC');
# Its restart needs room, too: without it the postmaster ends.
my $up;
ok(wait_for { !-e "$data/postmaster.pid" || ($up = eval { $node->psql('postgres', 'SELECT 1') == 0 }) }, 'and comes back, or ends');
ok(make_room('wal'), 'there is room again');
ok($up || start_inside(), 'the server runs');
$peer->behave;
ok(wait_sql(q{SELECT (SELECT count(*) FROM portatext.outbox) + (SELECT count(*) FROM portatext.lease)}, 0), 'the queue empties');
whole('WAL', @committed);
push @committed, send_by(10);
ok(wait_sql(q{SELECT count(*) FROM portatext.message WHERE step = 'sent' AND to_number >= '} . $committed[-10] . q{'}, 10), 'it goes on');

ok(inside('pg_ctl', '-s', '-D', $data, '-m', 'fast', 'stop'), 'it stops');
$node->_update_pid(0);
done_testing();
