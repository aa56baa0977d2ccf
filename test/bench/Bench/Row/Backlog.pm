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
	my %drain;

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
			push @{ $drain{$which} }, drain($stage, $database{$which}, $n);
		}
	}
	print_pair($table, size('BACKLOG') . ' rows wait', "$small rows wait", @drain{qw(large small)});
	print_pair($table, size('MANY') . ' rows wait for tomorrow', 'none waits for tomorrow', @drain{qw(later small)});
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

sub print_pair
{
	my ($table, $what, $other, $ours, $theirs) = @_;

	$table->pair("hand-over, $what", median(map { $_->{rate} } @$ours), '/s',
		"the same, $other", median(map { $_->{rate} } @$theirs), '>= 0.95');
	$table->pair('  its processor time, dispatcher, a message', median(map { $_->{dispatcher_us} } @$ours), 'us',
		'the same', median(map { $_->{dispatcher_us} } @$theirs));
	return;
}

1;
