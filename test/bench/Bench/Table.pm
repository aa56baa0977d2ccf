# The table that make bench prints, a line as soon as it is measured.  It is
# Markdown: docs/performance.md holds it as it is.
package Bench::Table;

use strict;
use warnings;

my @width = (50, 10, 5, 44, 10, 6, 8, 6);
my $format = "| %-50s | %10s | %-5s | %-44s | %10s | %6s | %-8s | %-6s |\n";

# Written to file descriptor 3.
sub new
{
	my ($class) = @_;

	open my $out, '>&', 3 or die "file descriptor 3: $!\n";
	$out->autoflush(1);
	return bless { out => $out, failed => 0, missed => [], targets => 0 }, $class;
}

sub head
{
	my ($self) = @_;

	$self->line('what', 'portatext', '', 'compared with', '', 'ratio', 'target', '');
	$self->line(map { '-' x $_ } @width);
	return;
}

# Ours beside theirs; the target ('>= 0.45') is for the ratio.
sub pair
{
	my ($self, $what, $ours, $unit, $other, $theirs, $target) = @_;
	my $ratio = $theirs ? $ours / $theirs : 0;

	$self->line($what, figure($ours), $unit, $other, figure($theirs), sprintf('%.2f', $ratio),
		$target // '', $self->judge($what, $ratio, $target));
	return;
}

# A figure by itself; the target is for it.
sub fact
{
	my ($self, $what, $value, $unit, $target) = @_;

	$self->line($what, figure($value), $unit, '', '', '', $target // '', $self->judge($what, $value, $target));
	return;
}

# How two ratios of ours and theirs compare; the target is for their ratio.
sub scaling
{
	my ($self, $what, $ours, $other, $theirs, $target) = @_;

	$self->line($what, sprintf('x %.2f', $ours), '', $other, sprintf('x %.2f', $theirs),
		sprintf('%.2f', $ours / $theirs), $target // '', $self->judge($what, $ours / $theirs, $target));
	return;
}

sub judge
{
	my ($self, $what, $value, $target) = @_;

	return '' unless $target;
	my ($sign, $bound) = $target =~ /^([<>])= ([\d.]+)$/ or die "target \"$target\"\n";
	my $met = $sign eq '<' ? $value <= $bound : $value >= $bound;

	$self->{targets}++;
	push @{ $self->{missed} }, $what unless $met;
	return $met ? 'met' : 'missed';
}

# A part that could not be measured.
sub failed
{
	my ($self, $row, $why) = @_;

	$self->{failed}++;
	$why =~ s/\s+/ /g;
	$self->note("$row could not be measured: $why");
	return;
}

sub failures { return $_[0]{failed} }

sub note
{
	my ($self, $text) = @_;

	chomp $text;
	print { $self->{out} } "$text\n";
	return;
}

sub summary
{
	my ($self) = @_;
	my @missed = @{ $self->{missed} };

	$self->note(sprintf "\n%d targets, %d missed%s", $self->{targets}, scalar @missed,
		@missed ? ': ' . join('; ', @missed) : '');
	return;
}

sub line
{
	my ($self, @cell) = @_;

	printf { $self->{out} } $format, @cell;
	return;
}

sub figure
{
	my ($x) = @_;

	return $x eq '' ? '' : $x >= 100 ? sprintf('%.0f', $x) : sprintf('%.2f', $x);
}

1;
