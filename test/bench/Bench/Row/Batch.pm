# Sending to many in one statement, with few and with many recipients: is it in
# proportion to bare INSERTs, and is it linear?  The workers rest.
package Bench::Row::Batch;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Plain qw(insert_list);
use Bench::Size qw(size);

my %statement = (
	insert => \&insert_list,
	batch => sub {
		return "SELECT count(message_id) FROM portatext.send_sms_batch(ARRAY(SELECT number FROM list WHERE i <= $_[0]), words())";
	},
	query => sub { return "SELECT count(portatext.send_sms(number, words())) FROM list WHERE i <= $_[0]" });

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my ($few, $many) = (size('FEW'), size('MANY'));

	$database->dispatcher;
	$database->stop_workers;
	$database->sql("INSERT INTO list SELECT i, recipient(i) FROM generate_series(1, $many) i");
	$database->sql('VACUUM ANALYZE list');
	$database->app(q{SET work_mem = '256MB'});
	$database->app($statement{$_}->(10)) for sort keys %statement;
	my %small = rates($database, $few, 3 * size('ROUNDS'));
	my %large = rates($database, $many, 1);

	print_size($table, $few, %small);
	print_size($table, $many, %large);
	$table->scaling("send_sms_batch, rate at $many / at $few", $large{batch} / $small{batch},
		'INSERT ... SELECT', $large{insert} / $small{insert});
	$table->scaling("send_sms over a query, $many / $few", $large{query} / $small{query},
		'INSERT ... SELECT', $large{insert} / $small{insert});
	return;
}

# Rows a second of each statement, in turns.
sub rates
{
	my ($database, $n, $rounds) = @_;
	my %rate;

	for (1 .. $rounds)
	{
		for my $what (sort keys %statement)
		{
			$database->forget;
			push @{ $rate{$what} }, $n / $database->app_seconds($statement{$what}->($n));
		}
	}
	return map { $_ => median(@{ $rate{$_} }) } keys %rate;
}

sub print_size
{
	my ($table, $n, %rate) = @_;

	$table->pair("send_sms_batch, $n numbers", $rate{batch}, '/s', 'INSERT ... SELECT of the same rows', $rate{insert}, '>= 0.4');
	$table->pair("send_sms over a query, $n rows", $rate{query}, '/s', 'the same', $rate{insert}, '>= 0.25');
	return;
}

1;
