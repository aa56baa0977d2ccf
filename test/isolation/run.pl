# pg_isolation_regress: every test/isolation/specs/*.spec against the test build.
use strict;
use warnings;

use PgRegress qw(run_pg_regress);
use PortatextNode;
use Test::More;

my @tests = map { m{([^/]+)\.spec$} } sort glob 'test/isolation/specs/*.spec';
my $node = PortatextNode->new_node('isolation');

run_pg_regress($node, $ENV{PG_ISOLATION_REGRESS}, 'test/isolation', \@tests,
	name => 'isolation', file => sub { "test/isolation/specs/$_[0].spec" });
$node->stop;
done_testing();
