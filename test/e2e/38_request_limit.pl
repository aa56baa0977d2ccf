# Requests counted in shared memory: limits of a minute, last use of keys, places that
# give way; what the API keeps for a time goes when it is over.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use Test::More;

my $take = q{CREATE FUNCTION take(kind integer, id bigint, most integer, at timestamptz) RETURNS bigint
	LANGUAGE c STRICT AS 'portatext', 'pt_limit_test_take'};
my ($key, $session, $account, $address) = (0 .. 3);
my $node = PortatextNode->new_node('limits', conf => "portatext.dispatchers = 0\n");

sub sql { return $node->safe_psql('postgres', @_) }

# Takes n times in a session of its own: how many were let through.
sub passed
{
	my ($kind, $id, $n, $most, $at, $database) = @_;

	return $node->safe_psql($database // 'postgres',
		"SELECT count(*) FILTER (WHERE take($kind, $id, $most, '$at') = 0) FROM generate_series(1, $n)");
}

sql('CREATE EXTENSION portatext');
sql($take);
my $owner = sql(q{SELECT portatext.create_account('Limits')});
my $key_id = sql(qq{INSERT INTO portatext.api_key (account_id, name, prefix, hash, rights)
	VALUES ($owner, 'Counted', 'pt_x', '\\x01', '{read}') RETURNING key_id});

# The minutes of the clock.
my ($at, $next) = ('2031-05-06 07:08:59.9+00', '2031-05-06 07:09:00+00');
is(passed($key, $key_id, 6, 10, $at), 6, 'requests below the limit pass');
is(passed($key, $key_id, 6, 10, $at), 4, 'another session of the same key has what is left');
is(sql("SELECT take($key, $key_id, 10, '$at') = extract(epoch FROM timestamptz '$next')"), 't',
	'API-04: a refused one is told when the next minute begins');
is(passed($session, $key_id, 20, 10, $at), 10, 'a session with the same number is another');
is(passed($key, $key_id, 3, 10, $next), 3, 'the next minute begins at nothing');
is(passed($address, 7, 20, 0, $next), 20, 'limit 0 lets all through');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION portatext');
$node->safe_psql('other', $take);
is(passed($key, $key_id, 20, 10, $next, 'other'), 10, 'other databases count for themselves');

# A request that is rolled back counts, and one of a read-only transaction.
sql("BEGIN READ ONLY; SELECT take($account, 1, 2, '$at'); ROLLBACK");
is(passed($account, 1, 3, 2, $at), 1, 'read-only and rolled back requests count');

# The scheduler writes the last use: the latest, of this database's keys.
my $used = 'SELECT last_used_at = $$' . $next . '$$ FROM portatext.api_key WHERE key_id = ' . $key_id;
ok($node->wait_sql($used, 't'), 'the last use of a key is written');
is(passed($key, $key_id, 1, 0, $at), 1, 'an earlier use');
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT FROM portatext.api_key WHERE key_id = $key_id FOR UPDATE");
my $beside = sql(qq{INSERT INTO portatext.api_key (account_id, name, prefix, hash, rights)
	VALUES ($owner, 'Beside', 'pt_y', '\\x02', '{read}') RETURNING key_id});
is(passed($key, $beside, 1, 0, $next), 1, 'another key is used');
ok($node->wait_sql("SELECT last_used_at IS NOT NULL FROM portatext.api_key WHERE key_id = $beside", 't'),
	'a key that somebody holds delays no other');
$holder->quit;
is(sql($used), 't', 'the last use does not go back');
is($node->safe_psql('other', 'SELECT count(*) FROM portatext.api_key'), 0, 'nothing is written in the other database');

# A flood of addresses: those used longest ago are forgotten, keys in use are not.
is(sql(qq{
	SELECT take($key, 1000001, 10, '$at'), take($address, 1000001, 60, '$at');
	SELECT count(take($address, 2000000 + i, 60, '$at')) FROM generate_series(1, 100000) i;
	SELECT take($address, 1000001, 1, '$at'), take($address, 2100000, 1, '$at') <> 0;
	SELECT count(*) FILTER (WHERE take($key, 1000001, 10, '$at') = 0) FROM generate_series(1, 20)}),
	"0|0\n100000\n0|t\n9", 'a flood of addresses drives out addresses, not a key in use');

# Nor whoever has nearly used up their limit; places whose minute is over go first.
is(sql(qq{
	SELECT count(*) FILTER (WHERE take($session, 1000002, 10, '$at') = 0) FROM generate_series(1, 20);
	SELECT count(take($address, 3000000 + i, 60, '$at')) FROM generate_series(1, 100000) i;
	SELECT take($session, 1000002, 10, '$at') <> 0;
	SELECT count(take($address, 4000000 + i, 60, '$next')) FROM generate_series(1, 100000) i;
	SELECT take($session, 1000002, 10, '$at')}),
	"10\n100000\nt\n100000\n0", 'a flood of addresses does not begin a minute anew');

# Answers are kept for a day, sessions and nonces until they expire.
sql(qq{
	INSERT INTO portatext.api_once (account_id, key, function, request, answer, created_at)
		SELECT $owner, 'old ' || i, 'f', '\\x00', '{}', portatext.now() - interval '25 hours' FROM generate_series(1, 2500) i;
	INSERT INTO portatext.api_once (account_id, key, function, request, answer, created_at)
		VALUES ($owner, 'new', 'f', '\\x00', '{}', portatext.now() - interval '23 hours');
	INSERT INTO portatext.api_attempt (hash, tries, last_at)
		SELECT convert_to(i::text, 'UTF8'), 3, portatext.now() - interval '1 minute' * i FROM unnest('{14,16}'::int[]) i;
	WITH u AS (INSERT INTO portatext.api_user (account_id, email, secret) VALUES ($owner, 'a\@example.com', '-') RETURNING user_id),
		s AS (INSERT INTO portatext.api_session (hash, account_id, user_id, expires_at)
			SELECT convert_to(e::text, 'UTF8'), $owner, user_id, portatext.now() + e
				FROM u, unnest('{-1 s,1 h}'::interval[]) e)
		INSERT INTO portatext.api_nonce (hash, account_id, user_id, kind, email, expires_at)
			SELECT convert_to(e::text, 'UTF8'), $owner, user_id, 'email_verify', 'a\@example.com', portatext.now() + e
				FROM u, unnest('{-1 s,1 h}'::interval[]) e});
$node->restart;    # the task's first turn
ok($node->wait_sql('SELECT string_agg(key, $$,$$) FROM portatext.api_once', 'new'), 'answers a day old are deleted');
ok($node->wait_sql('SELECT count(*), bool_and(expires_at > portatext.now()) FROM portatext.api_session', '1|t'),
	'sessions that have expired are deleted');
ok($node->wait_sql('SELECT count(*), bool_and(expires_at > portatext.now()) FROM portatext.api_nonce', '1|t'),
	'API-06: nonces that have expired are deleted');
ok($node->wait_sql('SELECT count(*), bool_and(last_at > portatext.now() - interval $$15 minutes$$) FROM portatext.api_attempt', '1|t'),
	'wrong passwords are forgotten after a quarter of an hour');
$node->stop;

# Without shared memory.
my $bare = PortatextNode->new_node('bare', preload => '');
$bare->safe_psql('postgres', 'CREATE EXTENSION portatext');
$bare->safe_psql('postgres', $take);
is( $bare->safe_psql('postgres', "SELECT count(*) FILTER (WHERE take($key, 1, 1, '$at') = 0) FROM generate_series(1, 9)"),
	9, 'without preloading nothing is counted');
$bare->stop;
done_testing();
