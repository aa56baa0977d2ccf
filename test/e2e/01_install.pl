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

# ---- the installer's default privileges give nobody anything ----

# Who may do what with the extension's objects.
my $rights = q{SELECT what, name, acl FROM (
	SELECT 'relation', c.oid::regclass::text,
		COALESCE(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
		FROM pg_class c WHERE c.relnamespace = 'portatext'::regnamespace
	UNION ALL SELECT 'routine', p.oid::regprocedure::text, p.proacl FROM pg_proc p WHERE p.pronamespace = 'portatext'::regnamespace
	UNION ALL SELECT 'type', t.oid::regtype::text, t.typacl FROM pg_type t WHERE t.typnamespace = 'portatext'::regnamespace
		AND t.typtype IN ('d', 'e')
	UNION ALL SELECT 'schema', n.nspname, n.nspacl FROM pg_namespace n WHERE n.nspname = 'portatext') x (what, name, a),
	LATERAL (SELECT string_agg(e.grantee::regrole || ':' || e.privilege_type || ':' || e.is_grantable, ',' ORDER BY e.grantee, e.privilege_type) AS acl
		FROM (SELECT * FROM aclexplode(a)
			WHERE what <> 'type' OR grantee <> 0 AND grantee <> 'portatext_owner'::regrole) e) y ORDER BY 1, 2};

sql('postgres', 'CREATE DATABASE generous');
sql('postgres', 'CREATE ROLE stranger');
for my $kind (qw(TABLES SEQUENCES ROUTINES TYPES SCHEMAS))
{
	sql('generous', "ALTER DEFAULT PRIVILEGES GRANT ALL ON $kind TO PUBLIC, portatext_account, portatext_operator");
	sql('generous', "ALTER DEFAULT PRIVILEGES GRANT ALL ON $kind TO stranger WITH GRANT OPTION");
}
sql('generous', 'CREATE EXTENSION portatext');
is(sql('generous', $rights), sql('one', $rights), 'rights are the same whatever the default privileges');
sql('postgres', 'DROP DATABASE generous');

# ---- a dump holds everything and restores in one transaction ----

# Every table that the extension marks for pg_dump, with a digest of its rows.
sub contents
{
	my ($db) = @_;
	my @tables = split /\n/, sql($db, q{SELECT c.oid::regclass FROM pg_extension e
		CROSS JOIN unnest(e.extconfig) AS t (oid) JOIN pg_class c ON c.oid = t.oid
		WHERE e.extname = 'portatext' AND c.relkind = 'r' ORDER BY 1});

	return map { $_ => sql($db, "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM $_ t") } @tables;
}

sql('one', q{
	SELECT portatext.send_sms(n, 'Before the dump: ' || n, client_ref => n)
		FROM unnest(ARRAY['+12025550100', '+12025550002', '+12025550001', '+12025550010']) AS n;
	SELECT portatext.send_sms('+12025550101', 'Later', send_at => portatext.now() + '1 day',
		valid_until => portatext.now() + '2 days', idempotency_key => 'k1');
	SELECT portatext.blacklist_add('+12025550102')});
ok( $node->wait_sql(
		q{SELECT count(*) FILTER (WHERE step = 'final') || ' ' || count(*) FILTER (WHERE inbound) FROM portatext.message},
		'5 1', 'one'),
	'messages in several states are there to be dumped');
sql('one', 'SELECT portatext.stop_workers()');

my %before = contents('one');
my $dump = $node->basedir . '/one.sql';

$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('one') ], 'pg_dump');
sql('postgres', 'CREATE DATABASE two');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', $dump, $node->connstr('two') ],
	'the dump restores into a fresh database in one transaction');
is(sql('two', q{SELECT extversion FROM pg_extension WHERE extname = 'portatext'}),
	$version, 'the copy has the extension');

my %after = contents('two');

cmp_ok(scalar(grep { !/^0\|/ } values %before), '>', 8, 'many tables had rows');
is_deeply([ sort keys %after ], [ sort keys %before ], 'the copy dumps the same tables');
is($after{$_}, $before{$_}, "the same rows in $_") for sort keys %before;
is(sql('two', 'SELECT count(*) FROM portatext.check_balances()'), 0, 'balances and ledger agree in the copy');
is(sql('two', q{SELECT state FROM portatext.message WHERE send_at IS NOT NULL}),
	'queued', 'what waited still waits');

$node->stop;
done_testing();
