# One SMS a request through PostgREST, and on the SDKs' path through nginx, beside a
# function in PL/pgSQL that does three plain INSERTs of the same rows, called through the
# same PostgREST.  All requests bring the same API key, which authenticate() looks up for
# each; nothing is handed over meanwhile.
package Bench::Row::Rest;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Size qw(size);
use PortatextRest;

my $text = 'Your table is ready, see you at 8. Call us when you are late.';

sub measure
{
	my ($stage, $table) = @_;

	die "PostgREST is missing\n" unless PortatextRest::postgrest();
	my $database = $stage->database;
	my $rest = PortatextRest->start($stage->node, db => $database->{name});
	my $done = eval { measure_with($stage, $table, $database, $rest); 1 };
	my $why = $@;

	$rest->stop;
	die $why unless $done;
	return;
}

sub measure_with
{
	my ($stage, $table, $database, $rest) = @_;
	my $lines = write_recipients($stage);
	my %rate;

	my $account = $database->sql(q{SELECT account_id FROM portatext.account WHERE name = 'bench'});
	my $key = $rest->key($account, requests_per_minute => 1_000_000_000);
	my %url = (
		insert => $rest->direct_url . '/rpc/plain_sms', send => $rest->direct_url . '/rpc/send_sms',
		sdk => $rest->nginx_url . '/sms');

	prepare($database, $rest, $key);
	for my $round (1 .. size('ROUNDS'))
	{
		for my $kind (qw(insert send sdk))
		{
			push @{ $rate{$kind} }, Bench::Client::requests($stage, url => $url{$kind}, lines => $lines,
				count => size('REQUESTS'), warm_up => warm_up(), body => qq({"to":"{}","text":"$text"}),
				header => [ "X-Api-Key: $key", 'Content-Type: application/json', 'Accept: application/json' ]);
			check($database, $kind eq 'insert' ? 'plain_message' : 'portatext.message');
			$database->forget;
		}
	}
	$_ = median(@$_) for values %rate;
	$table->pair('POST /rpc/send_sms through PostgREST', $rate{send}, '/s', 'three INSERTs through the same PostgREST', $rate{insert}, '>= 0.7');
	$table->pair('POST /sms of the SDKs through nginx', $rate{sdk}, '/s', 'the same, without nginx', $rate{insert}, '>= 0.6');
	return;
}

sub warm_up { return int(size('REQUESTS') / 10) }

# Recipients, one a line; the path of the file.
sub write_recipients
{
	my ($stage) = @_;
	my $path = $stage->work . '/recipients';

	open my $f, '>', $path or die "$path: $!\n";
	printf $f "1201%d\n", 5_000_000 + $_ for 1 .. size('REQUESTS') + warm_up();
	close $f or die "$path: $!\n";
	return $path;
}

# The function that stands beside, with the rights that it needs and no more work than the rows.
sub prepare
{
	my ($database, $rest, $key) = @_;

	$database->dispatcher;
	$database->stop_workers;
	$database->sql(q{
		CREATE FUNCTION portatext_api.plain_sms("to" text, text text) RETURNS jsonb LANGUAGE plpgsql AS $$
		DECLARE
			id constant uuid := portatext.uuid7();
		BEGIN
			INSERT INTO public.plain_message (message_id, account_id, carrier_id, segments, cost, from_number,
					to_number, encoding, body, created_at)
				VALUES (id, 1, 1, 1, 1, '+12015550100', '+' || $1, 'gsm', $2, now());
			INSERT INTO public.plain_ledger (account_id, reference, kind, amount, created_at)
				VALUES (1, id, 'charge', -1, now());
			INSERT INTO public.plain_outbox (lane, due, message_id, to_number) VALUES (2, now(), id, '+' || $1);
			RETURN jsonb_build_object('id', id);
		END
		$$;
		GRANT EXECUTE ON FUNCTION portatext_api.plain_sms TO portatext_account;
		GRANT INSERT, SELECT, UPDATE ON plain_message, plain_ledger, plain_outbox TO portatext_account});
	$rest->reload_schema;
	for (1 .. 100)
	{
		my $status = $rest->post('/rpc/plain_sms', key => $key, json => { to => '12015000000', text => $text })->{status};

		return $database->forget if $status == 200;
		select undef, undef, undef, 0.1;
	}
	die "PostgREST does not know the function\n";
}

# Every request must have left its row.
sub check
{
	my ($database, $where) = @_;
	my $wanted = size('REQUESTS') + warm_up();
	my $there = $database->sql("SELECT count(*) FROM $where");

	die "$there messages in $where instead of $wanted\n" unless $there == $wanted;
	return;
}

1;
