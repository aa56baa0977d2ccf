# API-04: requests in a minute. The counters are in shared memory, so that reading and refused
# requests count; the last use of keys is written later.
use strict;
use warnings;

use JSON::PP;
use PortatextNode qw(wait_for);
use PortatextRest;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('limits');

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node);
my $shop = $rest->account('shop');

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub minute { return sql('SELECT floor(extract(epoch FROM portatext.now()) / 60)::bigint') }

# Does a thing within one minute of the clock, again with a new key when it did not fit.
sub in_one_minute
{
	my ($most, $code) = @_;

	for (1 .. 5)
	{
		my $key = $rest->key($shop, requests_per_minute => $most);
		my $began = minute();
		my @got = $code->($key);

		return ($key, $began, @got) if minute() == $began;
	}
	die "never within a minute\n";
}

sub statuses { return join ' ', map { $_->{status} } @_ }

my $send = { to => '12223334444', text => 'Your table is ready.' };
my ($key, $began, @got) = in_one_minute(3, sub {
	my ($key) = @_;
	return map { $rest->get('/messages?limit=1', key => $key) } 1 .. 5;
});

is(statuses(@got), '200 200 200 429 429', 'API-04: requests that only read count');
is($got[3]{headers}{'x-rate-limit-reset'}, ($began + 1) * 60, 'API-04: X-Rate-Limit-Reset is the next minute');
is($got[3]{json}{code}, 'rate_limited', 'the code is rate_limited');
like($got[3]{json}{hint}, qr/X-Rate-Limit-Reset/, 'the hint says what to do');
is($rest->get('/messages?limit=1', key => $rest->key($shop))->{status}, 200, 'another key of the account goes on');

(undef, undef, @got) = in_one_minute(3, sub {
	my ($key) = @_;
	return map { $rest->post('/rpc/send_sms', key => $key, json => $_) } ({ %$send, to => 'abc' }) x 3, $send;
});
is(statuses(@got), '422 422 422 429', 'requests that are refused, and rolled back, count');
is(sql('SELECT count(*) FROM portatext.message'), 0, 'nothing was sent');

(undef, undef, @got) = in_one_minute(2, sub {
	my ($key) = @_;
	return map { $rest->get($_, key => $key) } '/rpc/nothing', '/messages?limit=1', '/nothing', '/messages?limit=1';
});
is(statuses(@got), '404 200 404 429', 'what is not there counts, but for what PostgREST answers by itself');

# The SDKs' paths, in their form.
(undef, $began, @got) = in_one_minute(2, sub {
	my ($key) = @_;
	return map { $rest->get('/version', key => $key, via => 'sdk') } 1 .. 3;
});
is(statuses(@got), '200 200 429', 'API-04: the paths of the SDKs');
is($got[2]{headers}{'x-rate-limit-reset'}, ($began + 1) * 60, 'API-04: have the header too');
is_deeply($got[2]{json}, { success => JSON::PP::false, error_description => ['too many requests'] }, 'API-03: and the form of the SDKs');

# The next minute: the clock moves, the counter begins anew.
($key, undef, @got) = in_one_minute(1, sub { my ($key) = @_; return map { $rest->get('/messages?limit=1', key => $key) } 1 .. 2 });
is(statuses(@got), '200 429', 'one request a minute');
$node->safe_psql('postgres', "ALTER SYSTEM SET portatext.clock_offset = 60");
$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
ok(wait_for { $rest->get('/messages?limit=1', key => $key)->{status} == 200 }, 'in the next minute it is good again');

# Who has no good credentials is counted by address.
$node->append_conf('postgresql.conf', "portatext.api_anonymous_per_minute = 4\n");
$node->restart;
ok($rest->wait_ready, 'PostgREST has its connection again');
sub wrong { my ($address) = @_; return $rest->get('/messages', key => 'pt_wrong', headers => { 'X-Real-IP' => $address }) }
for (1 .. 5)
{
	my $address = "203.0.113.$_";

	$began = minute();
	@got = map { wrong($address) } 1 .. 6;
	push @got, wrong("198.51.100.$_"), $rest->get('/messages', headers => { 'X-Real-IP' => $address }),
	  $rest->get('/messages?limit=1', key => $rest->key($shop), headers => { 'X-Real-IP' => $address });
	last if minute() == $began;
}
is(statuses(@got[ 0 .. 5 ]), '401 401 401 401 429 429', 'wrong keys are counted by address');
is($got[6]{status}, 401, 'another address is not');
is($got[7]{status}, 429, 'requests without a key count as well');
is($got[8]{status}, 200, 'a good key from there goes on');

# Last use: not when it is made, but soon.
my $used = $rest->key($shop, name => q{'used'});
is(sql(q{SELECT last_used_at IS NULL FROM portatext.api_key WHERE name = 'used'}), 't', 'a new key has not been used');
is($rest->get('/messages?limit=1', key => $used)->{status}, 200, 'it is used for reading');
ok($node->wait_sql(q{SELECT last_used_at > created_at - interval '1 second' FROM portatext.api_key WHERE name = 'used'}),
	'the scheduler writes its last use');

$rest->stop;
$node->stop;
done_testing();
