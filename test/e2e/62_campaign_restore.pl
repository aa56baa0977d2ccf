# Campaigns dumped in the middle and restored: one that runs, one that is paused, one
# that is being built.  The copy is silent until adopt(); then it goes on where the
# dump was taken, and no number is written to twice.
use strict;
use warnings;

use HttpHook;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils qw(append_to_file slurp_file);
use Test::More;
use Time::HiRes qw(sleep);

my $contacts = 400;
my $node = PortatextNode->new_node('restore');
my $hook = HttpHook->start(status => 202, body => '0: Accepted for delivery');

sub sql { return $node->safe_psql(@_) }

# Campaigns name themselves in their texts, so that the record tells whose message it was.
sub campaign
{
	my ($name) = @_;
	return sql('shop', qq{SELECT portatext.create_campaign('$name', 'Campaign $name for {{who}}', lists => '{all}')});
}

sub wait_state
{
	my ($id, $state) = @_;
	return $node->wait_sql("SELECT state FROM portatext.campaign_run WHERE campaign_id = $id", $state, 'shop');
}

# How often each text went to each number.
my %seen;
sub record
{
	for ($hook->new_requests(path => qr{sendsms}))
	{
		my ($number) = $_->{path} =~ /[?&]to=(?:%2B|\+)(\d+)/;
		my ($name) = $_->{path} =~ /Campaign(?:%20|\+)(\w+)/;

		$seen{"$name $number"}++;
	}
	return scalar keys %seen;
}

sql('postgres', 'CREATE DATABASE shop');
sql('shop', sprintf q{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('sink', 'kannel', jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
		'user', 'pass', sender_segments_per_second => NULL);
	SELECT portatext.act_as(portatext.create_account('shop', carrier => 'sink', kind => 'postpaid'));
	SELECT portatext.grant_account('postgres', account_id), portatext.assign_did('+12025550101', account_id) FROM portatext.account;
	SELECT portatext.set_tariff('', 1);
}, $hook->url);
sql('shop', qq{SELECT portatext.create_contact_list('all');
	SELECT count(portatext.set_contact('+1303555' || i, jsonb_build_object('who', i), 'all')) FROM generate_series(1000, 999 + $contacts) i});

# ---- three campaigns, each in the middle ----

my $running = campaign('running');
my $paused = campaign('paused');
wait_state($_, 'ready') for $running, $paused;
sql('shop', "UPDATE portatext.campaign SET segments_per_second = 100 WHERE campaign_id IN ($running, $paused)");
sql('shop', "SELECT portatext.start_campaign($_)") for $running, $paused;
ok(wait_for(sub { record() >= 100 }), 'messages go out');
sql('shop', "SELECT portatext.pause_campaign($paused)");
$node->wait_sql('SELECT count(*) FROM portatext.lease', 0, 'shop');

# From here on nothing more goes out of the first database: as if its machine had gone with the backup.
sql('shop', 'SELECT portatext.stop_workers()');
$node->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'portatext %' AND datname = 'shop'}, 0, 'shop');
my $building = campaign('building');
my $dump = $node->basedir . '/shop.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('shop') ], 'pg_dump');
sleep 0.3;
my $before = record();
cmp_ok($before, '<', 2 * $contacts, 'in the middle of both');
sql('postgres', 'DROP DATABASE shop');
sql('postgres', 'CREATE DATABASE shop');

# ---- half of it is restored: campaigns and contacts, but no tariff yet, and not what says whose they are ----

sub restore
{
	my ($part, $text) = @_;

	append_to_file("$dump.$part", $text);
	return $node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.$part", $node->connstr('shop') ], "restored: part $part");
}
my ($one, $two) = slurp_file($dump) =~ /\A(.*?)(^COPY portatext\.installation .*)\z/ms;
like($one, qr/^COPY portatext\.campaign_recipient /m, 'the campaigns come first');
like($two, qr/^COPY portatext\.tariff /m, 'the tariffs later');
restore(1, $one);
$node->wait_sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'portatext runner' AND datname = 'shop'}, 1, 'shop');
sql('postgres', 'SELECT pg_reload_conf()');
sleep 1;
is(sql('shop', 'SELECT count(*) FROM portatext.campaign_recipient WHERE reason IS NOT NULL'), 0, 'nobody is skipped meanwhile');
is(sql('shop', "SELECT state FROM portatext.campaign_run WHERE campaign_id = $building"), 'building', 'and nothing is built');
restore(2, join('', map { "$_\n" } $one =~ /^(\\restrict .*|SET .*|SELECT pg_catalog\.set_config.*)$/mg) . $two);

# ---- the copy ----

ok($node->wait_sql(q{SELECT count(*) > 0 AND bool_and(state = 'not adopted') FROM portatext.pg_stat_portatext_worker WHERE kind IN ('dispatcher', 'runner')},
	't', 'shop'), 'the workers see a copy');
is(record(), $before, 'which is silent');
is(sql('shop', "SELECT state FROM portatext.campaign_run WHERE campaign_id = $building"), 'building', 'and builds nothing');
sql('shop', 'SELECT portatext.adopt()');
ok(wait_state($building, 'ready'), 'adopted: the build goes on');
sql('shop', "SELECT portatext.resume_campaign($paused); SELECT portatext.start_campaign($building)");
ok(wait_state($_, 'finished'), 'and the campaigns go through') for $running, $paused, $building;
ok(wait_for(sub { record() >= 3 * $contacts }), 'all are sent');
sleep 0.3;
record();
is(join(', ', grep { $seen{$_} > 1 } sort keys %seen), '', 'none twice');
is(scalar(keys %seen), 3 * $contacts, 'and no other');
is(sql('shop', 'SELECT count(*) FROM portatext.check_balances()'), 0, 'balance = ledger');
is(sql('shop', q{SELECT count(*) FROM portatext.message_group_count c WHERE messages <> (SELECT count(*) FROM portatext.message m
	WHERE m.group_id = c.group_id AND m.state = c.state)}), 0, 'the counts are exact');

$node->stop;
done_testing();
