# An error in what an inbound message sets off does not keep the receiver from storing
# the message, and does not touch those beside it.
use strict;
use warnings;

use HTTP::Tiny;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = PortatextNode->new_node('inbound_error', conf => "portatext.receiver_port = $port\nportatext.dispatchers = 0\n");
my $http = HTTP::Tiny->new(timeout => 20);

sub sql { return $node->safe_psql('postgres', @_) }

# The receiver's answer to one message.
sub receive
{
	my ($from, $text) = @_;

	return $http->request('POST', "http://mine:secret\@127.0.0.1:$port/inbound/mine", {
		headers => { 'Content-Type' => 'application/x-www-form-urlencoded' },
		content => "from=$from&to=15557770001&text=$text" })->{status};
}

sql(q{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('mine', 'kannel', settings => '{"url": "http://127.0.0.1:9/", "dlr_url": "http://127.0.0.1:9"}',
		username => 'tester', password => 'x', receipt_secret => 'secret');
	SELECT portatext.assign_did('+15557770001', portatext.create_account('one'));
	SELECT portatext.did_settings('+15557770001', '{"stop_detection": true, "auto_reply": "We are closed."}');
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
	CREATE TRIGGER fail BEFORE INSERT ON portatext.blacklist FOR EACH ROW
		WHEN (NEW.number = '+15551230001') EXECUTE FUNCTION fail();
});
ok(wait_for { $http->get("http://127.0.0.1:$port/health")->{success} }, 'the receiver listens');

is(receive('15551230001', 'STOP'), 200, 'a message that sets off an error is taken, though it comes alone');
is(sql(q{SELECT count(*), min(body) FROM portatext.message WHERE inbound}), '1|STOP', 'and stored, once');
is(sql(q{SELECT count(*) FROM portatext.message WHERE NOT inbound}), 0, 'what has not been done is not confirmed');
ok($node->log_contains(qr/inbound message [0-9a-f-]+ is stored without its blacklisting: not today/), 'the log says so');
is(sql(q{SELECT e.payload FROM portatext.event e JOIN portatext.message m ON m.message_id::text = e.subject
	WHERE e.type = 'inbound.undone' AND e.account_id = m.account_id}),
	'{"to": "+15557770001", "from": "+15551230001", "effect": "blacklisting"}', 'and an event tells the account');
is(receive('15551230002', 'STOP'), 200, 'another one');
is(sql(q{SELECT string_agg(number, ',') FROM portatext.blacklist}), '+15551230002', 'does all it shall');

sql('DROP TRIGGER fail ON portatext.blacklist');
is(receive('15551230001', 'STOP'), 200, 'DID-01: STOP again, with nothing in the way');
is(sql(q{SELECT count(*) FROM portatext.blacklist}), 2, 'and it is on the list');
is(sql(q{SELECT sum(amount) FROM portatext.ledger_entry WHERE kind = 'inbound'}), -3, 'BILL-08 each is charged once');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'the books agree');
$node->stop;
done_testing();
