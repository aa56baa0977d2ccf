# The same drain before a small outbox, before a large one, and beside very many
# messages that wait for tomorrow.
package Bench::Row::Backlog;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Drain qw(drain warm_up);
use Bench::Size qw(size);

my $small = 1_000;
# What the outbox of each database holds when a drain has ended.
my %behind = (small => sub { $small }, large => sub { size('BACKLOG') }, later => sub { $small });

sub measure
{
	my ($stage, $table) = @_;
	my $n = size('N');
	my %database = map { $_ => $stage->database } sort keys %behind;
	my %rate;

	for (values %database)
	{
		$_->dispatcher;
		$_->stop_workers;
	}
	$database{large}->fill(size('BACKLOG'));
	$database{later}->fill(size('MANY'), 1);
	$_->settle for values %database;
	for (1 .. size('ROUNDS'))
	{
		for my $which (sort keys %behind)
		{
			top_up($database{$which}, $n + warm_up($n) + $behind{$which}->());
			push @{ $rate{$which} }, drain($stage, $database{$which}, $n)->{rate};
		}
	}
	print_rates($table, map { $_ => median(@{ $rate{$_} }) } keys %rate);
	return;
}

# Queues as many as are missing to that number of due rows.
sub top_up
{
	my ($database, $wanted) = @_;
	my $there = $database->sql('SELECT count(*) FROM portatext.outbox WHERE due <= now()');

	$database->queue($wanted - $there) if $wanted > $there;
	$database->sql('CHECKPOINT');
	return;
}

sub print_rates
{
	my ($table, %rate) = @_;

	$table->pair('hand-over, ' . size('BACKLOG') . ' rows wait', $rate{large}, '/s',
		"the same, $small rows wait", $rate{small}, '>= 0.95');
	$table->pair('hand-over, ' . size('MANY') . ' rows wait for tomorrow', $rate{later}, '/s',
		'the same, none waits for tomorrow', $rate{small}, '>= 0.95');
	return;
}

1;
