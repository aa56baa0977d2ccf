# What the README and the guides show works when pasted.
use strict;
use warnings;

use Carrier;
use PortatextNode;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $carrier = Carrier->start;
my $node = PortatextNode->new_node('readme', shipped => 1);

# The SQL blocks of a file, in order.
sub blocks
{
	my ($file) = @_;
	return slurp_file($file) =~ /^```sql\n(.*?)^```$/msg;
}

# Pastes a block into psql; the first error fails.
sub paste
{
	my ($what, $sql, @args) = @_;
	my ($out, $err);
	my $status = $node->psql('postgres', $sql, stdout => \$out, stderr => \$err,
		extra_params => \@args, on_error_stop => 1);

	is($status, 0, $what) or diag($err);
	return $out;
}

my ($send, $look, $operator, $shop, $kannel, $calls, @more) = blocks('README.md');

is(scalar @more, 0, 'the README has six SQL blocks');
paste('CREATE EXTENSION', 'CREATE EXTENSION portatext');
my $id = paste('README: the first message', $send);
ok($node->wait_sql("SELECT state FROM portatext.sms WHERE message_id = '$id'", 'delivered'),
	'GEN-01: it is delivered by loopback on a server that only preloads the library');
like(paste('README: looking at it', $look), qr/^\+12223334444\|.*\|delivered\|/, 'shows its state');
paste('README: an ordinary role', $operator);
like(paste('README: as that role', $shop, '-U', 'shop'), qr/\n99$/, 'the message cost one of 100 credits');
is($node->safe_psql('postgres', 'SELECT count(*) FROM portatext.sms', extra_params => [ '-U', 'shop' ]),
	1, 'GEN-11: the role sees its own message only');

like(paste('README: a campaign of calls', $calls), qr/reminder\|(?:building|ready|running)\|/, 'TEL-01: it is on its way');
ok($node->wait_sql(q{SELECT state FROM portatext.campaign_run n JOIN portatext.campaign c USING (campaign_id) WHERE c.name = 'reminder'}, 'running'),
	'and runs when it is built');

# The Kannel block, with this test's ports and password in place of the usual ones.
my $port = PostgreSQL::Test::Cluster::get_free_port();
my ($url, $user, $password) = ($carrier->sendsms_url, $carrier->user, $carrier->password);

$kannel =~ s{http://127\.0\.0\.1:13013/cgi-bin/sendsms}{$url};
$kannel =~ s{13580}{$port}g;
$kannel =~ s{'tester'}{'$user'};
$kannel =~ s{'testpass'}{'$password'};
cmp_ok(scalar(split /\n/, $kannel), '<', 10, 'Kannel is set up in under ten lines');

# psql runs ALTER SYSTEM outside a transaction when the statements come one by one.
paste('README: Kannel', $_) for grep { /\S/ } split /;\n/, $kannel;
$node->safe_psql('postgres', q{UPDATE portatext.account SET carrier_id =
	(SELECT carrier_id FROM portatext.carrier WHERE name = 'kannel') WHERE name = 'shop'});
$id = $node->safe_psql('postgres', q{SELECT portatext.send_sms('+12223334444', 'Through Kannel')},
	extra_params => [ '-U', 'shop' ]);
ok($node->wait_sql("SELECT state FROM portatext.sms WHERE message_id = '$id'", 'delivered'),
	'a message goes through Kannel and its receipt comes back');
is($carrier->received_text('12223334444'), 'Through Kannel', 'as it was written');

# docs/sending.md: block by block, as the superuser of a sandbox account.
$node->safe_psql('postgres', q{
	CREATE TABLE customers (phone text, name text, city text);
	INSERT INTO customers VALUES ('+59899123456', 'Ana', 'Montevideo'), ('+59899123457', 'Bea', 'Salto')});
sub paste_sending
{
	for my $block (@_)
	{
		my ($first) = $block =~ /^\s*(.*?)$/m;

		$block =~ s/'01a203b2-[0-9a-f-]+'/'$id'/;
		paste("sending.md: $first", $block);
	}
	return;
}

my @sending = blocks('docs/sending.md');

paste_sending(grep { !/service =>/ } @sending);

# docs/templates.md likewise.
paste('templates.md: ' . (split /\n/)[0], $_) for blocks('docs/templates.md');

# docs/contacts.md likewise; services.md sends to none of its lists.
paste('contacts.md: ' . (split /\n/)[0], $_) for blocks('docs/contacts.md');

# docs/services.md likewise; after it there is a service to send from.
paste('services.md: ' . (split /\n/)[0], $_) for blocks('docs/services.md');
$node->safe_psql('postgres', q{SELECT portatext.add_subscriber('DEALS', '+12223334444', 'paper', '{"scan": "1"}')});
paste_sending(grep { /service =>/ } @sending);

# docs/flows.md likewise, with a frame of silence for the sound.
my $sound = $node->basedir . '/welcome.mp3';

append_to_file($sound, "\xff\xfb\x90\x00" . "\0" x 413);
for (blocks('docs/flows.md'))
{
	s{/srv/sounds/welcome\.mp3}{$sound};
	paste('flows.md: ' . (split /\n/)[0], $_);
}

# docs/campaigns.md: the campaign that is made is no. 42, and what pg_cron does is in 80_cron.pl.
sub paste_campaigns
{
	for (@_)
	{
		my ($first) = /^\s*(.*?)$/m;
		my $folder = $node->basedir;

		s{'(contacts\.csv)'}{'$folder/$1'};
		paste("campaigns.md: $first", $_);
		next unless /create_campaign/;
		ok($node->wait_sql('SELECT state FROM portatext.campaign_run WHERE campaign_id = 42', 'ready'), 'it is built');
	}
	return;
}

$node->safe_psql('postgres', q{
	SELECT portatext.create_contact_list(wanted) FROM unnest('{customers,friends}'::text[]) wanted
		WHERE NOT EXISTS (SELECT FROM portatext.contact_list l WHERE l.name = wanted);
	SELECT portatext.set_contact(number, '{"name": "Ana"}', 'friends') FROM unnest('{+59899123456,+12025550123}'::text[]) number;
	SELECT portatext.assign_did('+1202555010' || i, portatext.current_account()) FROM generate_series(1, 3) i
		WHERE NOT EXISTS (SELECT FROM portatext.did d WHERE d.number = '+1202555010' || i);
	ALTER SEQUENCE portatext.campaign_campaign_id_seq RESTART 42});
paste_campaigns(grep { !/cron/ } blocks('docs/campaigns.md'));

$node->stop;
done_testing();
