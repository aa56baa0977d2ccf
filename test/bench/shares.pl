# Reads "perf report --sort dso,symbol -t '|'" and prints shared objects and, of each,
# the 25 functions that cost most.  Static functions of stripped libraries have no
# name: they are one line.
use strict;
use warnings;

my (%object, %function);

while (<STDIN>)
{
	my ($share, $object, $function) = map { s/^\s+|\s+$//gr } split /\|/;

	next unless defined $function && $share =~ s/%$//;
	$function =~ s/^\[.*?\]\s*//;
	$function = '(functions without a symbol)' if $function =~ /^0x/;
	$object{$object} += $share;
	$function{$object}{$function} += $share;
}
for my $object (sort { $object{$b} <=> $object{$a} || $a cmp $b } keys %object)
{
	my $share = $function{$object};
	my @most = grep { $share->{$_} >= 0.2 } sort { $share->{$b} <=> $share->{$a} || $a cmp $b } keys %$share;

	next if $object{$object} < 0.5;
	printf "%6.2f %%  %s\n", $object{$object}, $object;
	printf "    %6.2f %%  %s\n", $share->{$_}, $_ for grep { defined } @most[ 0 .. 24 ];
}
