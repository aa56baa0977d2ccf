# Processor time and memory of processes, from /proc.
package Bench::Proc;

use strict;
use warnings;

use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(server_cpu_us private_kb);

my $tick_us = 1e6 / POSIX::sysconf(POSIX::_SC_CLK_TCK());

sub read_file
{
	my ($path) = @_;

	open my $f, '<', $path or return '';
	local $/;
	return scalar(<$f>) // '';
}

# The fields of proc(5), "stat", from the third on (the second is a name).
sub stat_fields
{
	my ($pid) = @_;

	return split ' ', read_file("/proc/$pid/stat") =~ s/^.*\) //sr;
}

# Processor time in microseconds, user and system, of a whole server (the postmaster,
# its children, and those that ended), and of one of its processes, read at once.
sub server_cpu_us
{
	my ($postmaster, $one) = @_;
	my @own = stat_fields($postmaster) or die "the server has ended\n";
	my $ticks = $own[11] + $own[12] + $own[13] + $own[14];
	my $of_one;

	for my $pid (map { m{(\d+)} } glob '/proc/[0-9]*')
	{
		my @field = stat_fields($pid);

		next unless @field && $field[1] == $postmaster;
		$ticks += $field[11] + $field[12];
		$of_one = $field[11] + $field[12] if $pid == $one;
	}
	die "process $one has ended\n" unless defined $of_one;
	return ($ticks * $tick_us, $of_one * $tick_us);
}

# Memory that is the process's own, in kB: what is shared grows as buffers are touched.
sub private_kb
{
	my ($pid) = @_;
	my ($kb) = read_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;

	die "process $pid has ended\n" unless defined $kb;
	return $kb;
}

1;
