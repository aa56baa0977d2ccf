# docs/api.md says what the code does: the errors, and names that exist.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

my $docs = slurp_file('docs/api.md');
my ($source, $refusals) = map { slurp_file($_) } 'src/api/error.c', 'src/sms/refusal.c';

# Statuses and codes of the tables in error.c, and what it makes of refusals.
my %coded = map { $_ => 1 } map { "$$_[0] $$_[1]" }
  map { [ /\{"\w+", (\d+), "(\w+)"/ ] } $source =~ /(\{"\w+", \d+, "\w+"\})/g;

$coded{'500 server_error'} = $coded{'422 refused'} = 1;
for my $code ('NO_CREDITS', 'SUSPENDED')
{
	my ($name) = $refusals =~ /\[PT_REFUSE_$code\] = \{"SM\d+", "(\w+)"/ or die "no $code\n";
	my ($status) = $source =~ /== PT_REFUSE_$code \? (\d+)/ or die "no status of $code\n";

	$coded{"$status $name"} = 1;
}
my ($table) = $docs =~ /^## Errors\n(.*?)^## /ms;
my %told = map { $_ => 1 } map { "$$_[0] $$_[1]" } map { [ /^\| (\d+) \| `(\w+)` \|/ ] } $table =~ /^(\| \d+ \| `.*)$/mg;

cmp_ok(scalar keys %coded, '>', 15, 'error.c was read');
is_deeply([ sort keys %told ], [ sort keys %coded ], 'the errors of docs/api.md are those of error.c');
done_testing();
