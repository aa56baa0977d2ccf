# The header Idempotency-Key over HTTP: a request that sends is done once, however often
# and however many at a time it comes.
use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use PortatextNode qw(wait_for);
use PortatextRest;
use PostgreSQL::Test::Utils ();
use Test::More;

my $node = PortatextNode->new_node('once', shipped => 1, conf => "portatext.dispatchers = 0\n");

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node);
my $account = $rest->account('shop', 100);
my $other = $rest->account('other', 10);
my $key = $rest->key($account);

sub messages
{
	my ($where) = @_;
	return $node->safe_psql('postgres', "SELECT count(*) FROM portatext.message WHERE $where");
}

# A request with that Idempotency-Key.
sub post
{
	my ($once, $path, $json, %opt) = @_;
	return $rest->post($path, key => $key, json => $json, headers => { 'Idempotency-Key' => $once }, %opt);
}

my %first = (to => '12223330001', text => 'Only once.');

# ---- again ----

my $first = post('a', '/rpc/send_sms', \%first);
my $again = post('a', '/rpc/send_sms', \%first);

is($first->{status}, 200, 'sent') or diag($first->{content});
is($again->{status}, 200, 'sent again with the same key');
is($again->{content}, $first->{content}, 'the answer is the same, byte for byte');
is(messages(q{to_number = '+12223330001'}), 1, 'there is one message');
my $changed = post('a', '/rpc/send_sms', { %first, text => 'Only twice.' });
is($changed->{status}, 422, 'another text with the same key is refused');
like($changed->{json}{message}, qr/idempotency key was used for another request/, 'and told so');
is(post('a', '/rpc/send_sms', \%first, key => $rest->key($other))->{status}, 200, 'another account may have the same key');
is(messages(q{to_number = '+12223330001'}), 2, 'its message is another one');
is(post('x' x 256, '/rpc/send_sms', \%first)->{status}, 422, 'a key has 255 bytes at most');

# ---- what failed may be tried again ----

my $poor = $rest->account('poor', 0);
my $poor_key = $rest->key($poor);
my $refused = post('b', '/rpc/send_sms', \%first, key => $poor_key);
is($refused->{status}, 402, 'no credits') or diag($refused->{content});
$node->safe_psql('postgres', "SELECT portatext.recharge(5, 'test', $poor)");
is(post('b', '/rpc/send_sms', \%first, key => $poor_key)->{status}, 200, 'a refused request takes no key');

# ---- the SDKs' path ----

my %sdk = (to => '12223330003', text => 'Only once, too.');
my @sdk = map { post('c', '/sms', \%sdk, via => 'sdk') } 1 .. 2;
is($sdk[0]{status}, 200, 'POST sms of the SDKs') or diag($sdk[0]{content});
is($sdk[1]{content}, $sdk[0]{content}, 'and again');
is(messages(q{to_number = '+12223330003'}), 1, 'there is one message');

# ---- all that sends or charges ----

# Twice with the same key: the same answer, and nothing more is done.  The answer.
my $n = 0;
sub twice
{
	my ($name, @request) = @_;
	my $done = q{SELECT (SELECT count(*) FROM portatext.message), (SELECT sum(amount) FROM portatext.ledger_entry),
		(SELECT count(*) FROM portatext.campaign)};
	my $one = post('all' . ++$n, @request);
	my $before = $node->safe_psql('postgres', $done);
	my $two = post("all$n", @request);

	is($one->{status}, 200, $name) or diag($one->{content});
	is("$two->{status} $two->{content}", "200 $one->{content}", "$name: the second answer is the first");
	is($node->safe_psql('postgres', $done), $before, "$name: nothing was done again");
	return $one->{json};
}

sub run_state { return $node->safe_psql('postgres', "SELECT state FROM portatext.campaign_run WHERE campaign_id = $_[0]") }

# A campaign is paused after the request; the same one again leaves it so.
sub stays_paused
{
	my ($name, $campaign, @request) = @_;

	is(post($name, @request)->{status}, 200, $name);
	is(run_state($campaign), 'running', "$name: it runs");
	$rest->sql_for($account, "SELECT portatext.pause_campaign($campaign)");
	is(post($name, @request)->{status}, 200, "$name, again");
	is(run_state($campaign), 'paused', "$name: a late repetition does not set it going");
	return;
}

$rest->sql_for($account, q{SELECT portatext.create_contact_list('friends')});
$rest->sql_for($account, q{SELECT portatext.set_contact('+12223330005', NULL, 'friends')});
my $list = 0 + $node->safe_psql('postgres', q{SELECT list_id FROM portatext.contact_list WHERE name = 'friends'});

is(twice('send_sms_batch', '/rpc/send_sms_batch', { to => [qw(12223330006 12223330007)], text => 'A batch once.' })->{accepted}, 2, 'two are sent');
is(twice('send_sms_to_lists', '/rpc/send_sms_to_lists', { lists => ['friends'], text => 'A list once.' })->{accepted}, 1, 'one is sent');
is(twice('POST sms to lists', '/sms', { contact_list_ids => [$list], text => 'A list again.' }, via => 'sdk')->{accepted}, 1, 'one is sent');
my %campaign = (
	native => twice('create_campaign', '/rpc/create_campaign', { name => 'native', text => 'A campaign once.', lists => ['friends'] })->{id},
	sdk => twice('POST campaigns', '/campaigns', { type => 'sms', name => 'sdk', contact_list_ids => [$list],
		settings => { text => 'A campaign once.' } }, via => 'sdk')->{campaign_id});

for my $id (values %campaign)
{
	ok(wait_for { run_state($id) eq 'ready' }, 'the campaign is built');
}
is(scalar @{ twice('test_campaign', '/rpc/test_campaign', { campaign => $campaign{native}, numbers => ['12223330008'] }) }, 1, 'one test is sent');
stays_paused('start_campaign', $campaign{native}, '/rpc/start_campaign', { campaign => $campaign{native} });
stays_paused('resume_campaign', $campaign{native}, '/rpc/resume_campaign', { campaign => $campaign{native} });
stays_paused("POST campaigns/id/lifecycle $_", $campaign{sdk}, "/campaigns/$campaign{sdk}/lifecycle", { action => $_ }, via => 'sdk')
  for 'start', 'resume';
is($node->safe_psql('postgres', q{
	SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE l.lanname = 'portatext_api' AND p.prosrc ~ '#right send' AND p.prosrc !~ '#once'}),
	'cancel_call cancel_sms', 'every other function that needs the right to send heeds the key');

# ---- many at a time ----

my $file = PostgreSQL::Test::Utils::tempdir() . '/answers';
my @pids;
for my $n (1 .. 8)
{
	my $pid = fork // die "fork: $!\n";
	if (!$pid)
	{
		my $answer = HTTP::Tiny->new(timeout => 60, proxy => undef, http_proxy => undef)->post($rest->direct_url . '/rpc/send_sms', {
			headers => { 'X-Api-Key' => $key, 'Content-Type' => 'application/json', 'Idempotency-Key' => 'd' },
			content => encode_json({ to => '12223330004', text => 'Eight at a time.' }) });

		open my $f, '>', "$file$n" or POSIX::_exit(1);
		print $f "$answer->{status} $answer->{content}";
		close $f;
		POSIX::_exit(0);
	}
	push @pids, $pid;
}
waitpid $_, 0 for @pids;
my %answers = map { PostgreSQL::Test::Utils::slurp_file("$file$_") => 1 } 1 .. 8;
is(scalar keys %answers, 1, 'eight at a time get the same answer');
like((keys %answers)[0], qr/^200 /, 'that it was sent');
is(messages(q{to_number = '+12223330004'}), 1, 'there is one message');
$rest->stop;
$node->stop;
done_testing();
