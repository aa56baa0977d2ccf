# Installing: CREATE EXTENSION, its version, DROP, a second CREATE, and a dump that
# goes into a fresh database whole or not at all.
use strict;
use warnings;

use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('install');
my ($version) = slurp_file('portatext.control') =~ /^default_version\s*=\s*'(.*)'/m;

sub sql { return $node->safe_psql(@_) }

# What DROP EXTENSION must take away again.
my $leftovers = q{SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'portatext'};

sql('postgres', 'CREATE DATABASE one');
sql('one', 'CREATE EXTENSION portatext');
is(sql('one', q{SELECT extversion FROM pg_extension WHERE extname = 'portatext'}),
	$version, 'CREATE EXTENSION installs the version of the control file');

sql('one', 'DROP EXTENSION portatext CASCADE');
is(sql('one', $leftovers), 0, 'DROP EXTENSION leaves no relation behind');
sql('one', 'CREATE EXTENSION portatext');
is(sql('one', q{SELECT count(*) FROM pg_extension WHERE extname = 'portatext'}),
	1, 'it can be created again');

# The shipped rows must not be in the dump twice: a restore is one transaction that
# stops at the first error.
my $dump = $node->basedir . '/one.sql';

$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('one') ], 'pg_dump');
sql('postgres', 'CREATE DATABASE two');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', $dump, $node->connstr('two') ],
	'the dump restores into a fresh database in one transaction');
is(sql('two', q{SELECT extversion FROM pg_extension WHERE extname = 'portatext'}),
	$version, 'the copy has the extension');

$node->stop;
done_testing();
