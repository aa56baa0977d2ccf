# Messages, numbers and services over HTTP: bodies that are arrays, files as bodies, what
# is not there, requests that are repeated.
use strict;
use warnings;

use PortatextNode;
use PortatextRest;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('message', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node, pool => 2);
my $shop = $rest->account('shop', 100);
my $key = $rest->key($shop);

# One request as the shop; checks the status, returns what the body holds.
sub shop
{
	my ($status, $what, $method, @rest) = @_;
	my $r = $rest->request($method, @rest, key => $key);

	is($r->{status}, $status, $what) or diag($r->{content});
	return $r->{json} // $r->{content};
}

sub messages { return $node->safe_psql('postgres', 'SELECT count(*) FROM portatext.message') }

# ---- many at once ----

my $r = shop(200, 'SMS-13: an array of numbers', POST => '/rpc/send_sms_batch',
	json => { to => [ '12223334444', '+12223334445', 'nobody' ], text => 'To all of you.' });
is("$r->{accepted} $r->{refused}", '2 1', 'SMS-13: two are queued, one is refused');
is($r->{messages}[2]{code}, 'bad_number', 'and says why');
my $first = $r->{messages}[0]{id};
is(shop(200, 'the message', GET => "/messages?id=eq.$first")->[0]{number}, '12223334444', 'has the id of the answer');
$r = shop(422, 'all or nothing', POST => '/rpc/send_sms_batch',
	json => { to => [ '12223334446', 'nobody' ], text => 'To all of you.', on_error => 'raise' });
is($r->{code}, 'bad_number', 'the first refusal is the error');
is(messages(), 2, 'and nothing was sent');

# ---- once ----

my @once = (POST => '/rpc/send_sms_batch', json => { to => ['12223334447'], text => 'Only once.' }, headers => { 'Idempotency-Key' => 'a1' });
is_deeply(shop(200, 'a repeated request', @once), shop(200, 'with the same key', @once), 'has the same answer');
is(messages(), 3, 'and is done once');

# ---- senders, services, what is not there ----

my $did = shop(200, 'GEN-03: own numbers', GET => '/dids?select=number')->[0]{number};
is(shop(200, 'senders as an array', POST => '/rpc/send_sms', json => { to => '12223334444', text => 'From these.', from => [$did] })->{from},
	$did, 'are taken');
is(shop(404, 'a message that is not there', POST => '/rpc/cancel_sms', json => { message => '00000000-0000-7000-8000-000000000000' })->{code},
	'not_found', 'has its code');
is(shop(404, 'a number of nobody', POST => '/rpc/did_settings', json => { number => '12025559999', settings => {} })->{code},
	'not_found', 'has its code');
my $asked = shop(200, 'SVC-05: a service', POST => '/rpc/request_service', json => { keyword => 'deals', country => 'US',
	purpose => 'notifications', double_opt_in => JSON::PP::false, minimum_age => 0, frequency => 4, intended_use => 'Offers',
	message_examples => ['Half price today'] });
is($asked->{state}, 'requested', 'SVC-05: waits for the operator');
is(shop(409, 'SVC-06: it cannot be set going before', POST => '/rpc/activate_service', json => { service => $asked->{id} })->{code},
	'wrong_state', 'SVC-06: and says so');
is(shop(200, 'a function that only looks', GET => '/rpc/simulate_sms?to=12223334444&text=Hello+you')->{segments}, 1, 'may be called by GET');

# ---- the blacklist as a file ----

$r = shop(200, 'BL-06: CSV as the body', POST => '/rpc/import_blacklist_csv', type => 'text/plain',
	content => "number,reason\n12223335551,asked\n12223335552,\n");
is($r->{added}, 2, 'BL-06: two numbers');
$r = shop(422, 'BL-06: a file with a bad line', POST => '/rpc/import_blacklist_csv', type => 'text/plain', content => "number\n12223335553\nabc\n");
is("$r->{code} $r->{problems}[0]{line}", 'refused_lines 3', 'BL-06: says which');
is(shop(200, 'BL-06: its record', GET => "/import_problems?job_id=eq.$r->{job_id}")->[0]{given}, 'abc', 'BL-06: stays');
$r = shop(200, 'BL-06: without bad lines', POST => '/rpc/import_blacklist_csv', type => 'text/plain',
	content => "number\n2223335553\nabc\n", headers => { 'X-Skip-Bad' => 'true', 'X-Region' => 'US' });
is("$r->{added} $r->{refused}", '1 1', 'BL-06: the others are added');
my $file = shop(200, 'BL-06: and out again', GET => '/rpc/export_blacklist', accept => 'text/csv');
is($file =~ tr/\r//dr, "number,reason\n12223335551,asked\n12223335552,\n12223335553,\n", 'BL-06: all of it');
is(shop(200, 'BL-06: the list as CSV', GET => '/blacklist?select=number&order=number.desc&limit=1', accept => 'text/csv'),
	"number\n12223335553", 'BL-06: with a filter');
like($rest->request(POST => '/blacklist', json => { reason => 'none' }, key => $key)->{status}, qr/^40[13]$/,
	'lists are written by functions only');
is($node->safe_psql('postgres', 'SELECT count(*) FROM portatext.blacklist'), 3, 'and nothing was');

$rest->stop;
$node->stop;
done_testing();
