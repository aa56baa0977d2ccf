# One psql that stays connected: asking costs no new connection, so watching a
# queue takes next to nothing from what is measured.
package Bench::Session;

use strict;
use warnings;

use IPC::Open2 qw(open2);

my $end_mark = '=== end of the answer';

sub new
{
	my ($class, $connection) = @_;
	my $pid = open2(my $out, my $in, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $connection);

	$in->autoflush(1);
	return bless { pid => $pid, in => $in, out => $out, owner => $$ }, $class;
}

# What the statements print; dies when one fails (its error is in the log).
sub ask
{
	my ($self, $sql) = @_;
	my $answer = '';

	print { $self->{in} } "$sql\n;\n\\echo $end_mark\n" or die "psql has ended\n";
	while (defined(my $line = readline $self->{out}))
	{
		if ($line eq "$end_mark\n")
		{
			chomp $answer;
			return $answer;
		}
		$answer .= $line;
	}
	die 'failed: ' . substr($sql, 0, 300) . "\n";
}

# How many seconds the statement takes, its commit included, as psql sees it.
sub seconds
{
	my ($self, $sql) = @_;
	my ($ms) = $self->ask("\\timing on\n$sql;\n\\timing off") =~ /^Time: ([\d.]+) ms/m;

	die "psql told no time\n" unless defined $ms;
	return $ms / 1000;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);

	return unless $self->{owner} == $$;
	close $self->{in};
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

1;
