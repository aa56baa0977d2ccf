# Campaigns by the clock, with the real pg_cron: schedule_campaign() as superuser and
# as a tenant's role; both jobs fire twice and make two runs of a repeatable
# campaign.  What is missing or forbidden is said, with a hint.
#
# pg_cron 1.4 knows minutes only, and a job fires at the next full minute: so two
# firings take one to two minutes.  The jobs are made first; the other checks are done
# while they wait.
use strict;
use warnings;

use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils qw(slurp_file);
use Test::More;
use Time::HiRes qw(time);

plan(skip_all => 'not installed: pg_cron (see tools/install-deps check)')
  unless -e PortatextNode::config('--pkglibdir') . '/pg_cron.so';

my $node = PortatextNode->new_node('cron', preload => 'portatext,pg_cron', conf => <<'EOT');
cron.database_name = 'postgres'
cron.use_background_workers = on
EOT

sub sql { return $node->safe_psql('postgres', @_) }

# A statement as a role, in a database; its answer or its error.
sub try_as
{
	my ($role, $sql, $database) = @_;
	my ($out, $err);

	$node->psql($database // 'postgres', $sql, stdout => \$out, stderr => \$err,
		extra_params => [ '-U', $role, '-v', 'VERBOSITY=verbose' ]);
	return $err || $out;
}

sub refused
{
	my ($role, $sql, $error, $hint, $what, $database) = @_;
	my $answer = try_as($role, $sql, $database);

	like($answer, qr/ERROR:  $error/, $what);
	like($answer, qr/HINT:  $hint/, "$what: the hint");
	return;
}

my ($superuser) = sql('SELECT current_user');
my $campaign = q{SELECT portatext.create_campaign(name => 'weekly', body => 'Sale!', lists => '{all}', repeatable => %s)};

sql(q{
	CREATE EXTENSION portatext;
	CREATE ROLE shop LOGIN;
	CREATE ROLE other LOGIN;
	CREATE ROLE team ROLE shop;
	SELECT portatext.grant_account('shop', portatext.create_account('shop', carrier => 'loopback'));
	SELECT portatext.grant_account('other', portatext.create_account('other', carrier => 'loopback'));
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(100, 'first', account_id), portatext.assign_did('+1202555010' || account_id, account_id)
		FROM portatext.account;
});
my $list = q{SELECT portatext.create_contact_list('all'); SELECT count(portatext.set_contact('+1202555011' || i, NULL, 'all')) FROM generate_series(1, 3) i};

sql($list);
try_as($_, $list) for 'shop', 'other';
my $mine = sql(sprintf $campaign, 'true');
my $shops = try_as('shop', sprintf $campaign, 'true');
my $once = try_as('shop', sprintf $campaign, 'false');

# ---- without it ----

refused('shop', "SELECT portatext.schedule_campaign($shops, '* * * * *')",
	'0A000: pg_cron is not installed in database "postgres"',
	'Install the package postgresql-\d+-cron, add pg_cron to shared_preload_libraries, .*CREATE EXTENSION pg_cron',
	'without pg_cron');
refused('shop', "SELECT portatext.unschedule_campaign($shops)", '0A000: pg_cron is not installed', 'Install', 'without pg_cron, unscheduling');
sql('CREATE EXTENSION pg_cron');
refused('shop', "SELECT portatext.schedule_campaign($shops, '* * * * *')", '42501: role "shop" may not use pg_cron',
	'Have a superuser run GRANT USAGE ON SCHEMA cron TO shop', 'without a right to pg_cron');
sql('GRANT USAGE ON SCHEMA cron TO shop, other');

# ---- the jobs are made ----

ok($node->wait_sql(q{SELECT count(*) FROM portatext.campaign_run WHERE state = 'ready'}, 3),
	'CAMP-04: the campaigns are built and wait');
my $began = time;
like(sql("SELECT portatext.schedule_campaign($mine, '* * * * *')"), qr/^\d+$/, 'a superuser schedules a campaign');
like(try_as('shop', "SELECT portatext.schedule_campaign($shops, '* * * * *', 'promo')"), qr/^\d+$/, 'a tenant schedules a campaign');
is(sql('SELECT jobname, username, database FROM cron.job ORDER BY jobid'),
	"portatext campaign $mine|$superuser|postgres\npromo|shop|postgres", 'each job is of the role that called');

# ---- while they wait: what is refused ----

refused($superuser, "BEGIN; ALTER FUNCTION cron.schedule(text, text, text) RENAME TO older; SELECT portatext.schedule_campaign($mine, '* * * * *')",
	'0A000: this version of pg_cron is too old', 'Update the package postgresql-\d+-cron', 'a pg_cron without named jobs');

sub shop_is_refused { return refused('shop', @_) }

shop_is_refused("SELECT portatext.schedule_campaign($once, '* * * * *')", "55000: campaign $once is sent once only",
	'Create it with repeatable => true', 'a campaign that is not repeatable');
shop_is_refused("SELECT portatext.schedule_campaign($shops, NULL)", '22004: a job needs a time', 'Five fields', 'no time');
sql('GRANT portatext_account TO team; GRANT USAGE ON SCHEMA cron TO team');
shop_is_refused("SET ROLE team; SELECT portatext.schedule_campaign($shops, '* * * * *')", '55000: role "team" cannot log in',
	'Call this as a role with LOGIN', 'a role that cannot log in');
sql('ALTER ROLE team LOGIN');
shop_is_refused("SET ROLE team; SELECT portatext.schedule_campaign($shops, '* * * * *')",
	'42501: role "team" does not speak for this account', 'RESET ROLE', 'a role that speaks for no account by itself');
like(try_as('shop', "SELECT portatext.schedule_campaign($shops, 'at nine')"), qr/ERROR:.*invalid schedule/s, 'pg_cron reads the time');
like(try_as('shop', "SELECT portatext.schedule_campaign($mine, '* * * * *')"), qr/ERROR:  42704: campaign $mine does not exist/,
	"another account's campaign cannot be scheduled");
like(try_as('other', "SELECT portatext.schedule_campaign($shops, '* * * * *')"), qr/ERROR:  42704: campaign $shops does not exist/,
	'in neither direction');
is(try_as('other', "SELECT portatext.unschedule_campaign($shops)"), 'f', "another's job cannot be ended");
sql('CREATE DATABASE second');
$node->safe_psql('second', 'CREATE EXTENSION portatext');
refused($superuser, q{SELECT portatext.schedule_campaign(1, '* * * * *')}, '0A000: pg_cron is not installed in database "second"',
	'On this server it works in database "postgres"', 'pg_cron lives in another database', 'second');

# An operator's job acts for the account that it was made for.
is(sql(qq{BEGIN; SELECT FROM portatext.act_as((SELECT account_id FROM portatext.account WHERE name = 'shop'));
	SELECT portatext.schedule_campaign($shops, '0 9 * * 1', 'for a tenant') > 0; COMMIT;
	SELECT schedule, command FROM cron.job WHERE jobname = 'for a tenant'}) =~ s/^\s*t\n//r,
	"0 9 * * 1|SELECT portatext.start_campaign($shops) FROM portatext.act_as("
	  . sql(q{SELECT account_id FROM portatext.account WHERE name = 'shop'}) . ')', 'an operator schedules for a tenant');
is(sql("SELECT portatext.unschedule_campaign($shops)"), 't', 'and ends that');
is(sql(q{SELECT string_agg(jobname, ',' ORDER BY jobid) FROM cron.job}), "portatext campaign $mine,promo",
	"which leaves the tenant's own job alone");

# docs/campaigns.md, as it is written there.
my ($block) = grep { /schedule_campaign/ } slurp_file('docs/campaigns.md') =~ /^```sql\n(.*?)^```$/msg;

like(try_as('other', sprintf $campaign, 'true'), qr/^\d+$/, 'another tenant has a campaign');
my $others = sql(q{SELECT max(campaign_id) FROM portatext.campaign});
my @pasted = split /\n/, try_as('other', $block =~ s/\b42\b/$others/gr);

like($pasted[0], qr/^\d+$/, 'docs/campaigns.md: the first job');
is(join("\n", map { s/^\d+\|//r } @pasted[2 .. 4]), "portatext campaign $others|0 9 * * 1|SELECT portatext.start_campaign($others)\n"
	  . "monthly|0 9 1 * *|SELECT portatext.start_campaign($others)\nt", 'docs/campaigns.md: both jobs are there, and end');

# ---- they have fired twice ----

sub runs_of
{
	my ($id, $minutes) = @_;
	return $node->wait_sql("SELECT count(*) >= 2 FROM portatext.campaign_run WHERE campaign_id = $id AND state = 'finished'",
		't', 'postgres', 60 * $minutes);
}

ok(runs_of($mine, 4), "the superuser's job has fired twice and made two runs");
ok(runs_of($shops, 2), "so has the tenant's");
note(sprintf 'two firings took %.0f s', time - $began);
is(sql("SELECT portatext.unschedule_campaign($mine)"), 't', 'the superuser ends the job');
is(try_as('shop', "SELECT portatext.unschedule_campaign($shops)"), 't', 'and the tenant its own');
is(try_as('shop', "SELECT portatext.unschedule_campaign($shops)"), 'f', 'which is then gone');
is(sql('SELECT count(*) FROM cron.job'), 0, 'no job is left');
is(sql(q{SELECT count(*) FROM cron.job_run_details WHERE status = 'failed'}), 0, 'no job has failed');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.campaign_run WHERE state IN ('building', 'running')}, 0), 'all runs end');
is(sql(q{SELECT count(*) FROM portatext.campaign_run n WHERE state = 'finished' AND 3 <>
	(SELECT count(*) FROM portatext.campaign_recipient r JOIN portatext.message m USING (message_id) WHERE r.run_id = n.run_id AND m.state = 'delivered')}), 0,
	'each run was built afresh and sent to all its recipients');
is(sql('SELECT count(*) FROM portatext.check_balances()'), 0, 'BILL-20: balance = ledger');

$node->stop;
done_testing();
