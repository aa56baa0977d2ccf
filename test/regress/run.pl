# pg_regress: every sql/*.sql against the test build or the shipped one.
#   run.pl test|shipped
# A file that needs the test build (its moving clock, its stop points) says so in
# its first line: -- test build only
use strict;
use warnings;

use PgRegress qw(run_pg_regress);
use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $build = shift @ARGV;
my @tests;

for my $file (sort glob 'sql/*.sql')
{
	next if $build eq 'shipped' && slurp_file($file) =~ /\A-- test build only/;
	push @tests, $file =~ m{^sql/(.*)\.sql$};
}
plan skip_all => 'there is no sql/*.sql' unless @tests;
my $node = PortatextNode->new_node("regress_$build", shipped => $build eq 'shipped');

run_pg_regress($node, $ENV{PG_REGRESS}, '.', \@tests,
	name => "regress_$build", file => sub { "sql/$_[0].sql" });
$node->stop;
done_testing();
