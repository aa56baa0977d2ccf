# Inbound messages through one receiver: to a number of an account, to a short code
# that answers with its welcome, and opt-ins with their confirmation queued; beside
# plain INSERTs of the rows that they have made, 500 messages in a transaction.
package Bench::Row::Inbound;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Proc qw(server_cpu_us);
use Bench::Size qw(size);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster ();
use Time::HiRes qw(time sleep);

my $batch = 500;
my $connections = 128;
# What a message fills.
my @tables = qw(message ledger_entry outbox inbound_ref event subscriber consent reply_guard);
my @kinds = (
	[ 'number', 'inbound, to a number', 'to=12015550100&text=On%20my%20way' ],
	[ 'welcome', 'inbound, keyword, welcome queued', 'to=12345&text=DEALS' ],
	[ 'opt_in', 'inbound, opt-in, reply queued', 'to=12345&text=DEALS%20YES' ]);

sub measure
{
	my ($stage, $table) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $database = $stage->database(receiver_port => $port);
	my $n = size('INBOUND');
	my (%ours, %plain, %cpu);

	prepare($database);
	for my $round (1 .. size('ROUNDS'))
	{
		for my $kind (@kinds)
		{
			my ($name, undef, $query) = @$kind;

			forget($database);
			my ($rate, $us) = receive($stage, $database, $port, "$query&ref=$name-$round-{}&from=1201{}", $n);
			push @{ $ours{$name} }, $rate;
			push @{ $cpu{$name} }, $us;
			push @{ $plain{$name} }, $n / insert($database, $n);
		}
	}
	for my $kind (@kinds)
	{
		my ($name, $what) = @$kind;

		$table->pair($what, median(@{ $ours{$name} }), '/s', "INSERTs of the same rows, $batch messages each", median(@{ $plain{$name} }));
		$table->fact($what, median(@{ $ours{$name} }), '/s', '>= 2000');
		$table->fact("  its processor time, receiver, a message", median(@{ $cpu{$name} }), 'us');
	}
	return;
}

# A service with double opt-in on a short code; nothing is handed over; plain copies.
sub prepare
{
	my ($database) = @_;

	$database->dispatcher;
	$database->sql(q{SELECT portatext.create_short_code('US', '12345', carrier => 'bench')});
	$database->sql(q{BEGIN;
		SELECT portatext.act_as(account_id) FROM portatext.account WHERE name = 'bench';
		SELECT portatext.request_service('DEALS', 'US', 'marketing', true, minimum_age => 18, frequency => 4,
			intended_use => 'What is new', message_examples => '{New today}', advertising_examples => '{Text us}',
			tc_url => 'https://example.com/t', phone => '+1 202 555 0100');
		COMMIT});
	$database->sql(q{SELECT portatext.approve_service(service_id, '12345', content_checked => true) FROM portatext.services});
	$database->sql(q{SELECT portatext.activate_service(service_id) FROM portatext.services});
	$database->sql(qq{CREATE TABLE plain_in_$_ (LIKE portatext.$_ INCLUDING ALL);
		CREATE TABLE stage_$_ (n bigint PRIMARY KEY, r portatext.$_)}) for @tables;
	$database->stop_workers;
	$database->sql(q{SELECT format('ALTER DATABASE %I SET portatext.dispatchers = 0', current_database()) \gexec});
	$database->sql('SELECT portatext.start_workers()');
	return;
}

# Only bookings stay, as they do in every round.
sub forget
{
	my ($database) = @_;

	$database->sql('TRUNCATE ' . join(', ', map { ($_ eq 'ledger_entry' ? () : "portatext.$_", "plain_in_$_", "stage_$_") } @tables));
	$database->sql('CHECKPOINT');
	return;
}

# The receiver's process id, as soon as it listens.
sub receiver
{
	my ($database) = @_;
	my $end = time + 30;

	while (time < $end)
	{
		my $pid = $database->sql(q{SELECT w.pid FROM portatext.pg_stat_portatext_worker w WHERE w.kind = 'receiver' AND w.state <> 'starting'});

		return $pid if $pid;
		sleep 0.05;
	}
	die "there is no receiver\n";
}

# Messages a second, and the receiver's processor time for each; all must be there.
sub receive
{
	my ($stage, $database, $port, $query, $n) = @_;
	my $pid = receiver($database);
	my $file = $stage->work . '/inbound';
	my $postmaster = (split ' ', $database->sql("SELECT pg_read_file('postmaster.pid')"))[0];

	open my $f, '>', $file or die "$file: $!\n";
	printf $f "%s\n", $query =~ s/\{\}/5000000 + $_/ger for 1 .. $n;
	close $f or die "$file: $!\n";
	my (undef, $before) = server_cpu_us($postmaster, $pid);
	my $rate = Bench::Client::requests($stage, lines => $file, count => $n, at_once => $connections,
		header => 'Authorization: Basic ' . encode_base64('bench:secret', ''),
		url => "http://127.0.0.1:$port/inbound/bench?{}");
	my (undef, $after) = server_cpu_us($postmaster, $pid);
	my $stored = $database->sql('SELECT count(*) FROM portatext.message WHERE inbound');

	die "$n messages were taken, $stored are there\n" unless $stored == $n;
	return ($rate, ($after - $before) / $n);
}

# Seconds for INSERTs of the same rows into the copies, in transactions.
sub insert
{
	my ($database, $n) = @_;
	my @filled;

	for my $t (@tables)
	{
		my $where = $t eq 'ledger_entry' ? 'WHERE x.reference IN (SELECT message_id FROM portatext.message)' : '';

		$database->sql("INSERT INTO stage_$t SELECT row_number() OVER (), x FROM portatext.$t x $where; ANALYZE stage_$t");
		my $rows = $database->sql("SELECT count(*) FROM stage_$t");
		push @filled, [ $t, $rows ] if $rows;
	}
	my $begun = time;

	for (my $first = 0; $first < $n; $first += $batch)
	{
		my $sql = 'BEGIN';

		for my $f (@filled)
		{
			my ($t, $rows) = @$f;
			my ($from, $to) = map { int($rows * $_ / $n) } ($first, $first + $batch);

			$sql .= "; INSERT INTO plain_in_$t OVERRIDING SYSTEM VALUE SELECT (s.r).* FROM stage_$t s WHERE s.n > $from AND s.n <= $to";
		}
		$database->sql("$sql; COMMIT");
	}
	return time - $begun;
}

1;
