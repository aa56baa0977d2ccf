# What the API keeps survives pg_dump and a restore: keys, addresses, users, sessions, nonces
# and requests that were done once are good in the copy.
use strict;
use warnings;

use PortatextNode;
use PortatextRest;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('dumped', shipped => 1, conf => "portatext.dispatchers = 0\n");

$node->safe_psql('postgres', 'CREATE DATABASE old');
$node->safe_psql('old', 'CREATE EXTENSION portatext');
my $old = PortatextRest->start($node, db => 'old', nginx => 0);
my $shop = $old->account('shop');
my $key = $old->key($shop);
my $listed = $old->key($shop, addresses => 'NULL');
my $revoked = $old->key($shop);
my %once = (headers => { 'Idempotency-Key' => 'order 7' }, json => { to => '12223334444', text => 'Before the dump.' });

sub office { return (headers => { 'X-Real-IP' => '192.0.2.9' }) }

$old->sql_for($shop, q{SELECT portatext.set_api_acl('[{"ip": "192.0.2.0", "netmask": 24}]')});
$old->sql_for($shop, qq{SELECT portatext.revoke_api_key(key_id) FROM portatext.api_key WHERE prefix = left('$revoked', 11)});
$old->sql_for($shop, q{SELECT portatext.create_user('ana@example.com', 'correct horse')});
my $session = $old->post('/rpc/login', json => { email => 'ana@example.com', password => 'correct horse' })->{json}{token};
is($old->post('/rpc/set_profile', session => $session, json => { profile => { company => 'Shop' } })->{status}, 200, 'a profile');
is($old->post('/rpc/request_password_reset', json => { email => 'ana@example.com' })->{status}, 200, 'a nonce');
my $nonce = $node->safe_psql('old', 'SELECT unsent FROM portatext.api_nonce WHERE user_id IS NOT NULL');
my $sent = $old->post('/rpc/send_sms', key => $key, %once);
is($sent->{status}, 200, 'a message with an Idempotency-Key') or diag($sent->{content});
$old->stop;
$node->safe_psql('old', 'SELECT portatext.stop_workers()');

my $dump = $node->basedir . '/old.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('old') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', $dump, $node->connstr('copy') ], 'restored');

my $copy = PortatextRest->start($node, db => 'copy', nginx => 0);
is($copy->get('/messages', key => $key)->{status}, 200, 'a key is good in the copy');
is($copy->get('/messages', key => $listed, office())->{status}, 200, 'also one that depends on the list of addresses');
is($copy->get('/messages', key => $listed)->{status}, 403, 'from them alone');
is($copy->get('/messages', key => $revoked)->{status}, 401, 'a revoked one is not');
is($copy->get('/rpc/profile', session => $session)->{json}{company}, 'Shop', 'a session goes on, the profile is there');
my $again = $copy->post('/rpc/send_sms', key => $key, %once);
is("$again->{status} $again->{content}", "200 $sent->{content}", 'what was done once is not done again');
is($node->safe_psql('copy', 'SELECT count(*) FROM portatext.message'), 1, 'there is one message');
is($copy->post('/rpc/login', json => { email => 'ana@example.com', password => 'correct horse' })->{status}, 200, 'the password is right');
is($copy->post('/rpc/reset_password', json => { nonce => $nonce, new_password => 'battery staple' })->{status}, 200, 'the nonce sets another');
is($copy->post('/rpc/login', json => { email => 'ana@example.com', password => 'battery staple' })->{status}, 200, 'which is right from now on');
my $new = $copy->post('/rpc/create_api_key', key => $key, json => { name => 'new', addresses => ['0.0.0.0/0'] });
is($new->{status}, 200, 'a new key gets an id of its own') or diag($new->{content});
is($copy->get('/messages', key => $new->{json}{api_key})->{status}, 200, 'and is good');

$copy->stop;
$node->stop;
done_testing();
