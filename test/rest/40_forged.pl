# API-02: what a client writes into headers about itself is useless through nginx: where it comes from,
# which request it was, and who it is.
use strict;
use warnings;

use PortatextNode;
use PortatextRest;
use PostgreSQL::Test::Utils;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('forged', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node);
my $shop = $rest->account('shop');
my $victim = $rest->account('victim');
my $here = $rest->key($shop, addresses => q{'{127.0.0.1/32}'});
my $office = $rest->key($victim, addresses => q{'{198.51.100.0/24}'});

$rest->sql_for($victim, q{SELECT portatext.send_sms('+12223334444', 'A secret of the victim.')});

# ---- the client's address ----

is($rest->get('/messages', via => 'nginx', key => $here)->{status}, 200, 'nginx states the address of the client');
is($rest->get('/messages', via => 'nginx', key => $office)->{status}, 403, 'API-02: a key of another network');
for my $header ('X-Real-IP', 'X-Forwarded-For', 'Forwarded', 'X-Client-IP', 'x-real-ip', 'X_Real_IP')
{
	my $value = $header eq 'Forwarded' ? 'for=198.51.100.7' : '198.51.100.7';

	is($rest->get('/messages', via => 'nginx', key => $office, headers => { $header => $value })->{status}, 403,
		"$header does not help");
	is($rest->request('GET', '/sms', via => 'sdk', key => $office, headers => { $header => $value })->{status}, 403,
		"nor on the paths of the SDKs");
}

# ---- the request ----

my %forged = (
	'X-Original-Method' => 'DELETE', 'X-Original-Uri' => '/blacklist/12223334444',
	'X-Original-Content-Type' => 'text/csv');
$rest->sql_for($shop, q{SELECT portatext.blacklist_add('+12223334444')});
my $r = $rest->request('GET', '/version', via => 'sdk', key => $here, headers => \%forged);
is($r->{status}, 200, 'a request with forged routing is what it is') or diag($r->{content});
is($rest->sql_for($shop, 'SELECT count(*) FROM portatext.blacklist'), 1, 'and not what its headers say');

# ---- the dispatcher ----

for my $path ('/rpc/rest', '/rpc/rest?', '/rpc/rest/', '/rpc//rest', '/rpc/%72est', '/RPC/rest', '/./rpc/rest', '/x/../rpc/rest')
{
	$r = $rest->request('POST', $path, via => 'nginx', key => $here, type => 'application/octet-stream', content => '',
		headers => { %forged, 'X-Real-IP' => '198.51.100.7' });
	cmp_ok($r->{status}, '>=', 400, "/api$path is closed ($r->{status})") or diag($r->{content});
}
for my $path ('/rpc/rest', '/api/../rpc/rest', '/rpc/send_sms', '/messages')
{
	$r = $rest->request('POST', $path, via => 'sdk', key => $here, content => '', headers => \%forged);
	is($r->{status}, 404, "$path is no path of the SDKs") or diag($r->{content});
}
is($rest->sql_for($shop, 'SELECT count(*) FROM portatext.blacklist'), 1, 'the number is still there');

# ---- who it is ----

my %claims = (
	'Role' => 'portatext_operator', 'X-Role' => 'portatext_owner', 'X-Account-Id' => $victim,
	'Account-Id' => $victim, 'request.jwt.claims' => '{"role": "portatext_operator"}', 'portatext.account_id' => $victim,
	'request.headers' => "{\"x-api-key\": \"$office\"}", 'X-Portatext-Account' => $victim,
	'Cookie' => "portatext.account_id=$victim; role=portatext_owner");
for my $via ('direct', 'nginx')
{
	is($rest->get('/messages', via => $via, headers => \%claims)->{status}, 401, "$via: claims without a key are nobody");
	$r = $rest->get('/messages?select=text', via => $via, key => $via eq 'direct' ? $rest->key($shop) : $here, headers => \%claims);
	is("$r->{status} $r->{content}", '200 []', "GEN-11: $via: claims beside a key change nothing");
}

# Whoever could come past nginx could claim any address: PostgREST listens on loopback only.
my @listens = map { (split)[1] } grep { (split)[3] eq '0A' } map { split /\n/, slurp_file($_) } grep { -r } '/proc/net/tcp', '/proc/net/tcp6';
my $port = sprintf ':%04X', $rest->{port};
is_deeply([ grep { /\Q$port\E$/ } @listens ], ["0100007F$port"], 'PostgREST listens on loopback only');
is($rest->get('/messages', key => $office, headers => { 'X-Real-IP' => '198.51.100.7' })->{status}, 200, 'past nginx an address can be claimed');

# Settings cannot be made by a request.
for my $name ('set_config', 'act_as', 'current_setting')
{
	$r = $rest->post("/rpc/$name", via => 'nginx', key => $here, json => { setting_name => 'role', new_value => 'portatext_owner', is_local => JSON::PP::true() });
	is($r->{status}, 404, "/rpc/$name cannot be called") or diag($r->{content});
}
for my $schema ('portatext', 'pg_catalog', 'public')
{
	$r = $rest->get('/message', via => 'nginx', key => $here, headers => { 'Accept-Profile' => $schema });
	cmp_ok($r->{status}, '>=', 400, "the schema $schema is closed ($r->{status})");
}

# Only PostgREST's login role is a gateway: who may use SQL cannot play PostgREST.
$node->safe_psql('postgres', "CREATE ROLE shop_app LOGIN; SELECT portatext.grant_account('shop_app', $shop)");
my ($out, $err) = ('', '');
$node->psql('postgres', qq{BEGIN; SET LOCAL "request.headers" = '{"x-api-key": "$office", "x-real-ip": "198.51.100.7"}';
	SET LOCAL "request.method" = 'GET'; SET LOCAL "request.path" = '/messages'; SELECT portatext_api.authenticate();
	SELECT text FROM portatext_api.messages; COMMIT},
	extra_params => [ '-U', 'shop_app' ], stdout => \$out, stderr => \$err);
unlike($out, qr/secret of the victim/, 'GEN-11: an application that plays PostgREST sees nothing');
like($err, qr/ERROR/, 'but an error');

$rest->stop;
$node->stop;
done_testing();
