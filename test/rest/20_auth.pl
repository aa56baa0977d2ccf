# Who may call: keys, rights, networks, tokens, passwords, nonces, and no oracle (API-02, API-06).
use strict;
use warnings;

use JSON::PP;
use PortatextNode qw(wait_for);
use PortatextRest;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('auth', conf => "portatext.api_anonymous_per_minute = 100000\n");

# With one connection to the server, all requests see the clock that one of them has seen.
$node->safe_psql('postgres', q{
	CREATE EXTENSION portatext;
	CREATE FUNCTION portatext_api.clock_offset() RETURNS jsonb LANGUAGE portatext_api STABLE
		AS $$SELECT to_jsonb(current_setting('portatext.clock_offset')::float)$$;
	GRANT EXECUTE ON FUNCTION portatext_api.clock_offset() TO portatext_anonymous});
my $rest = PortatextRest->start($node, nginx => 0, pool => 1);
my $shop = $rest->account('shop');
my $other = $rest->account('other');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Status of GET /messages with these credentials.
sub looks { return $rest->get('/messages?limit=1', @_)->{status} }
sub from { return (headers => { 'X-Real-IP' => $_[0] }) }

my %send = (json => { to => '12223334444', text => 'Your table is ready.' });

# Moves the clock for all requests from now on.
sub move_clock
{
	my ($seconds) = @_;

	sql("ALTER SYSTEM SET portatext.clock_offset = $seconds");
	sql('SELECT pg_reload_conf()');
	return ok(wait_for { $rest->get('/rpc/clock_offset')->{content} eq $seconds }, "the clock is moved by $seconds s");
}

# ---- keys ----

my $key = $rest->key($shop);
like($key, qr/^pt_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}$/, 'API-02: a key');
is(looks(key => $key), 200, 'API-02: it is good');
is(sql("SELECT count(*) FROM portatext.api_key k WHERE to_jsonb(k)::text LIKE '%' || right('$key', 32) || '%'"), 0, 'it is nowhere stored');
is(sql("SELECT prefix = left('$key', 11) FROM portatext.api_key"), 't', 'its prefix is');

my @wrong = map { $rest->get('/messages?limit=1', key => $_) } substr($key, 0, -1) . ($key =~ /a$/ ? 'b' : 'a'), 'pt_abcdefgh_' . 'x' x 32, 'x', "' OR 1=1 --";
is(join(' ', map { $_->{status} } @wrong), '401 401 401 401', 'API-02: wrong keys are 401');
is(scalar(keys %{ { map { $_->{content} => 1 } @wrong } }), 1, 'an unknown one is answered as a wrong one');
is($wrong[0]{json}{code}, 'invalid_credentials', 'the code');
is(looks(), 401, 'without credentials there is nothing to see');
is($rest->post('/rpc/send_sms', %send)->{status}, 401, 'and nothing to send');

# ---- rights ----

my %with = map { $_ => $rest->key($shop, rights => "'{$_}'") } qw(read send manage account);
my %calls = (
	read => sub { return $rest->get('/messages?limit=1', @_) },
	send => sub { return $rest->post('/rpc/send_sms', %send, @_) },
	manage => sub { return $rest->post('/rpc/blacklist_add', json => { number => '12223330000' }, @_) });
for my $needed (sort keys %calls)
{
	for my $has (sort keys %with)
	{
		my $r = $calls{$needed}->(key => $with{$has});

		is($r->{status}, $has eq $needed ? 200 : 403, "API-02: what needs $needed, with $has") or diag($r->{content});
	}
}
is($calls{send}->(key => $with{read})->{json}{code}, 'forbidden', 'the code of a missing right');
like($calls{send}->(key => $with{read})->{json}{message}, qr/"send"/, 'and its name');
is(sql("SELECT count(*) FROM portatext.message"), 1, 'one message was sent');

# ---- networks ----

my $narrow = $rest->key($shop, addresses => q{'{198.51.100.0/24,2001:db8::/32}'});
is(looks(key => $narrow, from('198.51.100.7')), 200, 'API-02: from its network a key is good');
is(looks(key => $narrow, from('2001:db8::7')), 200, 'IPv6 too');
is(looks(key => $narrow, from('::ffff:198.51.100.7')), 200, 'IPv4 in IPv6 is IPv4');
is(looks(key => $narrow, from('198.51.101.7')), 403, 'API-02: from elsewhere it is 403, no 401');
is(looks(key => $narrow), 403, 'from an unknown address too');
is(looks(key => $narrow, from('nonsense')), 403, 'from one that is none too');
my $listed = $rest->key($shop, addresses => 'NULL');
is(looks(key => $listed, from('192.0.2.1')), 403, 'a key without networks is good from nowhere');
$rest->sql_for($shop, q{SELECT portatext.set_api_acl('[{"ip": "192.0.2.77", "netmask": 24, "description": "office"}]')});
is(looks(key => $listed, from('192.0.2.1')), 200, 'but from those of the account');
is(looks(key => $narrow, from('192.0.2.1')), 403, 'which do not widen a key with its own');
is(sql("SELECT count(*) FROM portatext.event WHERE type = 'account.acl_changed' AND account_id = $shop"), 1, 'ALERT-06: the change is an event');
is(looks(key => $rest->key($other, addresses => 'NULL'), from('192.0.2.1')), 403, 'nor another account');

# ---- keys and addresses by the API itself ----

sub manages { my ($call, $json, @who) = @_; return $rest->post("/rpc/$call", json => $json, @who ? @who : (key => $with{account})) }

my $refused = manages('create_api_key', { name => 'more' });
is($refused->{status}, 403, 'no key makes one that may do more than itself') or diag($refused->{content});
is(manages('create_api_key', { name => 'none' }, key => $with{manage})->{status}, 403, 'nor one without the right');
my $made = manages('create_api_key', { name => 'till', rights => ['account'], addresses => ['198.51.100.7/32'], requests_per_minute => 5 });
is($made->{status}, 200, 'API-02: a key is made') or diag($made->{content});
is(manages('balance', {}, key => $made->{json}{api_key}, from('198.51.100.7'))->{status}, 403, 'it may do what it was made for');
my $till = $rest->get('/api_keys?name=eq.till', key => $with{read})->{json}[0];
is_deeply([ @{$till}{qw(prefix rights addresses requests_per_minute revoked_at)} ],
	[ substr($made->{json}{api_key}, 0, 11), ['account'], ['198.51.100.7/32'], 5, undef ], 'and is listed without its secret');
is(scalar(grep { $_ eq 'hash' || $till->{$_} && !ref $till->{$_} && length $till->{$_} == length $made->{json}{api_key} } keys %$till), 0, 'anywhere');
is(manages('revoke_api_key', { key_id => $till->{key_id} }, key => $rest->key($other))->{status}, 404, 'another account cannot revoke it');
is(manages('revoke_api_key', { key_id => $till->{key_id} })->{status}, 200, 'its own can');
ok($rest->get('/api_keys?name=eq.till', key => $with{read})->{json}[0]{revoked_at}, 'which is seen');
is(manages('set_acl', { acl => [ { ip => '203.0.113.9', netmask => 24, description => 'new office' } ] })->{status}, 200, 'API-02: another list of addresses');
is_deeply($rest->get('/acl', key => $with{read})->{json},
	[ { ip => '203.0.113.0', netmask => 24, description => 'new office', position => 1 } ], 'replaces the old one');
is(looks(key => $listed, from('192.0.2.1')), 403, 'which is good no more');
is(looks(key => $listed, from('203.0.113.1')), 200, 'as the new one is');
is_deeply($rest->get('/acl', key => $rest->key($other))->{json}, [], 'another account does not see it');

# ---- the end of a key ----

my ($id) = sql("SELECT key_id FROM portatext.api_key WHERE prefix = left('$key', 11)");
ok(!eval { $rest->sql_for($other, "SELECT portatext.revoke_api_key($id)"); 1 } || looks(key => $key) == 200,
	'another account cannot revoke it');
is(looks(key => $key), 200, 'it is still good');
$rest->sql_for($shop, "SELECT portatext.revoke_api_key($id)");
my $revoked = $rest->get('/messages?limit=1', key => $key);
is($revoked->{status}, 401, 'API-02: a revoked key is wrong at once');
is($revoked->{content}, $wrong[0]{content}, 'and is answered as any wrong one');
my $hour = $rest->key($shop, expires_at => q{portatext.now() + interval '1 hour'});
is(looks(key => $hour), 200, 'a key for an hour');
move_clock(3601);
is(looks(key => $hour), 401, 'is wrong after it');
move_clock(0);
is(looks(key => $hour), 200, 'the clock is back');

# ---- tokens that others sign ----

sub claims { return { role => 'portatext_account', account_id => $shop, exp => time + 600, @_ } }
sub jwt { return (jwt => PortatextRest::jwt(claims(@_))) }

is(looks(jwt()), 200, 'API-02: a JWT');
is(looks(jwt(account_id => "$shop")), 200, 'its account as text');
is(looks(jwt(exp => time - 600)), 401, 'an expired one');
is(looks(jwt => PortatextRest::jwt(claims(), 'another secret of 32 characters or more')), 401, 'a forged one');
my ($head, $body, $signature) = split /\./, PortatextRest::jwt(claims());
is(looks(jwt => join '.', PortatextRest::base64('{"alg":"none"}') =~ tr/=//dr, $body, ''), 401, 'one without a signature');
is(looks(jwt(account_id => 999999)), 401, 'of an account that is not there');
is(looks(jwt(account_id => undef)), 401, 'of no account');
for my $role ('portatext_operator', 'portatext_owner', 'postgres', 'authenticator', 'nobody')
{
	my $got = looks(jwt(role => $role));

	cmp_ok($got, '>=', 400, "the role $role gives nothing ($got)");
	cmp_ok($got, '<', 500, 'and is no error of ours') if $role ne 'nobody';
}
is(looks(jwt(role => 'portatext_anonymous')), 401, 'nor does that of nobody');
is($calls{send}->(jwt(rights => ['read']))->{status}, 403, 'its rights are heeded');
is($calls{read}->(jwt(rights => ['read']))->{status}, 200, 'as far as they go');
is($calls{read}->(jwt(rights => 'read'))->{status}, 200, 'also as a text');
for my $strange (JSON::PP::true(), undef, 15, { read => JSON::PP::false() }, [ 'unread', [ 'read' ] ], [])
{
	is($calls{read}->(jwt(rights => $strange))->{status}, 403, 'rights that are none: ' . JSON::PP->new->allow_nonref->encode($strange));
}
my $seen = $rest->get('/messages?select=id', jwt(account_id => $other));
is($seen->{content}, '[]', 'GEN-11: the other account has no messages');

# ---- people ----

$rest->sql_for($shop, q{SELECT portatext.create_user('ana@example.com', 'correct horse')});
sub log_in { return $rest->post('/rpc/login', basic => [@_], json => {}) }
sub shape { my ($r) = @_; return "$r->{status} $r->{content}" }

my $in = log_in('ana@example.com', 'correct horse');
is($in->{status}, 200, 'API-02: login') or diag($in->{content});
my $token = $in->{json}{token};
ok($token, 'gives a token');
is(looks(session => $token), 200, 'API-02: the token is good');
is($rest->get('/messages', session => 'x' . $token)->{status}, 401, 'a wrong one is not');
is(log_in('ANA@example.com', 'correct horse')->{status}, 200, 'the address in other letters');
my $unknown = log_in('nobody@example.com', 'correct horse');
is($unknown->{status}, 401, 'API-06: an unknown user');
is(shape(log_in('ana@example.com', 'wrong')), shape($unknown), 'API-06: a wrong password is answered as an unknown user');
is(shape(log_in('', '')), shape($unknown), 'and so is nothing');
is($rest->get('/messages', basic => [ 'ana@example.com', 'correct horse' ])->{status}, 401, 'basic is for login only');

# Ten wrong passwords lock; it does not show.
log_in('ana@example.com', 'wrong') for 1 .. 10;
is(shape(log_in('ana@example.com', 'correct horse')), shape($unknown), 'a locked user is answered as an unknown one');
is(looks(session => $token), 200, 'sessions go on');
move_clock(901);
# A request that is made to fail after the password was looked at counts as well.
my $undone = '/rpc/login?select=pgrst_scalar::int';
is($rest->post($undone, basic => [ 'ben@example.com', 'wrong' ], json => {})->{status}, 400, 'a login that is rolled back') for 1 .. 10;
is(sql(q{SELECT count(*) FROM portatext.api_attempt WHERE hash = sha256('ben@example.com')}), 0, 'leaves no row');
$rest->sql_for($shop, q{SELECT portatext.create_user('ben@example.com', 'correct horse')});
is(shape(log_in('ben@example.com', 'correct horse')), shape($unknown), 'but is counted');
is(log_in('ana@example.com', 'correct horse')->{status}, 200, 'after 15 minutes it is open again');
move_clock(3700);
is(looks(session => $token), 401, 'a session ends after an hour');
move_clock(0);

# ---- passwords ----

my ($one, $two) = map { log_in('ana@example.com', 'correct horse')->{json}{token} } 1, 2;
my $r = $rest->post('/rpc/change_password', session => $one, json => { old_password => 'wrong', new_password => 'battery staple' });
cmp_ok($r->{status}, '>=', 400, 'a new password wants the old one') or diag($r->{content});
$r = $rest->post('/rpc/change_password', session => $one, json => { old_password => 'correct horse', new_password => 'battery staple' });
is($r->{status}, 200, 'the password is changed') or diag($r->{content});
is(looks(session => $two), 401, 'other sessions end');
is(log_in('ana@example.com', 'correct horse')->{status}, 401, 'the old one is wrong');
is(log_in('ana@example.com', 'battery staple')->{status}, 200, 'the new one is right');
is(sql("SELECT count(*) FROM portatext.event WHERE type = 'account.password_changed' AND account_id = $shop"), 1, 'ALERT-05: the change is an event');

sub ask { return $rest->post('/rpc/request_password_reset', json => { email => $_[0] }) }
sub reset_password { return $rest->post('/rpc/reset_password', json => { nonce => $_[0], new_password => $_[1] }) }
sub nonce { return sql("SELECT unsent FROM portatext.api_nonce WHERE kind = '$_[0]' AND email = 'ana\@example.com' ORDER BY created_at DESC LIMIT 1") }

my $asked = ask('ana@example.com');
is($asked->{status}, 200, 'API-06: a reset is asked for') or diag($asked->{content});
is(shape(ask('nobody@example.com')), shape($asked), 'API-06: an unknown address is answered the same');
my $nonce = nonce('password_reset');
is(sql('SELECT count(*) FROM portatext.api_nonce WHERE user_id IS NOT NULL'), 1, 'but leads nowhere');
my $bad = reset_password('x' x length $nonce, 'a third password');
cmp_ok($bad->{status}, '>=', 400, 'a wrong nonce') or diag($bad->{content});
is(reset_password($nonce, 'a third password')->{status}, 200, 'API-06: the nonce sets the password');
is(log_in('ana@example.com', 'a third password')->{status}, 200, 'which is right from now on');
is(shape(reset_password($nonce, 'a fourth one')), shape($bad), 'API-06: a nonce is good once');
ask('ana@example.com');
$nonce = nonce('password_reset');
move_clock(3700);
is(shape(reset_password($nonce, 'a fourth one')), shape($bad), 'API-06: and for an hour');
is(log_in('ana@example.com', 'a fourth one')->{status}, 401, 'nothing was set');
move_clock(0);

my $session = log_in('ana@example.com', 'a third password')->{json}{token};
$r = $rest->post('/rpc/request_email_verification', session => $session, json => {});
is($r->{status}, 200, 'API-06: a verification is asked for') or diag($r->{content});
$r = $rest->post('/rpc/verify_email', json => { nonce => nonce('email_verify') });
is($r->{status}, 200, 'API-06: the nonce verifies') or diag($r->{content});
is(sql(q{SELECT email_verified_at IS NOT NULL FROM portatext.api_user WHERE email = 'ana@example.com'}), 't', 'the address');

$r = $rest->post('/rpc/set_profile', session => $session, json => { profile => { email => 'ana@example.org' } });
is($r->{status}, 200, 'the profile is changed') or diag($r->{content});
is(sql("SELECT count(*) FROM portatext.event WHERE type = 'account.profile_changed' AND account_id = $shop"), 1, 'ALERT-04: the change is an event');

$r = $rest->post('/rpc/logout', session => $session, json => {});
is($r->{status}, 200, 'logout') or diag($r->{content});
is(looks(session => $session), 401, 'ends the session');

# ---- an account of its own ----

my $opened = sql(q{SELECT portatext.open_account('bakery', 'bea@example.com', 'dough and ovens')});
like($opened, qr/pt_[0-9A-Za-z]{8}_/, 'GEN-05: who opens an account gets a key');
is(log_in('bea@example.com', 'dough and ovens')->{status}, 200, 'GEN-05: and a user with a password');
is(sql("SELECT count(*) FROM portatext.event WHERE type = 'account.opened'"), 1, 'ALERT-01: it is an event');

$rest->stop;
$node->stop;
done_testing();
