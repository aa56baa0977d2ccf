# One message a transaction: one session and sixteen on one account, with and without
# waiting for the disk at commit.  Nothing is handed over meanwhile, as beside the bare
# INSERT; a line without target shows sixteen sessions while the dispatcher sends.
package Bench::Row::Single;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Plain qw(insert_next);
use Bench::Size qw(size);

my $send = q{SELECT portatext.send_sms(recipient(nextval('turn')), words())};

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;

	$database->dispatcher;
	$database->stop_workers;
	for my $commit ('on', 'off')
	{
		my %rate;

		for my $round (1 .. size('ROUNDS'))
		{
			for my $clients (1, 16)
			{
				push @{ $rate{"insert$clients"} }, run($stage, $database, insert_next(), $clients, $commit);
				push @{ $rate{"send$clients"} }, run($stage, $database, $send, $clients, $commit);
				$database->forget;
			}
			$database->start_workers;
			push @{ $rate{busy} }, run($stage, $database, $send, 16, $commit);
			$database->wait_empty;
			$database->stop_workers;
			$database->forget;
		}
		print_rates($table, $commit, map { $_ => median(@{ $rate{$_} }) } keys %rate);
	}
	return;
}

# Transactions a second.
sub run
{
	my ($stage, $database, $statement, $clients, $commit) = @_;

	return Bench::Client::pgbench($stage, script => "$statement;\n", clients => $clients, seconds => size('SPAN'),
		connection => $database->connection('app'), settings => ["synchronous_commit=$commit"]);
}

sub print_rates
{
	my ($table, $commit, %rate) = @_;
	my $how = "synchronous_commit $commit";

	$table->pair("send_sms, 1 session, $how", $rate{send1}, '/s', 'INSERT of the same rows, 1 session', $rate{insert1}, '>= 0.5');
	$table->pair("send_sms, 16 sessions, $how", $rate{send16}, '/s', 'INSERT of the same rows, 16 sessions', $rate{insert16}, '>= 0.5');
	$table->scaling("from 1 to 16 sessions, $how", $rate{send16} / $rate{send1}, 'INSERT of the same rows',
		$rate{insert16} / $rate{insert1}, '>= 0.7');
	$table->pair('  16 sessions while the dispatcher hands over', $rate{busy}, '/s', 'the same', $rate{insert16});
	return;
}

1;
