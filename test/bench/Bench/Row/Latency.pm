# From the commit, as the server stamped it, to the request's arrival at the carrier;
# one message after the other, all else idle.
package Bench::Row::Latency;

use strict;
use warnings;

use Bench::Client qw(percentile);
use Bench::Plain qw(insert_next);
use Bench::Size qw(size);
use PostgreSQL::Test::Utils ();

sub measure
{
	my ($stage, $table) = @_;
	my $arrivals = $stage->work . '/arrivals';
	my $sink = $stage->logging_sink($arrivals);
	my $database = $stage->database(url => $sink->url . '/cgi-bin/sendsms');
	my $n = size('SINGLES');
	my $connection = $database->connection('app');

	$database->dispatcher;
	my $commit = 1000 / Bench::Client::pgbench($stage, script => insert_next() . ";\n", seconds => 1, connection => $connection);

	Bench::Client::pgbench($stage, script => qq{SELECT portatext.send_sms(recipient(nextval('turn')), words());\n\\sleep 5 ms\n},
		count => $n, connection => $connection);
	$database->wait_empty;
	my @ms = delays($database, $arrivals);

	die "$n messages were sent, " . @ms . " arrivals were matched with their commits\n" unless @ms == $n;
	$table->fact('commit to carrier, p50', percentile(0.5, @ms), 'ms', '<= 2');
	$table->fact('commit to carrier, p99', percentile(0.99, @ms), 'ms', '<= 10');
	$table->fact('(INSERT of the same rows and its commit)', $commit, 'ms');
	return;
}

# Milliseconds of each message.
sub delays
{
	my ($database, $arrivals) = @_;
	my (%arrived, @ms);

	for (split /\n/, PostgreSQL::Test::Utils::slurp_file($arrivals))
	{
		my ($at, $to) = split / /;
		$arrived{$to} = $at;
	}
	for (split /\n/, $database->sql(q{SELECT to_number, extract(epoch FROM pg_xact_commit_timestamp(l.xmin))
			FROM portatext.message m JOIN portatext.ledger_entry l ON l.reference = m.message_id AND l.kind = 'charge'}))
	{
		my ($to, $at) = split /\|/;
		my $key = $to =~ s/^\+/%2B/r;

		push @ms, 1000 * ($arrived{$key} - $at) if $arrived{$key};
	}
	return @ms;
}

1;
