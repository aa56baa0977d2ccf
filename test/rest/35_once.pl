# The header Idempotency-Key over HTTP: a request that sends is done once, however often
# and however many at a time it comes.
use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use PortatextNode;
use PortatextRest;
use PostgreSQL::Test::Utils ();
use Test::More;

my $node = PortatextNode->new_node('once', shipped => 1, conf => "portatext.dispatchers = 0\n");

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node);
my $account = $rest->account('shop', 10);
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
