# The API the PostgREST way: send, look, filter, order, pages, counts, CSV, errors, the
# description, and what is new in the schema.
use strict;
use warnings;

use JSON::PP;
use PortatextNode qw(wait_for);
use PortatextRest;
use PostgreSQL::Test::Utils;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('native', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node, nginx => 0);
my $shop = $rest->account('shop', 100);
my $key = $rest->key($shop);

# One request as the shop; checks the status.
sub shop
{
	my ($status, $what, $method, @rest) = @_;
	my $r = $rest->request($method, @rest, key => $key);

	is($r->{status}, $status, $what) or diag($r->{content});
	return $r;
}

# An error: status, code, and whether there is a hint.
sub refused
{
	my ($status, $code, $what, @rest) = @_;
	my $r = shop($status, $what, @rest);

	is($r->{json}{code}, $code, "its code is $code") or diag($r->{content});
	is_deeply([ sort keys %{ $r->{json} } ], [qw(code details hint message)], 'the body of an error has four members');
	return $r->{json};
}

sub send_sms
{
	my ($number, $text, %more) = @_;
	return (POST => '/rpc/send_sms', json => { to => $number, text => $text, %more });
}

# ---- sending ----

my $sent = shop(200, 'GEN-01: one message is sent', send_sms('12223334444', 'Your table is ready.', client_ref => 'r1'))->{json};

is($sent->{cost}, 1, 'BILL: the answer has the cost');
ok($node->wait_sql("SELECT state FROM portatext.message WHERE message_id = '$sent->{id}'", 'delivered'), 'and it is delivered');
is($rest->sql_for($shop, 'SELECT portatext.balance()'), 99, 'it has been charged');
my $simulated = shop(200, 'simulate_sms', POST => '/rpc/simulate_sms', json => { to => '12223334444', text => 'What would it cost?' })->{json};
is($rest->sql_for($shop, 'SELECT portatext.balance()'), 99, 'a simulation costs nothing');
is($node->safe_psql('postgres', 'SELECT count(*) FROM portatext.message'), 1, 'and sends nothing');

for my $n (10 .. 34)
{
	shop(200, "message $n", send_sms("122233344$n", "Text number $n", client_ref => $n % 2 ? 'odd' : 'even'));
}

# ---- looking ----

sub ids { return join ' ', map { $_->{client_ref} } @{ $_[0]{json} } }

my $r = shop(200, 'API-01: a filter', GET => '/messages?client_ref=eq.odd&select=number,client_ref');
is(scalar @{ $r->{json} }, 12, 'gives the twelve');
is_deeply([ sort keys %{ $r->{json}[0] } ], [qw(client_ref number)], 'with the columns that were asked for');
$r = shop(200, 'a filter by number', GET => '/messages?number=eq.12223334410');
is(scalar @{ $r->{json} }, 1, 'gives one');
is($r->{json}[0]{to}, '12223334410', 'numbers are digits without +');
$r = shop(200, 'an order', GET => '/messages?order=id.desc&limit=3&select=number');
is_deeply([ map { $_->{number} } @{ $r->{json} } ], [qw(12223334434 12223334433 12223334432)], 'newest first');
$r = shop(200, 'by id, as documented', GET => "/messages?id=eq.$sent->{id}");
is($r->{json}[0]{client_ref}, 'r1', 'finds it');

# Two pages meet without a gap.
my @pages = map { shop(206, 'a page with a count', GET => '/messages?order=id&select=number', headers => {
	Range => "$_-" . ($_ + 9), Prefer => 'count=exact' }) } 0, 10, 20;
is($pages[1]{headers}{'content-range'}, '10-19/26', 'Content-Range counts all');
is($pages[2]{headers}{'content-range'}, '20-25/26', 'the last page is shorter');
my %seen = map { $_->{number} => 1 } map { @{ $_->{json} } } @pages;
is(scalar keys %seen, 26, 'the pages have all messages');
is(shop(200, 'a page by limit and offset', GET => '/messages?order=id&limit=5&offset=25')->{json}[0]{number}, '12223334434', 'is the right one');
my $estimated = shop(206, 'an estimate', GET => '/messages?order=id&limit=5', headers => { Prefer => 'count=estimated' });
like($estimated->{headers}{'content-range'}, qr{^0-4/\d+$}, 'has a number');

# ---- CSV ----

$r = shop(200, 'API-01: CSV out', GET => '/messages?order=id&limit=2&select=number,text', accept => 'text/csv');
is($r->{content}, qq{number,text\n12223334444,"Your table is ready."\n12223334410,"Text number 10"}, 'with a header line');
like($r->{headers}{'content-type'}, qr{^text/csv}, 'says what it is');

# ---- errors ----

my $e = refused(422, 'bad_number', 'a number that is none', send_sms('abc', 'Your table is ready.'));
ok($e->{message}, 'it has a message');
refused(422, 'too_short', 'a text that is too short', send_sms('12223334444', 'x'));
refused(422, 'unknown_sender', 'a sender of nobody', send_sms('12223334444', 'Your table is ready.', from => '12025559999'));
refused(404, 'PGRST202', 'a function that is not there', POST => '/rpc/nothing', json => {});
refused(400, 'PGRST102', 'broken JSON', POST => '/rpc/send_sms', content => '{"to": ');
shop(405, 'GET cannot send', GET => '/rpc/send_sms?to=12223334444&text=Your+table+is+ready');
$rest->sql_for($shop, q{SELECT portatext.blacklist_add('+12223339999')});
refused(422, 'blacklisted', 'a blacklisted recipient', send_sms('12223339999', 'Your table is ready.'));
is($rest->sql_for($shop, 'SELECT portatext.balance()'), 74, 'refused messages cost nothing');
my $poor = $rest->account('poor', 0);
my $poor_key = $rest->key($poor);
$r = $rest->request(send_sms('12223334444', 'Your table is ready.'), key => $poor_key);
is($r->{status}, 402, 'BILL: without credits it is 402') or diag($r->{content});
is($r->{json}{code}, 'no_credits', 'no_credits');
$node->safe_psql('postgres', "SELECT portatext.suspend_account($poor, true)");
$r = $rest->request(send_sms('12223334444', 'Your table is ready.'), key => $poor_key);
is("$r->{status} $r->{json}{code}", '403 suspended', 'a suspended account') or diag($r->{content});

# ---- the description ----

my $api = shop(200, 'GET / describes the API', GET => '/')->{json};
my $catalog = decode_json($node->safe_psql('postgres', q{
	SELECT json_build_object(
		'paths', (SELECT json_agg(path) FROM (
			SELECT '/' || c.relname FROM pg_class c WHERE c.relnamespace = 'portatext_api'::regnamespace AND c.relkind = 'v'
				AND has_table_privilege('portatext_account', c.oid, 'SELECT')
			UNION SELECT '/rpc/' || p.proname FROM pg_proc p WHERE p.pronamespace = 'portatext_api'::regnamespace
				AND has_function_privilege('portatext_account', p.oid, 'EXECUTE')
				AND p.prorettype <> 'trigger'::regtype) x (path)))}));

is_deeply([ grep { !$api->{paths}{$_} } @{ $catalog->{paths} } ], [], 'GEN-08: it has all that the account may use');
for my $path (sort keys %{ $api->{paths} })
{
	my ($verb) = grep { $api->{paths}{$path}{$_} } 'get', 'post';
	my $told = $api->{paths}{$path}{$verb};

	next if $path eq '/';
	like($told->{summary} // '', qr/\w/, "$path has a summary");
	like($told->{description} // '', qr/\w/, "$path has a description");
}
for my $name (sort keys %{ $api->{definitions} })
{
	ok($api->{definitions}{$name}{description}, "$name is described");
}
is_deeply([ grep { $api->{definitions}{$_}{properties}{account_id} } keys %{ $api->{definitions} } ], [], 'no list shows account_id');
is($api->{info}{title}, 'PortaText', 'it has a title');
like($api->{info}{description}, qr/\w/, 'and an introduction');

# What docs/api.md names is there.
for my $path (slurp_file('docs/api.md') =~ m{(?:GET |\$api)(/[a-z_]+)\b}g, map { "/rpc/$_" } slurp_file('docs/api.md') =~ m{/rpc/([a-z_]+)}g)
{
	next if $path eq '/rpc';
	ok((grep { $_ eq $path } keys %{ $api->{paths} }), "docs/api.md: there is $path");
}

# ---- the schema ----

$node->safe_psql('postgres', q{
	CREATE FUNCTION portatext_api.added() RETURNS jsonb LANGUAGE portatext_api STABLE AS $$SELECT '7'::jsonb$$;
	GRANT EXECUTE ON FUNCTION portatext_api.added() TO portatext_account});
is($rest->get('/rpc/added', key => $key)->{status}, 404, 'a new function is unknown');
$rest->reload_schema;
ok(wait_for { $rest->get('/rpc/added', key => $key)->{status} == 200 }, 'until the schema is read again');

# ---- PostgREST outlives its server ----

$node->restart;
ok(wait_for { $rest->get('/messages?limit=1', key => $key)->{status} == 200 }, 'after a restart of the server it answers again');
is($rest->get('/messages?select=id', key => $key)->{status}, 200, 'and goes on');

$rest->stop;
$node->stop;
done_testing();
