# kill -9 at random while campaigns are built, started, paused, resumed, cancelled and
# run out of funds: of the runner, of the dispatcher, of the postmaster, and at the
# named points of their code.  After each kill cursors, counts and books agree; when
# all is at rest the sink's record decides: within a run no number was written to twice,
# nobody who was to get the message is missing, and who was cancelled got none.
#
# 10 kills; with CHECK_LONG=1 200.  SEED repeats a run's decisions.
use strict;
use warnings;

use CampaignCheck qw(broken broken_at_rest);
use HTTP::Tiny;
use HttpHook;
use PortatextNode qw(wait_for);
use PostgreSQL::Test::Utils ();
use Test::More;
use Time::HiRes qw(time sleep);

my $kills = $ENV{CHECK_LONG} ? 200 : 10;
my $end = time + ($ENV{CHECK_LONG} ? 3000 : 120);
my $stride = $ENV{CHECK_LONG} ? 20 : 10;    # kills between two rests
my $contacts = 400;
my $active = 2;    # campaigns that are worked at together
my $seed = $ENV{SEED} // ($ENV{CHECK_LONG} ? int time : 20261122);
my @kinds = qw(runner dispatcher postmaster point point);

srand $seed;
note("seed $seed");

# All named points that work on campaigns passes.
my %points = map { $_ => 1 } map { PostgreSQL::Test::Utils::slurp_file($_) =~ /PT_POINT\("(\w+)"\)/g }
  glob 'src/campaign/*.c src/job/run.c src/sms/claim.c src/worker/{runner,dispatcher,dispatcher_claim,dispatcher_outcome,dispatcher_task}.c';
my @points = sort keys %points;

my $hook = HttpHook->start(status => 202, body => '0: Accepted for delivery');
my $node = PortatextNode->new_node('campaign_run');

# As superuser; asked again when a kill has cut it off.
sub sql
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $done = wait_for {
		my $status = eval { $node->psql('postgres', $sql, stdout => \$out, stderr => \$err) };

		die "$err\n$sql\n" if ($err // '') =~ /ERROR: /;
		defined $status && $status == 0
	};

	die "no answer: $err\n$sql\n" unless $done;
	return $out;
}

# What a tenant does; it may be refused, or cut off by a kill, but no error is internal.
my @bad;

sub shop
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');

	eval { $node->psql('postgres', $sql, stdout => \$out, stderr => \$err,
		extra_params => [ '-U', 'shop', '-v', 'VERBOSITY=verbose' ]); 1 };
	push @bad, $err if ($err // '') =~ /ERROR:\s+(?!55000|57P0|42704)\w{5}:/;
	return $out // '';
}

sql(sprintf q{
	CREATE EXTENSION portatext;
	SELECT portatext.create_carrier('stub', 'kannel', jsonb_build_object('url', '%s/cgi-bin/sendsms', 'dlr_url', 'http://127.0.0.1:9/'),
		'user', 'pass', sender_segments_per_second => NULL, max_in_flight => 8);
	CREATE ROLE shop LOGIN;
	SELECT portatext.grant_account('shop', portatext.create_account('shop', carrier => 'stub'));
	SELECT portatext.assign_did('+1202555010' || i, account_id) FROM portatext.account, generate_series(1, 2) i;
	SELECT portatext.set_tariff('', 1);
}, $hook->url);
sql(qq{SET ROLE shop; SELECT portatext.create_contact_list('all');
	SELECT count(portatext.set_contact('+1303555' || i, jsonb_build_object('who', i), 'all')) FROM generate_series(1000, 999 + $contacts) i;
	SELECT portatext.blacklist_add('+1303555' || i) FROM generate_series(1000, 1009) i});

sub recharge
{
	my ($credits) = @_;
	return sql("SELECT portatext.recharge($credits, 'more', account_id) FROM portatext.account WHERE name = 'shop'");
}

# ---- what tenants do ----

my $made = 0;

# Its number is in its text, so that the sink can tell whose message it got.
sub create
{
	my $text = sprintf 'Campaign no. %d for {{who}}', ++$made;

	return shop("SELECT portatext.create_campaign('c$made', body => '$text', from_number => 'any', lists => '{all}')");
}

sub running { return split /\n/, sql(q{SELECT campaign_id FROM portatext.campaign_run WHERE state IN ('building', 'ready', 'running', 'paused')}) }

my %action = (
	start => sub { shop("SELECT portatext.start_campaign($_[0])") },
	pause => sub { shop("SELECT portatext.pause_campaign($_[0])") },
	resume => sub { shop("SELECT portatext.resume_campaign($_[0])") },
	cancel => sub { shop("SELECT portatext.cancel_campaign($_[0])") if rand() < 0.2 },
	cancel_contact => sub {
		shop(sprintf q{SELECT portatext.cancel_campaign_contact(%d, '+1303555%d')}, $_[0], 1000 + rand $contacts) for 1 .. 3 },
	funds => sub { recharge(int rand 400) });
my @actions = (('start') x 3, 'pause', ('resume') x 3, 'cancel', 'cancel_contact', 'funds', 'funds');

sub act
{
	for (1 .. 10)
	{
		last if running() >= $active;
		create();
	}
	my @campaign = running();

	$action{ $actions[ rand @actions ] }->($campaign[ rand @campaign ]) for 1 .. 4;
	return;
}

# ---- the kills ----

my %done = map { $_ => 0 } @kinds;

sub kill_one
{
	my $kind = $kinds[ rand @kinds ];
	my $worker = 'portatext ' . ($kind eq 'runner' || $kind ne 'dispatcher' && rand() < 0.5 ? 'runner' : 'dispatcher');
	my $point = $points[ rand @points ];

	$done{$kind}++;
	$node->wait_worker($worker);
	$node->arm_point($point, 'kill') if $kind eq 'point';
	act();
	return $node->finish_kill($point, $worker, 2) if $kind eq 'point';
	sleep rand 0.3;
	return $node->kill9_postmaster if $kind eq 'postmaster';
	return $node->kill9_worker($worker);
}

# ---- at rest ----

# How often each text went to each number, once the sink has read all that was written to it.
my %seen;

sub record
{
	HTTP::Tiny->new(timeout => 10)->get($hook->url . '/ping') for 1 .. 2;
	for ($hook->new_requests(path => qr{sendsms}))
	{
		my ($number) = $_->{path} =~ /[?&]to=%2B(\d+)/;
		my ($campaign) = $_->{path} =~ /Campaign(?:%20|\+)no\.(?:%20|\+)(\d+)/;

		$seen{"$campaign +$number"}++;
	}
	return;
}

my $through = q{SELECT count(*) FROM portatext.campaign_run WHERE state IN ('building', 'ready', 'running', 'paused')};
my $in_hand = q{SELECT (SELECT count(*) FROM portatext.lease) + (SELECT count(*) FROM portatext.outbox) + (SELECT count(*) FROM portatext.parked)};

# Everything is started, resumed and paid for, until all runs have ended.
sub bring_to_rest
{
	recharge($contacts * $active * 2);
	for (running())
	{
		$action{start}->($_);
		$action{resume}->($_);
	}
	ok($node->wait_sql($through, 0, 'postgres', 90), 'all runs end') or diag(sql(q{SELECT * FROM portatext.campaign_run
		WHERE state NOT IN ('finished', 'cancelled')}));
	ok($node->wait_sql($in_hand, 0), 'nothing is left in any hand');
	ok($node->wait_sql(q{SELECT count(*) FROM portatext.job WHERE finished_at IS NULL}, 0), 'nor any job');
	return;
}

# As an operator, by the sink's record.
my $settled = 0;

sub settle
{
	record();
	for (split /\n/, sql(q{SELECT m.message_id, substring(m.body, '\d+') || ' ' || m.to_number FROM portatext.message m
		JOIN portatext.needs_attention n USING (message_id) WHERE n.kind = 'unclear'}))
	{
		my ($message, $key) = split /\|/;

		sql(sprintf q{SELECT portatext.settle_message('%s', '%s')}, $message, $seen{$key} ? 'sent' : 'resend');
		$settled++;
	}
	return ok($node->wait_sql($in_hand, 0), 'what was unclear is settled');
}

sub check_all
{
	my ($what) = @_;

	bring_to_rest();
	settle();
	is(broken_at_rest($node), '', "$what: all is consistent");
	record();
	my %message = map { split /\|/ } split /\n/, sql(q{SELECT substring(body, '\d+') || ' ' || to_number, state FROM portatext.message});

	is(join(', ', grep { $seen{$_} > 1 } sort keys %seen), '', "$what: no number was written to twice in a run");
	is(join(', ', grep { !$message{$_} } sort keys %seen), '', "$what: nothing went out that is not stored");
	is(join(', ', grep { $message{$_} eq 'sending' && !$seen{$_} } sort keys %message), '', "$what: what is called sent has arrived");
	is(join(', ', grep { $message{$_} =~ /cancelled|skipped|queued/ && $seen{$_} } sort keys %message), '',
		"$what: CAMP-14: what was cancelled has not");
	is(sql(qq{SELECT count(*) FROM portatext.campaign_run n JOIN portatext.job j USING (job_id) WHERE n.state <> 'failed' AND
		(SELECT count(*) FROM portatext.campaign_recipient r WHERE r.run_id = n.run_id)
			<> CASE j.state WHEN 'cancelled' THEN 0 ELSE $contacts END}), 0,
		"$what: each run has every contact, one that was cancelled while it was built none");
	is(sql(q{SELECT count(*) FROM portatext.campaign_recipient WHERE (number < '+13035551010') <> (reason IS NOT DISTINCT FROM 'blacklisted')}), 0,
		"$what: CAMP-13: those blacklisted are skipped with the reason, and no other");
	is(sql(q{SELECT count(*) FROM portatext.campaign_run WHERE state = 'failed'}), 0, "$what: no build has failed");
	return;
}

my ($count, $down, @broken) = (0, 0);

while ($count < $kills && time < $end)
{
	$down++ unless kill_one();
	push @broken, broken($node) || ();
	check_all("after $count kills") unless ++$count % $stride;
}
is($down, 0, 'the server came back each time');
is(join("\n", @broken), '', 'all was consistent after each kill');
is(join("\n", @bad), '', 'no unexpected error');
check_all('at the end') if $count % $stride;
cmp_ok(sql(q{SELECT count(*) FROM portatext.campaign_run WHERE state = 'finished'}), '>', 0, 'campaigns have finished');
note(sprintf 'summary: seed %d, %d kills at random (%s); %d campaigns, %d messages, %d unclear', $seed, $count,
	join(', ', map { "$done{$_} $_" } sort keys %done), $made, sql('SELECT count(*) FROM portatext.message'), $settled);

$node->stop;
done_testing();
