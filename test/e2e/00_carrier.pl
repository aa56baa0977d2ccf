# The carrier that the other tests rely on, without portatext: Kannel and the message
# centre simulator pass on texts unchanged, send receipts and bring inbound messages.
use strict;
use warnings;
use utf8;

use Carrier;
use HTTP::Tiny;
use HttpHook;
use Test::More;

my $hook = HttpHook->start;
my $carrier = Carrier->start(mo_url => $hook->url . '/mo');
my $http = HTTP::Tiny->new(timeout => 10);

# Sends one message through Kannel's sendsms; the HTTP status.
sub send_text
{
	my ($to, $text, %more) = @_;
	my $dlr = $hook->url . "/dlr?to=$to&type=%d&answer=%A";

	my $query = $http->www_form_urlencode({
		username => $carrier->user, password => $carrier->password, from => '12345',
		to => $to, text => $text, 'dlr-mask' => 31, 'dlr-url' => $dlr, %more });
	return $http->get($carrier->sendsms_url . "?$query")->{status};
}

my %unicode = (coding => 2, charset => 'UTF-8');
my $long = join '', map { chr(97 + $_ % 26) } 1 .. 400;

is(send_text('15550001000', 'Plain {text} €'), 202, 'GSM text is accepted');
is(send_text('15550001001', 'Привет 😀', %unicode), 202, 'Unicode text is accepted');
is(send_text('15550001002', $long), 202, 'long text is accepted');
is(send_text('15550000002', 'lost'), 202, 'a text that will not arrive is accepted');
is(send_text('15550000001', 'nobody'), 202, 'a number that the centre refuses is accepted by Kannel');
is(send_text('15550001000', 'x', password => 'wrong'), 403, 'a wrong password is refused');

is(scalar(my @all = $carrier->wait_submits(7)), 7, 'every part reached the message centre');
is($carrier->received_text('15550001000'), 'Plain {text} €', 'GSM text unchanged');
is($carrier->received_text('15550001001'), 'Привет 😀', 'Unicode text unchanged');
is($carrier->received_text('15550001002'), $long, 'joined parts unchanged');
is_deeply([ map { $_->{len} } sort { $a->{part} <=> $b->{part} } $carrier->submits(to => '15550001002') ],
	[ 153, 153, 94 ], 'the parts are cut at 153');
is(($carrier->submits(to => '15550001001'))[0]{data}, '041f04400438043204350442' . '0020d83dde00',
	'the octets of the Unicode text');

ok(scalar $hook->wait_requests(1, path => qr/to=15550001000&type=1&/), 'receipt: delivered');
ok(scalar $hook->wait_requests(1, path => qr/to=15550000002&type=2&.*UNDELIV/), 'receipt: undelivered');
ok(scalar $hook->wait_requests(1, path => qr/to=15550000001&type=16&/), 'receipt: refused by the centre');

$carrier->mo('15557770001', '12345', 'Hola ñandú 😀');
my ($inbound) = $hook->wait_requests(1, path => qr{^/mo});
is($inbound->{body}, 'Hola ñandú 😀', 'inbound text unchanged');
is($inbound->{headers}{'x-kannel-to'}, '12345', 'inbound message names its destination');

$carrier->receipts('hold');
send_text('15550001003', 'wait');
$carrier->wait_submits(1, to => '15550001003');
is(scalar(() = $hook->requests(path => qr/to=15550001003&type=1&/)), 0, 'held receipts do not come');
$carrier->receipts('release');
ok(scalar $hook->wait_requests(1, path => qr/to=15550001003&type=1&/), 'released receipts do');

$carrier->link_state('down');
ok($carrier->wait_link(0), 'the link can be taken down');
is(send_text('15550001004', 'later'), 202, 'Kannel queues while the link is down');
$carrier->link_state('up');
is(scalar $carrier->wait_submits(1, to => '15550001004'), 1, 'and sends when it is up again');

$carrier->stop;
done_testing();
