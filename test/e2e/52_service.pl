# A service's whole conversation over a real Kannel: what telephones write comes in
# through the receiver, what the message centre gets is the FAQ's texts byte for byte.
use strict;
use warnings;
use utf8;

use Carrier;
use Encode qw(decode encode);
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('service', conf => "portatext.receiver_port = $port\n");
my $carrier = Carrier->start(mo_url => "http://%I:mo-secret\@127.0.0.1:$port/inbound/kannel");
my $CODE = '12345';

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }

# The same as the account's application.
sub shop
{
	return decode('UTF-8',
		$node->safe_psql('postgres', encode('UTF-8', $_[0]), extra_params => [ '-U', 'shop' ]));
}

# The SQLSTATE with which the application's statement fails.
sub shop_fails
{
	my ($out, $err);

	$node->psql('postgres', "\\set VERBOSITY sqlstate\n$_[0]", stdout => \$out, stderr => \$err,
		extra_params => [ '-U', 'shop' ]);
	return $err =~ /ERROR:  (\w+)/ ? $1 : 'none';
}

sub configure
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for sort keys %settings;
	$node->reload;
	return;
}

my ($url, $user, $password) = ($carrier->sendsms_url, $carrier->user, $carrier->password);

# ---- what is expected: the FAQ's texts (FLOW-01 to FLOW-05) ----

my $RATES = 'Msg freq varies. Msg & Data rates may apply.';

# A text of the FAQ, in lines, for one service.
sub faq
{
	my ($kind, $keyword, $type) = @_;
	my %text = (
		reminder => "YOUR_KEYWORD: Hello! This is a subscription reminder.\n"
		  . "STOP YOUR_KEYWORD to cancel. HELP YOUR_KEYWORD for help.\n$RATES",
		help => "YOUR_KEYWORD: T&Cs: YOUR_TC_URL, Call us at: YOUR_PHONE_NUMBER.\n"
		  . "Send STOP YOUR_KEYWORD to cancel.\n$RATES",
		opt_in => "YOUR_KEYWORD: Thank you! You will receive recurring SERVICE_TYPE messages.\n"
		  . "Reply HELP YOUR_KEYWORD for help. STOP YOUR_KEYWORD to cancel.\n$RATES",
		opt_out => 'YOUR_KEYWORD: You have opted out and will not receive any more messages. Thank you.',
		welcome => "YOUR_KEYWORD: Welcome! Reply YES YOUR_KEYWORD to subscribe and receive\n"
		  . "recurring SERVICE_TYPE messages.\n"
		  . "Reply HELP YOUR_KEYWORD for help. T&Cs: YOUR_TC_URL.\n$RATES");
	my $text = $text{$kind};

	$text =~ s/YOUR_KEYWORD/$keyword/g;
	$text =~ s{YOUR_TC_URL}{https://example.com/t};
	$text =~ s/YOUR_PHONE_NUMBER/+1 202 555 0100/;
	$text =~ s/SERVICE_TYPE/$type/;
	return $text;
}

# The usual form: lines joined by one blank (FLOW-09).
sub joined { my $text = faq(@_); $text =~ s/\n/ /g; return $text }

# ---- conversations ----

my %seen;    # messages that each telephone has got so far

# Whole messages that a telephone has got since the last look, when there are so many.
sub got
{
	my ($number, $count) = @_;
	my @new;

	wait_for
	{
		my %message;
		my $from = $seen{$number} // 0;
		my @parts = grep { !$_->{status} } $carrier->submits(to => $number);

		@new = ();
		for my $part (@parts[ $from .. $#parts ])
		{
			my $key = $part->{parts} > 1 ? $part->{ref} : "n$part->{n}";

			push @new, $message{$key} = { from => $part->{from}, parts => $part->{parts}, texts => [] }
			  unless $message{$key};
			$message{$key}{texts}[ $part->{parts} > 1 ? $part->{part} - 1 : 0 ] = $part->{text};
		}
		my @whole = grep { @{ $_->{texts} } == $_->{parts} && !grep { !defined } @{ $_->{texts} } } @new;

		@new == $count && @whole == $count;
	}
	30;
	$seen{$number} = scalar(grep { !$_->{status} } $carrier->submits(to => $number));
	return map { join('', @{ $_->{texts} }) . ($_->{from} eq $CODE ? '' : " from $_->{from}") } @new;
}

# A telephone writes to the short code; tests the answers, in any order.
sub asks
{
	my ($number, $text, $what, @expected) = @_;

	$carrier->mo($number, $CODE, $text);
	my @got = got($number, scalar @expected);

	is(encode('UTF-8', join("\n--\n", sort @got)), encode('UTF-8', join("\n--\n", sort @expected)), encode('UTF-8', "\"$text\": $what"));
	return;
}

# A telephone writes; waits until that has been stored, and no answer is on its way.
sub asks_in_vain
{
	my ($number, $text, $what) = @_;
	my $before = sql(q{SELECT count(*) FROM portatext.message WHERE inbound AND from_number = '+} . $number . q{'})
	  + sql(q{SELECT count(*) FROM portatext.unrouted WHERE from_number = '+} . $number . q{'});

	$carrier->mo($number, $CODE, $text);
	ok($node->wait_sql(qq{SELECT (SELECT count(*) FROM portatext.message WHERE inbound AND from_number = '+$number')
		+ (SELECT count(*) FROM portatext.unrouted WHERE from_number = '+$number')}, $before + 1), "\"$text\" has come in");
	is(sql(qq{SELECT count(*) FROM portatext.message WHERE NOT inbound AND to_number = '+$number'
		AND state IN ('queued', 'sending')}), 0, "\"$text\": $what");
	is(join('|', got($number, 0)), '', 'and nothing was sent');
	return;
}

sub state_of
{
	my ($number, $keyword) = @_;
	return sql(qq{SELECT state FROM portatext.subscribers WHERE number = '+$number' AND keyword = '$keyword'});
}

# ---- the set-up as docs/services.md shows it ----

sql(qq{
	CREATE EXTENSION portatext;
	CREATE ROLE shop LOGIN;
	SELECT portatext.create_carrier('kannel', 'kannel',
		settings => '{"url": "$url", "dlr_url": "http://127.0.0.1:$port"}', username => '$user', password => '$password',
		receipt_secret => 'mo-secret', sender_segments_per_second => NULL);
	SELECT portatext.create_account(n, carrier => 'kannel') FROM unnest(ARRAY['shop', 'weather', 'poor']) n;
	SELECT portatext.grant_account('shop', account_id) FROM portatext.account WHERE name = 'shop';
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(200, 'first', account_id) FROM portatext.account WHERE name IN ('shop', 'weather');
	SELECT portatext.create_short_code('US', '$CODE', carrier => 'kannel');
});

# Requests a service, approves and activates it.
sub service
{
	my ($account, $keyword, $purpose, $double, $more) = @_;

	sql(qq{
		BEGIN;
		SELECT portatext.act_as(account_id) FROM portatext.account WHERE name = '$account';
		SELECT portatext.request_service('$keyword', 'US', '$purpose', $double, minimum_age => 18, frequency => 4,
			intended_use => 'What is new', message_examples => '{New today}', advertising_examples => '{Text us}',
			tc_url => 'https://example.com/t', phone => '+1 202 555 0100' $more);
		COMMIT;
		SELECT portatext.approve_service(service_id, '$CODE', content_checked => true)
			FROM portatext.services WHERE keyword = '$keyword';
		SELECT portatext.activate_service(service_id) FROM portatext.services WHERE keyword = '$keyword';
	});
	return;
}

service('shop', 'DEALS', 'marketing', 'true', '');
service('shop', 'NEWS', 'notifications', 'false', ', line_breaks => true');
service('weather', 'RAIN', 'notifications', 'false', '');
service('poor', 'BROKE', 'notifications', 'false', '');
ok($carrier->wait_link(1), 'Kannel is connected');

# ---- one telephone and a service with double opt-in ----

my $ann = '12025551001';

asks($ann, 'DEALS', 'SVC-08, FLOW-05, FLOW-08 the keyword alone is answered with the welcome',
	joined('welcome', 'DEALS', 'marketing'));
is(state_of($ann, 'DEALS'), '', 'and does not subscribe');
is(shop_fails("SELECT portatext.send_sms('+$ann', 'Two for one today', service => 'DEALS')"), 'SM016',
	'SVC-13, LAW-05 who has not subscribed gets no message');
asks($ann, 'HELP DEALS', 'FLOW-02', joined('help', 'DEALS', 'marketing'));
asks($ann, 'what is deals', 'FLOW-05', joined('welcome', 'DEALS', 'marketing'));
asks($ann, 'YES DEALS', 'SVC-08, FLOW-03 subscribes', joined('opt_in', 'DEALS', 'marketing'));
is(state_of($ann, 'DEALS'), 'active', 'SUB-01 the number subscribes');
shop("SELECT portatext.send_sms('+$ann', 'Two for one today', service => 'DEALS')");
is(join('|', got($ann, 1)), 'Two for one today', 'SVC-12 a message from the short code');
asks($ann, 'Deals, yes!', 'FLOW-12 again: the same answer', joined('opt_in', 'DEALS', 'marketing'));
is(sql(q{SELECT count(*) FROM portatext.event WHERE type = 'subscriber.opted_in'}), 1,
	'FLOW-12, SUB-02 but one event');
asks($ann, 'stop sending me DEALS', 'FLOW-04, FLOW-07 unsubscribes', joined('opt_out', 'DEALS', 'marketing'));
is(state_of($ann, 'DEALS'), 'opted_out', 'SUB-01, SUB-08 the number has left');
is(shop_fails("SELECT portatext.send_sms('+$ann', 'Come back, please', service => 'DEALS')"), 'SM016',
	'SVC-13 who has left gets no message');
asks($ann, 'STOP DEALS', 'FLOW-12 once more: the same answer', joined('opt_out', 'DEALS', 'marketing'));
asks($ann, 'DEALS YES', 'SVC-09 the other order subscribes again', joined('opt_in', 'DEALS', 'marketing'));
is(shop("SELECT string_agg(action || ' ' || source, ', ' ORDER BY at)
	FROM portatext.subscriber_history('DEALS', '+$ann')
	WHERE action = 'opt_in' AND shown_text IS NOT NULL AND message_id IS NOT NULL"), 'opt_in sms, opt_in sms, opt_in sms',
	'SVC-16, LAW-04 each consent is kept with the message and the text that was shown');
is(sql(qq{SELECT sum(cost), count(*) FROM portatext.message WHERE from_number = '$CODE' AND to_number = '+$ann' AND kind = 'welcome'}),
	'4|2', 'FLOW-13, BILL-13 a welcome costs two segments');

# ---- the number changes (SUB-07) ----

my $new = '12025551002';

is(sql("SELECT portatext.apply_carrier_notice('$CODE', '+$ann', 'changed', '+$new')"), 1, 'SUB-07 a carrier tells it');
shop("SELECT portatext.send_sms('+$new', 'Still two for one', service => 'DEALS')");
is(join('|', got($new, 1)), 'Still two for one', 'SUB-07 the new number gets messages');
is(shop_fails("SELECT portatext.send_sms('+$ann', 'Still two for one', service => 'DEALS')"), 'SM016', 'the old one none');

# ---- a pause (SUB-05, SUB-06), and a number of another country (SVC-11) ----

my $fay = '12025551008';

asks($fay, 'yes deals', 'FLOW-03', joined('opt_in', 'DEALS', 'marketing'));
sql("SELECT portatext.apply_carrier_notice('kannel', '+$fay', 'paused')");
is(shop_fails("SELECT portatext.send_sms('+$fay', 'Two for one today', service => 'DEALS')"), 'SM017',
	'SUB-05, SUB-10 a paused subscriber gets no message');
sql("SELECT portatext.apply_carrier_notice('kannel', '+$fay', 'resumed')");
shop("SELECT portatext.send_sms('+$fay', 'Two for one today', service => 'DEALS')");
is(join('|', got($fay, 1)), 'Two for one today', 'SUB-06 after the pause messages again');
sql("SELECT portatext.apply_carrier_notice('kannel', '+$fay', 'paused')");
asks($fay, 'unsubscribe deals', 'SUB-11 a paused subscriber leaves', joined('opt_out', 'DEALS', 'marketing'));
sql("SELECT portatext.apply_carrier_notice('kannel', '+$fay', 'resumed')");
is(state_of($fay, 'DEALS'), 'opted_out', 'SUB-11 the end of the pause does not subscribe again');
asks_in_vain('447700900123', 'YES DEALS', 'SVC-11 a number of another country is not answered');
is(state_of('447700900123', 'DEALS'), '', 'SVC-11 and not subscribed');

# ---- single opt-in, lines kept (FLOW-09); several services on one code (FLOW-11) ----

my $bob = '12025551003';

asks_in_vain('12025551004', 'HELP', 'FLOW-11 HELP alone of a stranger is not answered');
asks($bob, 'news', 'SVC-07, FLOW-09, FLOW-10 the keyword alone subscribes, the answer is in lines',
	faq('opt_in', 'NEWS', 'notification'));
asks($bob, 'help', 'FLOW-11 HELP alone: the service that he subscribes to', faq('help', 'NEWS', 'notification'));
asks($bob, "\x{ff59}\x{ff45}\x{ff53} DEALS", 'SVC-08 in full-width letters', joined('opt_in', 'DEALS', 'marketing'));
asks($bob, 'RAIN', 'another account\'s service', joined('opt_in', 'RAIN', 'notification'));
asks($bob, 'END DEALS', 'SUB-01 ends one', joined('opt_out', 'DEALS', 'marketing'));
is(join(',', map { state_of($bob, $_) } qw(DEALS NEWS RAIN)), 'opted_out,active,active', 'SUB-01 and that one only');
asks($bob, '¡BAJA!', 'FLOW-11 a bare stop word ends all that is left, one confirmation each',
	faq('opt_out', 'NEWS', 'notification'), joined('opt_out', 'RAIN', 'notification'));
is(join(',', map { state_of($bob, $_) } qw(DEALS NEWS RAIN)), 'opted_out,opted_out,opted_out', 'none is left');
is(sql(q{SELECT string_agg(DISTINCT a.name, ',') FROM portatext.message m JOIN portatext.account a USING (account_id)
	WHERE m.inbound AND m.from_number = '+12025551003' AND m.body = 'RAIN'}), 'weather', 'a message is its account\'s only');

# ---- who is blacklisted, who cannot pay, who is suspended ----

my $carl = '12025551005';

shop("SELECT portatext.blacklist_add('+$carl')");
asks_in_vain($carl, 'YES DEALS', 'SVC-15 a blacklisted number gets no answer');

my $dora = '12025551006';

asks_in_vain($dora, 'BROKE', 'FLOW-14 an answer that cannot be paid is not sent');
is(state_of($dora, 'BROKE'), 'active', 'FLOW-14 and the number subscribes all the same');
is(sql(q{SELECT state, cost, error_code FROM portatext.message WHERE kind = 'opt_in' AND to_number = '+12025551006'}),
	'skipped|0|no_credits', 'FLOW-14 it is recorded as not sent');
asks_in_vain($dora, 'QUIT BROKE', 'FLOW-14 nor is the confirmation of an opt-out');
is(state_of($dora, 'BROKE'), 'opted_out', 'FLOW-14 which takes effect');
is(sql(q{SELECT portatext.balance(account_id) FROM portatext.account WHERE name = 'poor'}), -2,
	'BILL-10 what comes in is charged below zero');

my $eve = '12025551007';

asks($eve, 'NEWS', 'SVC-07', faq('opt_in', 'NEWS', 'notification'));
sql(q{SELECT portatext.suspend_service(service_id) FROM portatext.services WHERE keyword = 'NEWS'});
is(shop_fails("SELECT portatext.send_sms('+$eve', 'The news of today', service => 'NEWS')"), 'SM015',
	'LAW-09 a suspended service sends nothing');
asks_in_vain($eve, 'HELP NEWS', 'LAW-09 and answers nothing');
asks($eve, 'STOP NEWS', 'LAW-09 but opt-outs', faq('opt_out', 'NEWS', 'notification'));

# ---- own texts ----

sql(q{SELECT portatext.resume_service(service_id) FROM portatext.services WHERE keyword = 'NEWS'});
shop(q{SELECT portatext.set_service_text(service_id, 'help', '{keyword} de Example: STOP {keyword} para salir, tel. {phone}. Rates may apply.')
	FROM portatext.services WHERE keyword = 'NEWS'});
asks($eve, 'HELP NEWS', 'the service\'s own text', 'NEWS de Example: STOP NEWS para salir, tel. +1 202 555 0100. Rates may apply.');
shop(q{SELECT portatext.alter_service(service_id, '{"language": "es"}') FROM portatext.services WHERE keyword = 'DEALS'});
asks($eve, 'yes deals', 'in Spanish', 'DEALS: ¡Gracias! Usted va a recibir mensajes recurrentes de marketing. '
	. 'Responda HELP DEALS para ayuda. STOP DEALS para cancelar. '
	. 'Frecuencia variable. Pueden aplicarse tarifas de mensajes y datos.');
shop(q{SELECT portatext.alter_service(service_id, '{"language": "en"}') FROM portatext.services WHERE keyword = 'DEALS'});

# ---- reminders (FLOW-01) ----

# Noon of the telephones' own country, whatever the time is now.
my $noon = sql(q{SELECT 61200 - extract(epoch FROM (now() AT TIME ZONE 'UTC')::time)::int});

configure('portatext.clock_offset' => 28 * 86400 + $noon);
asks($eve, 'HELP DEALS', 'four weeks later', joined('help', 'DEALS', 'marketing'));
is(sql(q{SELECT count(*) FROM portatext.message WHERE kind = 'reminder'}), 0, 'FLOW-15 no reminder before 30 days');
configure('portatext.clock_offset' => 33 * 86400 + $noon);
is(join('|', got($eve, 1)), joined('reminder', 'DEALS', 'marketing'), 'FLOW-01 the reminder after 30 days');
is(join('|', got($new, 1)), joined('reminder', 'DEALS', 'marketing'), 'SUB-07 also to the number that has changed');
ok($node->wait_sql(q{SELECT string_agg(to_number || ' ' || state, ', ' ORDER BY to_number) FROM portatext.message WHERE kind = 'reminder'},
	"+$new delivered, +$carl skipped, +$eve delivered"),
	'FLOW-17 one each, none to who has left, and to the blacklisted number it was not sent');

# ---- the books ----

ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE NOT inbound AND state NOT IN ('delivered', 'skipped')}, 0),
	'all that was sent is delivered');
is(sql(q{SELECT bool_and(portatext.balance(a.account_id) = (SELECT sum(l.amount) FROM portatext.ledger_entry l
		WHERE l.account_id = a.account_id)) FROM portatext.account a WHERE a.name IN ('shop', 'weather', 'poor')}), 't',
	'BILL-20: balance = ledger');
is(sql(q{SELECT count(*) FROM portatext.message m JOIN portatext.ledger_entry l ON l.reference = m.message_id
	WHERE m.inbound AND l.amount <> -1}), 0, 'BILL-08 each inbound message costs one credit');

$node->stop;
$carrier->stop;
done_testing();
