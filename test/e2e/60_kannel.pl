# The whole outbound path through the real Kannel: GSM, Unicode and multi-part
# messages sent by an ordinary application role arrive at the message centre byte
# for byte as SQL says, each part once; receipts, refunds and the ledger follow.
use strict;
use warnings;
use utf8;

use Carrier;
use Encode qw(encode decode);
use PortatextNode;
use PostgreSQL::Test::Cluster;
use Test::More;

my $carrier = Carrier->start;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('kannel', conf => "portatext.receiver_port = $port\n");

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }

sub app
{
	return decode('UTF-8',
		$node->safe_psql('postgres', encode('UTF-8', $_[0]), extra_params => [ '-U', 'shop' ]));
}

sub quoted { my ($s) = @_; $s =~ s/'/''/g; return "'$s'" }

# The set-up as docs/carriers.md shows it.
my ($url, $user, $password) = ($carrier->sendsms_url, $carrier->user, $carrier->password);
sql(qq{
	CREATE EXTENSION portatext;
	CREATE ROLE shop LOGIN;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "$url", "dlr_url": "http://127.0.0.1:$port"}',
		username => '$user', password => '$password', sender_segments_per_second => NULL);
	SELECT portatext.grant_account('shop', portatext.create_account('shop'));
	SELECT portatext.assign_did('+12025550101', (SELECT account_id FROM portatext.account WHERE name = 'shop'));
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(500, 'first', (SELECT account_id FROM portatext.account WHERE name = 'shop'));
});

# GSM-01 to GSM-07, GEN-09: what is sent is what arrives.
my %text = (
	'15550001000' => 'Hello from PostgreSQL',
	'15550001001' => '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡¿ÄÖÑÜ§äöñüà ^{}\\[~]|€ 100%+&=?#',
	'15550001002' => 'Привет, 😀 français & 100% + “quotes”',
	'15550001003' => 'x' x 152 . '€' . 'y' x 152 . 'z€',
	'15550001004' => 'я' x 66 . '😀' . 'я' x 66,
	'15550001005' => join('', map { chr(0x1F600 + $_ % 60) } 1 .. 100),
	'15550001006' => "line one\nline two\r\nline three",
	'15550001007' => 'a' x 160,
	'15550001008' => 'b' x 161,
	'15550001009' => '  blanks kept  ',
	'15550001010' => 'A' x 1530,
);
my @numbers = sort keys %text;

for my $to (@numbers)
{
	app(q{SELECT portatext.send_sms(} . quoted("+$to") . ', ' . quoted($text{$to}) . ')');
}
ok($node->wait_sql("SELECT count(*) FROM portatext.message WHERE state = 'delivered'", scalar @numbers),
	'SMS-05: every message is delivered, by receipts through the receiver');

for my $to (@numbers)
{
	my ($segments, $encoding) = split /\|/,
	  app("SELECT segments, encoding FROM portatext.sms WHERE to_number = '+$to'");
	my @parts = $carrier->submits(to => $to);

	is(encode('UTF-8', $carrier->received_text($to)), encode('UTF-8', $text{$to}),
		"text to $to arrives byte for byte");
	is(encode('UTF-8', app("SELECT body FROM portatext.sms WHERE to_number = '+$to'")), encode('UTF-8', $text{$to}),
		'as SQL says');
	is(scalar @parts, $segments, "and in $segments segment(s)");
	is(join(',', map { $_->{part} } sort { $a->{part} <=> $b->{part} } @parts),
		join(',', 1 .. $segments), 'each part once') if $segments > 1;
	is(scalar(grep { ($_->{dcs} == 8) == ($encoding eq 'ucs2') } @parts), $segments,
		"coded as $encoding");
	is(scalar(grep { $_->{from} eq '12025550101' } @parts), $segments, 'from the own number');
}

# Final states: what each kind of report means, in states and money.
my %fate = (
	'15550000001' => [ 'rejected', 0 ],       # BILL-04: refused by the centre
	'15550000002' => [ 'undelivered', 1 ],    # BILL-05, BILL-06
	'15550000003' => [ 'undelivered', 1 ],    # type 34: bits, not values
	'15550000004' => [ 'delivered', 1 ],
	'15550000006' => [ 'delivered', 1 ],
	'15550000008' => [ 'delivered', 1 ],
	'15550000009' => [ 'delivered', 1 ],      # SMS-09: the receipt comes twice
	'15550000010' => [ 'undelivered', 1 ],
	'15550000012' => [ 'rejected', 0 ],
	'15550000013' => [ 'rejected', 0 ],
);

app("SELECT portatext.send_sms('+$_', 'Hello number $_')") for sort keys %fate;
app("SELECT portatext.send_sms('+15550000005', 'Hello without a receipt')");
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE to_number LIKE '+1555000000_'
		OR to_number LIKE '+1555000001_'}, scalar(keys %fate) + 1), 'all are stored');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE state IN ('queued', 'sending')}, 1),
	'all but one reach a final state');
for my $to (sort keys %fate)
{
	is(app("SELECT state, (SELECT -sum(amount) FROM portatext.ledger_entry WHERE reference = message_id)
		FROM portatext.sms WHERE to_number = '+$to'"), join('|', @{ $fate{$to} }),
		"$to ends as $fate{$to}[0]");
}
is(app(q{SELECT state FROM portatext.sms WHERE to_number = '+15550000005'}), 'sending',
	'SMS-08: a message stays in sending until its receipt');

# A part that fails: the message is undelivered, and charged.
app(q{SELECT portatext.send_sms('+15550000014', repeat('part ', 50))});
ok($node->wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550000014'}, 'undelivered'),
	'a message one part of which fails is undelivered');
app(q{SELECT portatext.send_sms('+15550000015', repeat('part ', 50))});
ok($node->wait_sql(q{SELECT state FROM portatext.message WHERE to_number = '+15550000015'}, 'delivered'),
	'receipts of parts may come in any order');

# Nothing went twice, and the money agrees.
my %seen;
$seen{"$_->{to}/" . ($_->{part} || 1)}++ for grep { !$_->{status} } $carrier->submits;
is(join(',', grep { $seen{$_} > 1 } sort keys %seen), '', 'nothing was sent twice');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');
is(app('SELECT portatext.balance() = 500 - sum(cost) FROM portatext.sms WHERE state <> $$rejected$$'), 't',
	'the balance is what the messages cost');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/\Q$password\E/,
	'no credential in the server log');

$node->stop;
done_testing();
