# PostgREST runs with the configuration that is shipped.
use strict;
use warnings;

use PortatextNode;
use PortatextRest;
use Test::More;

my $node = PortatextNode->new_node('rest', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node, nginx => 0);
my $root = $rest->get('/');

is($root->{status}, 200, 'API-01: PostgREST answers with docs/postgrest.conf') or diag($root->{content});
is($root->{json}{swagger}, '2.0', 'and describes the API');
$rest->stop;
$node->stop;
done_testing();
