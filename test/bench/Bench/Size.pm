# How much is measured.  Each size can be set in the environment; with SMALL=1 the
# second column holds.
package Bench::Size;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(size);

my %size = (
	ROUNDS => [ 3, 1 ],            # the median of so many counts
	N => [ 20_000, 1_000 ],        # messages of one drain
	KANNEL => [ 4_000, 200 ],      # messages of one drain to Kannel
	FEW => [ 10_000, 100 ],        # what is to be linear is measured with so many messages
	MANY => [ 1_000_000, 10_000 ], # ... and with so many; memory too; rows that wait for later
	BACKLOG => [ 5_000_000, 50_000 ],    # rows of the large outbox
	BESIDE => [ 100_000, 1_000 ],  # rows of the dead carrier, and of the slow sender
	SPAN => [ 3, 1 ],              # seconds of one run of single sends
	SINGLES => [ 1_000, 50 ],      # messages whose way to the carrier is timed
	RECEIPTS => [ 50_000, 1_000 ],
	INBOUND => [ 20_000, 1_000 ],  # messages that come in
	PAUSED => [ 100_000, 20_000 ], # recipients of a campaign that is paused while it goes out
	REQUESTS => [ 10_000, 200 ],   # requests of one run through PostgREST
	MESSAGES => [ 10_000_000, 500_000 ], # among which pages are looked up
	PAGES => [ 100, 20 ],          # of each filter
	CALLS => [ 20_000, 1_000 ],    # calls of one run of the dialer
	TEXTS => [ 200_000, 2_000 ],   # texts whose segments are counted
	DAYS => [ 20, 1 ],             # simulated days of each team of agents
	WATCHED => [ 100_000, 5_000 ], # messages of the drain that perf watches
);

sub size
{
	my ($name) = @_;
	my $known = $size{$name} or die "there is no size $name\n";

	return $ENV{$name} || $known->[ $ENV{SMALL} ? 1 : 0 ];
}

1;
