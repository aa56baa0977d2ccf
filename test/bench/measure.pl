# The measurements of make bench, in a private copy (test/bench/run).  Each line of
# the table is a pair measured in turns in one run: ours, and what stands below it.
# Environment: N (messages of the large runs), ROUNDS (the median of so many counts).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use TestEnvironment;

use PortatextNode;
use PostgreSQL::Test::Utils ();
use Test::More ();
use Time::HiRes qw(time sleep);

my $n = $ENV{N} || 20000;
my $rounds = $ENV{ROUNDS} || 3;
my $in_flight = 32;
my $singles = 200;
my $work = $ENV{PT_WORK};
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $arrivals = "$work/arrivals";
# The same rows into copies of the same tables, with their indexes and constraints.
my $insert = q{WITH r AS MATERIALIZED (SELECT * FROM plain_rows(%d)),
	l AS (INSERT INTO plain_ledger (account_id, reference, kind, amount, created_at)
		SELECT 1, message_id, 'charge', -1, now() FROM r),
	o AS (INSERT INTO plain_outbox (lane, due, message_id, to_number) SELECT 2, now(), message_id, to_number FROM r)
	INSERT INTO plain_message (message_id, account_id, carrier_id, segments, cost, from_number, to_number, encoding, body, created_at)
	SELECT message_id, 1, 1, 1, 1, '+12015550100', to_number, 'gsm', body, now() FROM r};
my ($node, $sink);

# The modules of PostgreSQL send standard output to a log; the table goes here.
open my $table, '>&', 3 or die "file descriptor 3: $!\n";
$table->autoflush(1);

$SIG{$_} = sub { die "interrupted\n" } for qw(INT TERM HUP);
eval { main(); 1 } or print $table "bench: $@";
my $ok = !$@;
kill 'TERM', $sink if $sink;
$node->stop('immediate') if $node;
exit($ok ? 0 : 1);

sub main
{
	prepare();
	printf $table "\n%d messages, median of %d rounds, %d requests in flight, %s\n\n", $n, $rounds,
	  $in_flight, PortatextNode::config('--version');
	line('what', 'portatext', '', 'compared with', '', 'ratio');
	line(map { '-' x $_ } 34, 10, 6, 38, 10, 6);
	bench_large();
	bench_single();
	bench_latency();
}

# ---- the pairs ----

# One statement queues n messages; then all of them go out.
sub bench_large
{
	my (@send, @batch, @insert, @drain, @curl, @cpu);

	for (1 .. $rounds)
	{
		push @curl, libcurl_alone();
		push @insert, $n / timed(sub { app(sprintf $insert, $n) });
		forget();
		push @batch, $n / timed(sub { app("SELECT count(message_id) FROM send_many($n)") });
		wait_drained();
		forget();
		push @send, $n / timed(sub { app("SELECT count(send(i)) FROM generate_series(1, $n) i") });
		my ($begun, $ticks) = (time, dispatcher_ticks());

		wait_drained();
		push @drain, $n / (time - $begun);
		push @cpu, (dispatcher_ticks() - $ticks) * 10_000 / $n;
		forget();
	}
	pair('send_sms_batch', median(@batch), '/s', 'INSERT ... SELECT of the same rows', median(@insert));
	pair('send_sms over a query', median(@send), '/s', 'the same', median(@insert));
	pair('hand-over, with outcomes', median(@drain), '/s', 'libcurl alone, same requests', median(@curl));
	printf $table "(the hand-over takes %.0f us of the dispatcher's processor time a message)\n", median(@cpu);
}

# Processor time of the dispatcher in hundredths of a second.
sub dispatcher_ticks
{
	my $pid = $node->wait_worker('portatext dispatcher');
	my @field = split / /, PostgreSQL::Test::Utils::slurp_file("/proc/$pid/stat");

	return $field[13] + $field[14];
}

# One message a transaction, from one session and from sixteen, one account.
sub bench_single
{
	for my $sessions (1, 16)
	{
		my (@send, @insert);

		for (1 .. $rounds)
		{
			push @insert, pgbench(sprintf($insert, 1), $sessions);
			push @send, pgbench('SELECT send(1)', $sessions);
			wait_drained();
			forget();
		}
		pair("send_sms, $sessions session" . ($sessions > 1 ? 's' : ''), median(@send), '/s',
			"INSERT of the same rows, $sessions", median(@insert));
	}
}

# From the commit (as the server stamped it) to the carrier, one message after the other.
sub bench_latency
{
	my $commit = 1000 / pgbench(sprintf($insert, 1), 1);
	my %arrived;
	my @wire;

	truncate $arrivals, 0;
	for my $i (1 .. $singles)
	{
		app("SELECT send($i)");
		sleep 0.005;
	}
	wait_drained();
	for (split /\n/, PostgreSQL::Test::Utils::slurp_file($arrivals))
	{
		my ($at, $to) = split / /;
		$arrived{$to} = $at;
	}
	for (split /\n/, sql(q{SELECT to_number, extract(epoch FROM pg_xact_commit_timestamp(l.xmin))
			FROM portatext.message m JOIN portatext.ledger_entry l ON l.reference = m.message_id AND l.kind = 'charge'}))
	{
		my ($to, $at) = split /\|/;
		$to =~ s/^\+/%2B/;
		push @wire, 1000 * ($arrived{$to} - $at) if $arrived{$to};
	}
	die "no arrival was matched with its commit\n" unless @wire;
	@wire = sort { $a <=> $b } @wire;
	pair('commit to carrier, median', median(@wire), 'ms', 'INSERT of one row and its commit', $commit);
	pair('commit to carrier, 95 %', $wire[ int($#wire * 0.95) ], 'ms', 'the same', $commit);
}

# ---- what stands below ----

sub libcurl_alone
{
	my $url = "http://127.0.0.1:$port/cgi-bin/sendsms?dlr-mask=31&username=bench&password=bench"
	  . '&from=%2B12015550100&coding=0&text=' . 'x' x 60 . '&dlr-url=' . 'y' x 120 . '&to=%2B1201555';
	my $out = qx("$work/curlclient" "$url" $n $in_flight);

	die "curlclient failed\n" if $?;
	my ($requests, $seconds) = split ' ', $out;
	return $requests / $seconds;
}

# Transactions a second.
sub pgbench
{
	my ($statement, $clients) = @_;
	my $file = "$work/pgbench.sql";
	my $connection = $node->connstr('bench') . ' user=app';

	$statement =~ s/\n\s*/ /g;
	open my $f, '>', $file or die "$file: $!\n";
	print $f "$statement;\n";
	close $f;
	my $out = qx(pgbench -n -c $clients -j 2 -T 5 -M prepared -f "$file" "$connection" 2>&1);

	return $1 if $out =~ /tps = ([\d.]+)/;
	die "pgbench: $out\n";
}

# ---- the stage ----

sub prepare
{
	make_programs();
	$node = PortatextNode->new_node('bench', shipped => 1, conf => <<"EOT");
fsync = on
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 30min
track_commit_timestamp = on
EOT
	start_sink();
	$node->safe_psql('postgres', 'CREATE DATABASE bench');
	$node->psql('bench', PostgreSQL::Test::Utils::slurp_file('test/bench/setup.sql'),
		on_error_die => 1, extra_params => [ '-v', "port=$port", '-v', "in_flight=$in_flight" ]);
}

sub make_programs
{
	print $table "Building ...\n";
	system(qq(make -s PG_CONFIG="$ENV{PG_CONFIG}" all >&2)) == 0
	  && system(qq(make -s PG_CONFIG="$ENV{PG_CONFIG}" install DESTDIR="$ENV{PT_SHIP_DESTDIR}" >&2)) == 0
	  && system(qq(gcc -O2 -o "$work/sink" test/bench/sink.c)) == 0
	  && system(qq(gcc -O2 -o "$work/curlclient" test/bench/curlclient.c -lcurl)) == 0
	  or die "the build failed\n";
}

sub start_sink
{
	$sink = fork // die "fork: $!\n";
	if (!$sink)
	{
		exec "$work/sink", $port, '-l', $arrivals or POSIX::_exit(1);
	}
	sleep 0.2;
}

sub sql { return $node->safe_psql('bench', $_[0]) }

# The same as the application's role.
sub app { return $node->safe_psql('bench', $_[0], extra_params => [ '-U', 'app' ]) }

sub timed
{
	my ($code) = @_;
	my $begun = time;

	$code->();
	return time - $begun;
}

# Until every message has an outcome and nothing is claimed; gives up when nothing
# has moved for half a minute.
sub wait_drained
{
	my ($left, $moved) = ('', time);

	while (time - $moved < 30)
	{
		my $now = sql(q{SELECT (SELECT count(*) FROM portatext.outbox) + (SELECT count(*) FROM portatext.parked)
			+ (SELECT count(*) FROM portatext.lease)});

		return if $now == 0;
		($left, $moved) = ($now, time) if $now ne $left;
		sleep 0.05;
	}
	die "$left rows stay in the queue\n";
}

sub forget
{
	sql('TRUNCATE plain_message, plain_ledger, plain_outbox, portatext.message, portatext.message_part, portatext.carrier_ref, portatext.event');
	sql('CHECKPOINT');
}

# ---- the table ----

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ $#sorted / 2 ];
}

sub figure
{
	my ($x) = @_;
	return $x >= 100 ? sprintf('%.0f', $x) : sprintf('%.2f', $x);
}

sub pair
{
	my ($what, $ours, $unit, $other, $theirs) = @_;
	line($what, figure($ours), $unit, $other, figure($theirs), sprintf('%.2f', $ours / $theirs));
}

sub line { printf $table "| %-34s | %10s %-6s | %-38s | %10s | %6s |\n", @_ }
