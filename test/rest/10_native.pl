# The API the PostgREST way: send, look, filter, order, pages, counts, CSV, errors, the
# description, and what is new in the schema.
use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use PortatextNode qw(wait_for);
use PortatextRest;
use PostgreSQL::Test::Utils;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('native', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node, pool => 4);
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

shop(200, 'a contact list', POST => '/rpc/create_contact_list', json => { name => 'friends' });
my $file = "number,first_name\n12223334444,Ana\n12223335555,Bea\n";
$r = shop(200, 'CSV-01: CSV in', POST => '/rpc/import_contacts_csv', type => 'text/plain', content => $file, headers => { 'X-List' => 'friends' });
is($r->{json}{contacts}, 2, 'CSV-01: two contacts');
$r = shop(200, 'CSV-01: and out again', POST => '/rpc/export_contacts', json => { list => 'friends' }, accept => 'text/csv');
is($r->{content} =~ tr/\r//dr, $file, 'CSV-01: as it was');
$r = shop(200, 'a filter into JSON', GET => '/contacts?variables->>first_name=eq.Bea&select=number,list');
is_deeply($r->{json}, [ { number => '12223335555', list => 'friends' } ], 'finds the contact');
$r = shop(422, 'CSV-01: a file with a bad line', POST => '/rpc/import_contacts_csv', type => 'text/plain', content => "number\n12223336666\nabc\n", headers => { 'X-List' => 'friends' });
is($r->{json}{problems}[0]{line}, 3, 'CSV-01: says which');
is(scalar @{ shop(200, 'the list', GET => '/contacts?list=eq.friends')->{json} }, 2, 'CSV-01: and the list is as it was');
my $csv = shop(200, 'BILL-19: the summary as CSV', GET => '/rpc/summary_csv', accept => 'text/csv')->{content};
like($csv, qr/^date,country,/, 'BILL-19: has a header line');
like($csv, qr/,26,/, 'BILL-19: and the 26 messages');

# ---- errors ----

my $e = refused(422, 'bad_number', 'a number that is none', send_sms('abc', 'Your table is ready.'));
ok($e->{message}, 'it has a message');
refused(422, 'too_short', 'a text that is too short', send_sms('12223334444', 'x'));
refused(422, 'unknown_sender', 'a sender of nobody', send_sms('12223334444', 'Your table is ready.', from => '12025559999'));
refused(404, 'PGRST202', 'a function that is not there', POST => '/rpc/nothing', json => {});
refused(400, 'PGRST102', 'broken JSON', POST => '/rpc/send_sms', content => '{"to": ');
refused(409, 'already_exists', 'a name that is taken', POST => '/rpc/create_contact_list', json => { name => 'friends' });
refused(404, 'not_found', 'a list that is not there', POST => '/rpc/delete_contact_list', json => { list => 'enemies' });
refused(422, 'invalid', 'a value that is not allowed', POST => '/rpc/create_contact_list', json => { name => '' });
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

# ---- many at once ----

# Sends over one kept-alive connection to nginx; a child of its own, its status is how many failed.
sub sender
{
	my ($n) = @_;
	my $pid = fork // die "fork: $!\n";

	return $pid if $pid;
	my $http = HTTP::Tiny->new(keep_alive => 1, proxy => undef, http_proxy => undef);
	my @answers = map {
		$http->post($rest->nginx_url . '/api/rpc/send_sms', {
			headers => { 'X-Api-Key' => $key, 'Content-Type' => 'application/json' },
			content => encode_json({ to => "1222334${n}00$_", text => 'Many at once.', client_ref => 'many' }) })
	} 0 .. 7;
	POSIX::_exit(scalar grep { $_->{status} != 200 } @answers);
}

my $failed = 0;
for my $pid (map { sender($_) } 1 .. 8)
{
	waitpid $pid, 0;
	$failed += $? >> 8;
}
is($failed, 0, 'GEN-10: 8 connections with 8 requests each, more than the pool has, are all served');
is($rest->sql_for($shop, q{SELECT count(*) FROM portatext.message WHERE client_ref = 'many'}), 64, 'GEN-10: and done');
is($rest->sql_for($shop, 'SELECT portatext.balance()'), 10, 'each was charged');

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

# What docs/api.md names is there, and it names every list.
my %named = map { $_ => 1 } grep { $_ ne '/rpc' } slurp_file('docs/api.md') =~ m{(?:GET |\$api)(/[a-z_]+)\b}g,
  map { "/rpc/$_" } slurp_file('docs/api.md') =~ m{/rpc/([a-z_]+)}g;
is_deeply([ grep { !$api->{paths}{$_} } sort keys %named ], [], 'docs/api.md names nothing that is not there');
is_deeply([ grep { !m{^/(?:rpc/.*|endpoints|)$} && !$named{$_} } sort keys %{ $api->{paths} } ], [], 'docs/api.md names every list');

# Who has not said who it is may log in, and little else.
is_deeply([ sort keys %{ $rest->get('/')->{json}{paths} } ],
	[ '/', map { "/rpc/$_" } qw(authenticate login request_password_reset reset_password rest verify_email) ],
	'without credentials the description has what needs none');

# ---- the schema ----

$node->safe_psql('postgres', q{
	CREATE FUNCTION portatext_api.added() RETURNS jsonb LANGUAGE portatext_api STABLE AS $$SELECT '7'::jsonb$$;
	GRANT EXECUTE ON FUNCTION portatext_api.added() TO portatext_account});
is($rest->get('/rpc/added', key => $key)->{status}, 404, 'a new function is unknown');
$rest->reload_schema;
ok(wait_for { $rest->get('/rpc/added', key => $key)->{status} == 200 }, 'until the schema is read again');

# ---- PostgREST outlives its server ----

$node->safe_psql('postgres', q{
	ALTER ROLE authenticator SET statement_timeout = '300ms';
	CREATE FUNCTION portatext_api.slow() RETURNS jsonb LANGUAGE portatext_api VOLATILE AS $$SELECT to_jsonb(pg_sleep(20)::text)$$;
	CREATE VIEW portatext_api.slow_list AS SELECT pg_sleep(20)::text AS slow;
	GRANT EXECUTE ON FUNCTION portatext_api.slow() TO portatext_account;
	GRANT SELECT ON portatext_api.slow_list TO portatext_account});
$node->stop;
$r = $rest->get('/messages?limit=1', key => $key);
is($r->{status}, 503, 'without its server it is 503') or diag($r->{content});
is($rest->get('/messages?limit=1', key => $key, via => 'nginx')->{status}, 503, 'through nginx too');
$node->start;
ok(wait_for { $rest->get('/messages?limit=1', key => $key)->{status} == 200 }, 'after a restart of the server it answers again');
ok(wait_for { $rest->post('/rpc/slow', key => $key, json => {})->{status} == 503 }, 'a function that takes too long is 503');
refused(503, 'too_slow', 'its code', POST => '/rpc/slow', json => {});
is(shop(500, 'a list that takes too long', GET => '/slow_list')->{json}{code}, '57014', 'has the code 57014');
is($rest->get('/messages?select=id', key => $key)->{status}, 200, 'and it goes on');

$rest->stop;
$node->stop;
done_testing();
