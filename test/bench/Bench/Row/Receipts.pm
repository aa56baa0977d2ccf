# Receipts through the receiver, as Kannel brings them over connections that stay,
# beside as many UPDATEs of a copy of the table, 500 in a transaction.
package Bench::Row::Receipts;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Session;
use Bench::Size qw(size);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster ();
use Time::HiRes qw(time sleep);

my $batch = 500;
my $connections = 128;

sub measure
{
	my ($stage, $table) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $database = $stage->database(receiver_port => $port);
	my $n = size('RECEIPTS');
	my (@ours, @updates, @sets);

	$database->sql('CREATE TABLE given (n bigint PRIMARY KEY, message_id uuid NOT NULL); GRANT SELECT ON given TO app');
	$database->dispatcher;
	wait_receiver($database);
	for (1 .. size('ROUNDS'))
	{
		$database->queue($n);
		$database->wait_empty;
		my $ids = prepare($stage, $database);

		push @updates, $n / one_by_one($stage, $database, $ids);
		copy($database);
		push @sets, $n / set_by_set($database, $n);
		push @ours, receipts($stage, $database, $port, $ids, $n);
		$database->forget;
	}
	$table->pair('receipts through the receiver', median(@ours), '/s', "as many UPDATEs, $batch a transaction", median(@updates), '>= 0.3');
	$table->fact('receipts through the receiver', median(@ours), '/s', '>= 5000');
	$table->pair('receipts through the receiver', median(@ours), '/s', "UPDATE statements of $batch rows each", median(@sets));
	return;
}

sub wait_receiver
{
	my ($database) = @_;
	my $end = time + 30;

	until ($database->sql(q{SELECT EXISTS (SELECT FROM portatext.pg_stat_portatext_worker WHERE kind = 'receiver' AND state <> 'starting')}) eq 't')
	{
		die "there is no receiver\n" if time > $end;
		sleep 0.05;
	}
	return;
}

# Fills the copy, and writes the ids of the messages into a file, which it returns.
sub prepare
{
	my ($stage, $database) = @_;
	my $file = $stage->work . '/ids';

	copy($database);
	$database->sql('TRUNCATE given; INSERT INTO given SELECT row_number() OVER (ORDER BY message_id), message_id FROM portatext.message');
	$database->sql('VACUUM ANALYZE given');
	open my $f, '>', $file or die "$file: $!\n";
	print $f $database->sql('SELECT message_id FROM portatext.message ORDER BY message_id'), "\n";
	close $f or die "$file: $!\n";
	return $file;
}

# The messages as they are before their receipts.
sub copy
{
	my ($database) = @_;

	$database->sql('TRUNCATE plain_message; INSERT INTO plain_message SELECT * FROM portatext.message');
	$database->sql('VACUUM ANALYZE plain_message');
	$database->sql('CHECKPOINT');
	return;
}

# Seconds for an UPDATE of each message by its id, sent by psql one after the other.
sub one_by_one
{
	my ($stage, $database, $ids) = @_;
	my $script = $stage->work . '/updates.sql';
	my $i = 0;

	open my $in, '<', $ids or die "$ids: $!\n";
	open my $out, '>', $script or die "$script: $!\n";
	print $out q{PREPARE u (uuid) AS UPDATE plain_message SET state = 'delivered', step = 'final', finished_at = now() WHERE message_id = $1;}, "\n";
	while (my $id = <$in>)
	{
		chomp $id;
		print $out "BEGIN;\n" if $i % $batch == 0;
		print $out "EXECUTE u('$id');\n";
		print $out "COMMIT;\n" if ++$i % $batch == 0;
	}
	print $out "COMMIT;\n" if $i % $batch;
	close $out or die "$script: $!\n";
	my $begun = time;

	system('timeout', '120', 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $database->connection('app'), '-f', $script) == 0
	  or die "the UPDATEs failed\n";
	return time - $begun;
}

# Seconds for UPDATE statements of one batch each.
sub set_by_set
{
	my ($database, $n) = @_;
	my $begun = time;

	for (my $first = 1; $first <= $n; $first += $batch)
	{
		my $last = $first + $batch - 1;

		$database->app(qq{UPDATE plain_message SET state = 'delivered', step = 'final', finished_at = now()
			WHERE message_id = ANY (ARRAY(SELECT message_id FROM given WHERE n BETWEEN $first AND $last))});
	}
	return time - $begun;
}

# Receipts a second; every message must be delivered afterwards.
sub receipts
{
	my ($stage, $database, $port, $ids, $n) = @_;
	my $rate = Bench::Client::requests($stage, lines => $ids, count => $n, at_once => $connections,
		header => 'Authorization: Basic ' . encode_base64('bench:secret', ''),
		url => "http://127.0.0.1:$port/receipt/bench?id={}&part=1&type=1&answer=id%3A1%20sub%3A001%20dlvrd%3A001%20stat%3ADELIVRD%20err%3A000&event=1");
	my $delivered = $database->sql(q{SELECT count(*) FROM portatext.message WHERE state = 'delivered'});

	die "$n receipts were taken, $delivered messages are delivered\n" unless $delivered == $n;
	return $rate;
}

1;
