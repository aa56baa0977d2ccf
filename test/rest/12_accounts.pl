# Contacts, campaigns, settings and reports over HTTP: what bodies and answers look
# like, reading with GET, rights of keys, requests done once.
use strict;
use warnings;

use JSON::PP;
use PortatextNode qw(wait_for);
use PortatextRest;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('accounts', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node, nginx => 0);
my $shop = $rest->account('shop', 100);
my $key = $rest->key($shop);
my $reader = $rest->key($shop, rights => q{'{read}'});
my $keeper = $rest->key($shop, rights => q{'{read,manage}'});

# One request; checks the status.
sub asked
{
	my ($status, $what, $method, $path, %opt) = @_;
	my $r = $rest->request($method, $path, key => $key, %opt);

	is($r->{status}, $status, $what) or diag($r->{content});
	return $r;
}

sub done { my ($what, $function, $arguments, %opt) = @_; return asked(200, $what, POST => "/rpc/$function", json => $arguments || {}, %opt)->{json} }

# ---- contacts ----

my $list = done('a list', 'create_contact_list', { name => 'vip' })->{id};
is(asked(204, 'a change answers nothing', POST => '/rpc/update_contact_list', json => { list => $list, description => 'the best' })->{content} // '', '', 'as 204 says');
done('a contact', 'set_contact', { number => '+1 222 333 4444', list => $list, variables => { name => 'Ann' } });
is_deeply(asked(200, 'variables by GET', GET => "/rpc/contact_variables?number=12223334444&list=vip")->{json}, { name => 'Ann' }, 'are an object');
is(asked(404, 'of nobody', GET => '/rpc/contact_variables?number=12223334445&list=vip')->{json}{code}, 'not_found', 'not_found');
is(asked(200, 'own contacts that never were', GET => '/rpc/export_contacts', accept => 'text/csv')->{content}, "number\n", 'GET begins nothing');
is(asked(200, 'an import in JSON', POST => '/rpc/import_contacts', json => { csv => "number,name\n12223335555,Bea\n12223336666,\n", list => 'vip' })->{json}{contacts}, 2, 'CSV-05: replaces the list');
my $r = asked(422, 'a refused file', POST => '/rpc/import_contacts', json => { csv => "number\nabc\n", list => 'vip' });
is($r->{json}{code}, 'refused_lines', 'has a code');
$r = asked(200, 'and stays on record', GET => "/import_problems?job_id=eq.$r->{json}{job_id}");
is($r->{json}[0]{given}, 'abc', 'CSV-08: line by line');

# A file in pieces, one of them sent twice.
my $job = done('a file in pieces', 'start_import', { list => 'vip' })->{job_id};
my @piece = (POST => '/rpc/upload_contacts', type => 'application/octet-stream', content => "number,name\n1222333",
	headers => { 'X-Job-Id' => $job, 'Idempotency-Key' => 'piece 1' });
is(asked(200, 'the first piece', @piece)->{json}{bytes}, 19, 'is kept');
is(asked(200, 'again', @piece)->{json}{bytes}, 19, 'and once only');
asked(200, 'the next', POST => '/rpc/upload_contacts', type => 'application/octet-stream', content => "7777,\xc3\x84nne\n", headers => { 'X-Job-Id' => $job });
done('all of it', 'finish_import', { job => $job });
ok(wait_for { $rest->get("/jobs?id=eq.$job", key => $key)->{json}[0]{state} eq 'finished' }, 'JOB: a job imports it');
is_deeply(asked(200, 'the contacts', GET => '/contacts?list=eq.vip&select=number,variables')->{json},
	[ { number => '12223337777', variables => { name => "\x{c4}nne" } } ], 'are those of the file');

# ---- templates and campaigns ----

my $template = done('a template', 'create_template', { name => 'hi', text => 'Hello {{name}}' })->{id};
is_deeply(asked(200, 'it', GET => "/templates?id=eq.$template&select=name,text,variables")->{json},
	[ { name => 'hi', text => 'Hello {{name}}', variables => ['name'] } ], 'as it was stored');

my @campaign = (POST => '/rpc/create_campaign', json => { name => 'spring', template => $template, lists => [$list],
	from => ['12025550101'], variables => { name => 'you' } }, headers => { 'Idempotency-Key' => 'spring' });
my $made = asked(200, 'CAMP-01: a campaign', @campaign)->{json};
is_deeply(asked(200, 'asked for again', @campaign)->{json}, $made, 'it is made once');
my $id = $made->{id};
sub campaign { return $rest->get("/campaigns?id=eq.$id", key => $key)->{json}[0] }
ok(wait_for { campaign()->{state} eq 'ready' }, 'CAMP-04: a job makes it ready');
is($rest->get("/jobs?id=eq.$made->{job_id}", key => $key)->{json}[0]{result}{status}, 'ready', 'CAMP-04: as its result says');
is(asked(200, 'what it will cost', GET => "/rpc/campaign_preview?campaign=$id")->{json}{total}, 1, 'one credit');
my @test = (POST => '/rpc/test_campaign', json => { campaign => $id, numbers => ['12223338888'] }, headers => { 'Idempotency-Key' => 'look' });
my $look = asked(200, 'a test of it', @test)->{json};
is_deeply(asked(200, 'asked for again', @test)->{json}, $look, 'is sent once');
asked(403, 'a key that may not send', POST => '/rpc/start_campaign', json => { campaign => $id }, key => $keeper);
is(campaign()->{state}, 'ready', 'does not start it');
is(done('it is started', 'start_campaign', { campaign => $id })->{state}, 'running', 'and runs');
ok(wait_for { campaign()->{state} eq 'finished' }, 'CAMP-11: until it has finished');
ok(wait_for { $rest->get("/campaign_progress?id=eq.$id", key => $key)->{json}[0]{delivered} == 1 }, 'and its message has arrived');
my ($contact) = @{ asked(200, 'CAMP-12: its contacts', GET => "/campaign_contacts?campaign_id=eq.$id&run=eq.1&order=number")->{json} };
is("$contact->{number} $contact->{state} $contact->{cost}", '12223337777 delivered 1', 'with their state');
is(asked(200, 'its message', GET => "/messages?id=eq.$contact->{message_id}")->{json}[0]{text}, "Hello \x{c4}nne", 'GEN-02, CAMP-15: with the contact\'s variables');
like(asked(200, 'CAMP-12: as a file', GET => "/rpc/export_campaign_contacts?campaign=$id", accept => 'text/csv')->{content},
	qr/^number,state,.*\n12223337777,delivered,,[0-9a-f-]{36},A,1,1\n$/, 'CAMP-12: with a header');
is(asked(200, 'its report', GET => "/rpc/campaign_report?campaign=$id")->{json}[-1]{delivered}, 1, 'for all texts');
is(asked(409, 'a second start', POST => '/rpc/start_campaign', json => { campaign => $id })->{json}{code}, 'wrong_state', 'is refused');
asked(204, 'it is deleted', POST => '/rpc/delete_campaign', json => { campaign => $id });
is(asked(404, 'and gone', POST => '/rpc/delete_campaign', json => { campaign => $id })->{json}{code}, 'not_found', 'not_found');

# ---- money, settings, reports ----

is(asked(200, 'the balance', GET => '/rpc/balance')->{json}{credits}, 98, 'two messages less');
is(asked(200, 'the newest entry of the ledger', GET => '/ledger?order=reference.desc&limit=1')->{json}[0]{message_id}, $contact->{message_id}, 'is the campaign\'s message');
is(asked(200, 'a setting', POST => '/rpc/update_settings', json => { timezone => 'Europe/Madrid' })->{json}{timezone}, 'Europe/Madrid', 'GEN-08: is changed by an object with it');
is(asked(200, 'settings', GET => '/rpc/settings')->{json}{timezone}, 'Europe/Madrid', 'GEN-08: by GET');
asked(422, 'what is no setting', POST => '/rpc/update_settings', json => { colour => 'red' });
asked(403, 'a key that may not', POST => '/rpc/update_settings', json => { timezone => 'UTC' }, key => $keeper);
is_deeply([ map { [ @{$_}{qw(country inbound outbound credits)} ] } @{ asked(200, 'BILL-19: the summary', GET => '/rpc/summary?granularity=month')->{json} } ],
	[ [ 'US', 0, 2, 2 ] ], 'BILL-19: by month and country');
like(asked(200, 'BILL-19: by week as a file', GET => '/rpc/summary_csv?granularity=week&country=US', accept => 'text/csv')->{content},
	qr/^date,country,inbound,outbound,inbound_credits,outbound_credits,credits\n\d{4}-\d\d-\d\d,US,0,2,0,2,2\n$/, 'BILL-19: with a header');
like(asked(200, 'the file as JSON', GET => '/rpc/summary_csv')->{json}, qr/^date,country,.*,2\n$/s, 'is a string');
asked(422, 'by day', GET => '/rpc/summary?granularity=day');

# ---- reference data ----

is_deeply(asked(200, 'BILL-15: the tariff of a country', GET => '/tariffs?country=eq.ES&select=name,credits')->{json}, [ { name => 'Spain', credits => 1 } ], 'BILL-15: in credits');
like(asked(200, 'NUM-07: operators as a file', GET => '/operators?order=mcc,mnc&limit=1&country=eq.UY', accept => 'text/csv')->{content},
	qr/^mcc,mnc,country,name,source,source_date\n748,00,UY,Ancel,/, 'NUM-07: with their source');
is_deeply(asked(200, 'destinations', GET => '/destinations?prefix=eq.1204')->{json}, [ { prefix => '1204', country => 'CA', name => 'Canada' } ], 'by prefix');
is(asked(200, 'the alphabet', GET => '/gsm_charset?code=eq.0&escaped=is.false')->{json}[0]{character}, '@', 'GSM-01: begins with @');
is(asked(200, 'time zones', GET => '/timezones?name=eq.Europe/Madrid')->{json}[0]{name}, 'Europe/Madrid', 'by name');
ok(asked(200, 'GEN-06: versions', GET => '/rpc/version')->{json}{PostgreSQL}, 'GEN-06: of the components');

# ---- rights ----

for my $path ('/contact_lists', '/campaigns', '/campaign_runs', '/events', '/ledger', '/jobs', '/rpc/balance', '/rpc/settings', '/rpc/summary')
{
	asked(200, "a key that may read reads $path", GET => $path, key => $reader);
	is($rest->get($path)->{status}, 401, 'without a key it does not');
}
for my $change ([ create_contact_list => { name => 'x' } ], [ import_contacts => { csv => "number\n" } ], [ create_template => { name => 'x', text => 'Hello you' } ],
	[ create_campaign => { name => 'x' } ], [ test_campaign => { campaign => 1, numbers => [] } ], [ cancel_job => { job => 1 } ], [ update_settings => {} ])
{
	is(asked(403, "and may not $change->[0]", POST => "/rpc/$change->[0]", json => $change->[1], key => $reader)->{json}{code}, 'forbidden', 'forbidden');
}

$rest->stop;
$node->stop;
done_testing();
